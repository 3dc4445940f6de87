// @ts-nocheck
// The scheme that a reader chose before, put on before the page is painted. After Material for MkDocs 9.8.1 (MIT,
// Martin Donath), which writes this into every page.
(() => {
  const chosen = __md_get("__palette");
  if (!chosen?.color) return;
  if (chosen.color.media === "(prefers-color-scheme)") {
    const scheme = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
    const input = document.querySelector(`[data-md-color-media='(prefers-color-scheme: ${scheme})']`);
    for (const part of ["media", "scheme", "primary", "accent"])
      chosen.color[part] = input.getAttribute("data-md-color-" + part);
  }
  for (const [part, value] of Object.entries(chosen.color)) document.body.setAttribute("data-md-color-" + part, value);
})();
