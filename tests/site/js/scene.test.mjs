import assert from "node:assert/strict";
import { test } from "node:test";
import { el, run, Video } from "./dom.mjs";

/** Two steps of ten seconds, one mark that holds in both. */
function open(options) {
  const video = new Video();
  const steps = [1, 2].map((n) =>
    el("a", { href: `#step-0${n}`, "data-start": 10 * (n - 1), "data-end": 10 * n, "data-still": `still-${n}.webp` }),
  );
  const mark = el("dt", { "data-mark": "ray", "data-times": "2-4 12-15" });
  const link = el("a", { "data-seek": "13" });
  const scene = el("div", { class: "scene", "data-fps": 30, "data-length": 20 }, video, el("nav", { class: "rail" }, ...steps), mark, el("output"));
  scene.scrollIntoView = () => {};
  const ran = run("scene.js", el("body", {}, scene, link), options);
  const press = (key, more = {}, target = scene) => scene.fire("keydown", { key, ...more }, target);
  return { video, steps, mark, link, scene, press, ...ran };
}

const current = (steps) => steps.map((step) => step.getAttribute("aria-current"));

test("the time lights its step and its marks, to the end of each and no further", () => {
  const { video, steps, mark } = open();
  for (const [time, lit, marked] of [[0, 0, false], [2, 0, true], [3.9, 0, true], [4, 0, false], [10, 1, false], [12, 1, true]]) {
    video.currentTime = time;
    video.fire("timeupdate");
    assert.deepEqual(current(steps), [0, 1].map((at) => (at === lit ? "step" : null)), `at ${time}`);
    assert.equal(mark.classList.contains("is-lit"), marked, `mark at ${time}`);
  }
  assert.equal(steps[0].style["--part"], "1");
  assert.ok(Math.abs(Number(steps[1].style["--part"]) - 0.2) < 0.001);
});

test("a step plays from its start; one that is to open a tab is the browser's", () => {
  const { video, steps } = open();
  assert.ok(steps[1].fire("click").defaultPrevented);
  assert.deepEqual([video.currentTime, video.paused], [10, false]);
  assert.ok(!steps[0].fire("click", { ctrlKey: true }).defaultPrevented);
  assert.equal(video.currentTime, 10);
});

test("who asked for less motion is shown the still, and nothing plays", () => {
  const { video, steps } = open({ reduced: true });
  steps[1].fire("click");
  assert.deepEqual([video.currentTime, video.paused, video.poster], [10, true, "still-2.webp"]);
  video.readyState = 4; // it has a picture of its own now
  steps[0].fire("click");
  assert.equal(video.poster, "still-2.webp");
});

test("keys go to steps, by five seconds and by one frame, and never out of the video", () => {
  const { video, press } = open();
  press("2");
  assert.equal(video.currentTime, 10);
  press("ArrowRight");
  assert.equal(video.currentTime, 15);
  for (let times = 0; times < 3; times++) press("ArrowRight");
  assert.equal(video.currentTime, 20);
  for (let times = 0; times < 9; times++) press("ArrowLeft");
  assert.equal(video.currentTime, 0);
  press(".");
  assert.ok(video.paused);
  assert.ok(Math.abs(video.currentTime - 1.5 / 30) < 1e-9, "the middle of the second frame");
  press(",");
  assert.ok(Math.abs(video.currentTime - 0.5 / 30) < 1e-9, "the middle of the first");
});

test("frame by frame, no frame is left out and none is shown twice", () => {
  const { video, press } = open();
  const seen = [];
  for (let times = 0; times < 90; times++) {
    press(".");
    seen.push(Math.floor(video.currentTime * 30));
  }
  assert.deepEqual(seen, seen.map((_, at) => at + 1));
});

test("the speed goes up and down between a quarter and double, and is said", () => {
  const { video, press, scene } = open();
  for (let times = 0; times < 9; times++) press(">");
  assert.equal(video.playbackRate, 2);
  video.fire("ratechange");
  assert.equal(scene.querySelector("output").value, "Speed 2");
  for (let times = 0; times < 9; times++) press("<");
  assert.equal(video.playbackRate, 0.25);
});

test("space plays and stops; c shows captions and hides them", () => {
  const { video, press } = open();
  press(" ");
  assert.equal(video.paused, false);
  press(" ");
  assert.equal(video.paused, true);
  press("c");
  assert.equal(video.textTracks[1].mode, "showing");
  press("c");
  assert.equal(video.textTracks[1].mode, "hidden");
});

test("a key that is not the player's is left alone, as are the video's own and those with a modifier", () => {
  const { video, press } = open();
  for (const [key, more, target] of [["x"], ["9"], ["Tab"], [" ", {}, video], ["ArrowLeft", {}, video], ["1", { altKey: true }], ["f", { metaKey: true }]])
    assert.ok(!press(key, more, target).defaultPrevented, `${key} is taken`);
  assert.ok(press("2", {}, video).defaultPrevented);
});

test("the address is followed when the page opens and when it changes", () => {
  assert.equal(open({ hash: "#t=12.5" }).video.currentTime, 12.5);
  const { video, page, location } = open({ hash: "#step-02" });
  assert.deepEqual([video.currentTime, video.paused], [10, true]);
  location.hash = "#t=3";
  page.dispatchEvent(new Event("hashchange"));
  assert.equal(video.currentTime, 3);
  location.hash = "#glossary";
  page.dispatchEvent(new Event("hashchange"));
  assert.equal(video.currentTime, 3);
});

test("a page that was left no longer listens", () => {
  const { video, scene, page, location } = open();
  scene.isConnected = false;
  location.hash = "#t=3";
  page.dispatchEvent(new Event("hashchange"));
  assert.equal(video.currentTime, 0);
});

test("a time in the text plays from there", () => {
  const { video, link } = open();
  link.fire("click");
  assert.deepEqual([video.currentTime, video.paused], [13, false]);
});

test("a player that the theme announces again is not mounted again", () => {
  const { video, press, again } = open();
  again();
  press("ArrowRight");
  assert.equal(video.currentTime, 5);
});
