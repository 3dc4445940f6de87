// @ts-check
/**
 * The published chess policy: what it is told of a position, and the probability that it gives each legal move.
 *
 * The same as engines/rollout/chess/features.py and engines/rollout/policy.py, which say what each feature means.
 *
 * @typedef {{from: number, to: number, promotion: number, san: string, probability: number}} Answer
 */
const policy = (() => {
  const NEAR = 15 * 15;
  const [PAWN, KING] = [1, 6];

  /** Where each part of a table starts. @template {string} Name @param {Record<Name, number>} sizes */
  function offsets(sizes) {
    let at = 0;
    const starts = Object.entries(sizes).map(([name, size]) => [name, (at += Number(size)) - Number(size)]);
    return /** @type {Record<Name, number>} */ (Object.fromEntries(starts));
  }
  const STATE = offsets({ piece: 12 * 64, threatened: 12 * 64, near: 12 * NEAR, ours: 64, twice: 64, theirs: 64, zone: 36, castling: 2 });
  const MOVE = offsets({ to: 6 * 64, from: 64, captured: 6, promotion: 5, safety: 8, origin: 2, near: 6 * NEAR, repeats: 2 });

  /** The eight symmetries of the board: where each square goes. */
  const SYMMETRY = [...Array(8).keys()].map((turned) => Uint8Array.from({ length: 64 }, (_, square) => {
    const file = turned & 1 ? 7 - (square & 7) : square & 7;
    const rank = turned & 2 ? 7 - (square >> 3) : square >> 3;
    return turned & 4 ? 8 * file + rank : 8 * rank + file;
  }));

  /** Each weight of the file by name. @type {Record<string, {rows: number, columns: number, values: Float32Array}>} */
  let weights = {};

  /** Take the weights: a file of safetensors with numbers of 16 bits, in base64. @param {string} text */
  function read(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const start = 8 + new DataView(bytes.buffer).getUint32(0, true);
    const { __metadata__, ...tensors } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
    const half = Float32Array.from({ length: 65_536 }, (_, bits) => {
      const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
      return (bits >> 15 ? -1 : 1) * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
    });
    for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(tensors)) {
      if (dtype !== "F16") throw new Error(`${name} is ${dtype}, wanted F16`);
      const values = Float32Array.from(new Uint16Array(bytes.slice(start + from, start + to).buffer), (bits) => half[bits]);
      weights[name] = { rows: shape[0], columns: shape[1] ?? 1, values };
    }
  }

  /** Which of the symmetries a position is seen under. @param {Position} position */
  function orientation({ board, turn, castling }) {
    const upright = turn > 0 ? 0 : 2;
    const king = board.indexOf(-turn * KING);
    if (castling) return upright;
    if (board.some((piece) => Math.abs(piece) === PAWN)) return upright + ((king & 7) > 3 ? 1 : 0);
    /** The board as seen. @param {number} turned */
    const seen = (turned) => {
      const found = new Int8Array(64);
      board.forEach((piece, square) => (found[SYMMETRY[turned][square]] = piece * turn));
      return found;
    };
    const inside = [...SYMMETRY.keys()].filter((turned) => {
      const square = SYMMETRY[turned][king];
      return (square & 7) < 4 && square >> 3 <= (square & 7);
    });
    return inside.reduce((best, turned) => { // a king on the diagonal: the one of two images whose pieces come first
      const [a, b] = [seen(best), seen(turned)];
      const at = a.findIndex((piece, square) => piece !== b[square]);
      return at >= 0 && b[at] > a[at] ? turned : best;
    });
  }

  /** How many pieces of a side attack each square. @param {Int8Array} board @param {number} side */
  function counted(board, side) {
    const counts = new Uint8Array(64);
    board.forEach((piece, square) => {
      if (piece * side > 0) for (const target of chess.attacks(board, square)) counts[target]++;
    });
    return counts;
  }

  /** @param {number} square @param {number} king */
  const near = (square, king) => ((square & 7) - (king & 7) + 7) * 15 + (square >> 3) - (king >> 3) + 7;

  /** The features of a position and of its legal moves. @param {Position} position */
  function observe(position) {
    const { board, turn, castling, passant } = position;
    const turned = SYMMETRY[orientation(position)];
    const [ours, theirs] = [counted(board, turn), counted(board, -turn)];
    const king = turned[board.indexOf(-turn * KING)];
    /** @type {number[]} */
    const state = [];
    for (let square = 0; square < 64; square++) {
      const [seen, piece] = [turned[square], board[square] * turn];
      if (piece) {
        const kind = piece > 0 ? piece - 1 : 5 - piece;
        state.push(STATE.piece + kind * 64 + seen, STATE.near + kind * NEAR + near(seen, king));
        if ((piece > 0 ? theirs : ours)[square]) state.push(STATE.threatened + kind * 64 + seen);
      }
      if (ours[square]) state.push(STATE.ours + seen);
      if (ours[square] > 1) state.push(STATE.twice + seen);
      if (theirs[square]) state.push(STATE.theirs + seen);
    }
    for (let index = 0; index < 9; index++) {
      const [file, rank] = [(king & 7) + (index % 3) - 1, (king >> 3) + Math.floor(index / 3) - 1];
      const inside = file >= 0 && file < 8 && rank >= 0 && rank < 8;
      const square = inside ? turned.indexOf(8 * rank + file) : -1;
      const blocked = inside && board[square] * turn < 0 && turned[square] !== king;
      state.push(STATE.zone + index * 4 + (!inside ? 0 : blocked ? 1 : ours[square] ? 2 : 3));
    }
    const rights = turn > 0 ? castling : castling >> 2;
    for (const bit of [0, 1]) if ((rights >> bit) & 1) state.push(STATE.castling + bit);

    const moves = chess.legal(position);
    const features = moves.map((move) => {
      const { from, to, promotion } = move;
      const piece = board[from] * turn;
      const taken = piece === PAWN && to === passant ? PAWN : -board[to] * turn;
      const sideways = (from & 7) !== (to & 7);
      const guards = piece === PAWN ? sideways : !(piece === KING && Math.abs(to - from) === 2);
      const check = chess.checked(chess.play(position, move));
      return [
        MOVE.to + (piece - 1) * 64 + turned[to],
        MOVE.from + turned[from],
        MOVE.captured + taken,
        MOVE.promotion + (promotion ? promotion - 1 : 0),
        MOVE.safety + 4 * Number(check) + 2 * Number(theirs[to] > 0) + Number(ours[to] - Number(guards) > 0),
        MOVE.origin + Number(theirs[from] > 0),
        MOVE.near + (piece - 1) * NEAR + near(turned[to], king),
        MOVE.repeats, // a position set up has no past to repeat
      ];
    });
    return { state, moves, features };
  }

  /** One layer: a matrix times the input, with a bias where there is one. @param {string} layer @param {Float64Array} input */
  function linear(layer, input) {
    const { rows, columns, values } = weights[`${layer}.weight`];
    const bias = weights[`${layer}.bias`]?.values;
    const output = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      let sum = bias ? bias[row] : 0;
      for (let column = 0; column < columns; column++) sum += values[row * columns + column] * input[column];
      output[row] = sum;
    }
    return output;
  }

  /** The probability of each legal move, the likeliest first. @param {Position} position @returns {Answer[]} */
  function answer(position) {
    const { state, moves, features } = observe(position);
    const { columns: width, values } = weights["state.weight"];
    let hidden = new Float64Array(width);
    for (const feature of state) for (let unit = 0; unit < width; unit++) hidden[unit] += values[feature * width + unit];
    hidden = hidden.map((value) => Math.max(0, value));
    for (const block of ["block1", "block2"]) {
      const change = linear(block, hidden);
      hidden = hidden.map((value, unit) => value + Math.max(0, change[unit]));
    }
    const scores = [...linear("direct", hidden), ...linear("detail", linear("query", hidden))];
    const logits = features.map((each) => each.reduce((sum, feature) => sum + scores[feature], 0));
    const top = Math.max(...logits);
    const odds = logits.map((logit) => Math.exp(logit - top));
    const total = odds.reduce((sum, each) => sum + each, 0);
    return moves
      .map((move, at) => ({ ...move, san: chess.san(position, move, moves), probability: odds[at] / total }))
      .sort((a, b) => b.probability - a.probability);
  }

  return { answer, read };
})();
