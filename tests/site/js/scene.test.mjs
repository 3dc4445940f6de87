import assert from "node:assert/strict";
import { test } from "node:test";
import { el, run, Video } from "./dom.mjs";

const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const CAPTIONS = [[1, 3, "First words."], [11, 14, "Second words."]];
const STILLS = [[0, "still-1.webp", "upright-1.webp"], [10, "still-2.webp", "upright-2.webp"]];
const UPRIGHT = "(orientation: portrait)";

/** Two steps of ten seconds, one mark that holds in both. */
function open(options) {
  const video = new Video(
    el("source", { type: 'video/mp4; codecs="avc1"', media: UPRIGHT, "data-size": "0.8 MB" }),
    el("source", { type: 'video/mp4; codecs="av01"', "data-size": "1.0 MB" }),
    el("source", { type: 'video/mp4; codecs="avc1"', "data-size": "3.0 MB" }),
  );
  const steps = [1, 2].map((n) =>
    el("a", { href: `#step-0${n}`, "data-start": 10 * (n - 1), "data-end": 10 * n }, `0${n} Name`),
  );
  const mark = el("dt", { "data-mark": "ray", "data-times": "2-4 12-15" });
  const link = el("a", { "data-seek": "13" });
  const button = (does) => el("button", { "data-does": does, ...(does === "captions" && { "aria-pressed": "false" }) });
  const [play, caption, copy, fill] = ["play", "captions", "link", "fill"].map(button);
  const smaller = el("button", { "data-does": "smaller", "aria-pressed": "false", "data-file": "small.mp4", "data-size": "0.4 MB", "data-upright-file": "small-upright.mp4", "data-upright-size": "0.2 MB" });
  const line = el("span", {}, el("input", { type: "range" }));
  const speed = el("select", {}, ...SPEEDS.map((each) => el("option", { value: each })));
  const controls = el("div", { class: "controls", hidden: "" }, play, el("span", { class: "controls__load" }, "1.0 MB"),
    el("span", { class: "controls__time" }), line, speed, smaller, caption, copy, fill, el("output"));
  const poster = el("picture", { class: "scene__poster" }, Object.assign(el("img"), { currentSrc: "first.webp" }));
  const picture = el("div", {}, video, el("img", { class: "scene__still", hidden: "" }), poster);
  const words = el("p", { class: "scene__words", hidden: "" });
  const screen = el("div", { class: "scene__screen" }, picture, words, controls);
  const rail = el("nav", { class: "rail" }, ...steps);
  const data = { "data-fps": 30, "data-length": 20, "data-title": "A film", "data-captions": JSON.stringify(CAPTIONS), "data-stills": JSON.stringify(STILLS) };
  const scene = el("figure", { class: "scene", ...data }, screen, rail, mark);
  scene.scrollIntoView = () => {};
  const ran = run("scene.js", el("body", {}, scene, link), options);
  const press = (key, more = {}, target = scene) => scene.fire("keydown", { key, ...more }, target);
  const still = () => (({ hidden, src }) => (hidden ? null : src))(picture.children[1]);
  const said = () => scene.querySelector("output").value;
  const parts = { smaller, play, caption, copy, fill, line: line.children[0], speed, controls, words, screen, still, said };
  return { video, steps, mark, link, scene, press, ...parts, ...ran };
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
  const { video, steps, still } = open({ reduced: true });
  steps[1].fire("click");
  assert.deepEqual([video.currentTime, video.paused, still()], [10, true, "still-2.webp"]);
});

test("until the film is there, the picture is the step's still, and then it is the film's", () => {
  const { video, steps, still, line } = open();
  assert.equal(still(), null, "before anything is asked for there is the poster");
  steps[1].fire("click");
  assert.equal(still(), "still-2.webp");
  steps[0].fire("click");
  assert.equal(still(), "still-1.webp");
  Object.assign(video, { readyState: 1, seeking: true });
  video.fire("timeupdate");
  assert.equal(still(), "still-1.webp", "its length alone is no picture");
  video.bring(0, 6);
  assert.equal(still(), null);
  line.value = "3";
  line.fire("input");
  assert.equal(still(), null, "what is there needs no still");
  video.seeking = true;
  steps[1].fire("click");
  assert.equal(still(), "still-2.webp", "the film has not come as far as the step");
  video.fire("timeupdate");
  assert.equal(still(), "still-2.webp");
  video.bring(9, 12);
  assert.equal(still(), null);
});

