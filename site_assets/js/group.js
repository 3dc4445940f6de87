// @ts-check
/**
 * The group that a reader can pay: rewards are set, advantages and what the clip leaves follow.
 * Without this script the table shows the recorded group.
 */
(() => {
  /** @param {number} value */
  const signed = (value) => (value < 0 ? "\u2212" : "+") + Math.abs(value).toFixed(3);

  /** Bring one table to life. @param {HTMLElement} box */
  function mount(box) {
    if (box.dataset.live !== undefined) return;
    box.dataset.live = "";
    const boxes = /** @type {HTMLInputElement[]} */ ([...box.querySelectorAll("input[type=checkbox]")]);
    const ratio = /** @type {HTMLInputElement} */ (box.querySelector("input[type=range]"));
    const [mean, shown] = /** @type {HTMLOutputElement[]} */ ([...box.querySelectorAll("output")]);
    const note = /** @type {HTMLElement} */ (box.querySelector(".try__note"));
    const [low, high] = [Number(box.dataset.low), Number(box.dataset.high)];

    function write() {
      const average = boxes.filter((each) => each.checked).length / boxes.length;
      const rho = Number(ratio.value);
      if (mean.value !== average.toFixed(3)) mean.value = average.toFixed(3); // else it is told again
      shown.value = rho.toFixed(2);
      ratio.setAttribute("aria-valuetext", shown.value);
      for (const each of boxes) {
        const cells = /** @type {HTMLTableRowElement} */ (each.closest("tr")).cells;
        const advantage = Number(each.checked) - average;
        /** @type {HTMLElement} */ (cells[1].querySelector("span")).textContent = each.checked ? "1" : "0";
        cells[2].textContent = signed(advantage);
        const clipped = advantage > 0 ? rho > high : rho < low;
        cells[3].textContent = advantage === 0 ? "no" : clipped ? "clipped" : advantage > 0 ? "up" : "down";
      }
      const tied = average === 0 || average === 1;
      const told = tied
        ? "All rewards tie: no advantage, nothing to learn."
        : rho > high ? `Ratio above ${high}: moves that paid are pushed no further.`
        : rho < low ? `Ratio below ${low}: moves that did not pay are pushed no further.`
        : `Ratio within ${low} and ${high}: every move is pushed.`;
      if (note.textContent !== told) note.textContent = told;
    }

    for (const each of [...boxes, ratio]) {
      each.disabled = false;
      each.addEventListener("input", write);
    }
    /** @type {HTMLElement} */ (ratio.closest(".try__ratio")).hidden = false;
    write();
  }

  const mountAll = () => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-try=group]")).forEach(mount);
  const pages = /** @type {any} */ (window).document$;
  if (pages) pages.subscribe(mountAll);
  else mountAll();
})();
