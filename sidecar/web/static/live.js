// Live updates: each part of the page inside [data-live] is replaced when the server sends another one.
// Without this script the page shows what was true when it was loaded, and everything on it works.
"use strict";
for (const live of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(live.dataset.live);
  source.onmessage = (event) => {
    const fresh = document.createElement("template");
    fresh.innerHTML = event.data;
    for (const part of [...fresh.content.children]) {
      const old = document.getElementById(part.id);
      if (!old || old.isEqualNode(part)) continue;
      const focused = old.contains(document.activeElement) ? document.activeElement : null;
      if (focused && focused.matches("input, select, textarea")) continue;
      for (const open of old.querySelectorAll("details[open][id]")) {
        const same = part.querySelector("#" + CSS.escape(open.id));
        if (same) same.open = true;
      }
      const again = focused && (focused.id ? "#" + CSS.escape(focused.id)
        : focused.getAttribute("formaction") ? `[formaction="${CSS.escape(focused.getAttribute("formaction"))}"]` : null);
      old.replaceWith(part);
      if (again) part.querySelector(again)?.focus();
    }
  };
}