test("a still that is to come does not show the one before it meanwhile", () => {
  const { steps, screen } = open();
  const picture = () => screen.querySelector(".scene__still");
  steps[0].fire("click");
  const first = picture();
  steps[1].fire("click");
  assert.notEqual(picture(), first, "another element, which has no old picture");
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
  const { video, press, said, speed } = open();
  for (let times = 0; times < 9; times++) press(">");
  assert.equal(video.playbackRate, 2);
  video.fire("ratechange");
  assert.deepEqual([said(), speed.value], ["Speed 2", "2"]);
  for (let times = 0; times < 9; times++) press("<");
  assert.equal(video.playbackRate, 0.25);
  speed.value = "1.5";
  speed.fire("change");
  assert.equal(video.playbackRate, 1.5);
});

test("from any speed, one of a browser's own or of none, the next is the next", () => {
  const { video, press } = open();
  for (const [now, key, next] of [[1.75, ">", 2], [1.75, "<", 1.5], [1.1, ">", 1.25], [1.1, "<", 1], [4, ">", 4], [4, "<", 2], [0.1, "<", 0.1]]) {
    video.playbackRate = now;
    press(key);
    assert.equal(video.playbackRate, next, `${now} ${key}`);
  }
});

test("space plays and stops, as does a click on the picture and the button, which says what it does", () => {
  const { video, press, play } = open();
  press(" ");
  assert.deepEqual([video.paused, play.textContent], [false, "Pause"]);
  press(" ", {}, video);
  assert.deepEqual([video.paused, play.textContent], [true, "Play"]);
  video.fire("click");
  assert.equal(video.paused, false);
  play.fire("click");
  assert.equal(video.paused, true);
});

test("captions stand below the picture, from the page itself, and are hidden until they are asked for", () => {
  const { video, press, words, caption } = open();
  const at = (time) => ((video.currentTime = time), video.fire("timeupdate"), words.hidden ? null : words.textContent);
  assert.equal(at(2), null);
  press("c");
  assert.equal(caption.getAttribute("aria-pressed"), "true");
  assert.deepEqual([at(2), at(3), at(11), at(14)], ["First words.", "", "Second words.", ""]);
  caption.fire("click");
  assert.deepEqual([at(2), caption.getAttribute("aria-pressed")], [null, "false"]);
  assert.equal(video.textTracks[0].mode, "hidden", "never over the picture");
});

test("the page's controls take the place of the browser's, and say how much there is to load until it is there", () => {
  const { video, controls } = open();
  const load = controls.querySelector(".controls__load");
  assert.deepEqual([video.controls, controls.hidden, load.textContent], [false, false, "3.0 MB"]);
  video.fire("waiting");
  assert.equal(load.textContent, "Loading");
  video.bring(0, 20);
  assert.equal(load.textContent, "");
});

test("the line of time follows, says where it stands, and leads", () => {
  const { video, line, controls } = open();
  video.currentTime = 12.5;
  video.fire("timeupdate");
  assert.deepEqual([line.value, line.getAttribute("aria-valuetext")], ["12.5", "0:12 of 0:20, step 02 Name"]);
  assert.equal(controls.querySelector(".controls__time").textContent, "0:12 / 0:20");
  line.value = "4";
  line.fire("input");
  assert.deepEqual([video.currentTime, video.paused], [4, true]);
});

test("a link to this moment is copied, or left in the address bar", async () => {
  const copied = [];
  const ours = open({ hash: "#step-02", clipboard: { writeText: async (words) => copied.push(words) } });
  ours.video.currentTime = 12.34;
  ours.copy.fire("click");
  await new Promise(setImmediate);
  assert.deepEqual([copied, ours.said()], [["https://site.example/scene/#t=12.3"], "Link to 0:12 copied"]);
  const other = open();
  other.video.currentTime = 5;
  other.copy.fire("click");
  await new Promise(setImmediate);
  assert.deepEqual([other.location.hash, other.said()], ["#t=5", "The link is in the address bar"]);
});

