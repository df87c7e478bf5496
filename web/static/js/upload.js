// Files dropped on the page or chosen go up one after another, in pieces: each is sent again until it has arrived, so that
// a lost connection costs seconds. The server knows what it has: the same file, chosen again after a reload, goes on.
"use strict";

(() => {
  const box = document.getElementById("drop");
  if (!box) return;
  const list = document.getElementById("upload-list");
  const input = box.querySelector("input[type=file]");
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const most = Number(box.dataset.most);
  const waiting = [];
  let busy = false, finished = [], refused = 0;

  // Hashing needs a secure context; without one the form is sent as it is, without script.
  if (!window.crypto?.subtle) { document.documentElement.classList.remove("js"); return; }
  box.classList.add("ready");
  const take = () => { add(input.files); input.value = ""; };
  input.addEventListener("change", take);
  box.querySelector("form").addEventListener("submit", (event) => event.preventDefault());

  let depth = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  addEventListener("dragenter", (event) => { if (hasFiles(event)) { depth += 1; box.classList.add("over"); } });
  addEventListener("dragleave", (event) => { if (hasFiles(event)) { depth -= 1; if (depth <= 0) box.classList.remove("over"); } });
  addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    box.classList.remove("over");
    add(event.dataTransfer.files);
  });
  addEventListener("beforeunload", (event) => { if (busy) event.preventDefault(); });

  function add(files) {
    for (const file of files) waiting.push({ file, row: row(file), again: false });
    next();
  }

  function row(file) {
    const element = document.getElementById("upload-template").content.firstElementChild.cloneNode(true);
    element.querySelector("[data-name]").textContent = file.name;
    list.append(element);
    status(element, "Waiting");
    return element;
  }

  function status(element, text, kind = "") {
    const label = element.querySelector("[data-status]");
    label.textContent = text;
    label.dataset.kind = kind;
  }

  function progress(element, part, whole) {
    const bar = element.querySelector("progress");
    if (whole) { bar.max = whole; bar.value = part; } else bar.removeAttribute("value");
  }

  const number = (n) => n.toLocaleString("en-US");
  const rows = (n) => `${number(n)} ${n === 1 ? "row" : "rows"}`;

  function next() {
    if (busy) return;
    const job = waiting.shift();
    if (!job) { allDone(); return; }
    busy = true;
    send(job).catch((error) => refuse(job, error instanceof Refused ? error.message : "Your browser could not read the file. Choose it again.", error.again === true)).finally(() => { busy = false; next(); });
  }

  const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); addEventListener("online", resolve, { once: true }); });
  const headers = { "X-CSRF-Token": token, "X-Leadloom-Upload": "1", "HX-Current-URL": location.href };

  class Refused extends Error {
    constructor(said) { super([said.message, said.hint].filter(Boolean).join(" ")); this.again = said.again; }
  }

  // One request, repeated while the line or the server is away; a refusal is final.
  async function ask(job, method, url, body, more = {}) {
    for (let wait = 500; ; wait = Math.min(wait * 2, 15000)) {
      let answer;
      try {
        answer = await fetch(url, { method, body, headers: { ...headers, ...more }, redirect: "manual", cache: "no-store" });
      } catch { answer = null; }
      if (answer?.ok) { try { return await answer.json(); } catch { answer = null; } }
      if (answer?.status === 401) { busy = false; location.href = answer.headers.get("HX-Redirect") || "/sign-in"; return new Promise(() => {}); }
      if (answer && [403, 404, 405, 409, 413, 415, 422].includes(answer.status)) {
        let said;
        try { said = await answer.json(); } catch { said = { message: `The server answered ${answer.status}.`, hint: "Reload the page and try again." }; }
        throw new Refused(said);
      }
      status(job.row, "Connection lost. What was sent is kept; retrying");
      await pause(wait);
    }
  }

  const digest = async (blob) => new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  const hex = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");

  async function send(job) {
    const { file, row: element } = job;
    if (file.size > most) throw new Refused({ message: `The file is ${number(Math.ceil(file.size / 1e6))} MB; the limit is ${number(most / 1e6)} MB.`, hint: "Split it into smaller files and upload them one after another." });
    if (!file.size) throw new Refused({ message: "The file is empty.", hint: "Export it again, then upload it." });
    status(element, "Preparing");
    progress(element, 0, 0);
    const kind = box.querySelector("[name=kind]").value || null;
    const customers = box.querySelector("[name=mode]:checked")?.value || null; // a list of the client's own customers
    const about = { filename: file.name, byte_size: file.size, sha256: hex(await digest(file)), kind, again: job.again, customers };
    const begun = await ask(job, "POST", box.dataset.url, JSON.stringify(about), { "Content-Type": "application/json" });
    if (begun.state === "FAILED") { show(job, begun, 0); return; }
    document.getElementById(`file-${begun.uid}`)?.remove();
    const at = `${box.dataset.url}/${begun.uid}`;
    let state = begun, sent = begun.piece_count - begun.missing.length;
    const tell = () => { status(element, `Sending, ${Math.floor(100 * sent / begun.piece_count)} %`); progress(element, sent, begun.piece_count); };
    const missing = [...begun.missing];
    // Two at a time: while one is stored, the next one is on the wire.
    const lane = async () => {
      for (let n = missing.shift(); n !== undefined; n = missing.shift()) {
        const piece = file.slice(n * begun.piece_bytes, (n + 1) * begun.piece_bytes);
        const proof = `sha-256=:${btoa(String.fromCharCode(...await digest(piece)))}:`;
        const answer = await ask(job, "PUT", `${at}/pieces/${n}`, piece, { "Content-Type": "application/octet-stream", "Content-Digest": proof });
        sent += 1;
        if (answer.state !== "SENDING") state = answer;
        tell();
      }
    };
    if (missing.length) tell();
    try { await Promise.all([lane(), lane()]); } finally { missing.length = 0; }
    for (let since = Date.now(); !show(job, state, Date.now() - since);) {
      await pause(1000);
      state = await ask(job, "GET", at);
    }
  }

  // Shows how the reading goes; true when that is over.
  function show(job, state, waited) {
    const element = job.row;
    if (state.state === "READY") { done(job, box.dataset.done || `${box.dataset.url.replace(/files$/, "uploads")}/${state.result.upload}`, state.result.rows); return true; }
    if (state.state === "FAILED") throw new Refused({ message: state.error, hint: state.hint, again: state.code === "same_file" });
    if (state.state === "WAITING") {
      status(element, waited > 20000 ? "Stored. Reading starts when the engine runs; you can leave this page" : "Stored. Reading starts shortly");
      progress(element, 0, 0);
    } else if (state.phase === "reading" && state.total_rows) {
      status(element, `Reading, ${number(state.done_rows)} of ${rows(state.total_rows)}`);
      progress(element, state.done_rows, state.total_rows);
    } else {
      status(element, state.phase === "customers" ? `${rows(state.done_rows)} read. The list changes once the whole file is read` : state.phase === "comparing" ? `${rows(state.done_rows)} read. Looking for duplicates` : "Reading");
      progress(element, 0, 0);
    }
    return false;
  }

  function done(job, url, count) {
    const element = job.row;
    element.dataset.state = "done";
    finished.push(url);
    element.querySelector("progress").remove();
    status(element, rows(count), "success");
    const link = document.createElement("a");
    link.href = url;
    link.className = "link";
    link.textContent = "Inspect";
    element.querySelector("[data-actions]").append(link);
  }

  function refuse(job, text, again) {
    refused += 1;
    const element = job.row;
    element.dataset.state = "refused";
    element.querySelector("progress").remove();
    status(element, text, "error");
    if (!again) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    button.dataset.variant = "outline";
    button.dataset.size = "xs";
    button.textContent = "Upload again anyway";
    button.addEventListener("click", () => {
      element.remove();
      waiting.push({ file: job.file, row: row(job.file), again: true });
      next();
    });
    element.querySelector("[data-actions]").append(button);
  }

  function allDone() {
    // One file that went well leads on to its page; several, or a refusal, stay to be read.
    if (finished.length === 1 && !refused && list.childElementCount === 1) { location.href = finished[0]; return; }
    if (finished.length && document.getElementById("client")) htmx.ajax("GET", location.pathname, { target: "#client", swap: "outerMorph" });
    finished = [];
    refused = 0;
  }

  if (input.files.length) take(); // chosen while this script was on its way
})();
