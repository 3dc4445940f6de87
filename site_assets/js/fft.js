// @ts-check
/**
 * The discrete Fourier transform of a plane, in place, for sides that are products of small primes. It is unitary: the
 * squares of what goes in and of what comes out have the same sum. The zero frequency is the first number.
 */
const FFT = (() => {
  /** Complex numbers, real and imaginary parts apart. @typedef {{ re: Float64Array, im: Float64Array }} Complex */

  /** The n-th roots of one, clockwise. @param {number} n @returns {Complex} */
  function roots(n) {
    const angle = (/** @type {unknown} */ _, /** @type {number} */ at) => (-2 * Math.PI * at) / n;
    const turns = Float64Array.from({ length: n }, angle);
    return { re: turns.map(Math.cos), im: turns.map(Math.sin) };
  }

  /** What one butterfly joins: as many numbers as its prime. @type {{ re: number[], im: number[] }} */
  const part = { re: [], im: [] };

  /** The smallest prime that divides n. @param {number} n */
  function prime(n) {
    let p = 2;
    while (n % p) p++;
    return p;
  }

  /**
   * The transform of `n` numbers of `from`, `step` apart from `at` on, written side by side into `into` from `to` on:
   * Cooley and Tukey's decimation in time, a prime at a time. `root` are the roots of one of the whole line.
   * @param {Complex} from @param {number} at @param {number} step
   * @param {Complex} into @param {number} to @param {number} n @param {Complex} root
   */
  function line(from, at, step, into, to, n, root) {
    if (n === 1) {
      into.re[to] = from.re[at];
      into.im[to] = from.im[at];
      return;
    }
    const whole = root.re.length;
    const turn = whole / n;
    const p = prime(n);
    const m = n / p;
    for (let q = 0; q < p; q++) line(from, at + q * step, step * p, into, to + q * m, m, root);
    for (let k = 0; k < m; k++) {
      for (let q = 0; q < p; q++) {
        part.re[q] = into.re[to + q * m + k];
        part.im[q] = into.im[to + q * m + k];
      }
      for (let frequency = k; frequency < n; frequency += m) {
        let re = part.re[0];
        let im = part.im[0];
        for (let q = 1; q < p; q++) {
          const w = (frequency * q * turn) % whole;
          re += part.re[q] * root.re[w] - part.im[q] * root.im[w];
          im += part.re[q] * root.im[w] + part.im[q] * root.re[w];
        }
        into.re[to + frequency] = re;
        into.im[to + frequency] = im;
      }
    }
  }

  /**
   * Transform a plane of `rows` times `columns` numbers, row by row, and then column by column.
   * @param {Float64Array} re @param {Float64Array} im @param {number} rows @param {number} columns
   */
  function forward(re, im, rows, columns) {
    const plane = { re: new Float64Array(re.length), im: new Float64Array(re.length) };
    const column = { re: new Float64Array(rows), im: new Float64Array(rows) };
    const [across, down, scale] = [roots(columns), roots(rows), 1 / Math.sqrt(rows * columns)];
    for (let y = 0; y < rows; y++) line({ re, im }, y * columns, 1, plane, y * columns, columns, across);
    for (let x = 0; x < columns; x++) {
      line(plane, x, columns, column, 0, rows, down);
      for (let y = 0; y < rows; y++) {
        re[y * columns + x] = column.re[y] * scale;
        im[y * columns + x] = column.im[y] * scale;
      }
    }
  }

  /**
   * Undo `forward`: the same with real and imaginary parts exchanged.
   * @param {Float64Array} re @param {Float64Array} im @param {number} rows @param {number} columns
   */
  const inverse = (re, im, rows, columns) => forward(im, re, rows, columns);

  return { forward, inverse };
})();
