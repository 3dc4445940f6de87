import assert from "node:assert/strict";
import { test } from "node:test";
import { el, run } from "./dom.mjs";

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
