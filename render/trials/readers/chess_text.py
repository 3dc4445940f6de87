"""Chess as text: positions in FEN, puzzles in PGN and EPD, and the lines of a chess program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from stagelight.render.trials.answers import Bench, Case, Wrong, answered
from stagelight.render.trials.mutations import BYTES, TEXTS
from stagelight.render.trials.readers.common import damaged, from_file, generator

FENS = (
    "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
    "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
    "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1",
    "rnbqkbnr/ppp1pppp/8/3pP3/8/8/PPPP1PPP/RNBQKBNR b KQkq - 0 2",
    "6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1",
    "R6R/3Q4/1Q4Q1/4Q3/2Q4Q/Q4Q2/pp1Q4/kBNN1KB1 w - - 0 1",  # 218 moves
    "8/P7/8/8/8/8/7p/k1K5 b - - 99 120",
)
PGN = """[Event "mate in 2 {x}"]
[FEN "kbK5/pp6/1P6/8/8/8/8/R7 w - - 0 1"]
[SetUp "1"]

1. Ra6 {the rook (gives itself)} bxa6 (1... B~ 2. Rxa7#) 2. b7# 1-0

[Event "two"]
[FEN "6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1"]

1. Ra8# $1 ; the end
1-0
"""
EPD = '6k1/5ppp/8/8/8/8/8/R5K1 w - - dm 1; bm Ra8#; id "one";\n4k3/8/4K3/8/8/8/8/7R w - - dm 1; # two\n'
UCI = (
    "uci\nisready\nucinewgame\nposition startpos moves e2e4 e7e5\ngo depth 3\nsetoption name MultiPV value 2\n"
    "position fen 6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1\ngo searchmoves a1a8\ngo infinite\nstop\ngo ponder\nponderhit\n"
    "setoption name Temperature value 2\ngo movetime 100\nquit\n"
)
COMMANDS = {"uci", "isready", "ucinewgame", "setoption", "position", "go", "stop", "ponderhit", "quit"}
REPLY = re.compile(
    r"bestmove ([a-h][1-8][a-h][1-8][qrbn]?|0000)( ponder [a-h][1-8][a-h][1-8][qrbn]?)?|info [ -~]*|id [ -~]*"
    r"|option name [ -~]*|uciok|readyok"
)


def fen(_: Path) -> Bench:
    """A FEN, for `play`, `uci` and `record --start`; one that is read is played, on the compiled rules too."""
    import chess  # noqa: PLC0415
    import torch  # noqa: PLC0415

    from stagelight.engines.rollout import inference, policy  # noqa: PLC0415

    network = policy.Policy(32, 8, torch.Generator().manual_seed(0))
    inference.candidates(network, chess.Board())

    def sound(text: str, board: chess.Board) -> bool:
        moves = inference.candidates(network, board)
        fields = text.split()
        placed = fields[0] == board.board_fen() and (len(fields) < 2 or fields[1] == ("w" if board.turn else "b"))
        ours = {move for move, _ in moves} == set(board.legal_moves)
        return placed and ours and board.is_valid() and abs(sum(share for _, share in moves) - 1) < 1e-3

    def answer(text: str) -> str:
        return answered(lambda: inference.position(text), (ValueError,), partial(sound, text), "FEN")

    def mutated(seed: int, number: int) -> Case:
        start = FENS[number % len(FENS)]
        name, data = damaged(start.encode(), TEXTS, generator("fen", seed, number), number // len(FENS))
        return Case(name, partial(answer, data.decode("utf-8", "replace")))

    kings, start = "4k3/8/8/8/8/8/8/4K2R", FENS[0]
    by_hand = (
        "",
        " ",
        "startpos",
        start[:20],
        start * 200,
        "8/8/8/8/8/8/8/8 w - - 0 1",
        f"{kings} w KQkq - 0 1",
        f"{kings} b K - 0 1",
        f"{kings} w K e3 0 1",
        f"{kings} w - - -1 1",
        f"{kings} w - - 0 0",
        f"{kings} w - - 99999999999999999999 1",
        f"{kings} w - - 0 1 0 1",
        f"{kings} W - - 0 1",
        f"{kings} w - -",
        f"{kings}\tw\t-\t-\t0\t1",
        f"{kings} w - - 0 1\n\x1b[31m",
        "9/8/8/8/8/8/8/4K2k w - - 0 1",
        "44k3/8/8/8/8/8/8/4K2R w - - 0 1",
        "kkkkkkkk/8/8/8/8/8/8/KKKKKKKK w - - 0 1",
        "4k2P/8/8/8/8/8/8/4K3 w - - 0 1",
        "QQQQQQQQ/QQQQQQQQ/QQQQQQQQ/8/8/8/k7/7K w - - 0 1",
        f"{kings} w - - \u0661 1",
        "4k3/8/8/8/8/8/4r3/4K3 b - - 0 1",
        "\ufeff" + start,
        "4K3/8/4k3/8/8/8/8/8 w - - 0 1",
        f"{kings} w HAha - 0 1",
    )
    return Bench(mutated, tuple(Case(ascii(text[:40]), partial(answer, text)) for text in by_hand))


def puzzles(folder: Path) -> Bench:
    """Files of PGN and of EPD, for `score rollout --puzzles`."""
    import chess  # noqa: PLC0415

    from stagelight.engines.rollout import puzzle_files  # noqa: PLC0415

    def sound(found: tuple[list[puzzle_files.Puzzle], list[str]]) -> bool:
        plain = all(fault.isprintable() and len(fault) < 600 for fault in found[1])
        legal = all(
            chess.Board(one.fen).is_valid() and (one.moves is None or 1 <= one.moves <= 100) for one in found[0]
        )
        return plain and legal

    def answer(path: Path) -> str:
        return answered(lambda: puzzle_files.read(path), (ValueError,), sound, path.name)

    texts = {"puzzles.pgn": PGN.encode(), "puzzles.epd": EPD.encode()}
    for name, data in texts.items():
        (folder / name).write_bytes(data)
        assert answer(folder / name) == "read"

    def mutated(seed: int, number: int) -> Case:
        name = ("puzzles.pgn", "puzzles.epd")[number % 2]
        return from_file(
            folder / name, *damaged(texts[name], TEXTS, generator("puzzles", seed, number), number // 2), answer
        )

    game = '[FEN "6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1"]\n\n'
    pgn = {
        "empty": "",
        "no position": '[Event "x"]\n\n1. e4 *\n',
        "a variant": '[Variant "Atomic"]\n' + game + "1. Ra8# *\n",
        "10,000 open brackets": game + "1. Ra7 " + "(" * 10_000,
        "10,000 closed brackets": game + "1. Ra7 " + ")" * 10_000,
        "a comment that does not end": game + "1. Ra8# {" + "x" * 50_000,
        "a null move": game + "1. -- *\n",
        "an illegal move": game + "1. Ra9 *\n",
        "another's move": game + "1... Kf8 *\n",
        "mate in 999": '[Event "mate in 999"]\n' + game,
        "a header in a header": '[FEN "[FEN "x"]"]\n',
        "200,000 characters": game + "1. Ra7 " * 30_000,
        "commands of a terminal": game + "{\x1b]0;x\x07} 1. Ra8# *\n",
        "a header of a megabyte": f'[Event "{"x" * (1 << 20)}"]\n{game}',
        "40 brackets deep": game + "1. Ra7 " + "".join(f"({n}. Ra6 " for n in range(40)),
    }
    one = "6k1/5ppp/8/8/8/8/8/R5K1 w - -"
    epd = {
        "dm -1": f"{one} dm -1;",
        "dm 1e9": f"{one} dm 1000000000;",
        "dm of words": f"{one} dm soon;",
        "no end": f"{one} dm 1",
        "a quotation that does not end": f'{one} id "x;',
        "bm of another": f"{one} bm Qa1;",
        "pv of a thousand": f"{one} pv " + "Ra8 " * 999,
        "an operation without a name": f"{one} ;;;;",
        "dm 1, no mate": "6k1/5ppp/8/8/8/8/8/7K w - - dm 1;",
    }
    made = [from_file(folder / "puzzles.pgn", what, text.encode(), answer) for what, text in pgn.items()]
    made += [from_file(folder / "puzzles.epd", what, text.encode(), answer) for what, text in epd.items()]
    return Bench(mutated, tuple(made))


def uci(_: Path) -> Bench:
    """A stream of bytes to the engine: every `go` is answered by one legal move or 0000, in lines of plain ASCII."""
    import chess  # noqa: PLC0415

    from stagelight.engines.rollout import uci as engine  # noqa: PLC0415
    from stagelight.engines.rollout import uci_input  # noqa: PLC0415

    def candidates(board: chess.Board) -> list[tuple[chess.Move, float]]:
        moves = list(board.legal_moves)
        return [(move, 1 / len(moves)) for move in moves]

    def answer(data: bytes) -> str:
        parts = iter([data[at : at + 700] for at in range(0, len(data), 700)] + [b""])
        said = list(engine.answers(candidates, uci_input.split_lines(lambda: next(parts))))
        if odd := next((line for line in said if not REPLY.fullmatch(line)), ""):
            raise Wrong("a line that is not one of UCI's", ascii(odd)[:200])
        moves, asked = sum(line.startswith("bestmove") for line in said), _asked(data)
        if moves != asked:
            raise Wrong("not one move for each go", f"{moves} for {asked}")
        return "read"

    def mutated(seed: int, number: int) -> Case:
        name, data = damaged(UCI.encode(), (*TEXTS, *BYTES), generator("uci", seed, number), number)
        return Case(name, partial(answer, data))

    by_hand = (
        b"",
        b"\n" * 10_000,
        b"\0" * 5000,
        b"x" * 300_000,
        b"go",
        b"go\ngo\ngo",
        b"go infinite\nquit",
        b"stop\nponderhit\nstop\n",
        b"position\ngo\n",
        b"position fen\ngo\n",
        b"position startpos moves e2e5\ngo\n",
        b"position startpos e2e4\ngo\n",
        b"position startpos moves " + b"g1f3 g8f6 f3g1 f6g8 " * 2000 + b"\ngo\n",
        b"setoption name MultiPV value " + b"9" * 5000 + b"\ngo\n",
        b"setoption name MultiPV value -1\ngo\n",
        b"setoption name Temperature value nan\ngo\n",
        b"setoption\nsetoption name\ngo\n",
        b"setoption name Temperature value 1e-300\ngo\n",
        b"setoption name UCI_Chess960 value true\nposition startpos\ngo\n",
        b"\xe9\xff go\n",
        b"go searchmoves \xff\xfe e2e4\n",
        b"go searchmoves\n",
        "isready \u202e\n".encode() + b"go\n",
        b"go depth " + b"9" * 70_000 + b"\n",
        b"position fen 7k/8/8/8/8/8/8/K7 w - - 0 1\ngo\n",
        b"\x1b[2J\nuci\n",
    )
    return Bench(mutated, tuple(Case(ascii(data[:40]), partial(answer, data)) for data in by_hand))


def _asked(data: bytes) -> int:
    """The number of times that `go` is asked for, before `quit`; of a line the first command counts."""
    return sum(command == "go" for command in _commands(data))


def _commands(data: bytes) -> Iterator[str]:
    for line in data.decode("latin-1").split("\n"):
        words = line[:65_537].replace("\0", " ").split()
        command = next((word for word in words if word in COMMANDS), "")
        yield command
        if command == "quit":
            return
