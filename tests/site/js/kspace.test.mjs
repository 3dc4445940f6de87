import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { Canvas, el, run } from "./dom.mjs";

const [WIDTH, HEIGHT] = [16, 20];
const TOTAL = WIDTH * HEIGHT;
const PRESETS = ["scene", "centre", "rows", "random", "fourth", "second", "all", "none"];

/** A slice of noise in 64 levels, the same each time, and a mask of the rows above the centre. */
function material() {
  let state = 1;
  const slice = Uint8Array.from({ length: TOTAL }, () => (state = (state * 48271) % 2147483647) % 64);
  const scene = Uint8Array.from({ length: TOTAL }, (_, at) => Number(at < TOTAL / 4));
  const bits = new Uint8Array(TOTAL / 8);
  scene.forEach((each, at) => (bits[at >> 3] |= each << (7 - (at & 7))));
  return { slice, scene, packed: deflateSync(Buffer.concat([slice, bits])).toString("base64") };
}

/** The box of the scan's page, brought to life by both of its scripts. */
async function open() {
  const { slice, scene, packed } = material();
  const plane = new Canvas({ tabindex: 0, "data-rate": 4, "data-slice": packed }, WIDTH, HEIGHT);
  const picture = new Canvas({ role: "img" }, WIDTH, HEIGHT);
  const [points, quality] = [el("figcaption"), el("figcaption")];
  const erase = Object.assign(el("input", { type: "checkbox" }), { checked: false });
  const brush = el("select", { value: "1" }, ...[1, 5, 15].map((value) => el("option", { value })));
  const slider = el("input", { type: "range", value: "1", "data-rates": "2 4 8" });
  const buttons = Object.fromEntries(PRESETS.map((value) => [value, el("button", { value })]));
  const note = el("p", { class: "try__note paint", hidden: "" });
  const place = el("p", { class: "paint paint__place", hidden: "" });
  const tools = el("div", { class: "paint", hidden: "" }, ...Object.values(buttons), brush, erase);
  const figures = [[plane, points], [picture, quality]].map((each) => el("figure", { class: "paint", hidden: "" }, ...each));
  const method = el("select", { name: "method", value: "tv" });
  const recorded = el("figcaption");
  const rest = [el("figure", {}, el("img"), recorded), el("figure", {}, el("img"))];
  const table = ["2", "4", "8"].map((rate) =>
    el("td", {}, el("img", { "data-rate": rate, "data-method": "tv", "data-name": `tv at ${rate}` }), el("span", {}, "25 dB")));
  const box = el("div", { "data-try": "scan" }, tools, slider, el("output"), method, ...figures, ...rest, note, place, ...table);
  const ran = run(["scan.js", "fft.js", "kspace.js"], el("body", {}, box));
  for (let turns = 0; note.textContent === "" && turns < 100; turns++) await new Promise((done) => setTimeout(done, 5));
  const measured = () => [...Array(TOTAL).keys()].filter((at) => plane.pixels[4 * at] > plane.pixels[4 * at + 2]); // warm
  const press = (key, more = {}) => plane.fire("keydown", { key, ...more });
  return { slice, scene, plane, picture, points, quality, erase, brush, slider, buttons, note, place, recorded, box, measured, press, ...ran };
}

const greys = (canvas) => [...Array(TOTAL).keys()].map((at) => canvas.pixels[4 * at]);

test("a transform undone is what it was, and keeps the sum of squares, for sides of any primes", () => {
  const { value } = run("fft.js", el("body"));
  const FFT = value("FFT");
  for (const [rows, columns] of [[1, 1], [4, 8], [20, 16], [7, 15], [160, 128]]) {
    const [re, im] = [0, 1].map((part) => Float64Array.from({ length: rows * columns }, (_, at) => Math.sin(3 * at + part)));
    const [oldRe, oldIm] = [re.slice(), im.slice()];
    const energy = () => re.reduce((sum, each, at) => sum + each ** 2 + im[at] ** 2, 0);
    const before = energy();
    FFT.forward(re, im, rows, columns);
    assert.ok(Math.abs(energy() / before - 1) < 1e-12);
    FFT.inverse(re, im, rows, columns);
    assert.ok(re.every((each, at) => Math.abs(each - oldRe[at]) < 1e-12 && Math.abs(im[at] - oldIm[at]) < 1e-12));
  }
});

test("it opens with the scene's mask, and all that was hidden is shown", async () => {
  const { measured, scene, points, note, box } = await open();
  assert.deepEqual(measured(), [...scene.keys()].filter((at) => scene[at]));
  assert.equal(points.textContent, "k-space: 80 of 320 points, 1 in 4");
  assert.match(note.textContent, /^Measured: 80 of 320 points, 1 in 4\. .*1 in 4 come from this very mask\.$/);
  assert.equal(box.querySelectorAll("[hidden]").length, 0);
});

