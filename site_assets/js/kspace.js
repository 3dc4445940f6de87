// @ts-check
/**
 * k-space under the reader's hand: a mask is painted over the transform of a slice, and the inverse transform of what it
 * keeps is shown at once. The slider of recorded reconstructions follows to the acceleration that is nearest. The slice is
 * a finished picture: its k-space is computed here, not measured. Without this script the table of `scan.js` is whole.
 */
(() => {
  const LEVELS = 63; // the brightest tissue, as the slice is packed
  const UNMEASURED = [92, 110, 160];
  const MEASURED = [255, 182, 72];
  const BLACK = 0xff000000;
  const GREY = 0x010101; // a step of it
  const BRUSH = "#f3eede";
  const LEAP = 8; // points that an arrow key moves with Shift
  const ARROWS = /** @type {Record<string, [number, number]>} */ ({
    ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
  });
  const SIZES = /** @type {Record<string, number>} */ ({ "-": -1, "+": 1, "=": 1 }); // "=" is "+" without Shift

  /** @param {number} value */
  const clamp = (value, low = 0, high = 1) => Math.min(Math.max(value, low), high);
  /** @param {number} value */
  const counted = (value) => value.toLocaleString("en-GB");
  /** A distance with its direction, or nothing. @param {number} by @param {string} less @param {string} more */
  const away = (by, less, more) => (by ? [`${Math.abs(by)} ${by < 0 ? less : more}`] : []);

  /** A colour as one number, as it lies in an image. @param {number[]} colour */
  const pixel = ([red, green, blue]) => BLACK + (blue << 16) + (green << 8) + Math.round(red);

  /** What base64 of a zlib stream holds. @param {string} packed */
  async function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed), (each) => each.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /** Strength as a logarithmic brightness: none up to the 40th percentile, full from the 99.9th on. @param {Float64Array} strength */
  function brightness(strength) {
    const ranked = strength.slice().sort();
    const unit = ranked[Math.floor(0.4 * ranked.length)] || 1;
    const [low, high] = [Math.LN2, Math.log1p(ranked[Math.floor(0.999 * ranked.length)] / unit)];
    return strength.map((each) => clamp((Math.log1p(each / unit) - low) / (high - low)));
  }

  /**
   * A slice and its k-space, of even sides. Every other value of the slice is negated, which puts the centre of k-space
   * into the middle.
   * @param {Float64Array} slice @param {number} width @param {number} height
   */
  function transform(slice, width, height) {
    const sign = slice.map((_, at) => ((at % width) + Math.floor(at / width)) % 2 ? -1 : 1);
    const [re, im] = [slice.map((each, at) => each * sign[at]), new Float64Array(slice.length)];
    FFT.forward(re, im, height, width);

    /** The picture of what a mask keeps, real and not negative as the slice is, and its root mean square error. @param {Uint8Array} mask */
    function reconstruct(mask) {
      const [keptRe, keptIm] = [re, im].map((part) => part.map((each, at) => (mask[at] ? each : 0)));
      FFT.inverse(keptRe, keptIm, height, width);
      const grey = keptRe.map((each, at) => clamp(each * sign[at]));
      const squares = grey.reduce((sum, each, at) => sum + (each - slice[at]) ** 2, 0);
      return { grey, error: Math.sqrt(squares / grey.length) };
    }

    return { bright: brightness(re.map((each, at) => Math.hypot(each, im[at]))), reconstruct };
  }

  /**
   * Masks to begin with, by name: whether a point so far from the centre is measured.
   * @param {Uint8Array} scene the recorded mask @param {number} rate its acceleration @param {number} width @param {number} height
   * @returns {Record<string, (x: number, y: number, at: number) => unknown>}
   */
  const presets = (scene, rate, width, height) => ({
    scene: (_x, _y, at) => scene[at],
    centre: (x, y) => {
      const [across, down] = [width, height].map((side) => side / 2 / Math.sqrt(rate));
      return x >= -across && x < across && y >= -down && y < down;
    },
    rows: (_x, y) => y % rate === 0,
    random: () => Math.random() < 1 / rate,
    fourth: (_x, y) => y % 4 === 0,
    second: (_x, y) => y % 2 === 0,
    all: () => true,
    none: () => false,
  });

  /**
   * Lead the brush by pointer and by keyboard.
   * @param {HTMLCanvasElement} plane
   * @param {{ cursor: { x: number, y: number, shown: boolean }, move: (x: number, y: number) => void, stamp: () => void,
   *   tell: () => void, soon: () => void, resize: (by: number) => void, stroke: (on: boolean) => void }} hand
   */
  function listen(plane, { cursor, move, stamp, tell, soon, resize, stroke }) {
    let pressed = false;

    /** The point under a pointer. @param {PointerEvent} event @returns {[number, number]} */
    function under(event) {
      const edge = plane.getBoundingClientRect();
      const [across, down] = [(event.clientX - edge.left) / edge.width, (event.clientY - edge.top) / edge.height];
      return [Math.floor(across * plane.width), Math.floor(down * plane.height)];
    }

    plane.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      plane.setPointerCapture(event.pointerId);
      stroke((pressed = true));
      move(...under(event));
      stamp();
    });
    plane.addEventListener("pointermove", (event) => {
      const [from, to] = [{ ...cursor }, under(event)];
      const steps = pressed ? Math.max(Math.abs(to[0] - from.x), Math.abs(to[1] - from.y), 1) : 1;
      for (let step = 1; step <= steps; step++) {
        move(from.x + ((to[0] - from.x) * step) / steps, from.y + ((to[1] - from.y) * step) / steps);
        if (pressed) stamp(); // no gap on the way
      }
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave", "blur"])
      plane.addEventListener(end, () => {
        stroke((pressed = false));
        cursor.shown = end === "pointerup";
        soon();
      });
    plane.addEventListener("focus", () => {
      cursor.shown = true;
      tell();
      soon();
    });
    plane.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const arrow = ARROWS[event.key];
      const by = event.shiftKey ? LEAP : 1;
      if (arrow) move(cursor.x + by * arrow[0], cursor.y + by * arrow[1]);
      else if (event.key === " ") stamp();
      else if (SIZES[event.key]) resize(SIZES[event.key]);
      else return;
      event.preventDefault();
      tell();
    });
  }

  /** Bring one box to life. @param {HTMLElement} box */
  async function mount(box) {
    const [plane, picture] = /** @type {NodeListOf<HTMLCanvasElement>} */ (box.querySelectorAll("canvas"));
    if (!plane || plane.dataset.live !== undefined) return;
    plane.dataset.live = "";
    const parts = /** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll(".paint"));
    if (typeof DecompressionStream === "undefined") return parts.forEach((each) => each.remove());

    const { width, height } = plane;
    const total = width * height;
    const bytes = await unpack(plane.dataset.slice ?? "");
    const scene = Uint8Array.from({ length: total }, (_, at) => (bytes[total + (at >> 3)] >> (7 - (at & 7))) & 1);
    const { bright, reconstruct } = transform(Float64Array.from(bytes.subarray(0, total), (each) => each / LEVELS), width, height);
    const rate = Number(plane.dataset.rate);
    const starts = presets(scene, rate, width, height);

    const slider = /** @type {HTMLInputElement} */ (box.querySelector("input[type=range]"));
    const rates = (slider.dataset.rates ?? "").split(" ").map(Number);
    const erase = /** @type {HTMLInputElement} */ (box.querySelector("input[type=checkbox]"));
    const brush = /** @type {HTMLSelectElement} */ (box.querySelector(".paint select"));
    const sizes = /** @type {NodeListOf<HTMLOptionElement>} */ (brush.querySelectorAll("option"));
    const [note, place] = [".try__note", ".paint__place"].map((each) => /** @type {HTMLElement} */ (box.querySelector(each)));
    const [points, quality] = /** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll(".paint figcaption"));
    const [over, below] = [plane, picture].map((each) => /** @type {CanvasRenderingContext2D} */ (each.getContext("2d")));
    const image = over.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    /** Of every point, unmeasured and measured: warm and bright where it is measured. */
    const [cold, warm] = [{ colour: UNMEASURED, least: 0.2 }, { colour: MEASURED, least: 0.6 }].map(({ colour, least }) =>
      Uint32Array.from(bright, (each) => pixel(colour.map((part) => part * (least + (1 - least) * each)))));

    const mask = new Uint8Array(total);
    const cursor = { x: width / 2, y: height / 2, shown: false };
    let [changed, stroke, waiting] = [false, false, false];

    /** k-space, and the brush over it. */
    function drawPlane() {
      for (let at = 0; at < total; at++) pixels[at] = (mask[at] ? warm : cold)[at];
      over.putImageData(image, 0, 0);
      const side = Number(brush.value);
      over.strokeStyle = BRUSH;
      if (cursor.shown) over.strokeRect(cursor.x - side / 2, cursor.y - side / 2, side + 1, side + 1);
    }

    /** Move the slider to the recorded acceleration that is nearest. Returns that. @param {number} own */
    function follow(own) {
      const far = rates.map((each) => Math.abs(Math.log(each / own)));
      const nearest = far.indexOf(Math.min(...far));
      if (Number(slider.value) !== nearest) {
        slider.value = String(nearest);
        slider.dispatchEvent(new Event("input"));
      }
      return rates[nearest];
    }

    /** Draw, and say what is seen in numbers; at the end of a stroke in words, too, for those who listen. */
    function draw() {
      waiting = false;
      drawPlane();
      if (!changed) return;
      const { grey, error } = reconstruct(mask);
      for (let at = 0; at < total; at++) pixels[at] = GREY * Math.round(255 * grey[at]) + BLACK;
      below.putImageData(image, 0, 0);
      const count = mask.reduce((sum, each) => sum + each, 0);
      const kept = count
        ? `${counted(count)} of ${counted(total)} points, 1 in ${Number((total / count).toFixed(1))}`
        : `none of ${counted(total)} points`;
      const decibels = error < 1e-9 ? "no error" : `${(-20 * Math.log10(error)).toFixed(1)} dB`;
      points.textContent = `k-space: ${kept}`;
      quality.textContent = `Inverse FFT of those points: ${decibels} in the slice`;
      const near = count ? follow(total / count) : 0;
      if (stroke) return;
      changed = false;
      const same = near === rate && mask.every((each, at) => each === scene[at]);
      picture.setAttribute("aria-label", `The slice by inverse FFT from ${kept}: ${decibels}`);
      note.textContent =
        `Measured: ${kept}. The picture is off by ${(100 * error).toFixed(1)}% of the brightest tissue, root mean square.` +
        (near ? ` The recorded pictures of 1 in ${near} come from ${same ? "this very mask" : "a mask that is not yours"}.` : "");
    }

    /** Draw with the next frame, however often it is asked for before. */
    function soon() {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(draw);
    }

    /** Measure, or no longer measure, what is under the brush. */
    function stamp() {
      const reach = (Number(brush.value) - 1) / 2;
      for (let y = Math.max(cursor.y - reach, 0); y <= Math.min(cursor.y + reach, height - 1); y++)
        mask.fill(Number(!erase.checked), y * width + Math.max(cursor.x - reach, 0), y * width + Math.min(cursor.x + reach + 1, width));
      changed = true;
      soon();
    }

    /** The next wider brush, or the next narrower one. @param {number} by one of them */
    function resize(by) {
      const now = [...sizes].findIndex((each) => each.value === brush.value);
      brush.value = sizes[clamp(now + by, 0, sizes.length - 1)].value;
      soon();
    }

    /** Move the brush. @param {number} x @param {number} y */
    function move(x, y) {
      Object.assign(cursor, { x: clamp(Math.round(x), 0, width - 1), y: clamp(Math.round(y), 0, height - 1), shown: true });
      soon();
    }

    /** Say where the brush is. */
    function tell() {
      const ways = [...away(cursor.x - width / 2, "left", "right"), ...away(cursor.y - height / 2, "up", "down")];
      const state = mask[cursor.y * width + cursor.x] ? "measured" : "not measured";
      place.textContent = `Brush, ${brush.value} wide, ${ways.length ? `${ways.join(" and ")} of` : "at"} the centre: ${state}`;
    }

    listen(plane, { cursor, move, stamp, tell, soon, resize, stroke: (on) => (stroke = on) });
    for (const button of box.querySelectorAll("button"))
      button.addEventListener("click", () => {
        for (let at = 0; at < total; at++)
          mask[at] = Number(starts[button.value]((at % width) - width / 2, Math.floor(at / width) - height / 2, at));
        changed = true;
        soon();
      });

    parts.forEach((each) => (each.hidden = false));
    mask.set(scene);
    changed = true;
    draw();
  }

  /** Bring a box to life when a reader comes near it: its transforms take a moment. @param {HTMLElement} box */
  function wait(box) {
    const watch = new IntersectionObserver((seen) => {
      if (!seen.some((each) => each.isIntersecting)) return;
      watch.disconnect();
      mount(box);
    }, { rootMargin: "800px" });
    watch.observe(box);
  }

  const mountAll = () => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-try=scan]")).forEach(wait);
  const pages = /** @type {any} */ (window).document$;
  if (pages) pages.subscribe(mountAll);
  else mountAll();
})();
