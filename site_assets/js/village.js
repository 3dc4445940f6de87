// @ts-check
/**
 * The village of `village_engine.js` as a reader plays it: settings, a day at a time or watched, drawn and said in words.
 * Loaded when the reader asks for it, after the engine; without it the table of the page is whole.
 */
(() => {
  const { DAY, DAYS, ROW, Village, draw, scripts, read, policy, tick } = /** @type {any} */ (globalThis).villageEngine;
  const PACE = 60; // milliseconds a tick
  const WORKERS = ["farmer", "miller", "baker"];
  const CELLS = [[48, 40], [148, 40], [248, 40], [148, 180], [48, 180], [248, 180]]; // where workers stand, by place
  const [TALL, FLOOR] = [46, 88]; // of the gauge and the plots
  const HUNGRY = 0.7; // of the bread needed; a day with less is a hungry one
  const FED = 0.95;

  /** @param {number} value @param {number} digits */
  const round = (value, digits) => String(Number(value.toFixed(digits)));
  /** @param {number} count @param {string} one @param {string} more */
  const many = (count, one, more = `${one}s`) => `${round(count, 1)} ${round(count, 1) === "1" ? one : more}`;
  /** @param {number} value */
  const signed = (value) => value.toFixed(4).replace("-", "\u2212");

  /** Bring the village to life. @param {HTMLElement} box */
  function mount(box) {
    if (box.dataset.live !== undefined) return;
    box.dataset.live = "";
    const parts = (/** @type {string} */ name) => /** @type {any[]} */ ([...box.querySelectorAll(`[data-part=${name}]`)]);
    const part = (/** @type {string} */ name) => parts(name)[0];
    const [first, count] = (box.dataset.seeds ?? "").split(" ").map(Number);
    const numbers = JSON.parse(box.dataset.numbers ?? "");
    const recorded = JSON.parse(box.dataset.recorded ?? "");
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches; // then a day is one step, and nobody walks
    let weights = /** @type {any} */ (null);
    let timer = 0;
    let checking = 0;
    /** @type {any} */
    let village;
    /** @type {any} */
    let agent;
    /** @type {{eaten: number, needed: number, stored: number}[]} */
    let days = [];
    let before = { eaten: 0, needed: 0, still: 0, rabbits: false, ill: /** @type {string[]} */ ([]) };

    const chosen = () => {
      const [weather, who, reserve] = ["weather", "agent", "reserve-days"].map((name) => part(name).value);
      return { weather, who, reserve: Number(reserve) };
    };
    /** The recorded mean return with these settings, if there is one. @returns {number | undefined} */
    const mean = () => recorded[chosen().weather][chosen().who === "reserve" ? `reserve_${chosen().reserve}` : chosen().who];
    const ready = () => chosen().who !== "policy" || weights;

    function workers() {
      const { weather, who, reserve } = chosen();
      return who === "policy" ? policy(weights) : scripts(numbers[weather], who === "reserve" ? reserve : null);
    }

    /** Back to the first dawn. */
    function start() {
      pause();
      checking += 1;
      const { weather, who, reserve } = chosen();
      const seed = part("seed");
      seed.value = String(Math.min(Math.max(Math.round(Number(seed.value)) || 0, 0), 2 ** 32 - 1));
      part("reserve-said").value = String(reserve);
      part("reserve-days").disabled = who !== "reserve";
      part("learn").hidden = Boolean(ready());
      for (const name of ["step", "run", "again"]) part(name).disabled = !ready();
      part("check").hidden = true;
      for (const name of ["end", "checked", "log"]) part(name).textContent = "";
      days = [];
      village = new Village(draw(weather, Number(seed.value)));
      dawn();
      if (!ready()) return say("The policy is not loaded yet.");
      agent = workers();
      show();
      say(`Day 1 begins: ${many(village.s[ROW.N], "mouth")}, ${many(village.s[ROW.STORE], "sack")} in store.`);
    }

    function dawn() {
      before = { eaten: village.s[ROW.EATEN], needed: village.s[ROW.N], still: 0, rabbits: false, ill: [] };
    }

    /** One tick; after the last of a day it is said what the day was. */
    function advance() {
      before.still += Number(village.tape.wind[village.tick] === 0);
      before.ill = WORKERS.filter((_, worker) => village.tape.ill[village.tick][worker]);
      tick(village, agent);
      before.rabbits ||= village.s[ROW.SCARED] > 0;
      if (village.tick % DAY) return;
      const { s } = village;
      const day = { eaten: s[ROW.EATEN] - before.eaten, needed: before.needed, stored: s[ROW.STORE] / s[ROW.N] };
      days.push(day);
      const told = sentence(day);
      say(told);
      part("log").append(Object.assign(document.createElement("li"), { textContent: told }));
      dawn();
      if (village.over) finish();
    }

    /** A day in words. @param {{eaten: number, needed: number, stored: number}} day */
    function sentence({ eaten, needed, stored }) {
      const { s } = village;
      const [moved, blown] = [s[ROW.N] - needed, DAY - before.still];
      const wind = blown === DAY ? "wind all day" : blown ? `wind for ${blown} of ${DAY} ticks` : "no wind, the mill waits";
      return [
        `Day ${days.length}: ${wind}`,
        before.rabbits ? "rabbits in the wheat" : "",
        before.ill.length ? `ill: ${before.ill.join(", ")}` : "",
        `${round(eaten, 1)} of ${many(needed, "loaf", "loaves")} eaten`,
        `${many(s[ROW.STORE], "sack")} in store, bread for ${many(stored, "day")}`,
        moved ? (moved > 0 ? "one more mouth" : "one mouth leaves") : "",
      ].filter(Boolean).join("; ") + ".";
    }

    /** @param {string} words */
    function say(words) {
      part("said").textContent = words;
    }

    /** After the last day: what was reached, beside what is recorded. */
    function finish() {
      pause();
      const fed = days.filter(({ eaten, needed }) => eaten / needed >= FED).length;
      const told = mean();
      part("end").textContent = [
        `The ${DAYS} days are over. Fed on ${fed} of ${DAYS} days, ${Math.round((100 * fed) / DAYS)}%;`,
        `return ${signed(village.value)}.`,
        told === undefined
          ? "No other run of these settings is recorded."
          : `Recorded with these settings: ${signed(told)}, the mean of ${count} seeds.`,
      ].join(" ");
      part("check").hidden = told === undefined;
      part("check").textContent = `Play those ${count} seeds here`;
    }

    /** The recorded mean again, from the same seeds. */
    function check() {
      const own = (checking += 1); // another start ends this
      const { weather } = chosen();
      let [sum, done] = [0, 0];
      const next = () => {
        if (own !== checking) return;
        const [one, all] = [new Village(draw(weather, first + done)), workers()];
        while (!one.over) tick(one, all);
        sum += one.value;
        done += 1;
        if (done === count) part("checked").textContent = `Mean return here ${signed(sum / count)}, recorded ${signed(Number(mean()))}.`;
        else if (done % 25 === 0) part("checked").textContent = `${done} played`;
        if (done < count) setTimeout(next);
      };
      next();
    }

    function run() {
      if (timer) return pause();
      if (village.over) start();
      part("run").textContent = "Pause";
      part("said").setAttribute("aria-live", "off"); // too fast to be read out; the last one is, on a pause
      timer = setInterval(() => {
        for (let left = calm ? DAY : 1; left && !village.over; left--) advance();
        show();
      }, calm ? PACE * DAY : PACE);
    }

    function pause() {
      clearInterval(timer);
      if (!timer) return;
      timer = 0;
      part("run").textContent = "Run";
      part("said").setAttribute("aria-live", "polite");
      say(part("said").textContent);
    }

    /** To the end of the day. */
    function step() {
      pause();
      if (village.over) start();
      do advance();
      while (village.tick % DAY);
      show();
    }

    /** Draw what there is. */
    function show() {
      const { s, tape, now } = village;
      const light = (/** @type {string} */ name, /** @type {(at: number) => string} */ kind) =>
        parts(name).forEach((mark, at) => mark.setAttribute("class", `town__mark ${kind(at)}`));
      const height = (/** @type {any} */ bar, /** @type {number} */ tall) => {
        bar.setAttribute("height", String(tall));
        bar.setAttribute("y", String(FLOOR - tall));
      };
      const stored = s[ROW.STORE] / s[ROW.N];
      const top = Math.max(12, Math.ceil(Math.max(stored, ...days.map((day) => day.stored))));
      parts("plot").forEach((bar, at) => {
        height(bar, TALL * s[at]);
        bar.setAttribute("class", s[at] >= 1 ? "town__plot is-ripe" : "town__plot");
      });
      part("rabbit").setAttribute("class", s[ROW.SCARED] > 0 ? "town__rabbit" : "town__rabbit is-away");
      let turn = 15;
      for (const wind of tape.wind.slice(0, now)) turn += 24 * wind;
      part("sails").setAttribute("transform", `rotate(${turn % 360})`);
      height(part("level"), Math.min(TALL, (TALL * stored) / top));
      const kept = chosen().who === "reserve" ? chosen().reserve : null;
      part("mark").setAttribute("d", kept === null ? "" : `M28 ${FLOOR - (TALL * kept) / top}h40`);
      light("loaf", (at) => (s[ROW.B_BREAD] > 2 * at ? "is-on" : ""));
      light("coin", (at) => (s[ROW.COIN] > 5 * at ? "is-on" : ""));
      const last = days[days.length - 1] ?? { eaten: 1, needed: 1 };
      const fed = Math.round((s[ROW.N] * last.eaten) / last.needed); // on the last whole day
      light("mouth", (at) => (at >= s[ROW.N] ? "is-away" : at < fed ? "is-on" : ""));
      parts("worker").forEach((badge, worker) => {
        const [from, to, share] = village.way(worker);
        const [x, y] = [0, 1].map((axis) => CELLS[from][axis] + share * (CELLS[to][axis] - CELLS[from][axis]));
        badge.setAttribute("transform", `translate(${x + 26 * (worker - 1)} ${y - 8})`);
        badge.setAttribute("class", tape.ill[now][worker] ? "town__worker is-ill" : "town__worker");
      });
      const wind = ["no wind", "half wind", "full wind"][2 * tape.wind[now]];
      const whole = (/** @type {number} */ value, /** @type {string} */ what) => `${round(value, 0)} ${what}`;
      /** @type {Record<string, string[]>} */
      const words = {
        field: [whole(s[ROW.CUT], "cut wheat"), s[ROW.SCARED] > 0 ? "rabbits" : "no rabbits"],
        mill: [whole(s[ROW.M_WHEAT], "wheat"), whole(s[ROW.M_FLOUR], "flour"), wind],
        bakery: [whole(s[ROW.B_FLOUR], "flour"), whole(s[ROW.B_BREAD], "bread")],
        granary: [whole(s[ROW.STORE], "sacks"), many(stored, "day")],
        market: [whole(s[ROW.COIN], "coins"), `price ${tape.price[now].toFixed(2)}`],
        square: [whole(s[ROW.SQUARE], "bread"), whole(s[ROW.N], "mouths")],
      };
      for (const [place, lines] of Object.entries(words))
        lines.forEach((line, at) => (part(`${place}${at + 3 - lines.length}`).textContent = line));
      part("day").textContent = String(Math.max(Math.ceil(village.tick / DAY), 1));
      part("past").setAttribute("stroke-dasharray", `${village.tick / DAY} ${DAYS}`);
      const told = Object.entries(words).map(([place, lines]) => `${place}: ${lines.join(", ")}`);
      part("town").setAttribute("aria-label", told.join("; "));
      plot(top, kept);
    }

    /** The line of what was stored. @param {number} top days @param {number | null} kept */
    function plot(top, kept) {
      const x = (/** @type {number} */ at) => (26 + (264 * at) / (DAYS - 1)).toFixed(1);
      const y = (/** @type {number} */ value) => (86 - (76 * value) / top).toFixed(1);
      const line = days.map(({ stored }, at) => `${at ? "L" : "M"}${x(at)} ${y(stored)}`).join("");
      part("top").textContent = String(top);
      part("stored").setAttribute("d", days.length === 1 ? `${line}h1` : line);
      part("reserve").setAttribute("d", kept === null ? "" : `M26 ${y(kept)}H296`);
      const hungry = days.flatMap(({ eaten, needed }, at) => (eaten / needed < HUNGRY ? [at] : []));
      part("hungry").setAttribute("d", hungry.map((at) => `M${x(at)} 89v9`).join(""));
      const stored = days.map((day) => day.stored);
      const [now, least] = [stored[stored.length - 1], round(Math.min(...stored), 1)];
      part("chart").setAttribute("aria-label", days.length
        ? `Bread in the granary after ${many(days.length, "day")}: for ${many(now, "day")}, at the least ${least}; ` +
          many(hungry.length, "hungry day")
        : "Bread in the granary: no day is over yet");
    }

    /** @type {any} */ (globalThis).villageEngine.learnt = (/** @type {string} */ file) => {
      weights = read(file);
      if (chosen().who === "policy") start();
    };
    for (const name of ["weather", "agent", "seed", "reserve-days"])
      part(name).addEventListener(name === "reserve-days" ? "input" : "change", () => {
        start();
        if (!ready()) part("learn").querySelector("button").click();
      });
    for (const [name, act] of Object.entries({ step, run, again: start, check })) part(name).addEventListener("click", act);
    /** @type {HTMLElement} */ (box.querySelector(".town__box")).hidden = false;
    start();
    part("weather").focus(); // the button that was pressed is gone
  }

  /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-try=village]")).forEach(mount);
})();