test("all points give the slice itself, none give nothing, and each is said", async () => {
  const { slice, picture, quality, points, note, buttons } = await open();
  buttons.all.fire("click");
  assert.deepEqual(greys(picture), [...slice].map((each) => Math.round((255 * each) / 63)));
  assert.equal(quality.textContent, "Inverse FFT of those points: no error in the slice");
  buttons.none.fire("click");
  assert.ok(greys(picture).every((each) => each === 0));
  assert.equal(points.textContent, "k-space: none of 320 points");
  assert.doesNotMatch(note.textContent, /recorded/);
});

test("the centre alone gives the mean of the slice", async () => {
  const { slice, picture, buttons, press, points } = await open();
  buttons.none.fire("click");
  press(" ");
  assert.equal(points.textContent, "k-space: 1 of 320 points, 1 in 320");
  const mean = Math.round((255 * slice.reduce((sum, each) => sum + each)) / TOTAL / 63);
  assert.ok(greys(picture).every((each) => Math.abs(each - mean) <= 1));
});

test("presets of one acceleration keep as many points, the centre among them", async () => {
  const { measured, buttons } = await open();
  const middle = (HEIGHT / 2) * WIDTH + WIDTH / 2;
  for (const [name, count] of [["centre", 80], ["rows", 80], ["fourth", 80], ["second", 160], ["all", 320]]) {
    buttons[name].fire("click");
    assert.equal(measured().length, count, name);
    assert.ok(measured().includes(middle), name);
  }
  buttons.random.fire("click");
  assert.ok(measured().length > 40 && measured().length < 130);
});

test("the slider goes to the nearest acceleration once, and the mask is said to be another", async () => {
  const { buttons, slider, note, recorded } = await open();
  assert.match(recorded.textContent, /^Recorded: tv at 4\./);
  let moved = 0;
  slider.addEventListener("input", () => moved++);
  buttons.centre.fire("click");
  assert.match(note.textContent, /1 in 4 come from a mask that is not yours\.$/);
  buttons.second.fire("click");
  buttons.all.fire("click");
  assert.deepEqual([slider.value, moved], ["0", 1]);
  assert.match(recorded.textContent, /^Recorded: tv at 2\./);
});

test("by keyboard the brush moves, grows, paints and erases, and says where it is", async () => {
  const { press, buttons, measured, erase, brush, place, plane } = await open();
  buttons.none.fire("click");
  for (const [key, more] of [["ArrowRight"], ["ArrowUp"], ["ArrowUp"], [" "]]) assert.ok(press(key, more).defaultPrevented);
  assert.deepEqual(measured(), [(HEIGHT / 2 - 2) * WIDTH + WIDTH / 2 + 1]);
  assert.equal(place.textContent, "Brush, 1 wide, 1 right and 2 up of the centre: measured");
  press("+");
  assert.equal(brush.value, "5");
  press(" ");
  assert.equal(measured().length, 25);
  for (let times = 0; times < 3; times++) press("ArrowLeft", { shiftKey: true });
  assert.deepEqual(plane.outlines, [[-2.5, HEIGHT / 2 - 4.5, 6, 6]]);
  press(" ");
  assert.equal(measured().length, 25 + 15, "a brush over the edge stays within it");
  erase.checked = true;
  press("-");
  press(" ");
  assert.equal(measured().length, 25 + 14);
  assert.match(place.textContent, /not measured$/);
  assert.ok(!press("Tab").defaultPrevented && !press("ArrowUp", { ctrlKey: true }).defaultPrevented);
});

test("a stroke of the pointer leaves no gap, and is told in words when it ends", async () => {
  const { plane, buttons, measured, note } = await open();
  buttons.none.fire("click");
  const before = note.textContent;
  const at = (x, y) => ({ clientX: 2 * x + 1, clientY: 2 * y + 1, button: 0, pointerId: 1 });
  plane.fire("pointermove", at(9, 9));
  assert.equal(measured().length, 0, "nothing is painted before it is pressed");
  plane.fire("pointerdown", at(2, 5));
  plane.fire("pointermove", at(12, 5));
  assert.deepEqual(measured(), Array.from({ length: 11 }, (_, step) => 5 * WIDTH + 2 + step));
  assert.equal(note.textContent, before);
  plane.fire("pointerup");
  assert.match(note.textContent, /^Measured: 11 of 320 points/);
  plane.fire("pointermove", at(2, 15));
  assert.equal(measured().length, 11);
});

test("where nothing can be unpacked the table stays as it is", () => {
  const part = el("div", { class: "paint", hidden: "" });
  let removed = 0;
  part.remove = () => removed++;
  const box = el("div", { "data-try": "scan" }, part, new Canvas({}, WIDTH, HEIGHT));
  run(["fft.js", "kspace.js"], el("body", {}, box), { without: "DecompressionStream" });
  assert.equal(removed, 1);
});