test("what fills the screen is picture, captions and controls together; else the picture, with its own captions", () => {
  const { screen, fill, press, video } = open();
  video.webkitEnterFullscreen = () => (video.filled = true);
  press("c");
  fill.fire("click");
  assert.deepEqual([video.filled, video.textTracks[0].mode], [true, "showing"]);
  screen.requestFullscreen = async () => (screen.filled = true);
  press("f");
  assert.equal(screen.filled, true);
});

test("the system is told what plays, and its keys are obeyed", () => {
  const { video, session, press } = open();
  assert.equal(session.metadata, undefined, "nothing before it plays");
  press(" ");
  assert.deepEqual([session.metadata.title, session.metadata.artwork[0].src], ["A film", "first.webp"]);
  const { actions } = session;
  const went = (name, details = {}) => (actions[name](details), video.currentTime);
  assert.deepEqual([went("nexttrack"), went("seekforward"), went("seekbackward", { seekOffset: 2 })], [10, 15, 13]);
  assert.deepEqual([went("previoustrack"), went("previoustrack"), went("seekto", { seekTime: 7 })], [10, 0, 7]);
  actions.pause();
  assert.equal(video.paused, true);
  actions.play();
  assert.equal(video.paused, false);
});

test("a key that is not the player's is left alone, as are a button's space, a list's keys and those with a modifier", () => {
  const { video, press, play, speed, line } = open();
  for (const [key, more, target] of [["x"], ["9"], ["Tab"], [" ", {}, play], ["2", {}, speed], ["ArrowLeft", {}, speed], ["Home", {}, line], ["1", { altKey: true }], ["f", { metaKey: true }]])
    assert.ok(!press(key, more, target).defaultPrevented, `${key} is taken`);
  for (const target of [video, play, line]) assert.ok(press("2", {}, target).defaultPrevented);
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

test("a moment may be told in seconds or as on a clock; what is none is let be, and beyond the end is the end", () => {
  for (const [hash, time] of [["#t=65", 20], ["#t=0:05", 5], ["#t=0:0:7.5", 7.5], ["#t=5.", 5], ["#t=99999", 20], ["#t=1.2.3", 0], ["#t=.", 0], ["#t=", 0], ["#t=-5", 0], ["#t=1:", 0], ["#t=5s", 0], ["#t=1e1", 0]]) {
    const { video } = open({ hash });
    assert.deepEqual([video.currentTime, video.paused], [time, true], hash);
  }
});

test("at an address beyond the end stands the last still, and playing begins at the start", () => {
  const { video, still, press } = open({ hash: "#t=99999" });
  assert.deepEqual([video.currentTime, still()], [20, "still-2.webp"]);
  press(" ");
  assert.deepEqual([video.currentTime, video.paused, still()], [0, false, "still-1.webp"]);
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

const weight = (scene) => scene.querySelector(".controls__load").textContent;

test("the smaller file plays from where the film was, and the film again", () => {
  const { video, smaller, scene } = open();
  assert.equal(weight(scene), "3.0 MB");
  Object.assign(video, { currentTime: 7, paused: false });
  smaller.click();
  assert.deepEqual([video.src, video.currentTime, video.paused, weight(scene)], ["small.mp4", 7, false, "0.4 MB"]);
  assert.equal(smaller.getAttribute("aria-pressed"), "true");
  video.pause();
  smaller.click();
  assert.deepEqual([video.getAttribute("src"), video.currentTime, video.paused, weight(scene)], [null, 7, true, "3.0 MB"]);
});

test("where data are saved, and on a slow line, the smaller file is taken unasked", () => {
  for (const connection of [{ saveData: true }, { effectiveType: "3g" }])
    assert.equal(open({ connection }).video.src, "small.mp4");
  assert.equal(open({ connection: { saveData: false, effectiveType: "4g" } }).video.src, undefined);
});

test("held upright it is the upright cut: its size, its stills, its smaller file; turned, the other from the same moment", () => {
  const { video, steps, scene, smaller, still, turn } = open({ upright: true });
  const size = () => scene.querySelector(".controls__load").textContent;
  assert.equal(size(), "0.8 MB");
  steps[1].fire("click");
  assert.equal(still(), "upright-2.webp");
  smaller.fire("click");
  assert.deepEqual([video.src, size()], ["small-upright.mp4", "0.2 MB"]);
  turn();
  assert.deepEqual([video.src, size(), video.currentTime, still()], ["small.mp4", "0.4 MB", 10, "still-2.webp"]);
});
