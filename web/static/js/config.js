// Makes a receiver token in the browser, where it can be copied before it is saved; afterwards nobody sees it again.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-generate]");
  if (!button) return;
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const field = document.getElementById(button.dataset.generate);
  field.type = "text";
  field.value = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  field.select();
});
