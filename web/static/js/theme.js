// Runs before the first paint, so that a dark page never flashes white.
(() => {
  const stored = (() => { try { return localStorage.getItem("leadloom-theme"); } catch { return null; } })();
  const dark = stored ? stored === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.classList.toggle("dark", dark);
  document.documentElement.classList.add("js");
})();
