// @ts-check
/**
 * What a page loads only when it is asked to: a button names the files, which are loaded in order; then it is gone.
 *
 * The last script brings its part of the page to life. Files are loaded by elements and not fetched, so that this works
 * from a disk, too. Without this script the button stays hidden.
 */
(() => {
  /** Load a script or a style sheet. @param {string} file */
  const load = (file) => new Promise((resolve, reject) => {
    const part = file.endsWith(".css")
      ? Object.assign(document.createElement("link"), { rel: "stylesheet", href: file })
      : Object.assign(document.createElement("script"), { src: file });
    part.addEventListener("load", resolve);
    part.addEventListener("error", reject);
    document.head.append(part);
  });

  /** Let a button load its files. @param {HTMLElement} ask */
  function mount(ask) {
    const button = /** @type {HTMLButtonElement} */ (ask.querySelector("button"));
    const said = /** @type {HTMLElement} */ (ask.querySelector("[role=status]"));
    const files = (ask.dataset.load ?? "").split(" ");
    ask.hidden = false;
    button.addEventListener("click", async () => {
      if (button.getAttribute("aria-disabled")) return;
      button.setAttribute("aria-disabled", "true"); // and not disabled, which would take the focus away
      said.textContent = "Loading.";
      try {
        for (; files.length; files.shift()) await load(files[0]);
        ask.hidden = true;
      } catch {
        said.textContent = "It could not be loaded. Press the button to try again.";
        button.removeAttribute("aria-disabled");
      }
    });
  }

  const mountAll = () => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-load][hidden]")).forEach(mount);
  const pages = /** @type {any} */ (window).document$;
  if (pages) pages.subscribe(mountAll);
  else mountAll();
})();
