import assert from "node:assert/strict";
import { test } from "node:test";
import { el, run, Video } from "./dom.mjs";

/** Two loops below each other; what is seen is told to the one that watches. */
function open(options = {}) {
  const loops = [1, 2].map(() => Object.assign(new Video(), { hidden: true }));
  for (const loop of loops) loop.classList.add("loop");
  const places = loops.map((loop) => el("div", { class: "looping" }, el("img", {}), loop));
  const buttons = places.map(() => el("button", { class: "loop__stop", hidden: "" }));
  const watched = [];
  let tell = () => {};
  class IntersectionObserver {
    constructor(told) {
      tell = (n, isIntersecting) => told([{ target: places[n], isIntersecting }]);
    }
    observe(place) {
      watched.push(place);
    }
  }
  const body = el("body", {}, ...places.map((place, n) => el("figure", {}, place, buttons[n])));
  body.readyState = "complete";
  run("loops.js", body, { ...options, more: { IntersectionObserver, Set } });
  return { loops, buttons, places, watched, tell: (...args) => tell(...args) };
}

const playing = (loops) => loops.map((loop) => !loop.paused);

test("a loop plays while it is seen", () => {
  const { loops, tell } = open();
  assert.deepEqual(playing(loops), [false, false]);
  tell(1, true);
  assert.deepEqual([playing(loops), loops[1].hidden, loops[0].hidden], [[false, true], false, true]);
  assert.ok(loops[1].muted);
  assert.ok(!loops[1].classList.contains("is-playing"), "until it plays, the still is seen");
  loops[1].fire("playing");
  assert.ok(loops[1].classList.contains("is-playing"));
  tell(1, false);
  assert.deepEqual(playing(loops), [false, false]);
});

test("one button stops them all, and lets them move again", () => {
  const { loops, buttons, tell } = open();
  assert.deepEqual(buttons.map((button) => button.hidden), [false, false]);
  tell(0, true);
  tell(1, true);
  buttons[1].click();
  assert.deepEqual(playing(loops), [false, false]);
  assert.equal(buttons[0].textContent, "Let the pictures move");
  buttons[0].click();
  assert.deepEqual([playing(loops), buttons[1].textContent], [[true, true], "Stop the moving pictures"]);
});

test("where motion is unwelcome, or data are to be saved, nothing is watched", () => {
  for (const options of [{ reduced: true }, { connection: { saveData: true } }, { connection: { effectiveType: "2g" } }]) {
    const { watched, buttons } = open(options);
    assert.deepEqual([watched.length, buttons[0].hidden], [0, true]);
  }
});
