// Runs before the first paint, so that a dark page never flashes white.
(() => {
  const stored = (() => { try { return localStorage.getItem("leadloom-theme"); } catch { return null; } })();
  const dark = stored ? stored === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.classList.toggle("dark", dark);
  document.documentElement.classList.add("js");
})();

// htmx takes up its attributes as soon as it has come itself. It waits for app.js, which tells it what it may evaluate.
const holdHtmx = (event) => event.preventDefault();
document.addEventListener("htmx:before:process", holdHtmx);

// What is struck or pressed while the other scripts load is kept; app.js does it as soon as the page can.
const early = [];

function keepEarly(event) {
  if (event.type === "click") {
    const button = event.target.closest("button[type=button]");
    if (button) early.push({ button });
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
  // Firefox would look for "/" on the page; Enter may be meant for what the keys before it will lead to.
  if (event.key === "/" || (event.key === "Enter" && early.length)) event.preventDefault();
  early.push({ key: event.key });
}

addEventListener("click", keepEarly);
addEventListener("keydown", keepEarly);
