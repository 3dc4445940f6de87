// @ts-check
/**
 * The rules of chess: positions from and to FEN, legal moves, and how a move is written.
 *
 * Squares are numbered a1 = 0 to h8 = 63. Pieces are 1 to 6 (pawn, knight, bishop, rook, queen, king), black ones
 * negative; the side to move is 1 or -1; castling rights are 1 K, 2 Q, 4 k, 8 q. All as in engines/rollout/chess.
 *
 * @typedef {{board: Int8Array, turn: number, castling: number, passant: number, clock: number}} Position
 *   `passant` is the square that a pawn has just passed, or -1; `clock` counts halfmoves without capture or pawn move.
 * @typedef {{from: number, to: number, promotion: number}} Move  `promotion` is 0, or 2 to 5.
 */
const chess = (() => {
  const [PAWN, KNIGHT, BISHOP, ROOK, QUEEN, KING] = [1, 2, 3, 4, 5, 6];
  const LETTERS = " pnbrqk";
  const LONGEST_FEN = 120;
  const STRAIGHT = [[0, 1], [0, -1], [1, 0], [-1, 0]];
  const DIAGONAL = [[1, 1], [-1, 1], [1, -1], [-1, -1]];
  const ROUND = [...STRAIGHT, ...DIAGONAL];
  const JUMPS = [-2, -1, 1, 2].flatMap((file) => [-2, -1, 1, 2].filter((rank) => file * file !== rank * rank).map((rank) => [file, rank]));
  const WAYS = [[], [], JUMPS, DIAGONAL, STRAIGHT, ROUND, ROUND]; // by kind of piece
  /** Of each castling right: the squares of king and rook. @type {[number, number][]} */
  const HOMES = [[4, 7], [4, 0], [60, 63], [60, 56]];

  /** The square some files and ranks away; -1 off the board. @param {number} square @param {number} file @param {number} rank */
  function away(square, file, rank) {
    const [f, r] = [(square & 7) + file, (square >> 3) + rank];
    return f >= 0 && f < 8 && r >= 0 && r < 8 ? f + 8 * r : -1;
  }

  /** @param {number} square */
  const name = (square) => "abcdefgh"[square & 7] + ((square >> 3) + 1);

  /** The squares that the piece on `origin` attacks, whoever stands there. @param {Int8Array} board @param {number} origin */
  function attacks(board, origin) {
    const [kind, side] = [Math.abs(board[origin]), Math.sign(board[origin])];
    if (kind === PAWN) return [-1, 1].map((file) => away(origin, file, side)).filter((target) => target >= 0);
    const found = [];
    for (const [file, rank] of WAYS[kind]) {
      let target = away(origin, file, rank);
      while (target >= 0) {
        found.push(target);
        if (board[target] || kind === KNIGHT || kind === KING) break;
        target = away(target, file, rank);
      }
    }
    return found;
  }

  /** The squares from which a side attacks one. @param {Int8Array} board @param {number} square @param {number} side */
  function attackers(board, square, side) {
    const found = [];
    for (let origin = 0; origin < 64; origin++) {
      if (board[origin] * side > 0 && attacks(board, origin).includes(square)) found.push(origin);
    }
    return found;
  }

  /** True if a side's king is attacked; by default that of the side to move. @param {Position} position */
  function checked({ board, turn }, side = turn) {
    return attackers(board, board.indexOf(side * KING), -side).length > 0;
  }

  /** The targets of a pawn, captures and pushes. @param {Position} position @param {number} origin */
  function pawnTargets({ board, turn, passant }, origin) {
    const found = attacks(board, origin).filter((target) => board[target] * turn < 0 || target === passant);
    const ahead = origin + 8 * turn;
    if (board[ahead]) return found;
    const farther = (origin >> 3) === (turn > 0 ? 1 : 6) && !board[ahead + 8 * turn];
    return [...found, ahead, ...(farther ? [ahead + 8 * turn] : [])];
  }

  /** The targets of castling. @param {Position} position @param {number} king */
  function castlingTargets(position, king) {
    const { board, turn, castling } = position;
    const rights = turn > 0 ? castling : castling >> 2;
    return [1, -1].filter((side) => {
      const [near, far] = [king + side, king + 2 * side];
      return rights & (side > 0 ? 1 : 2) && !board[near] && !board[far] && (side > 0 || !board[king - 3]) &&
        !checked(position) && !attackers(board, near, -turn).length;
    }).map((side) => king + 2 * side);
  }

  /** The position after a move. @param {Position} position @param {Move} move @returns {Position} */
  function play({ board, turn, castling, passant, clock }, { from, to, promotion }) {
    const [after, kind, taken] = [board.slice(), board[from] * turn, board[to]];
    after[to] = promotion ? turn * promotion : board[from];
    after[from] = 0;
    if (kind === PAWN && to === passant) after[to - 8 * turn] = 0;
    if (kind === KING && Math.abs(to - from) === 2) {
      after[(from + to) >> 1] = turn * ROOK;
      after[to > from ? from + 3 : from - 4] = 0;
    }
    const twice = kind === PAWN && Math.abs(to - from) === 16;
    return {
      board: after,
      turn: -turn,
      castling: fitting(after, castling),
      passant: twice ? (from + to) >> 1 : -1,
      clock: kind === PAWN || taken ? 0 : clock + 1,
    };
  }

  /** The legal moves. @param {Position} position @returns {Move[]} */
  function legal(position) {
    const { board, turn } = position;
    /** @type {Move[]} */
    const moves = [];
    for (let from = 0; from < 64; from++) {
      const kind = board[from] * turn;
      if (kind <= 0) continue;
      const targets = kind === PAWN ? pawnTargets(position, from) : attacks(board, from).filter((to) => board[to] * turn <= 0);
      if (kind === KING) targets.push(...castlingTargets(position, from));
      for (const to of targets) {
        const last = kind === PAWN && (to >> 3) % 7 === 0;
        for (const promotion of last ? [KNIGHT, BISHOP, ROOK, QUEEN] : [0]) moves.push({ from, to, promotion });
      }
    }
    return moves.filter((move) => !checked(play(position, move), turn));
  }

  /** A move in standard notation, given all that are legal. @param {Position} position @param {Move} move @param {Move[]} moves */
  function san(position, move, moves) {
    const { board, turn, passant } = position;
    const { from, to, promotion } = move;
    const kind = board[from] * turn;
    const after = play(position, move);
    const mark = checked(after) ? (legal(after).length ? "+" : "#") : "";
    if (kind === KING && Math.abs(to - from) === 2) return (to > from ? "O-O" : "O-O-O") + mark;
    const takes = board[to] || (kind === PAWN && to === passant) ? "x" : "";
    if (kind === PAWN) {
      return (takes ? name(from)[0] : "") + takes + name(to) + (promotion ? `=${LETTERS[promotion].toUpperCase()}` : "") + mark;
    }
    const others = moves.filter((each) => each.to === to && each.from !== from && board[each.from] === board[from]);
    const file = others.some((each) => (each.from & 7) === (from & 7));
    const rank = others.some((each) => (each.from >> 3) === (from >> 3));
    const origin = !others.length ? "" : !file ? name(from)[0] : !rank ? name(from)[1] : name(from);
    return LETTERS[kind].toUpperCase() + origin + takes + name(to) + mark;
  }

  /** A move as chess programs write it. @param {Move} move */
  const uci = ({ from, to, promotion }) => name(from) + name(to) + LETTERS[promotion].trim();

  /** The castling rights whose king and rook stand at home. @param {Int8Array} board @param {number} rights */
  function fitting(board, rights) {
    return HOMES.reduce((sum, [king, rook], bit) => {
      const side = bit < 2 ? 1 : -1;
      return sum | (board[king] === side * KING && board[rook] === side * ROOK ? rights & (1 << bit) : 0);
    }, 0);
  }

  /** A position from FEN, legal or not. Throws an Error whose message is one line. @param {string} fen @returns {Position} */
  function parse(fen) {
    const [placed, turn = "w", rights = "-", passant = "-", clock = "0"] = fen.trim().split(/\s+/);
    const rows = placed.replace(/[1-8]/g, (digit) => " ".repeat(Number(digit))).split("/");
    const fits = rows.length === 8 && rows.every((row) => /^[pnbrqk ]{8}$/i.test(row)) && !/\d\d/.test(placed) &&
      /^[wb]$/.test(turn) && /^(-|K?Q?k?q?)$/.test(rights) && /^(-|[a-h][36])$/.test(passant) && /^\d+$/.test(clock);
    if (!fits || fen.length > LONGEST_FEN) throw new Error("Not a FEN: wanted one such as 6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1.");
    const board = Int8Array.from(rows.reverse().join(""), (letter) => {
      const kind = LETTERS.indexOf(letter.toLowerCase());
      return letter === letter.toLowerCase() ? -kind : kind;
    });
    const castling = ["K", "Q", "k", "q"].reduce((sum, letter, bit) => sum | (rights.includes(letter) ? 1 << bit : 0), 0);
    const square = passant === "-" ? -1 : "abcdefgh".indexOf(passant[0]) + 8 * (Number(passant[1]) - 1);
    return { board, turn: turn === "w" ? 1 : -1, castling, passant: square, clock: Number(clock) };
  }

  /** The letter of a piece, a capital if it is white. @param {number} piece */
  const letter = (piece) => (piece > 0 ? LETTERS[piece].toUpperCase() : LETTERS[-piece]);

  /** A position as FEN; the move number, which it does not hold, is 1. @param {Position} position */
  function write({ board, turn, castling, passant, clock }) {
    const rows = [7, 6, 5, 4, 3, 2, 1, 0].map((rank) => [...board.subarray(8 * rank, 8 * rank + 8)].map(letter).join(""));
    const placed = rows.join("/").replace(/ +/g, (gap) => String(gap.length));
    const rights = [..."KQkq"].filter((_, bit) => (castling >> bit) & 1).join("") || "-";
    return `${placed} ${turn > 0 ? "w" : "b"} ${rights} ${passant < 0 ? "-" : name(passant)} ${clock} 1`;
  }

  /** What makes a position one that no game reaches, in a sentence; nothing if all is well. @param {Position} position */
  function fault(position) {
    const { board, turn, castling, passant } = position;
    for (const side of [1, -1]) {
      const who = side > 0 ? "White" : "Black";
      const [pawns, ...pieces] = [PAWN, KNIGHT, BISHOP, ROOK, QUEEN, KING].map((kind) => board.filter((each) => each === side * kind).length);
      const kings = pieces.pop();
      if (kings !== 1) return `${who} has ${kings ? `${kings} kings` : "no king"}: a side has one.`;
      const promoted = pieces.reduce((sum, count, at) => sum + Math.max(0, count - [2, 2, 2, 1][at]), 0);
      if (pawns + promoted > 8) return `${who} has more pieces than its eight pawns could become.`;
    }
    if (board.some((piece, square) => Math.abs(piece) === PAWN && (square >> 3) % 7 === 0)) {
      return "A pawn stands on the first or the last rank.";
    }
    if (checked(position, -turn)) return `${turn > 0 ? "White" : "Black"} is to move, and could take the king.`;
    if (attackers(board, board.indexOf(turn * KING), -turn).length > 2) return "More than two pieces give check at once.";
    if (fitting(board, castling) !== castling) return "A right to castle is left without king or rook at home.";
    const stood = passant < 0 || ((passant >> 3) === (turn > 0 ? 5 : 2) && board[passant - 8 * turn] === -turn * PAWN &&
      !board[passant] && !board[passant + 8 * turn]);
    return stood ? "" : `No pawn can just have passed ${name(passant)}.`;
  }

  /** How a legal position's game has ended, in a sentence; nothing if it goes on. @param {Position} position */
  function ending(position) {
    const { board, turn, clock } = position;
    if (!legal(position).length) {
      return checked(position) ? `Checkmate: ${turn > 0 ? "Black" : "White"} has won.` : "Stalemate: a draw.";
    }
    const men = [...board.keys()].filter((square) => board[square] && Math.abs(board[square]) !== KING);
    const kinds = men.map((square) => Math.abs(board[square]));
    const shades = new Set(men.map((square) => ((square >> 3) + square) & 1));
    const bishops = kinds.every((kind) => kind === BISHOP) && shades.size < 2;
    if (bishops || (men.length === 1 && kinds[0] === KNIGHT)) return "Neither side can mate: a draw.";
    return clock >= 100 ? "Fifty moves without a capture or a pawn move: a draw." : "";
  }

  return { attacks, checked, ending, fault, fitting, legal, letter, name, parse, play, san, uci, write };
})();
