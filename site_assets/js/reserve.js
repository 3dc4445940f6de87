// @ts-check
/**
 * The reserve and the day that a reader can choose: the cell of the table is marked, and what became of the villages in it
 * is said in words. Without this script the table is whole, and the sentence tells its best first column.
 */
(() => {
  /** Bring one table to life. @param {HTMLElement} box */
  function mount(box) {
    if (box.dataset.live !== undefined) return;
    box.dataset.live = "";
    const sliders = /** @type {HTMLInputElement[]} */ ([...box.querySelectorAll("input[type=range]")]);
    const shown = /** @type {HTMLOutputElement[]} */ ([...box.querySelectorAll("output")]);
    const rows = /** @type {HTMLTableRowElement[]} */ ([...box.querySelectorAll("tbody tr")]);
    const note = /** @type {HTMLElement} */ (box.querySelector(".try__note"));

    function write() {
      const [row, column] = sliders.map((each) => Number(each.value));
      const values = sliders.map((each, at) => (each.dataset.values ?? "").split(" ")[at ? column : row]);
      shown.forEach((each, at) => (each.value = values[at]));
      sliders.forEach((each, at) => each.setAttribute("aria-valuetext", values[at])); // else its place in the list is read
      for (const cell of box.querySelectorAll("td[aria-current]")) cell.removeAttribute("aria-current");
      const cell = /** @type {HTMLTableCellElement} */ (rows[row].cells[column + 1]);
      cell.setAttribute("aria-current", "true");
      note.textContent =
        `Storing ${values[0]} days, with the bad stretch from day ${values[1]}: return ${cell.textContent}, ` +
        `${cell.dataset.hungry} hungry days, ${cell.dataset.empty} nights with an empty granary, ` +
        `${cell.dataset.mouths} mouths at the end.`;
    }

    for (const each of sliders) {
      each.addEventListener("input", write);
      /** @type {HTMLElement} */ (each.closest(".try__ratio")).hidden = false;
    }
    const best = rows.findIndex((row) => row.cells[1].querySelector("strong"));
    sliders[0].value = String(Math.max(best, 0));
    write();
  }

  const mountAll = () => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-try=reserve]")).forEach(mount);
  const pages = /** @type {any} */ (window).document$;
  if (pages) pages.subscribe(mountAll);
  else mountAll();
})();
