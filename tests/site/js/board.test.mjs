import assert from "node:assert/strict";
import { test } from "node:test";
import { el, Element, run } from "./dom.mjs";

const [ONE, TWO] = [0x3c00, 0x4000]; // in half precision
const QUEEN = "6k1/8/8/3q4/8/8/3R4/6K1 w - - 0 1"; // the rook can take the queen
const MATE = "6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1"; // Ra8 mates

/** A network of one unit, in base64: taking a queen is e^2 times as likely as any other move. */
function weights() {
  const sizes = { "state.weight": [4466, 1], "block1.weight": [1, 1], "block1.bias": [1], "block2.weight": [1, 1],
    "block2.bias": [1], "direct.weight": [448, 1], "direct.bias": [448], "query.weight": [1, 1], "query.bias": [1],
    "detail.weight": [1373, 1] };
  const [head, parts] = [{}, []];
  let at = 0;
  for (const [name, shape] of Object.entries(sizes)) {
    const values = new Uint16Array(shape[0]);
    if (name === "query.bias") values[0] = ONE;
    if (name === "detail.weight") values[5] = TWO;
    parts.push(Buffer.from(values.buffer));
    head[name] = { dtype: "F16", shape, data_offsets: [at, (at += values.byteLength)] };
  }
  const words = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(8);
  length.writeUInt32LE(words.length);
  return Buffer.concat([length, words, ...parts]).toString("base64");
}

/** A mounted board, opened on the first of some positions. */
function board(...fens) {
  const box = el("div", { "data-try": "board", "data-pieces": "art/", "data-positions": JSON.stringify(fens.map((fen, at) => [`No. ${at}`, fen])) });
  const body = el("body", {}, box);
  const page = run(["chess.js", "policy.js"], body);
  page.value(`policy.read("${weights()}")`);
  page.load("board.js");
  const grid = box.querySelector("[role=grid]");
  const cells = box.querySelectorAll("[role=gridcell]").sort((a, b) => square(a) - square(b));
  const key = (key, more = {}) => grid.fire("keydown", { key, ...more });
  const choose = (value) => box.querySelector(`[value="${value}"]`).fire("change");
  const fen = box.querySelector("[id=board-fen]");
  const write = (text) => { fen.value = text; fen.fire("change"); };
  const said = () => box.querySelector("[id=board-said]").textContent;
  const moves = () => box.querySelector("ol").children.map((item) => (item.querySelector("b")?.textContent ?? "") + item.text);
  const at = (name) => cells.find((cell) => cell.getAttribute("aria-label").startsWith(name));
  return { box, key, choose, fen, write, said, moves, at };
}

const square = (cell) => {
  const [file, rank] = cell.getAttribute("aria-label");
  return "abcdefgh".indexOf(file) + 8 * (rank - 1);
};

test("the policy answers with its moves, their probabilities, and a ray for each", () => {
  const { box, said, moves } = board(QUEEN);
  const count = 14; // eleven of the rook, three of the king
  const share = Math.exp(2) / (Math.exp(2) + count - 1);
  assert.match(said(), new RegExp(`^White to move, ${count} legal moves\\. The policy\u2019s first choice is Rxd5, ${(100 * share).toFixed(1)} %\\.$`));
  assert.equal(moves()[0], `Rxd5 ${(100 * share).toFixed(1)} %`);
  assert.equal(moves().length, 9, "eight, and the rest in one");
  const lines = box.querySelectorAll("line");
  assert.equal(lines.length, count);
  const widest = lines.reduce((a, b) => (Number(a.getAttribute("stroke-width")) > Number(b.getAttribute("stroke-width")) ? a : b));
  assert.deepEqual(["x1", "y1", "x2", "y2"].map((name) => Number(widest.getAttribute(name))), [3.5, 6.5, 3.5, 3.5], "from d2 to d5");
});

