// @ts-check
/**
 * A chess board to set up, on which the published policy answers: a fan of its moves, a list, and a sentence.
 *
 * By keyboard: arrows, Home and End go over the board, a letter as in FEN puts a piece (a capital is White's), Delete
 * takes it away, and Enter or space does what a tap does. What a tap does is chosen beside the board: it moves a piece,
 * puts one, or takes one away. Loaded after chess.js, policy.js and the weights, when a reader asks for it.
 */
(() => {
  const KINDS = ["pawn", "knight", "bishop", "rook", "queen", "king"];
  const LISTED = 8; // moves, as many as `click play` prints
  const [LEAST, DRAWN, LABELLED] = [0.0005, 0.01, 0.1]; // probabilities of a move in the list, of a ray, of one with words

  /** @param {number} piece */
  const called = (piece) => `${piece > 0 ? "white" : "black"} ${KINDS[Math.abs(piece) - 1]}`;
  /** @param {number} share */
  const percent = (share) => `${(100 * share).toFixed(1)} %`;

  /** @template {Element} Made @param {Made} made @param {Record<string, string | number>} attributes @param {(Node | string)[]} children */
  function fill(made, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
    made.append(...children);
    return made;
  }
  /**
   * An element. @template {keyof HTMLElementTagNameMap} Tag @param {Tag} tag @param {Record<string, string | number>} attributes
   * @param {(Node | string)[]} children
   */
  const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  /** An element of a drawing. @param {string} tag @param {Record<string, string | number>} attributes @param {(Node | string)[]} children */
  const svg = (tag, attributes, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

  /**
   * A choice of one out of several, and what is to be done with it.
   * @param {string} name @param {string} title @param {[string, Node | string][]} options @param {(value: string) => void} chosen
   */
  function choice(name, title, options, chosen) {
    const inputs = options.map(([value]) => el("input", { type: "radio", name: `board-${name}`, value }));
    inputs.forEach((input) => input.addEventListener("change", () => chosen(input.value)));
    inputs[0].checked = true;
    const labels = options.map(([, shown], at) => el("label", {}, inputs[at], shown));
    return { box: el("fieldset", { class: `board__${name}` }, el("legend", {}, title), ...labels), inputs };
  }

  /** The moves of an answer as rays from where they start; the wider and the darker, the likelier. @param {Answer[]} answers */
  function rays(answers) {
    /** @param {number} square */
    const at = (square) => [(square & 7) + 0.5, 7.5 - (square >> 3)];
    const drawn = answers.filter(({ probability }) => probability >= DRAWN).reverse(); // the likeliest lies on top
    const lines = drawn.flatMap(({ from, to, probability }) => {
      const [[x1, y1], [x2, y2], look] = [at(from), at(to), { opacity: 0.25 + 0.6 * probability }];
      return [svg("line", { x1, y1, x2, y2, "stroke-width": 0.04 + 0.3 * probability, ...look }),
        svg("circle", { cx: x2, cy: y2, r: 0.08 + 0.2 * probability, ...look })];
    });
    const words = drawn.filter(({ probability }) => probability >= LABELLED).map(({ to, san, probability }) => {
      const [x, y] = at(to);
      const lines = [san, `${Math.round(100 * probability)} %`].map((line, row) => svg("tspan", { x, y: y - 0.08 + 0.3 * row }, line));
      return svg("text", { "text-anchor": "middle" }, ...lines);
    });
    return [...lines, ...words];
  }

  /** An answer in a sentence or two. @param {Position} position @param {Answer[]} answers */
  function sentence({ turn }, answers) {
    const [[first], count] = [answers, answers.length];
    const mates = answers.map(({ san }) => san).filter((san) => san.endsWith("#"));
    const start = `${turn > 0 ? "White" : "Black"} to move, ${count} legal move${count > 1 ? "s" : ""}. ` +
      `The policy\u2019s first choice is ${first.san}, ${percent(first.probability)}`;
    if (!mates.length) return `${start}.`;
    return mates.includes(first.san) ? `${start}: checkmate.` : `${start}. Checkmate is missed: ${mates.join(" or ")}.`;
  }

  /** The likeliest moves as items of a list. @param {Answer[]} answers */
  function items(answers) {
    const count = Math.min(LISTED, answers.filter(({ probability }) => probability >= LEAST).length);
    const listed = answers.slice(0, count).map(({ san, probability }) => {
      const item = el("li", {}, el("b", {}, san), ` ${percent(probability)}`);
      item.style.setProperty("--share", String(probability));
      return item;
    });
    const rest = answers.slice(count);
    if (rest.length) listed.push(el("li", {}, `${rest.length} more ${percent(rest.reduce((sum, each) => sum + each.probability, 0))}`));
    return listed;
  }

  /** Put a board into its place. @param {HTMLElement} box */
  function mount(box) {
    /** @type {[string, string][]} */
    const examples = JSON.parse(box.dataset.positions ?? "");
    const art = box.dataset.pieces ?? "";
    /** @param {number} piece @param {string} alt */
    const picture = (piece, alt) => el("img", { src: `${art}${piece > 0 ? "w" : "b"}${chess.letter(piece).toUpperCase()}.svg`, alt, width: 45, height: 45 });

    let position = chess.parse(examples[0][1]);
    let [tool, lifted, focused] = ["", -1, 4];

    const cells = [...Array(64).keys()].map((square) =>
      el("div", { role: "gridcell", tabindex: square === focused ? 0 : -1, class: ((square >> 3) + square) & 1 ? "is-light" : "is-dark" }));
    for (const [at, file] of [..."abcdefgh"].entries()) cells[at].dataset.file = file;
    for (const rank of Array(8).keys()) cells[8 * rank].dataset.rank = String(rank + 1);
    const ranks = [7, 6, 5, 4, 3, 2, 1, 0].map((rank) => el("div", { role: "row" }, ...cells.slice(8 * rank, 8 * rank + 8)));
    const grid = el("div", { role: "grid", "aria-label": "Chess board", "aria-describedby": "board-keys" }, ...ranks);
    const fan = svg("svg", { viewBox: "0 0 8 8", "aria-hidden": "true" });
    const said = el("p", { id: "board-said", "aria-live": "polite", "aria-atomic": "true" });
    const list = el("ol", { "aria-label": "The likeliest moves" });
    const fen = el("input", { id: "board-fen", spellcheck: "false", autocomplete: "off", "aria-describedby": "board-said" });

    /** Show the position and what the policy says to it. */
    function show() {
      cells.forEach((cell, square) => {
        const piece = position.board[square];
        cell.setAttribute("aria-label", chess.name(square) + (piece ? `, ${called(piece)}` : ""));
        cell.setAttribute("aria-selected", String(square === lifted));
        cell.replaceChildren(...(piece ? [picture(piece, "")] : []));
      });
      turns.inputs[position.turn > 0 ? 0 : 1].checked = true;
      fen.value = chess.write(position);
      fen.removeAttribute("aria-invalid");
      const refusal = chess.fault(position) || chess.ending(position);
      const answers = refusal ? [] : policy.answer(position);
      fan.replaceChildren(...rays(answers));
      list.replaceChildren(...items(answers));
      const words = refusal || sentence(position, answers);
      if (said.textContent !== words) said.textContent = words;
    }

    /** Change the position: what depended on its past is forgotten. @param {Partial<Position>} change */
    function change({ board = position.board, turn = position.turn }) {
      position = { board, turn, castling: chess.fitting(board, position.castling), passant: -1, clock: 0 };
      lifted = -1;
      show();
    }

    /** Put a piece, or none, on a square, and clear another. @param {number} square @param {number} piece @param {number} cleared */
    function put(square, piece, cleared = square) {
      const board = position.board.slice();
      board[cleared] = 0;
      board[square] = piece;
      change({ board });
    }

    /** What a tap does. @param {number} square */
    function tap(square) {
      focus(square);
      const there = position.board[square];
      if (tool !== "") return put(square, there === Number(tool) ? 0 : Number(tool));
      if (lifted >= 0 && lifted !== square) return put(square, position.board[lifted], lifted);
      lifted = lifted < 0 && there ? square : -1;
      show();
    }

    /** @param {number} square */
    function focus(square) {
      cells[focused].setAttribute("tabindex", "-1");
      cells[(focused = square)].setAttribute("tabindex", "0");
      cells[focused].focus();
    }

    /** @param {KeyboardEvent} event */
    function key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const [file, rank] = [focused & 7, focused >> 3];
      /** @type {Record<string, number>} */
      const targets = { ArrowLeft: file ? focused - 1 : focused, ArrowRight: file < 7 ? focused + 1 : focused, Home: 8 * rank,
        ArrowDown: rank ? focused - 8 : focused, ArrowUp: rank < 7 ? focused + 8 : focused, End: 8 * rank + 7 };
      const kind = event.key.length === 1 ? "pnbrqk".indexOf(event.key.toLowerCase()) + 1 : 0;
      if (event.key in targets) focus(targets[event.key]);
      else if (kind) put(focused, event.key === event.key.toUpperCase() ? kind : -kind);
      else if (event.key === "Delete" || event.key === "Backspace") put(focused, 0);
      else if (event.key === "Enter" || event.key === " ") tap(focused);
      else return;
      event.preventDefault();
      event.stopPropagation(); // letters are shortcuts of the theme's
    }

    /** A position as it is written. @param {string} text */
    function set(text) {
      try {
        position = chess.parse(text);
      } catch (error) {
        said.textContent = /** @type {Error} */ (error).message;
        fen.setAttribute("aria-invalid", "true");
        return;
      }
      lifted = -1;
      show();
    }

    /** @type {[string, Node | string][]} */
    const pieces = [1, -1].flatMap((side) => [6, 5, 4, 3, 2, 1].map((kind) => {
      const piece = side * kind;
      return /** @type {[string, Node]} */ ([String(piece), picture(piece, called(piece))]);
    }));
    const tools = choice("tools", "A tap on the board", [["", "moves a piece"], ["0", "takes it away"], ...pieces], (value) => {
      tool = value;
      lifted = -1;
      show();
    });
    const turns = choice("turns", "To move", [["1", "White"], ["-1", "Black"]], (value) => change({ turn: Number(value) }));

    cells.forEach((cell, square) => cell.addEventListener("click", () => tap(square)));
    grid.addEventListener("keydown", key);
    fen.addEventListener("change", () => set(fen.value));
    const buttons = examples.map(([name, text]) => {
      const button = el("button", { type: "button" }, name);
      button.addEventListener("click", () => set(text));
      return button;
    });

    const keys = "Arrow keys go over the board. P, N, B, R, Q or K puts a piece, with shift White\u2019s; Delete takes it away.";
    box.replaceChildren(
      el("p", { class: "board__examples" }, ...buttons),
      el("div", { class: "board" },
        el("div", { class: "board__squares" }, grid, fan),
        el("div", { class: "board__settings" }, tools.box, turns.box,
          el("p", { class: "board__fen" }, el("label", { for: "board-fen" }, "FEN"), fen),
          el("p", { id: "board-keys" }, keys)),
        el("div", { class: "board__answer" }, said, list)));
    show();
    cells[focused].focus();
  }

  const boxes = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-try=board]"));
  boxes.forEach(mount);
})();
