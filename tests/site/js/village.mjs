// Plays episodes with the site's own engine and writes what happened, for a test that plays them with the village's.
import { readFileSync, writeFileSync } from "node:fs";
import vm from "node:vm";

const [path, weights, out] = process.argv.slice(2);
const assets = new URL("../../../site_assets/", import.meta.url);
const engine = vm.runInThisContext(`${readFileSync(new URL("js/village_engine.js", assets), "utf8")}; villageEngine`);
const policy = weights && engine.read(readFileSync(weights).toString("base64"));

// Of each tick: the 25 numbers, and what each worker began.
const rows = JSON.parse(readFileSync(path, "utf8")).flatMap(({ weather, seed, numbers, reserve }) => {
  const village = new engine.Village(engine.draw(weather, seed));
  const agent = numbers ? engine.scripts(numbers, reserve) : engine.policy(policy);
  const told = [];
  while (!village.over) {
    const chosen = engine.tick(village, agent);
    told.push(...village.s, ...chosen);
  }
  return [Float64Array.from(told)];
});
writeFileSync(out, Buffer.concat(rows.map((row) => Buffer.from(row.buffer))));
