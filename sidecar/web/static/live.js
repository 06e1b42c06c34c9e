// Live updates: each part of the page inside [data-live] is replaced when the server sends another one.
// Without this script the page shows what was true when it was loaded, and everything on it works.
"use strict";

const AGAIN_MS = 5000;

/** Shows times as the reader's clock does: those of today without the day. */
function localise(part) {
  const two = (number) => String(number).padStart(2, "0");
  const today = new Date().toDateString();
  for (const element of part.querySelectorAll("time[datetime]")) {
    const time = new Date(element.dateTime);
    if (Number.isNaN(time.getTime())) continue;
    const hour = `${two(time.getHours())}:${two(time.getMinutes())}`;
    const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
    element.textContent = time.toDateString() === today ? `${hour}:${two(time.getSeconds())}` : `${day} ${hour}`;
  }
}

/** Puts new parts in place of old ones of the same id, where they differ; what is open or in focus stays so. */
function take(text) {
  const fresh = document.createElement("template");
  fresh.innerHTML = text;
  localise(fresh.content);
  for (const part of [...fresh.content.children]) {
    const old = document.getElementById(part.id);
    if (!old || old.isEqualNode(part)) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    if (focused && focused.matches("input, select, textarea")) continue;
    for (const open of old.querySelectorAll("details[open][id]")) {
      const same = part.querySelector("#" + CSS.escape(open.id));
      if (same) same.open = true;
    }
    old.replaceWith(part);
    if (focused) part.querySelector(sameAs(focused))?.focus();
  }
}

function sameAs(element) {
  for (const name of ["id", "formaction", "href"]) {
    const value = element.getAttribute(name);
    if (value) return `[${name}="${CSS.escape(value)}"]`;
  }
  return ":not(*)";
}

/** Listens while the page is seen: browsers allow few open lines to one site, and other tabs want theirs. */
function listen(live) {
  let source = null;
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(live.dataset.live);
    source.onmessage = (event) => take(event.data);
    source.onopen = () => live.removeAttribute("data-stale");
    source.onerror = () => {
      live.setAttribute("data-stale", "");
      if (source && source.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(open, AGAIN_MS);
      }
    };
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && source) {
      source.close();
      source = null;
    }
    open();
  });
  open();
}

localise(document);
const nav = document.querySelector(".top nav");
const here = nav?.querySelector("[aria-current]");
if (here) nav.scrollLeft = here.offsetLeft - nav.offsetLeft - (nav.clientWidth - here.offsetWidth) / 2;
for (const live of document.querySelectorAll("[data-live]")) listen(live);
