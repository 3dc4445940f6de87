import assert from "node:assert/strict";
import { test } from "node:test";
import { el, run } from "./dom.mjs";

test("files come when they are asked for, in order, and a failed one can be asked for again", async () => {
  const [button, said, head] = [el("button"), el("span", { role: "status" }), el("head")];
  const ask = el("p", { "data-load": "one.css two.js", hidden: "" }, button, said);
  run("load.js", Object.assign(el("body", {}, ask), { head }));
  const come = async (event) => {
    head.children.at(-1).fire(event);
    await new Promise(setImmediate);
  };
  assert.equal(ask.hidden, false);
  assert.equal(head.children.length, 0, "nothing is loaded before it is asked for");
  button.click();
  button.click();
  assert.deepEqual(head.children.map((each) => each.href ?? each.src), ["one.css"]);
  await come("load");
  await come("error");
  assert.match(said.textContent, /again/);
  button.click();
  await come("load");
  assert.deepEqual(head.children.map((each) => each.href ?? each.src), ["one.css", "two.js", "two.js"]);
  assert.equal(ask.hidden, true);
});
