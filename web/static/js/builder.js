// The pipeline builder's mouse and keyboard. Both end in the very buttons that work without this file: the server moves
// the step, checks the inputs and draws the builder again; morphing keeps focus and open settings.
"use strict";

(() => {
  const form = () => document.getElementById("builder");
  let dirty = form().hasAttribute("data-dirty");

  const send = (asked) => htmx.ajax("POST", form().action, { source: form(), target: "#builder", swap: "outerMorph", values: { do: asked } });

  function mark() {
    dirty = true;
    document.getElementById("unsaved").hidden = false;
  }

  function connect() {
    const steps = document.getElementById("steps"), palette = document.getElementById("palette");
    if (steps && !steps.sortable) {
      steps.sortable = new Sortable(steps, {
        group: { name: "steps", put: ["palette"] }, handle: ".grip", draggable: ".step", animation: 120, forceFallback: true, fallbackTolerance: 3,
        onUpdate: () => { mark(); send("check"); },
        onAdd: (event) => {
          const at = [...steps.children].filter((c) => c.matches(".step, [data-slug]")).indexOf(event.item);
          const slug = event.item.dataset.slug;
          event.item.remove();
          mark();
          send(`add:${slug}:${Math.max(at, 0)}`);
        },
      });
    }
    if (palette && !palette.sortable) {
      palette.sortable = new Sortable(palette, {
        group: { name: "palette", pull: "clone", put: false }, sort: false, animation: 120, forceFallback: true, fallbackTolerance: 3, filter: "button", preventOnFilter: false,
      });
    }
  }

  document.addEventListener("keydown", (event) => {
    if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    const step = event.target.closest(".step");
    if (!step) return;
    event.preventDefault();
    document.getElementById(`${event.key === "ArrowUp" ? "up" : "down"}-${step.dataset.key}`).click();
  });

  let focused = null;
  document.addEventListener("htmx:before:swap", () => { focused = document.activeElement?.id || null; });
  document.addEventListener("htmx:after:swap", () => {
    connect();
    if (form().hasAttribute("data-dirty")) mark();
    const before = focused && document.getElementById(focused);
    if (before) { if (document.activeElement !== before) before.focus(); return; }
    // What had the focus is gone, a removed step: the focus goes to the list's next best place.
    if (focused?.startsWith("remove-")) (document.querySelector(".step button") || document.querySelector("#palette button"))?.focus();
  });
  // A field that keeps the form from being saved is shown: the browser cannot point at what is folded away.
  document.addEventListener("invalid", (event) => { const fold = event.target.closest("#builder details"); if (fold) fold.open = true; }, true);
  document.addEventListener("input", (event) => { if (event.target.closest("#builder")) mark(); });
  document.addEventListener("submit", (event) => { if (event.target.id === "builder") dirty = false; });
  addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
  connect();
})();
