// Keys for whoever decides on many proposals: a, e and r press what is marked so, j and k go on and back. They can be
// turned off, since single letters get in the way of dictation.
const OFF = "sidecar-keys-off";
const line = document.querySelector("[data-keys]");
const off = line.querySelector("button");

function said() {
  try {
    return localStorage.getItem(OFF) === "yes";
  } catch {
    return false;
  }
}

function show() {
  off.setAttribute("aria-pressed", String(!said()));
  line.classList.toggle("off", said());
}

off.addEventListener("click", () => {
  try {
    localStorage.setItem(OFF, said() ? "no" : "yes");
  } catch {
    return;
  }
  show();
});

/** Goes to the next or the previous row of a list; returns false where there is no list. */
function step(way) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return false;
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at < 0 ? (way > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + way))];
  next.querySelector("[data-open]").focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || said()) return;
  if (event.target.closest("input, textarea, select")) return;
  if (event.key === "j" || event.key === "k") {
    if (step(event.key === "j" ? 1 : -1)) {
      event.preventDefault();
      return;
    }
  } else if (!"aer".includes(event.key)) {
    return;
  }
  // In a list the letters mean the row that has the focus, and nothing where none has it.
  const row = document.querySelector("[data-row]") ? event.target.closest("[data-row]") : document;
  const meant = row && row.querySelector(`[data-key="${event.key}"]`);
  if (meant) {
    event.preventDefault();
    meant.click();
  }
});

line.hidden = false;
show();
