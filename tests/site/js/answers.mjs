// Ask the page's rules and policy about positions: FENs as JSON on standard input, the script of the weights as argument.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { el, run } from "./dom.mjs";

const [weights] = process.argv.slice(2);
const scripts = ["chess.js", "policy.js", ...(weights ? [pathToFileURL(weights)] : [])];
const { chess, policy } = run(scripts, el("body")).value("({ chess, policy })");

const answers = JSON.parse(readFileSync(0, "utf8")).map((fen) => {
  let position;
  try {
    position = chess.parse(fen);
  } catch (error) {
    return { refused: error.message };
  }
  const fault = chess.fault(position);
  if (fault) return { refused: fault };
  const moves = chess.legal(position);
  const start = performance.now();
  const asked = weights ? policy.answer(position) : [];
  return {
    fen: chess.write(position),
    check: chess.checked(position),
    ending: chess.ending(position),
    moves: Object.fromEntries(moves.map((move) => [chess.uci(move), chess.san(position, move, moves)])),
    probabilities: Object.fromEntries(asked.map((each) => [chess.uci(each), each.probability])),
    milliseconds: performance.now() - start,
  };
});
process.stdout.write(JSON.stringify(answers));
