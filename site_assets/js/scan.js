// @ts-check
/**
 * One reconstruction at a time, with its error map: an acceleration on a slider, a method from a list. Without this
 * script the table shows them all.
 */
(() => {
  /** Bring one table to life. @param {HTMLElement} box */
  function mount(box) {
    if (box.dataset.live !== undefined) return;
    box.dataset.live = "";
    const slider = /** @type {HTMLInputElement} */ (box.querySelector("input[type=range]"));
    const select = /** @type {HTMLSelectElement} */ (box.querySelector("select[name=method]"));
    const output = /** @type {HTMLOutputElement} */ (box.querySelector("output"));
    const [picture, map] = /** @type {NodeListOf<HTMLImageElement>} */ (box.querySelectorAll("figure img"));
    const caption = picture.closest("figure")?.querySelector("figcaption");
    const rates = (slider.dataset.rates ?? "").split(" ");

    function write() {
      const rate = rates[Number(slider.value)];
      const wanted = `img[data-rate="${rate}"][data-method="${select.value}"]`;
      const found = /** @type {HTMLImageElement | null} */ (box.querySelector(wanted));
      if (!found || !caption) return;
      output.value = `1 in ${rate}`;
      slider.setAttribute("aria-valuetext", output.value);
      const name = found.dataset.name ?? "";
      Object.assign(picture, { src: found.src, alt: name });
      map.src = found.dataset.error ?? "";
      caption.textContent =
        `Recorded: ${name}. ${found.dataset.slice} dB in the slice, ${found.nextElementSibling?.textContent ?? ""} in the brain`;
    }

    for (const each of [slider, select]) each.addEventListener("input", write);
    for (const each of box.querySelectorAll("[hidden]")) /** @type {HTMLElement} */ (each).hidden = false;
    write();
  }

  const mountAll = () => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-try=scan]")).forEach(mount);
  const pages = /** @type {any} */ (window).document$;
  if (pages) pages.subscribe(mountAll);
  else mountAll();
})();
