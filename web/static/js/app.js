// Behaviour that every page shares. Pages work without it: what is here adds speed, never the only way.
"use strict";

// ---- htmx: no evaluated code, polls that pause, morphs that keep what the reader opened ----------------------------

const CONDITIONS = { "return (!document.hidden)": () => !document.hidden };

// htmx evaluates the filter of `every 2s [!document.hidden]`; the CSP forbids that, so the one filter in use is a
// function here and any other is refused.
function KnownCondition(...parts) {
  const known = CONDITIONS[parts.at(-1)];
  if (!known) throw new Error("Not a known condition: " + parts.at(-1));
  return known;
}

htmx.registerExtension("leadloom", {
  init(api) { api.initSecurity(null, KnownCondition, KnownCondition); },
  htmx_before_morph_attr(element, detail) {
    // What is open stays open, what is being typed stays typed.
    if (detail.attrName === "open" && ["DETAILS", "DIALOG"].includes(element.tagName)) return false;
    if (detail.attrName === "value" && element === document.activeElement) return false;
    return true;
  },
});

const trouble = document.getElementById("trouble");
const say = (text) => { trouble.textContent = text; trouble.hidden = !text; };

document.addEventListener("htmx:error", () => say("The server cannot be reached. What you see may be out of date; trying again."));
document.addEventListener("htmx:response:error", (event) => {
  const status = event.detail.ctx.response.status;
  if (status === 401) return;
  if (status === 422 || status === 409) return;
  say(status >= 500 ? "The server had a problem. What you see may be out of date; trying again." : `The server answered ${status}.`);
});
document.addEventListener("htmx:after:request", (event) => {
  if (event.detail.ctx.response.status < 400) say("");
});
document.addEventListener("htmx:after:swap", (event) => { refreshTimes(); enhance(document); });

// ---- times ---------------------------------------------------------------------------------------------------------

function relative(moment, now) {
  const seconds = (now - moment) / 1000, size = Math.abs(seconds);
  if (size < 10) return "just now";
  if (size >= 30 * 86400) return null;
  const [unit, word] = size < 60 ? [1, "s"] : size < 3600 ? [60, "min"] : size < 86400 ? [3600, "h"] : [86400, "d"];
  const text = `${Math.floor(size / unit)} ${word}`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

function refreshTimes() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const text = relative(Date.parse(time.dateTime), now);
    if (text && time.textContent !== text) time.textContent = text;
  }
}
setInterval(refreshTimes, 5000);

// ---- dialogs: any link with data-modal opens its page in a dialog --------------------------------------------------

const modal = document.getElementById("modal");
let opener = null;

async function openModal(link) {
  opener = link;
  const answer = await fetch(link.href, { headers: { "HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "modal", "HX-Current-URL": location.href } });
  if (answer.status === 401) { location.href = answer.headers.get("HX-Redirect") || "/sign-in"; return; }
  if (!answer.ok) { location.href = link.href; return; }
  const body = document.getElementById("modal-body");
  body.innerHTML = await answer.text();
  htmx.process(body);
  enhance(body);
  if (!modal.open) modal.showModal();
  (body.querySelector("[autofocus]") || body.querySelector("input:not([type=hidden]), select, button"))?.focus();
}

function clicked(event) {
  const link = event.target.closest("a[data-modal]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    openModal(link).catch(() => { location.href = link.href; });
    return;
  }
  if (event.target === modal || event.target.closest("[data-close]")) {
    if (modal.open) { event.preventDefault(); modal.close(); }
  }
  const copy = event.target.closest("[data-copy]");
  if (copy) copyText(copy);
  if (event.target.closest("[data-theme-toggle]")) toggleTheme();
  if (event.target.closest("[data-shortcuts]")) document.getElementById("shortcuts")?.showModal();
  if (event.target.closest("[data-back]")) history.back();
  if (event.target.closest("[data-print]")) print();
}
modal?.addEventListener("close", () => { document.getElementById("modal-body").replaceChildren(); opener?.focus(); });

async function copyText(button) {
  const source = document.getElementById(button.dataset.copy);
  const text = source.value ?? source.textContent;
  try { await navigator.clipboard.writeText(text); } catch { getSelection().selectAllChildren(source); return; }
  const was = button.innerHTML;
  button.textContent = "Copied";
  setTimeout(() => { button.innerHTML = was; }, 1500);
}

// ---- forms ---------------------------------------------------------------------------------------------------------

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]") || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  // After this event, so that the pressed button's value is still sent.
  setTimeout(() => { for (const b of form.querySelectorAll("button:not([type=button])")) b.disabled = true; });
});
// Back restores a page as it was left: with its buttons pressed.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const b of form.querySelectorAll("button")) b.disabled = false;
  }
});
document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-submit], input[data-submit]")) event.target.form.requestSubmit();
});

function enhance(root) {
  for (const back of root.querySelectorAll("[data-back]")) back.hidden = history.length < 2;
  for (const once of root.querySelectorAll("[data-js]")) once.hidden = false;
}

// ---- theme and keyboard --------------------------------------------------------------------------------------------

function toggleTheme() {
  const dark = document.documentElement.classList.toggle("dark");
  try { localStorage.setItem("leadloom-theme", dark ? "dark" : "light"); } catch { /* private mode */ }
}

const GO = { b: "/batches", c: "/clients", l: "/leads", p: "/people", w: "/workflows", h: "/health", a: "/audit" };
let going = 0;

function moveInList(step) {
  const rows = [...document.querySelectorAll("[data-rows] a[data-row], [data-rows] tbody a[href]:first-of-type")]
    .filter((a, i, all) => all.findIndex((b) => b.closest("tr") === a.closest("tr")) === i);
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + step))].focus();
}

function struck(event) {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "Escape" && event.target.matches("[data-search]")) { event.target.blur(); return; }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (going && Date.now() - going < 1200 && GO[event.key]) { location.href = GO[event.key]; return; }
  going = 0;
  if (event.key === "g") going = Date.now();
  else if (event.key === "/") { const field = document.querySelector("[data-search]"); if (field) { event.preventDefault(); field.focus(); field.select(); } }
  else if (event.key === "?") document.getElementById("shortcuts")?.showModal();
  else if (event.key === "t") toggleTheme();
  else if (event.key === "j") moveInList(1);
  else if (event.key === "k") moveInList(-1);
}

// ---- from here on the page obeys -----------------------------------------------------------------------------------

function doEarly({ button, key }) {
  if (button) { button.click(); return; }
  const at = document.activeElement;
  if (!at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }))) return;
  if (at.matches("[data-search]")) {
    if (key === "Enter") at.form.requestSubmit();
    else if (key.length === 1) at.setRangeText(key, at.selectionStart, at.selectionEnd, "end");
  } else if (key === "Enter") at.click();
}

function ready() {
  document.removeEventListener("htmx:before:process", holdHtmx);
  htmx.process(document.body);
  removeEventListener("click", keepEarly);
  removeEventListener("keydown", keepEarly);
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", struck);
  early.splice(0).forEach(doEarly);
  for (const field of document.querySelectorAll("form[hx-get] [data-search]")) {
    if (field.value !== field.defaultValue) field.form.requestSubmit();
  }
  document.documentElement.classList.add("ready");
}

enhance(document);
refreshTimes();
// Not before the page's other scripts have come.
document.addEventListener("DOMContentLoaded", ready);
