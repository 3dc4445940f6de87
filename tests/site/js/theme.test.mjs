import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

const code = (name) => readFileSync(new URL(`../../../site_assets/js/${name}`, import.meta.url), "utf8");

/** The theme's two scripts on a page, with a storage of whatever kind. */
function open(storage) {
  const chosen = {};
  const page = vm.createContext({
    URL,
    document: {
      currentScript: { dataset: { base: ".." } },
      body: { setAttribute: (name, value) => (chosen[name] = value) },
      addEventListener() {},
    },
    location: new URL("https://site.example/scene/"),
    addEventListener() {},
    matchMedia: () => ({ matches: false }),
    XMLHttpRequest: class {},
    Worker: class {},
    window: {},
  });
  Object.defineProperty(page, "localStorage", storage);
  for (const name of ["theme.js", "scheme.js"]) vm.runInContext(code(name), page);
  return { page, chosen };
}

const kept = () => {
  const values = new Map();
  return { getItem: (key) => values.get(key) ?? null, setItem: (key, value) => values.set(key, value) };
};

test("what a reader chose is kept, and put on before the page is painted", () => {
  const storage = { value: kept() };
  const { page } = open(storage);
  page.__md_set("__palette", { color: { scheme: "slate" } });
  assert.equal(open(storage).chosen["data-md-color-scheme"], "slate");
});

test("a storage that may not be named, is full, or holds what is no JSON is none", () => {
  const refuse = () => {
    throw new Error("denied");
  };
  for (const storage of [{ get: refuse }, { value: null }, { value: { getItem: refuse, setItem: refuse } }, { value: { getItem: () => "{", setItem() {} } }]) {
    const { page, chosen } = open(storage);
    assert.equal(page.__md_get("__palette"), null);
    page.__md_set("__palette", { color: {} });
    assert.deepEqual(chosen, {});
  }
});
