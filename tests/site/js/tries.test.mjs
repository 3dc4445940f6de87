import assert from "node:assert/strict";
import { test } from "node:test";
import { el, run } from "./dom.mjs";

const number = (words) => Number(words.replace("\u2212", "-"));

/** Four moves, the first of which was paid. */
function group() {
  const rows = [true, false, false, false].map((paid) =>
    el("tr", {}, el("td"), el("td", {}, Object.assign(el("input", { type: "checkbox" }), { checked: paid }), el("span")), el("td"), el("td")),
  );
  const ratio = el("input", { type: "range", value: "1" });
  const note = el("p", { class: "try__note" });
  const box = el("div", { "data-try": "group", "data-low": "0.8", "data-high": "1.2" },
    el("table", {}, ...rows), el("output"), el("p", { class: "try__ratio", hidden: "" }, ratio), el("output"), note);
  run("group.js", el("body", {}, box));
  const boxes = rows.map((row) => row.querySelector("input"));
  const column = (at) => rows.map((row) => row.cells[at].textContent);
  return { box, boxes, ratio, note, column };
}

test("advantages are rewards less the group's mean, and sum to nought", () => {
  const { box, boxes, column } = group();
  assert.equal(box.querySelector("output").value, "0.250");
  assert.deepEqual(column(2), ["+0.750", "\u22120.250", "\u22120.250", "\u22120.250"]);
  for (const paid of [0b0000, 0b0110, 0b1111, 0b1011]) {
    boxes.forEach((each, at) => (each.checked = Boolean((paid >> at) & 1)));
    boxes[0].fire("input");
    assert.ok(Math.abs(column(2).map(number).reduce((a, b) => a + b)) < 0.002);
  }
});

test("a ratio is clipped only where it already went the way of the advantage", () => {
  const { ratio, column } = group();
  for (const [rho, paid, unpaid] of [["1", "up", "down"], ["1.3", "clipped", "down"], ["0.7", "up", "clipped"]]) {
    ratio.value = rho;
    ratio.fire("input");
    assert.deepEqual(column(3), [paid, unpaid, unpaid, unpaid], `at ${rho}`);
  }
});

test("where all rewards tie nothing is pushed, and that is said", () => {
  const { boxes, note, column } = group();
  for (const paid of [true, false]) {
    boxes.forEach((each) => (each.checked = paid));
    boxes[0].fire("input");
    assert.deepEqual(column(3), ["no", "no", "no", "no"]);
    assert.match(note.textContent, /tie/);
  }
});

test("the controls come with the script", () => {
  const { boxes, ratio } = group();
  assert.ok(boxes.every((each) => each.disabled === false));
  assert.equal(ratio.closest(".try__ratio").hidden, false);
});

test("the chosen acceleration and method show one reconstruction with its words", () => {
  const pictures = ["4", "16"].flatMap((rate) => ["tv", "diffusion"].map((method) =>
    el("td", {}, el("img", { "data-rate": rate, "data-method": method, "data-error": `${method}-${rate}-error.webp`, src: `${method}-${rate}.webp`, "data-name": `${method} at ${rate}`, width: 90, height: 110 }), el("span", {}, "25 dB"))));
  const slider = el("input", { type: "range", value: "1", "data-rates": "4 16" });
  const select = el("select", { value: "tv" });
  const figure = el("figure", {}, el("img"), el("img"), el("figcaption"));
  const box = el("div", { "data-try": "scan" }, slider, select, el("output"), figure, el("table", {}, ...pictures));
  run("scan.js", el("body", {}, box));
  assert.equal(figure.querySelector("img").src, "tv-16.webp");
  assert.equal(figure.querySelectorAll("img")[1].src, "tv-16-error.webp");
  assert.equal(figure.querySelector("figcaption").textContent, "tv at 16: 25 dB in the brain");
  [slider.value, select.value] = ["0", "diffusion"];
  select.fire("input");
  assert.equal(figure.querySelector("img").src, "diffusion-4.webp");
  assert.equal(slider.getAttribute("aria-valuetext"), "1 in 4");
});
