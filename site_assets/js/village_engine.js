// @ts-check
/**
 * The village itself, as engines/village has it: chance, rules, scripted workers and the trained policy.
 *
 * `Village` follows kernels.py, `draw` exogenous.py, `scripts` agents/base_stock_policy.py and `policy`
 * training/features.py, function by function. Sums and products stand in their order, and what is a float32 there is
 * rounded here, so a seed gives the same village to the bit; tests/site/test_village_engine.py holds it to that.
 * `village.js` draws it.
 */
/**
 * All chance of an episode, by tick; `plots` by plot.
 * @typedef {{wind: number[], omen: boolean[], price: number[], rabbits: boolean[], rain: number[], ill: boolean[][],
 *   plots: number[]}} Tape
 */
/** @typedef {{see: (village: any) => void, act: (worker: number, seen: Float32Array) => number}} Agent */
(() => {
  // --- constants.py ---------------------------------------------------------------------------------------------

  const [DAYS, DAY, PLOTS] = [40, 12, 6];
  const TICKS = DAYS * DAY;
  const XY = [[0, 0], [6, 2], [8, -1], [6, -1], [11, -4], [9, 3]]; // field, mill, bakery, granary, market, square
  const [WAIT, FARM, GUARD, HAUL_WHEAT, GRIND, HAUL_FLOUR, BAKE, SERVE, BANK, DRAW, SELL, BUY, INVEST] = Array(13).keys();
  const [FREE, ROAD] = [-1, -1];
  const SOURCE = [-1, 0, 0, 0, 1, 1, 2, 2, 1, 3, 3, 4, 1];
  const TARGET = [-1, 0, 0, 1, 1, 2, 2, 5, 3, 2, 4, 5, 1];
  const WORK = [1, 2, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2];
  const CRAFT = [-1, 0, 0, -1, 1, -1, 2, -1, -1, -1, -1, -1, -1];
  const TRAVEL = XY.map(([x, y]) => XY.map(([u, v]) => {
    const far = Math.abs(x - u) + Math.abs(y - v);
    return far && Math.max(1, Math.round(far / 4));
  }));
  /** Ticks on the way to the work. @param {number} place @param {number} action */
  const away = (place, action) => (action === WAIT ? 0 : TRAVEL[place][SOURCE[action]]);
  /** Where an action ends. @param {number} worker @param {number} action */
  const end = (worker, action) => (action === WAIT ? worker : TARGET[action]); // a worker's post has their number
  /** All ticks of an action. @param {number} worker @param {number} place @param {number} action */
  const duration = (worker, place, action) =>
    away(place, action) + WORK[action] + TRAVEL[action === WAIT ? place : SOURCE[action]][end(worker, action)];

  const [RIPEN, WINTER, WINTER_GROWTH, FROST, PATIENCE] = [1 / 30, [17, 22], 0.25, 0.5, 6];
  const [NIBBLE_CROP, NIBBLE_WHEAT] = [0.94, 0.97];
  const [BREAD_SPOILS, GRAIN_SPOILS, WHEAT_SPOILS] = [0.25 / DAY, 0.02 / DAY, 0.08 / DAY];
  const [HARVEST, MILLED, BAKED, CART] = [18, 14, 12, 16];
  const [FIELD_ROOM, WHEAT_ROOM, FLOUR_ROOM, BAKERY_ROOM, GRANARY_ROOM] = [30, 20, 16, 16, 200];
  const [TOOL, SKILL, LEVELS, PRICE_OF_LEVEL, PRICE_OF_BREAD] = [0.25, 0.5, 8, 24, 2.5];
  const [MOUTHS, LEAST_MOUTHS, HOUSING] = [12, 6, 3];
  const [KEEP_HUNGER, NEW_HUNGER, LEAVING, COMING, MISSED] = [0.6, 0.4, 0.5, 0.15, 2];
  const NORM = MOUTHS * DAYS;

  // What there is to know, and by place what is seen there; an observation is eight of one's own, these, and their ages.
  const [RIPE, CUT_WHEAT, RABBITS, MILL_WHEAT, MILL_FLOUR, WIND, OMEN, BAKERY_FLOUR, BAKERY_BREAD, SQUARE_BREAD, N_MOUTHS,
    HUNGER, IN_GRANARY, COINS, PRICE, DOES] = Array(16).keys();
  const SEEN = [[RIPE, CUT_WHEAT, RABBITS], [MILL_WHEAT, MILL_FLOUR, WIND, OMEN, COINS], [BAKERY_FLOUR, BAKERY_BREAD],
    [IN_GRANARY], [COINS, PRICE], [SQUARE_BREAD, N_MOUTHS, HUNGER]];
  const [PLACE, ACTION, TODAY, TICK, LEVEL, KNOWN] = [1, 2, 5, 6, 7, 18];
  const [K, AGE] = [8, 8 + KNOWN];

  // --- chance: NumPy's SeedSequence and PCG64, and exogenous.py ------------------------------------------------------

  /** The random numbers of one child of a seed. */
  class Random {
    /** @param {number} seed below 2^32 @param {number} child */
    constructor(seed, child) {
      const [a, b, c, d] = seeded([seed, 0, 0, 0, child]);
      this.step = ((((c << 64n) | d) << 1n) | 1n) & ALL;
      this.state = ((this.step + ((a << 64n) | b)) * TIMES + this.step) & ALL;
      this.half = /** @type {number | null} */ (null); // of a number of 64 bits, the upper half is kept for the next of 32
    }
    bits() {
      this.state = (this.state * TIMES + this.step) & ALL;
      const [mixed, turn] = [(this.state >> 64n) ^ (this.state & LOW), this.state >> 122n];
      return ((mixed >> turn) | (mixed << (64n - turn))) & LOW;
    }
    /** From 0 to 1. */
    random() {
      return Number(this.bits() >> 11n) / 2 ** 53;
    }
    bits32() {
      const kept = this.half;
      this.half = null;
      if (kept !== null) return kept;
      const found = this.bits();
      this.half = Number(found >> 32n);
      return Number(found & 0xffffffffn);
    }
    /** A whole number, both bounds included. @param {readonly number[]} range */
    integer([low, high]) {
      if (low === high) return low;
      const count = BigInt(high - low + 1);
      for (;;) {
        const found = BigInt(this.bits32()) * count;
        if ((found & 0xffffffffn) >= 0x100000000n % count) return low + Number(found >> 32n);
      }
    }
    /** Of the standard normal distribution, by a ziggurat of 256 layers. */
    normal() {
      for (;;) {
        const bits = this.bits();
        const layer = Number(bits & 0xffn);
        const within = Number((bits >> 9n) & 0xfffffffffffffn);
        const x = (bits & 0x100n ? -within : within) * WIDTHS[layer];
        if (within < INSIDE[layer]) return x;
        if (layer) {
          const high = HEIGHTS[layer - 1] - HEIGHTS[layer];
          if (high * this.random() + HEIGHTS[layer] < Math.exp(-0.5 * x * x)) return x;
          continue;
        }
        for (;;) {
          const far = -Math.log1p(-this.random()) * PER_TAIL;
          const drop = -Math.log1p(-this.random());
          if (drop + drop > far * far) return (within >> 8) & 1 ? -(TAIL + far) : TAIL + far;
        }
      }
    }
  }
  const [LOW, ALL, TIMES] = [2n ** 64n - 1n, 2n ** 128n - 1n, 0x2360ed051fc65da44385df649fccf645n];
  const [TAIL, PER_TAIL] = [3.6541528853610088, 0.27366123732975828];
  // Layers' widths over 2^52, as doubles: the ziggurat is the one of equal areas that ends at TAIL.
  const WIDTHS = new Float64Array(Uint8Array.from(atob(
    "edkVeDtJzzzG9v3jC42LPLRbLDyvUJI8YTtEOLl8lTwMpy/o/AGYPLzQTC4MI5o892E4L00AnDx0cnRaL6ydPMPVTC1IMp88rbuOJzJNoDxDXQI7BfWgPHc2" +
    "QZemkqE89Rp6j6InojyA2GM4LrWiPPWRV8A/PKM8L7GiwZ69ozxVm/+N7zmkPKf+PTa7saQ8dNMaYnUlpTyWzgengJWlPOp+2c8xAqY8PXyjYdJrpjxwBQCS" +
    "otKmPKb4RtPaNqc8dyqzEK2YpzxD9UatRfinPHcKQ1PMVag8mnZ7nmSxqDyYz06pLgupPOoeLIJHY6k8RsU4jsm5qTwsp6TczA6qPFnNd21nYqo8MBYQbq20" +
    "qjycbBNtsQWrPCl6QoeEVas8Op9Sjjakqzwygr8q1vGrPPNOWflwPqw8YTsypROKrDyLJnL+ydSsPEi3gA6fHq08EB/kKZ1nrTzDuCMAzq+tPFN28ak69608" +
    "/u3Stes9rjwAb3oz6YOuPM6C+b06ya48JmLwhOcNrzyI9thU9lGvPK7Xh55tla88rC76fVPYrzzsNELgVg2wPJqPOfVALrA8/KUWnupOsDwQoHJbVm+wPAv0" +
    "cZCGj7A8E2G8hH2vsDx/zEtmPc+wPGsIFkvI7rA87hWVMiAOsTy+DzEHRy2xPEGRjp8+TLE8HiDEvwhrsTw02ngap4mxPIht7lEbqLE8yyr4+GbGsTwu1OCT" +
    "i+SxPJ+gQJmKArI86cbEcmUgsjwfw+l9HT6yPPtrqQy0W7I8f9MdZip5sjwb1xnHgZayPNouuGK7s7I8U7jhYtjQsjyOqcvo2e2yPNdIbg3BCrM8MLn04Y4n" +
    "szyhXiZwRESzPNVSyrriYLM8algFvmp9szxksrJv3ZmzPAM9uL87trM84B1WmIbSszyDWnLevu6zPHSe4HHlCrQ8XXSmLfsmtDykMDzoAEO0PF3HynP3XrQ8" +
    "NsNmnt96tDwvj0gyupa0PF1BAvaHsrQ83BGzrEnOtDwFpjgWAOq0PGJVXu+rBbU8WosK8k0htTxPZmrV5jy1PMiyG053WLU8eF9VDgB0tTwUhQ7GgY+1PFkb" +
    "JCP9qrU8PXN90XLGtTzTjC974+G1PDhen8hP/bU8wx+jYLgYtjyisKLoHTS2PAsmtwSBT7Y8cpbJV+Jqtjw3MbGDQoa2PLGyUCmiobY8u0Oz6AG9tjxS0yhh" +
    "Yti2PFT4YTHE87Y862iL9ycPtzzGFGlRjiq3PNzucNz3Rbc8H3PlNWVhtzxJ9O/61ny3PJO9ushNmLc8CRSLPMqztzz7ItvzTM+3POfec4zW6rc8H+qGpGcG" +
    "uDx2hsjaACK4PBWfic6iPbg8vfXRH05ZuDzFfnpvA3W4PC33R1/DkLg8Q8AFko6suDycDKGrZci4PCdqRFFJ5Lg8j7VzKToAuTxHgyjcOBy5PPwK7xJGOLk8" +
    "iqIDeWJUuTzu1XC7jnC5PDEqLonLjLk8v5k/kxmpuTws2dWMecW5PBF0byvs4bk8StL6JnL+uTySNvk5DBu6PFvIoiG7N7o8iLsLnn9UujykqUpyWnG6PD0x" +
    "oGRMjro8CPGfPlarujzO9VrNeMi6PDazi+G05bo8GqHDTwsDuzxbmJrwfCC7PAAM4KAKPrs8Az3OQbVbuzwniT+5fXm7PDz35fFkl7s8biWF22u1uzyiwC5r" +
    "k9O7PIOugZvc8bs8oBbsbEgQvDwtevDl1y68PBwNbhOMTbw8BYfsCGZsvDwXpuvgZou8PKuiNr2Pqrw8kNY7x+HJvDw34GgwXum8PG6PizIGCb08IO83ENso" +
    "vTxHxjMV3ki9PCPx55YQab08pfvX9HOJvTxwbiCZCaq9PA5J/PjSyr08Ny5SldHrvTwc0kn7Bg2+PPZG6sR0Lr48iNHBmRxQvjwl/pcvAHK+PAq/KkshlL48" +
    "CG/3wIG2vjw6pxB2I9m+PKnsAWEI/L48IVPCijIfvzxtTbcPpEK/PGgBySBfZr88gpeJBGaKvzy/InEYu66/PIXnL9Jg0788C/YYwVn4vzx1oNNH1A7APEfJ" +
    "jwKoIcA8qwKpg6k0wDzH9T5O2kfAPH6zrfY7W8A8aCanI9BuwDwXLmOPmILAPFSi6AiXlsA8xMBxdc2qwDxI1O7RPb/APDA9qjTq08A8k2URz9TowDy2n6bv" +
    "//3APEFwIARuE8E8NV27myEpwTxtCcRpHT/BPDsuYEhkVcE88+6dO/lrwTxhEtJ034LBPKzrTlYamsE8ji9/d62xwTyUpnGpnMnBPDmu5Pvr4cE8Adniwp/6" +
    "wTyBzASdvBPCPO7Tb3pHLcI8JJyspEVHwjzgWHbHvGHCPC5ZqPqyfMI8eA53zS6YwjxSCipTN7TCPJfbljHU0MI89XipsQ3uwjzurlbS7AvDPKOkaF57KsM8" +
    "oxKuBcRJwzxAqDN60mnDPApBVpKzisM8+oiucHWswzymBBezJ8/DPHX0YKrb8sM82uW5nKQXxDyUXlQVmD3EPBU6p0TOZMQ8vEOcdWKNxDwnWmudc7fEPAKJ" +
    "zQ0l48Q8QazpU58QxTxCfjpSEUDFPBvkSqmxccU82Y1xi8ClxTz+0DokitzFPEwehs9pFsY86moAe85TxjzD5Z++QJXGPDLiCY1r28Y8NHpf8CgnxzxzBglW" +
    "lXnHPIzO1vQt1Mc8NPIpBQM5yDwUfKq/D6vIPJZEb5TgLsk8q1dAAe7LyTxad5R43I/KPLH9eDgfmMs8M60JgrQ7zTw="
  ), (each) => each.charCodeAt(0)).buffer);
  const HEIGHTS = WIDTHS.map((width, layer) => (layer ? Math.exp(-0.5 * (width * 2 ** 52) ** 2) : 1));
  const INSIDE = WIDTHS.map((width, layer) =>
    layer === 1 ? 0 : Math.floor(((layer ? WIDTHS[layer - 1] : TAIL / 2 ** 52) / width) * 2 ** 52));

  /** Four numbers of 64 bits from words of 32. @param {number[]} words five */
  function seeded(words) {
    let factor = 0x43b0d7e5;
    /** @param {number} value @param {number} by */
    const hash = (value, by) => {
      const mixed = value ^ factor;
      factor = Math.imul(factor, by);
      const found = Math.imul(mixed, factor);
      return found ^ (found >>> 16);
    };
    /** @param {number} into @param {number} value */
    const mix = (into, value) => {
      const found = Math.imul(0xca01f9dd, into) - Math.imul(0x4973f715, hash(value, 0x931e8875));
      return found ^ (found >>> 16);
    };
    const pool = words.slice(0, 4).map((word) => hash(word, 0x931e8875));
    for (let from = 0; from < 4; from++)
      for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mix(pool[to], pool[from]);
    for (let to = 0; to < 4; to++) pool[to] = mix(pool[to], words[4]);
    factor = 0x8b51f9dd;
    const found = Array.from({ length: 8 }, (_, at) => BigInt(hash(pool[at % 4], 0x58f38ded) >>> 0));
    return [0, 2, 4, 6].map((at) => found[at] | (found[at + 1] << 32n));
  }

  const QUIET = { stall: 0, stallDays: [1, 1], rabbits: 0, ill: 0, illDays: [1, 1], start: [0, 0], days: [0, 0], still: false,
    spellRabbits: 0, growth: 1, price: 1, worst: false }; // scenarios.py: rates, and one spell an episode
  /** @param {number} stall @param {number[]} stallDays @param {number} rabbits @param {Partial<typeof QUIET>} more */
  const scenario = (stall, stallDays, rabbits, more = {}) => ({ ...QUIET, stall, stallDays, rabbits, ...more });
  const compound = { start: [5, 30], days: [4, 6], still: true, spellRabbits: 0.03 };
  /** @type {Record<string, typeof QUIET>} */
  const SCENARIOS = {
    calm: QUIET,
    std: scenario(0.03, [2, 4], 0.004),
    windless: scenario(0.06, [4, 7], 0.002),
    rabbits: scenario(0.01, [2, 3], 0.015),
    drought: scenario(0.01, [2, 3], 0.002, { start: [5, 28], days: [5, 8], growth: 0.5 }),
    compound: scenario(0.01, [2, 4], 0.004, compound),
    long_drought: scenario(0.01, [2, 3], 0.002, { start: [5, 22], days: [12, 16], growth: 0.4 }),
    plague: scenario(0.01, [2, 3], 0.004, { start: [5, 26], days: [8, 12], spellRabbits: 0.06 }),
    illness: scenario(0.02, [2, 3], 0.004, { ill: 0.03, illDays: [2, 4] }),
    crash: scenario(0.02, [2, 4], 0.004, { start: [4, 16], days: [14, 20], price: 0.5 }),
  };

  /** The weather and all other chance of an episode. @param {string} name @param {number} seed @returns {Tape} */
  function draw(name, seed) {
    const of = SCENARIOS[name];
    const [plots, wind, stall, price, rabbits, ill, spell] = Array.from({ length: 7 }, (_, child) => new Random(seed, child));
    const [start, length] = [spell.integer(of.start), spell.integer(of.days)];
    const [first, last] = length ? [start - 1, Math.min(start - 1 + length, DAYS)] : [0, 0];
    const during = (/** @type {number} */ day) => first <= day && day < last;
    const chance = fill(DAYS, () => stall.random());
    const lasts = fill(DAYS, () => stall.integer(of.stallDays));
    const stalls = spells(chance, lasts, of.stall).map((still, day) => still || (of.still && during(day)));
    const falls = fill(DAYS * 3, () => ill.random());
    const illFor = fill(DAYS * 3, () => ill.integer(of.illDays));
    const lies = [0, 1, 2].map((worker) => {
      const own = (/** @type {number[]} */ all) => all.filter((_, at) => at % 3 === worker);
      return spells(own(falls), own(illFor), of.ill);
    });
    const daily = (/** @type {(day: number) => any} */ value) => fill(TICKS, (tick) => value(Math.floor(tick / DAY)));
    const blows = winds(wind);
    return {
      plots: fill(PLOTS, () => 0.2 + (1 - 0.2) * plots.random()),
      wind: blows.map((value, tick) => (stalls[Math.floor(tick / DAY)] ? 0 : value)),
      omen: daily((day) => stalls[day] || Boolean(stalls[day + 1])),
      price: prices(price, daily((day) => (during(day) ? of.price : 1))),
      rabbits: daily((day) => (during(day) ? Math.max(of.rabbits, of.spellRabbits) : of.rabbits))
        .map((rate) => rabbits.random() < rate),
      rain: daily((day) => (during(day) ? of.growth : 1)),
      ill: daily((day) => lies.map((days) => days[day])),
    };
  }

  /** @template T @param {number} count @param {(at: number) => T} value */
  const fill = (count, value) => Array.from({ length: count }, (_, at) => value(at));

  /**
   * Spells of some days, with a free day after each.
   * @param {number[]} chance @param {number[]} lasts @param {number} hazard
   */
  function spells(chance, lasts, hazard) {
    const found = fill(DAYS, () => false);
    for (let day = 1; day < DAYS; day++) {
      if (chance[day] >= hazard) continue;
      found.fill(true, day, day + lasts[day]);
      day += lasts[day];
    }
    return found;
  }

  /** A Markov chain over no, half and full wind, from full. @param {Random} rng */
  function winds(rng) {
    const chain = [[0.5, 0.5 + 0.4], [0.06, 0.06 + 0.78], [0.01, 0.01 + 0.1]];
    let state = 2;
    return fill(TICKS, () => {
      const [found, chance] = [state / 2, rng.random()];
      state = chain[state].filter((bound) => bound <= chance).length;
      return found;
    });
  }

  /** A price that wanders and returns to its mean, and jumps when that falls. @param {Random} rng @param {number[]} mean */
  function prices(rng, mean) {
    const noise = fill(TICKS, () => 0.03 * rng.normal());
    let price = 1;
    return noise.map((jolt, tick) => {
      if (tick && mean[tick] < mean[tick - 1]) price = Math.min(price, mean[tick]);
      price = Math.min(Math.max(price + 0.02 * (mean[tick] - price) + jolt, 0.5), 1.6);
      return price;
    });
  }

  // --- kernels.py ---------------------------------------------------------------------------------------------------

  // The row of a village's numbers: six plots, then these.
  const [CUT, M_WHEAT, M_FLOUR, B_FLOUR, B_BREAD, SQUARE, STORE, COIN, HUNGRY, SCARED, N, STEP, J, REAPED, BOUGHT, EATEN, SOLD,
    SPOILED, RUINED] = Array.from({ length: 19 }, (_, at) => PLOTS + at);
  const START = [0, 8, 0, 6, 0, 6, 24, 0, 0, 0, MOUTHS, 0, 0];
  /** @type {Record<number, [number, number, number]>} whence, whither, and the room there at tool 1 */
  const CARRIED = {
    [HAUL_WHEAT]: [CUT, M_WHEAT, WHEAT_ROOM], [GRIND]: [M_WHEAT, M_FLOUR, FLOUR_ROOM], [HAUL_FLOUR]: [M_FLOUR, B_FLOUR, BAKERY_ROOM],
    [BAKE]: [B_FLOUR, B_BREAD, Infinity], [SERVE]: [B_BREAD, SQUARE, Infinity], [BANK]: [M_FLOUR, STORE, Infinity],
    [DRAW]: [STORE, B_FLOUR, BAKERY_ROOM],
  };

  /** One village on a tape: read its fields, change it by `step`. */
  class Village {
    /** @param {Tape} tape */
    constructor(tape) {
      this.tape = tape;
      this.tick = 0;
      this.s = Float64Array.from([...tape.plots, ...START, 0, 0, 0, 0, 0, 0]);
      this.at = [0, 1, 2]; // where each worker started what they do, or stands
      this.does = [FREE, FREE, FREE];
      this.left = [0, 0, 0]; // ticks
      this.known = fill(3, () => new Float64Array(KNOWN));
      this.seen = fill(3, () => new Int32Array(KNOWN)); // the tick of it
      this.observed = fill(3, () => new Float32Array(K + 2 * KNOWN));
      for (const known of this.known) {
        SEEN.forEach((_, place) => this.see(place, known));
        known.fill(FREE, DOES);
      }
      this.look();
    }
    get over() {
      return this.tick >= TICKS;
    }
    get now() {
      return Math.min(this.tick, TICKS - 1);
    }
    get tool() {
      return 1 + TOOL * this.s[STEP];
    }
    /** The return so far. */
    get value() {
      return this.s[J] / NORM;
    }
    /** Those who choose. @param {number} worker */
    free(worker) {
      return this.left[worker] === 0 && !this.tape.ill[this.now][worker];
    }

    /** One tick. @param {number[]} actions of each worker; of one who is busy it is ignored */
    step(actions) {
      const { s, tick, tape } = this;
      const ill = tape.ill[tick];
      this.tell(actions);
      actions.forEach((action, worker) => this.begin(worker, action, ill[worker]));
      if (tape.rabbits[tick] && s[SCARED] === 0) s[SCARED] = PATIENCE;
      for (let worker = 0; worker < 3; worker++) if (!ill[worker]) this.work(worker);
      this.nature();
      const hour = tick % DAY;
      if (hour === 5 || hour === 11) this.meal();
      if (hour === DAY - 1) this.nightfall();
      this.tick += 1;
      this.look();
    }

    /** @param {number} worker @param {number} action @param {boolean} ill */
    begin(worker, action, ill) {
      if (this.left[worker] > 0) return;
      const allowed = ill ? action === WAIT : action !== INVEST || this.s[STEP] < LEVELS;
      this.does[worker] = allowed ? action : WAIT;
      this.left[worker] = duration(worker, this.at[worker], this.does[worker]);
    }

    /** A tick of work, with its effect in the last. @param {number} worker */
    work(worker) {
      this.left[worker] -= 1;
      if (this.left[worker] > 0) return;
      const action = this.does[worker];
      this.effect(worker, action);
      this.at[worker] = end(worker, action);
      this.does[worker] = FREE;
    }

    /** @param {number} worker @param {number} action */
    effect(worker, action) {
      const { s, tool } = this;
      const [cart, skill] = [CART * tool, CRAFT[action] === worker ? 1 : SKILL];
      if (CARRIED[action]) {
        const [from, to, room] = CARRIED[action];
        const load = action === GRIND ? MILLED * skill * tool * this.tape.wind[this.tick]
          : action === BAKE ? BAKED * skill * tool : cart;
        const q = Math.max(0, Math.min(load, s[from], (action === BANK ? GRANARY_ROOM : room * tool) - s[to]));
        s[from] -= q;
        s[to] += q;
      } else if (action === FARM) this.farm(skill);
      else if (action === GUARD && s[SCARED] > 0) s[SCARED] -= 1;
      else this.trade(action, cart);
    }

    /** The ripest plot is cut, if one is ripe. @param {number} skill */
    farm(skill) {
      const { s, tool } = this;
      let best = 0;
      for (let plot = 1; plot < PLOTS; plot++) if (s[plot] > s[best]) best = plot;
      if (s[best] < 1) return;
      const q = Math.max(0, Math.min(HARVEST * skill * tool, FIELD_ROOM * tool - s[CUT]));
      s[CUT] += q;
      s[REAPED] += q;
      s[best] = 0;
    }

    /** @param {number} action @param {number} cart */
    trade(action, cart) {
      const { s, tool } = this;
      if (action === SELL) {
        const q = Math.min(cart, s[STORE]);
        s[STORE] -= q;
        s[SOLD] += q;
        s[COIN] += q * this.tape.price[this.tick];
      } else if (action === BUY) {
        const q = Math.min(cart, s[COIN] / PRICE_OF_BREAD);
        s[COIN] = Math.max(0, s[COIN] - q * PRICE_OF_BREAD);
        s[SQUARE] += q;
        s[BOUGHT] += q;
      } else if (action === INVEST && s[COIN] >= PRICE_OF_LEVEL * tool && s[STEP] < LEVELS) {
        s[COIN] -= PRICE_OF_LEVEL * tool;
        s[STEP] += 1;
      }
    }

    /** Frost, growth, rabbits, and what spoils. */
    nature() {
      const { s, tick } = this;
      const day = Math.floor(tick / DAY) + 1;
      const growth = (WINTER[0] <= day && day <= WINTER[1] ? WINTER_GROWTH : 1) * RIPEN * this.tape.rain[tick];
      for (let plot = 0; plot < PLOTS; plot++) {
        if (tick === (WINTER[0] - 1) * DAY) s[plot] *= FROST;
        s[plot] = Math.min(1, s[plot] + growth);
        if (s[SCARED] > 0) s[plot] *= NIBBLE_CROP;
      }
      if (s[SCARED] > 0) {
        s[RUINED] += s[CUT] * (1 - NIBBLE_WHEAT);
        s[CUT] *= NIBBLE_WHEAT;
      }
      const bread = s[B_BREAD] + s[SQUARE];
      s[SPOILED] += s[CUT] * WHEAT_SPOILS + bread * BREAD_SPOILS + s[STORE] * GRAIN_SPOILS;
      s[CUT] *= 1 - WHEAT_SPOILS;
      s[B_BREAD] *= 1 - BREAD_SPOILS;
      s[SQUARE] *= 1 - BREAD_SPOILS;
      s[STORE] *= 1 - GRAIN_SPOILS;
    }

    /** Everyone eats a half, if it is there. */
    meal() {
      const s = this.s;
      const need = s[N] / 2;
      const eaten = Math.min(s[SQUARE], need);
      s[SQUARE] -= eaten;
      s[EATEN] += eaten;
      s[HUNGRY] = KEEP_HUNGER * s[HUNGRY] + NEW_HUNGER * (1 - eaten / need);
      s[J] += eaten - MISSED * (need - eaten);
    }

    /** The hungry leave, the well-fed are joined. */
    nightfall() {
      const s = this.s;
      if (s[HUNGRY] > LEAVING) s[N] = Math.max(LEAST_MOUTHS, s[N] - 1);
      else if (s[HUNGRY] < COMING && s[N] < MOUTHS + HOUSING * s[STEP]) s[N] += 1;
    }

    /** The place a worker is at, or the road. @param {number} worker */
    where(worker) {
      const [at, action, left] = [this.at[worker], this.does[worker], this.left[worker]];
      if (left === 0) return at;
      const [begun, way] = [duration(worker, at, action) - left, away(at, action)];
      if (begun < way || begun > way + WORK[action]) return ROAD;
      return action === WAIT ? at : SOURCE[action];
    }

    /**
     * The way a worker is on: from, to, and the share of it behind them.
     * @param {number} worker @returns {[number, number, number]}
     */
    way(worker) {
      const [at, action, left] = [this.at[worker], this.does[worker], this.left[worker]];
      if (left === 0) return [at, at, 0];
      const [begun, there] = [duration(worker, at, action) - left, away(at, action)];
      const source = action === WAIT ? at : SOURCE[action];
      if (begun < there) return [at, source, begun / there];
      const back = begun - there - WORK[action];
      return back <= 0 ? [source, source, 0] : [source, end(worker, action), back / (back + left)];
    }

    /** Write what there is to see at a place. @param {number} place @param {Float64Array} into */
    see(place, into) {
      const { s, tape, now } = this;
      const there = [
        () => [s.subarray(0, PLOTS).filter((grown) => grown >= 1).length, s[CUT], s[SCARED]],
        () => [s[M_WHEAT], s[M_FLOUR], tape.wind[now], Number(tape.omen[now]), s[COIN]],
        () => [s[B_FLOUR], s[B_BREAD]],
        () => [s[STORE]],
        () => [s[COIN], tape.price[now]],
        () => [s[SQUARE], s[N], s[HUNGRY]],
      ][place]();
      SEEN[place].forEach((item, at) => (into[item] = there[at]));
    }

    /** Each sees the place they are at, knows what they do, and observes. */
    look() {
      const tick = this.tick;
      for (let worker = 0; worker < 3; worker++) {
        const place = this.where(worker);
        const [known, seen, o] = [this.known[worker], this.seen[worker], this.observed[worker]];
        if (place !== ROAD) {
          this.see(place, known);
          for (const item of SEEN[place]) seen[item] = tick;
        }
        known[DOES + worker] = this.does[worker];
        seen[DOES + worker] = tick;
        const ill = Number(this.tape.ill[this.now][worker]);
        const [day, hour] = [Math.floor(tick / DAY) + 1, tick % DAY];
        o.set([worker, place, this.does[worker], this.left[worker], ill, day, hour, this.s[STEP]]);
        o.set(known, K);
        for (let item = 0; item < KNOWN; item++) o[AGE + item] = tick - seen[item];
      }
    }

    /** Each says what they see where they are, to a hundredth, and what they do. @param {number[]} actions */
    tell(actions) {
      for (let worker = 0; worker < 3; worker++) {
        const place = this.where(worker);
        for (let other = 0; other < 3; other++) {
          if (other === worker) continue;
          const [known, seen] = [this.known[other], this.seen[other]];
          for (const item of place === ROAD ? [] : SEEN[place]) {
            known[item] = Math.floor(this.known[worker][item] * 100 + 0.5) / 100;
            seen[item] = this.tick;
          }
          known[DOES + worker] = this.left[worker] > 0 ? this.does[worker] : actions[worker];
          seen[DOES + worker] = this.tick;
        }
      }
    }
  }

  // --- agents/base_stock_policy.py ------------------------------------------------------------------------------------

  const NUMBERS = ["reserve", "winter", "omen", "sellLeast", "lastDay", "cutLeast", "haulLeast", "cutMost", "grindLeast",
    "flourLeast", "flourUrgent", "shortDays", "bakeryDays", "fetchDays", "fetchLeast", "breadDays", "ahead", "serveLeast",
    "drawDays", "bankLeast", "buyDays", "margin", "helpWheat", "stillWheat", "helpGuard", "stale", "hope", "invests", "draws",
    "helps"];

  /**
   * Three who keep to their lists.
   * @param {number[]} row their 30 numbers, fitted to a kind of weather
   * @param {number | null} reserve days of bread kept all year; null: the fitted reserves, by season
   * @returns {Agent}
   */
  function scripts(row, reserve) {
    const p = /** @type {Record<string, number>} */ (Object.fromEntries(NUMBERS.map((name, at) => [name, row[at]])));
    if (reserve !== null) Object.assign(p, { reserve, winter: 0, omen: 0 });
    const last = [FREE, FREE, FREE];
    return {
      see() {},
      act(worker, seen) {
        const o = Float32Array.from(seen); // what one knows, corrected by what one did
        recall(o, last[worker], p);
        const action = [farmer, miller, baker][worker](o, p, 1 + TOOL * o[LEVEL]);
        return (last[worker] = action === INVEST && o[LEVEL] >= LEVELS ? WAIT : action);
      },
    };
  }

  /** @typedef {Record<string, number>} Numbers */
  /** @param {Float32Array} o @param {number} last @param {Numbers} p */
  function recall(o, last, p) {
    const cart = CART * (1 + TOOL * o[LEVEL]);
    const item = { [HAUL_WHEAT]: CUT_WHEAT, [HAUL_FLOUR]: MILL_FLOUR, [BANK]: MILL_FLOUR, [DRAW]: IN_GRANARY,
      [SELL]: IN_GRANARY, [SERVE]: BAKERY_BREAD, [BUY]: COINS }[last];
    const gone = last === BUY ? cart * PRICE_OF_BREAD : cart;
    if (item !== undefined && o[AGE + item] > 0) o[K + item] = Math.max(0, o[K + item] - gone);
    for (const goes of [CUT_WHEAT, MILL_FLOUR, IN_GRANARY])
      if (o[AGE + goes] > p.stale) o[K + goes] = Math.max(o[K + goes], p.hope * cart);
    for (const comes of [MILL_WHEAT, BAKERY_FLOUR])
      if (o[AGE + comes] > p.stale) o[K + comes] = Math.min(o[K + comes], (1 - p.hope) * cart);
  }

  /** Whether another is known to do one of these. @param {Float32Array} o @param {number[]} actions */
  const busy = (o, ...actions) =>
    Number([0, 1, 2].some((other) => other !== o[0] && actions.includes(o[K + DOES + other]) && o[AGE + DOES + other] <= 6));

  /** A level to buy, flour over the reserve to sell, or neither. @param {Float32Array} o @param {Numbers} p @param {number} tool */
  function market(o, p, tool) {
    if (o[TODAY] > p.lastDay || o[LEVEL] >= LEVELS) return FREE;
    if (p.invests > 0.5 && o[K + COINS] >= PRICE_OF_LEVEL * tool && !busy(o, INVEST)) return INVEST;
    let days = p.reserve;
    if (WINTER[0] - 4 <= o[TODAY] && o[TODAY] <= WINTER[1]) days += p.winter;
    if (o[K + OMEN] > 0 || o[K + WIND] === 0) days += p.omen;
    const over = o[K + IN_GRANARY] - days * o[K + N_MOUTHS] - CART * tool * busy(o, SELL);
    return over >= p.sellLeast * CART * tool ? SELL : FREE;
  }

  /** Bread in the square, less the meals since it was seen. @param {Float32Array} o */
  function inSquare(o) {
    const eaten = 0.5 * o[K + N_MOUTHS] * Math.ceil(Math.max(0, o[AGE + SQUARE_BREAD] - (o[TICK] % 6)) / 6);
    return Math.max(0, o[K + SQUARE_BREAD] - eaten);
  }

  /** Food from the bakery on. @param {Float32Array} o @param {number} cart */
  const near = (o, cart) => inSquare(o) + o[K + BAKERY_BREAD] + o[K + BAKERY_FLOUR] + 0.8 * cart * busy(o, HAUL_FLOUR, DRAW);

  /** @param {Float32Array} o @param {number} cart */
  const flourLeft = (o, cart) => o[K + MILL_FLOUR] - cart * busy(o, HAUL_FLOUR, BANK);

  /** Cut wheat to be hauled now. @param {Float32Array} o @param {number} tool */
  const wheatLoad = (o, tool) =>
    Math.min(CART * tool, o[K + CUT_WHEAT] - CART * tool * busy(o, HAUL_WHEAT), WHEAT_ROOM * tool - o[K + MILL_WHEAT]);

  /** @param {Float32Array} o @param {Numbers} p @param {number} tool */
  const couldDraw = (o, p, tool) =>
    p.draws > 0.5 && o[K + IN_GRANARY] > 4 && BAKERY_ROOM * tool - o[K + BAKERY_FLOUR] > 4 &&
    near(o, CART * tool) < p.drawDays * o[K + N_MOUTHS] && !busy(o, DRAW);

  /** @param {Float32Array} o @param {Numbers} p @param {number} tool */
  function farmer(o, p, tool) {
    const [cart, cut, ripe, load] = [CART * tool, o[K + CUT_WHEAT], o[K + RIPE] > 0, wheatLoad(o, tool)];
    if (o[K + RABBITS] > 0) return GUARD;
    if (ripe && cut < p.cutLeast * cart) return FARM;
    if (load >= p.haulLeast * cart) return HAUL_WHEAT;
    if (ripe && cut < p.cutMost * FIELD_ROOM * tool) return FARM;
    return load > 3 ? HAUL_WHEAT : WAIT;
  }

  /** @param {Float32Array} o @param {Numbers} p @param {number} tool */
  function miller(o, p, tool) {
    const [cart, mouths, full, still] = [CART * tool, o[K + N_MOUTHS], MILLED * tool, o[K + WIND] === 0];
    const [food, flour, room] = [near(o, cart), flourLeft(o, cart), BAKERY_ROOM * tool - o[K + BAKERY_FLOUR]];
    const ground = Math.min(o[K + MILL_WHEAT], full * o[K + WIND], FLOUR_ROOM * tool - o[K + MILL_FLOUR]);
    const trade = market(o, p, tool);
    if (trade === INVEST) return trade;
    if (food < p.shortDays * mouths && Math.min(flour, room) >= p.flourUrgent * cart) return HAUL_FLOUR;
    if (flour >= p.flourLeast * cart || (flour > 0.25 * cart && ground < p.grindLeast * full)) {
      if (food < p.bakeryDays * mouths && room > 0.4 * cart) return HAUL_FLOUR;
      if (o[K + IN_GRANARY] < GRANARY_ROOM - 1) return BANK;
    }
    if (p.helps > 0.5 && o[K + RABBITS] > 0 && (still || food >= p.helpGuard * mouths)) return GUARD;
    if (ground >= p.grindLeast * full) return GRIND;
    if (still && couldDraw(o, p, tool)) return DRAW;
    if (trade >= 0) return trade;
    if (p.helps > 0.5 && wheatLoad(o, tool) >= (still ? p.stillWheat : p.helpWheat) * cart) return HAUL_WHEAT;
    return ground > 1 ? GRIND : WAIT;
  }

  /** @param {Float32Array} o @param {Numbers} p @param {number} tool */
  function baker(o, p, tool) {
    const [cart, mouths, bread, dough] = [CART * tool, o[K + N_MOUTHS], o[K + BAKERY_BREAD], o[K + BAKERY_FLOUR]];
    const [food, square, flour, room] = [near(o, cart), inSquare(o), flourLeft(o, cart), BAKERY_ROOM * tool - dough];
    const [ready, here] = [Math.min(bread, cart), Math.fround(bread + dough)];
    // Ticks until the first meal for which there is no bread in the square, give or take a tenth of it.
    const until = 5 - (o[TICK] % 6) + 6 * Math.floor((square + 0.05 * mouths) / (0.5 * mouths));
    const due = until <= p.ahead && !busy(o, SERVE);
    const bakes = bread + square < p.breadDays * mouths;
    const allFood = food + o[K + IN_GRANARY] * p.draws;
    if (allFood < p.buyDays * mouths && o[K + COINS] >= 8 * PRICE_OF_BREAD && !busy(o, BUY)) return BUY;
    if (due && ready >= Math.min(p.serveLeast * mouths, Math.max(2, here - 1))) return SERVE;
    if (dough > 3 && bakes) return BAKE;
    if (due && ready > 2) return SERVE;
    if (food < p.shortDays * mouths && flour > p.flourUrgent * cart && room > 4) return HAUL_FLOUR;
    if (couldDraw(o, p, tool)) return DRAW;
    const free = here < 1.5 ? Infinity : until - p.margin - (ready >= 0.5 * mouths ? 2 : 4);
    const trade = market(o, p, tool);
    if (trade >= 0 && free >= 6) return trade;
    if (food < p.fetchDays * mouths && Math.min(flour, room) > p.fetchLeast * cart && free >= 3) return HAUL_FLOUR;
    if (flour > p.bankLeast * cart && o[K + IN_GRANARY] < GRANARY_ROOM - 1 && free >= 4) return BANK;
    if (p.helps > 0.5 && o[K + RABBITS] > 0 && free >= 7 && food >= p.helpGuard * mouths) return GUARD;
    if (p.helps > 0.5 && wheatLoad(o, tool) >= p.helpWheat * cart && free >= 6) return HAUL_WHEAT;
    return dough > 1 && bakes ? BAKE : WAIT;
  }

  // --- training/features.py and training/networks.py ------------------------------------------------------------------

  /** @typedef {{columns: Float32Array[], bias: Float32Array}[]} Layers */
  /** The published weights. @param {string} file a safetensors file in base64 @returns {Layers} */
  function read(file) {
    const bytes = Uint8Array.from(atob(file), (each) => each.charCodeAt(0));
    const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
    const tensor = (/** @type {string} */ name) => {
      const [from, to] = head[name].data_offsets;
      return new Float32Array(bytes.buffer.slice(start + from, start + to));
    };
    return ["first", "second", "last"].map((name) => {
      const [weight, bias] = [tensor(`${name}.weight`), tensor(`${name}.bias`)];
      const inputs = weight.length / bias.length;
      return { columns: fill(inputs, (at) => bias.map((_, row) => weight[row * inputs + at])), bias };
    });
  }

  /** The trained policy: of the allowed actions the likeliest. @param {Layers} layers @returns {Agent} */
  function policy(layers) {
    const memory = fill(3, () => [FREE, FREE, FREE, 0, 0]); // own last action, what the others do, and for how long
    return {
      see(village) {
        village.observed.forEach((/** @type {Float32Array} */ o, /** @type {number} */ worker) => {
          const own = memory[worker];
          if (o[ACTION] >= 0) own[0] = o[ACTION];
          for (const side of [1, 2]) {
            const does = o[K + DOES + ((worker + side) % 3)];
            own[side + 2] = does === own[side] ? own[side + 2] + 1 : 0;
            own[side] = does;
          }
        });
      },
      act(worker, o) {
        let x = features(o, memory[worker]);
        layers.forEach(({ columns, bias }, at) => (x = layer(x, columns, bias, at < 2)));
        if (o[LEVEL] >= LEVELS) x[INVEST] = -Infinity;
        return x.indexOf(Math.max(...x));
      },
    };
  }

  /**
   * W x + b, and no less than nought if it bends. Summed in double precision: the logits are nearer to the exact ones than
   * torch's, and not the same to the bit.
   * @param {Float32Array} x @param {Float32Array[]} columns @param {Float32Array} bias @param {boolean} bends
   */
  function layer(x, columns, bias, bends) {
    const sums = Float64Array.from(bias);
    columns.forEach((column, at) => {
      const value = x[at];
      if (value) for (let row = 0; row < sums.length; row++) sums[row] += column[row] * value; // most are nought
    });
    return Float32Array.from(bends ? sums.map((sum) => Math.max(0, sum)) : sums);
  }

  /** @param {Float32Array} o @param {number[]} memory */
  function features(o, memory) {
    const k = o.subarray(K, AGE);
    const [tool, mouths, day, one] = [1 + TOOL * o[LEVEL], Math.max(1, k[N_MOUTHS]), o[TODAY], Number];
    const cost = PRICE_OF_LEVEL * tool;
    const sights = [RIPE, MILL_WHEAT, BAKERY_FLOUR, IN_GRANARY, PRICE, SQUARE_BREAD];
    const stocks = [CUT_WHEAT, MILL_WHEAT, MILL_FLOUR, BAKERY_FLOUR, BAKERY_BREAD, SQUARE_BREAD, IN_GRANARY];
    /** @param {number} count @param {number} at */
    const hot = (count, at) => fill(count, (each) => one(each === at));
    return Float32Array.from([
      k[RIPE] / 6, k[CUT_WHEAT] / (FIELD_ROOM * tool), k[RABBITS] / PATIENCE,
      k[MILL_WHEAT] / (WHEAT_ROOM * tool), k[MILL_FLOUR] / (FLOUR_ROOM * tool), k[WIND], k[OMEN],
      k[BAKERY_FLOUR] / (BAKERY_ROOM * tool), k[BAKERY_BREAD] / (CART * tool),
      k[SQUARE_BREAD] / (CART * tool), mouths / 24, k[HUNGER],
      Math.min(k[IN_GRANARY] / (2 * CART * tool), 3), k[IN_GRANARY] / GRANARY_ROOM,
      Math.min(k[COINS] / cost, 3), 3 * (k[PRICE] - 1), o[LEVEL] / LEVELS, one(k[COINS] >= cost),
      one(k[RABBITS] > 0), Math.min(2, (MOUTHS + HOUSING * o[LEVEL] - mouths) / 5),
      day / DAYS, Math.max(0, 5 - (DAYS - day)) / 5,
      one(WINTER[0] <= day && day <= WINTER[1]), one(WINTER[0] - 4 <= day && day < WINTER[0]),
      ...sights.map((item) => Math.min(o[AGE + item], 36) / 12), Math.min(memory[3], 8) / 4, Math.min(memory[4], 8) / 4,
      Math.min(mouths, k[SQUARE_BREAD]) / mouths, one(o[LEVEL] === LEVELS),
      ...stocks.map((item) => Math.min(k[item] / mouths, 4) / 2),
      ...hot(3, o[0]), ...hot(DAY, o[TICK]), ...hot(7, o[PLACE] + 1),
      ...memory.slice(0, 3).flatMap((does) => hot(14, does + 1)),
    ]);
  }

  // --- an episode -----------------------------------------------------------------------------------------------------

  /**
   * One tick, in which whoever is free is asked. Returns what each began, FREE of one who was not.
   * @param {Village} village @param {Agent} agent
   */
  function tick(village, agent) {
    agent.see(village);
    const chosen = [0, 1, 2].map((worker) => (village.free(worker) ? agent.act(worker, village.observed[worker]) : FREE));
    village.step(chosen.map((action) => Math.max(action, WAIT)));
    return chosen;
  }

  const ROW = { CUT, M_WHEAT, M_FLOUR, B_FLOUR, B_BREAD, SQUARE, STORE, COIN, SCARED, N, EATEN };
  Object.assign(globalThis, { villageEngine: { DAY, DAYS, ROW, Village, draw, scripts, read, policy, tick } });
})();
