import assert from "node:assert/strict";
import { test } from "node:test";
import { el, run } from "./dom.mjs";

const turn = () => new Promise(setImmediate);

/** A button that loads a style and two scripts. */
function asked() {
  const button = el("button");
  const said = el("span", { role: "status" });
  const ask = el("p", { "data-load": "a.css b.js c.js", hidden: "" }, button, said);
  const body = el("body", {}, ask);
  run("load.js", body);
  return { ask, button, said, files: () => body.head.children.map((part) => part.href ?? part.src), last: () => body.head.children.at(-1) };
}

test("nothing is loaded until the button is pressed, then one file after the other", async () => {
  const { ask, button, said, files, last } = asked();
  assert.equal(ask.hidden, false, "the button comes with the script");
  assert.deepEqual(files(), []);
  button.fire("click");
  button.fire("click");
  for (const count of [1, 2, 3]) {
    assert.deepEqual(files(), ["a.css", "b.js", "c.js"].slice(0, count));
    assert.equal(said.textContent, "Loading.");
    last().fire("load");
    await turn();
  }
  assert.equal(ask.hidden, true);
});

test("a file that does not come is said, and asked for again, without those that came", async () => {
  const { ask, button, said, files, last } = asked();
  button.fire("click");
  last().fire("load");
  await turn();
  last().fire("error");
  await turn();
  assert.match(said.textContent, /could not be loaded/);
  button.fire("click");
  for (const _ of [1, 2]) {
    last().fire("load");
    await turn();
  }
  assert.deepEqual(files(), ["a.css", "b.js", "b.js", "c.js"]);
  assert.equal(ask.hidden, true);
});
