import assert from "node:assert/strict";
import { test } from "node:test";
import { el, run } from "./dom.mjs";

test("the chosen reserve and day mark one cell, which is said in words", () => {
  const cell = (value, best) =>
    el("td", { "data-hungry": value, "data-empty": 1, "data-mouths": 9 }, best ? el("strong", {}, `${value}.00`) : `${value}.00`);
  const rows = [[1, 2], [3, 4]].map((values, row) =>
    el("tr", {}, el("th"), ...values.map((value, column) => cell(value, row === 1 && column === 0))));
  const sliders = ["0 5", "10 20"].map((values) => el("input", { type: "range", value: "0", "data-values": values }));
  const note = el("p", { class: "try__note" });
  const box = el("div", { "data-try": "reserve" },
    ...sliders.map((slider) => el("div", { class: "try__ratio", hidden: "" }, slider, el("output"))), el("table", {}, el("tbody", {}, ...rows)), note);
  run("reserve.js", el("body", {}, box));
  const marked = () => rows.flatMap((row) => row.cells).filter((each) => each.getAttribute("aria-current"));
  assert.deepEqual(marked().map((each) => each.textContent), ["3.00"], "it opens on the best of the first column");
  assert.match(note.textContent, /^Storing 5 days, with the bad stretch from day 10: return 3\.00, 3 hungry days/);
  [sliders[0].value, sliders[1].value] = ["0", "1"];
  sliders[1].fire("input");
  assert.deepEqual(marked().map((each) => each.textContent), ["2.00"]);
  assert.match(note.textContent, /^Storing 0 days, with the bad stretch from day 20: return 2\.00/);
  assert.deepEqual(sliders.map((slider) => slider.getAttribute("aria-valuetext")), ["0", "20"]);
});

test("the chosen acceleration and method show one reconstruction with its words", () => {
  const pictures = ["4", "16"].flatMap((rate) => ["tv", "diffusion"].map((method) =>
    el("td", {}, el("img", { "data-rate": rate, "data-method": method, "data-error": `${method}-${rate}-error.webp`, "data-slice": "24.0", src: `${method}-${rate}.webp`, "data-name": `${method} at ${rate}`, width: 90, height: 110 }), el("span", {}, "25 dB"))));
  const slider = el("input", { type: "range", value: "1", "data-rates": "4 16" });
  const select = el("select", { name: "method", value: "tv" });
  const figure = el("figure", {}, el("img"), el("img"), el("figcaption"));
  const box = el("div", { "data-try": "scan" }, slider, select, el("output"), figure, el("table", {}, ...pictures));
  run("scan.js", el("body", {}, box));
  assert.equal(figure.querySelector("img").src, "tv-16.webp");
  assert.equal(figure.querySelectorAll("img")[1].src, "tv-16-error.webp");
  assert.equal(figure.querySelector("figcaption").textContent, "Recorded: tv at 16. 24.0 dB in the slice, 25 dB in the brain");
  [slider.value, select.value] = ["0", "diffusion"];
  select.fire("input");
  assert.equal(figure.querySelector("img").src, "diffusion-4.webp");
  assert.equal(slider.getAttribute("aria-valuetext"), "1 in 4");
});
