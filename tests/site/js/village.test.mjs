import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mock, test } from "node:test";
import { el, run } from "./dom.mjs";

const fitted = JSON.parse(readFileSync(new URL("../../../engines/village/data/fitted.json", import.meta.url), "utf8")).spoken;
const WEIGHTS = new URL("../../../site_assets/recordings/village_policy.safetensors", import.meta.url);
const MARKS = { plot: 6, loaf: 8, coin: 10, mouth: 36, worker: 3 };
const PARTS = ["reserve-said", "step", "run", "again", "said", "end", "check", "checked", "log", "town", "day", "past", "chart",
  "top", "stored", "reserve", "hungry", "rabbit", "sails", "level", "mark",
  ...["field", "mill", "bakery", "granary", "market", "square"].flatMap((place) => [0, 1, 2].map((line) => `${place}${line}`))];

/** The village of the page, empty as the page has it. */
function village(more) {
  const made = {
    weather: el("select", { value: "calm" }), agent: el("select", { value: "reserve" }), seed: el("input", { value: "7" }),
    "reserve-days": el("input", { value: "4" }), learn: el("p", {}, el("button")),
    ...Object.fromEntries(PARTS.map((name) => [name, el("g")])),
  };
  for (const [name, each] of Object.entries(made)) each.attributes.set("data-part", name);
  const marks = Object.entries(MARKS).flatMap(([name, count]) => Array.from({ length: count }, () => el("g", { "data-part": name })));
  const recorded = { calm: { reserve_4: 1.25, stock: 1.5, policy: 1.75 }, compound: { policy: 1 } };
  const data = { "data-numbers": JSON.stringify(fitted), "data-recorded": JSON.stringify(recorded), "data-seeds": "11 2" };
  const box = el("div", { "data-try": "village", ...data }, el("div", { class: "town__box", hidden: "" }, ...Object.values(made), ...marks));
  const { value: look } = run(["village_engine.js", "village.js"], el("body", {}, box), more);
  const says = (name) => made[name].textContent;
  const lit = (name) => box.querySelectorAll(`[data-part=${name}]`).filter((mark) => mark.getAttribute("class").endsWith("is-on")).length;
  const change = (name, value, event = "change") => {
    made[name].value = value;
    made[name].fire(event);
  };
  return { box, made, says, lit, change, look };
}

/** Loaves eaten and needed, by a day's sentence. */
const eaten = (words) => words.match(/([\d.]+) of ([\d.]+) loa/).slice(1).map(Number);

test("a day is one step, said and drawn; the same seed is the same day", () => {
  const { box, made, says, lit } = village();
  assert.equal(box.querySelector(".town__box").hidden, false);
  assert.match(says("said"), /^Day 1 begins: 12 mouths, 24 sacks/);
  made.step.click();
  const first = says("said");
  assert.match(first, /^Day 1: wind .*; 12 of 12 loaves eaten; [\d.]+ sacks in store, bread for [\d.]+ days/);
  assert.equal(made.log.children.length, 1);
  assert.equal(lit("mouth"), 12 + Number(first.includes("one more mouth")));
  assert.match(made.chart.getAttribute("aria-label"), /^Bread in the granary after 1 day:/);
  assert.match(made.town.getAttribute("aria-label"), /field: .*; mill: .*; granary: \d+ sacks/);
  made.step.click();
  made.again.click();
  assert.equal(made.log.children.length, 0);
  made.step.click();
  assert.equal(says("said"), first);
});

test("another seed, weather or reserve begins anew, and a seed that is none becomes one", () => {
  const { made, says, change } = village();
  made.step.click();
  for (const [name, value, event] of [["seed", "8"], ["weather", "compound"], ["reserve-days", "9", "input"]]) {
    change(name, value, event);
    assert.match(says("said"), /^Day 1 begins/, name);
    made.step.click();
  }
  assert.equal(made["reserve-said"].value, "9");
  for (const [given, taken] of [["-3", "0"], ["5e9", "4294967295"], ["", "0"], ["2.6", "3"]]) {
    change("seed", given);
    assert.equal(made.seed.value, taken);
  }
});

test("after forty days the return and the days fed stand beside what is recorded, which can be played again", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { made, says, look, change } = village();
  for (let day = 0; day < 40; day++) made.step.click();
  const days = made.log.children.map((each) => eaten(each.textContent));
  const fed = days.filter(([ate, needed]) => ate / needed >= 0.95).length;
  const { Village, draw, scripts, tick } = look("villageEngine");
  const play = (seed) => {
    const [one, workers] = [new Village(draw("calm", seed)), scripts(fitted.calm, 4)];
    while (!one.over) tick(one, workers);
    return one.value;
  };
  assert.match(says("end"), new RegExp(`Fed on ${fed} of 40 days, \\d+%; return ${play(7).toFixed(4)}\\. .*: 1\\.2500, the mean of 2 seeds`));
  assert.equal(made.check.hidden, false);
  made.check.click();
  mock.timers.runAll();
  assert.equal(says("checked"), `Mean return here ${((play(11) + play(12)) / 2).toFixed(4)}, recorded 1.2500.`);
  change("reserve-days", "7", "input");
  for (let day = 0; day < 40; day++) made.step.click();
  assert.match(says("end"), /No other run of these settings is recorded/);
  made.step.click();
  assert.match(says("said"), /^Day 1:/, "a step after the last day begins anew");
  mock.timers.reset();
});

for (const reduced of [false, true])
  test(`it runs until it is paused, ${reduced ? "a day at a time where motion is unwanted" : "tick by tick"}, and is read out when it stands`, () => {
    mock.timers.enable({ apis: ["setInterval"] });
    const { made, says } = village({ reduced });
    made.run.click();
    assert.equal(says("run"), "Pause");
    assert.equal(made.said.getAttribute("aria-live"), "off");
    mock.timers.tick(60);
    assert.equal(made.past.getAttribute("stroke-dasharray"), reduced ? "0 40" : `${1 / 12} 40`);
    mock.timers.tick(60 * 12 * 3 - 60);
    assert.match(says("said"), /^Day 3:/);
    made.run.click();
    assert.deepEqual([says("run"), made.said.getAttribute("aria-live")], ["Run", "polite"]);
    mock.timers.tick(10_000);
    assert.equal(made.log.children.length, 3);
    if (reduced) {
      made.run.click();
      mock.timers.tick(60_000);
      assert.deepEqual([made.log.children.length, says("run")], [40, "Run"]);
    }
    mock.timers.reset();
  });

test("the policy acts once its weights have come", () => {
  const { made, says, change, look } = village();
  let asked = 0;
  made.learn.querySelector("button").addEventListener("click", () => (asked += 1));
  change("agent", "policy");
  assert.equal(asked, 1);
  assert.equal(made.step.disabled, true);
  assert.match(says("said"), /not loaded yet/);
  look(`villageEngine.learnt("${readFileSync(WEIGHTS).toString("base64")}")`);
  assert.equal(made.step.disabled, false);
  assert.equal(made["reserve-days"].disabled, true);
  for (let day = 0; day < 40; day++) made.step.click();
  assert.match(says("end"), /Recorded with these settings: 1\.7500/);
  change("weather", "compound");
  assert.equal(asked, 1, "what has come is not asked for again");
});
