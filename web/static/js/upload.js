// Files dropped on the page or chosen go up one after another. The request's own answer tells how the reading goes:
// one JSON object per line, so there is nothing to poll and nothing to lose when another container answers.
"use strict";

(() => {
  const box = document.getElementById("drop");
  if (!box) return;
  const list = document.getElementById("upload-list");
  const input = box.querySelector("input[type=file]");
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const waiting = [];
  let busy = false, finished = [], refused = 0;

  box.classList.add("ready");
  input.addEventListener("change", () => { add(input.files); input.value = ""; });
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

  function next() {
    if (busy) return;
    const job = waiting.shift();
    if (!job) { allDone(); return; }
    busy = true;
    send(job).catch((error) => refuse(job, error.message || "The connection broke. Try again.", false)).finally(() => { busy = false; next(); });
  }

  function send(job) {
    return new Promise((resolve, reject) => {
      const { file, row: element } = job;
      const query = new URLSearchParams({ filename: file.name });
      if (job.again) query.set("again", "1");
      const kind = box.querySelector("select[name=kind]").value;
      if (kind) query.set("kind", kind);
      const request = new XMLHttpRequest();
      let read = 0, last = null;
      request.open("POST", `${box.dataset.url}?${query}`);
      request.setRequestHeader("X-CSRF-Token", token);
      request.setRequestHeader("X-Leadloom-Upload", "1");
      request.setRequestHeader("HX-Current-URL", location.href);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.onprogress = (event) => {
        status(element, `Sending ${Math.floor(100 * event.loaded / Math.max(event.total, 1))} %`);
        progress(element, event.loaded, event.total);
      };
      request.upload.onload = () => { status(element, "Reading"); progress(element, 0, 0); };
      const lines = () => {
        const upto = request.responseText.lastIndexOf("\n") + 1;
        for (const line of request.responseText.slice(read, upto).split("\n")) if (line) { last = JSON.parse(line); show(job, last); }
        read = upto;
      };
      request.onprogress = lines;
      request.onload = () => {
        if (request.status === 401) { location.href = request.getResponseHeader("HX-Redirect") || "/sign-in"; return; }
        if (request.status !== 200) { reject(new Error(`The server answered ${request.status}. Reload the page and try again.`)); return; }
        lines();
        if (!last || !["done", "refused"].includes(last.stage)) reject(new Error("The reading broke off. Nothing was kept; try again."));
        else resolve();
      };
      request.onerror = () => reject(new Error("The connection broke. Nothing was kept; try again."));
      request.send(file);
      status(element, "Sending");
    });
  }

  function show(job, event) {
    const element = job.row;
    if (event.stage === "reading") {
      status(element, `Reading, ${number(event.rows)} of ${number(event.total)} rows`);
      progress(element, event.rows, event.total);
    } else if (event.stage === "comparing") {
      status(element, `${number(event.rows)} rows read. Looking for duplicates`);
      progress(element, 0, 0);
    } else if (event.stage === "done") {
      element.dataset.state = "done";
      finished.push(event.url);
      element.querySelector("progress").remove();
      status(element, `${number(event.rows)} rows`, "success");
      const link = document.createElement("a");
      link.href = event.url;
      link.className = "link";
      link.textContent = "Inspect";
      element.querySelector("[data-actions]").append(link);
    } else if (event.stage === "refused") refuse(job, [event.message, event.hint].filter(Boolean).join(" "), event.again);
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
})();