test("keys go over the board, put pieces and take them away", () => {
  const { key, fen, at } = board(QUEEN);
  assert.equal(Element.focused, at("e1"), "where it opens");
  for (const name of ["ArrowUp", "ArrowRight", "Home"]) key(name);
  assert.equal(Element.focused, at("a2"));
  key("ArrowLeft");
  assert.equal(Element.focused, at("a2"), "the board ends there");
  const event = key("N");
  assert.ok(event.defaultPrevented, "a letter is no shortcut of the theme's here");
  assert.equal(at("a2").getAttribute("aria-label"), "a2, white knight");
  key("q");
  assert.match(fen.value, /\/q2R4\//);
  key("Delete");
  assert.equal(fen.value, QUEEN);
  assert.equal(key("n", { ctrlKey: true }).defaultPrevented, false, "the browser's own");
  assert.equal(key("x").defaultPrevented, false);
});

test("a tap moves a piece, puts one, or takes one away", () => {
  const { choose, fen, at } = board(QUEEN);
  at("d2").fire("click");
  assert.equal(at("d2").getAttribute("aria-selected"), "true");
  at("h2").fire("click");
  assert.match(fen.value, /\/7R\/6K1 w/);
  choose("-4");
  at("a8").fire("click");
  assert.match(fen.value, /^r5k1\//);
  at("a8").fire("click");
  assert.match(fen.value, /^6k1\//, "the same again takes it away");
  choose("0");
  at("h2").fire("click");
  assert.match(fen.value, /\/8\/6K1 w/);
});

test("what a game cannot have, and what has ended, is said in one line and not answered", () => {
  const { write, fen, said, moves, box } = board(QUEEN);
  const refused = {
    "8/8/8/8/8/8/8/K7 w - - 0 1": "Black has no king: a side has one.",
    "kk6/8/8/8/8/8/8/K7 w - - 0 1": "Black has 2 kings: a side has one.",
    "k7/8/8/8/8/8/8/K6P w - - 0 1": "A pawn stands on the first or the last rank.",
    "k7/8/8/8/8/8/8/R3K3 w - - 0 1": "White is to move, and could take the king.",
    "k7/8/8/8/8/8/8/4K3 w K - 0 1": "A right to castle is left without king or rook at home.",
    "k7/8/8/8/4p3/8/8/4K3 w - e6 0 1": "No pawn can just have passed e6.",
    "QQQQQQQQ/QQ6/8/8/8/8/7k/K7 w - - 0 1": "White has more pieces than its eight pawns could become.",
    "R5k1/5ppp/8/8/8/8/8/6K1 b - - 0 1": "Checkmate: White has won.",
    "7k/5Q2/6K1/8/8/8/8/8 b - - 0 1": "Stalemate: a draw.",
    "k7/8/8/8/8/8/8/K7 w - - 0 1": "Neither side can mate: a draw.",
    "6k1/5ppp/8/8/8/8/8/R5K1 w - - 100 90": "Fifty moves without a capture or a pawn move: a draw.",
  };
  for (const [text, words] of Object.entries(refused)) {
    write(text);
    assert.equal(said(), words);
    assert.deepEqual(moves(), []);
    assert.equal(box.querySelectorAll("line").length, 0);
  }
  write("nonsense");
  assert.match(said(), /^Not a FEN/);
  assert.equal(fen.getAttribute("aria-invalid"), "true");
  write(MATE);
  assert.equal(fen.getAttribute("aria-invalid"), null);
});

test("mate is said, and named where it is not the first choice", () => {
  const { write, said } = board(MATE);
  write("q5k1/5ppp/8/8/8/8/8/R3R1K1 w - - 0 1");
  assert.match(said(), /first choice is Rxa8#, \d+\.\d %: checkmate\.$/, "the queen stood there");
  write("6k1/q4ppp/8/8/8/8/8/R3R2K w - - 0 1");
  assert.match(said(), /first choice is Rxa7, \d+\.\d %\. Checkmate is missed: Re8#\.$/);
});

test("what a change makes untrue of the past is forgotten", () => {
  const { choose, fen, write, at } = board("r3k2r/8/8/3pP3/8/8/8/R3K2R w KQkq d6 7 9");
  assert.equal(fen.value, "r3k2r/8/8/3pP3/8/8/8/R3K2R w KQkq d6 7 1");
  choose("0");
  at("h1").fire("click");
  assert.equal(fen.value, "r3k2r/8/8/3pP3/8/8/8/R3K3 w Qkq - 0 1");
  write(QUEEN);
  assert.equal(fen.value, QUEEN);
});
