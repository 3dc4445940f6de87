"""The policy as a chess engine: the Universal Chess Interface.

The policy does not search: an answer costs one or two passes of the network, so time controls and limits of depth,
nodes and time are taken and change nothing. `go infinite` and `go ponder` hold the move back until `stop` or
`ponderhit`. Nor does the policy evaluate. A chess program expects a score, so each line has one that claims as little
as possible: `mate 1` where the line's first move is checkmate by the rules, else `cp 0`, which stands for "unknown".
The move's probability ends the line, as its `string`.
"""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import chess

from stagelight.engines.rollout.inference import quoted
from stagelight.engines.rollout.uci_input import LONGEST, WAITING, parse_position, searchmoves

Candidates = Callable[[chess.Board], list[tuple[chess.Move, float]]]  # legal moves, likeliest first

NAME = "Stagelight rollout"
NO_MOVE = "bestmove 0000"
NOTES = (
    "no evaluation: score cp 0 means unknown, mate 1 means checkmate by the rules; the policy's probability follows",
    "no search: limits of time, depth and nodes, Threads and Hash change nothing",
)
COLDEST, HOTTEST = 0.01, 100.0


@dataclass(frozen=True)
class Option:
    """A setting that a chess program may change. A spin is a whole number from low to high."""

    name: str
    kind: str  # spin, check or string
    default: str
    low: int = 0
    high: int = 0

    def declared(self) -> str:
        """The line in answer to `uci`."""
        bounds = f" min {self.low} max {self.high}" if self.kind == "spin" else ""
        return f"option name {self.name} type {self.kind} default {self.default}{bounds}"

    def refusal(self, value: str) -> str:
        """A sentence on the value wanted instead of one that cannot be used; nothing if it can."""
        if self.kind == "check":
            return "" if value in {"true", "false"} else "true or false"
        if self.kind == "spin":
            fits = value.isascii() and value.isdigit() and len(value) < 19 and self.low <= int(value) <= self.high
            return "" if fits else f"a whole number from {self.low} to {self.high}"
        with contextlib.suppress(ValueError):
            if float(value) == 0 or COLDEST <= float(value) <= HOTTEST:
                return ""
        return f"0 or a number from {COLDEST} to {HOTTEST:g}"


OPTIONS = (
    Option("Threads", "spin", "1", 1, 1024),
    Option("Hash", "spin", "16", 1, 1_048_576),
    Option("MultiPV", "spin", "1", 1, 256),
    Option("Ponder", "check", "false"),
    Option("UCI_Chess960", "check", "false"),
    Option("Temperature", "string", "0"),  # 0: the most probable move; T: drawn from probability ** (1 / T)
    Option("Seed", "spin", "0", 0, 2**31 - 1),  # of the draws in a game
)


def answers(candidates: Candidates, lines: Iterable[str]) -> Iterator[str]:
    """Replies to the lines of a chess program, until `quit` or their end. Each `go` gets exactly one `bestmove`."""
    session = _Session(candidates)
    for line in lines:
        yield from session.reply(line)
        if session.over:
            break
    yield from session.release()


class _Session:
    """One conversation: the position, the settings, and a move that is held back."""

    def __init__(self, candidates: Candidates) -> None:
        self.candidates = candidates
        self.values = {option.name: option.default for option in OPTIONS}
        self.board: chess.Board | None = chess.Board()  # None: the last one given was refused
        self.held: str | None = None  # the answer that waits for `stop` or `ponderhit`
        self.over = False
        self.replies: dict[str, Callable[[list[str]], Iterator[str]]] = {
            "uci": self._uci, "isready": self._ready, "ucinewgame": self._new_game, "setoption": self._set,
            "position": self._position, "go": self._go, "stop": self._release, "ponderhit": self._release,
            "quit": self._quit,
        }  # fmt: skip
        self._start_game()

    def reply(self, line: str) -> Iterator[str]:
        """The lines in answer to one. What stands before its command is skipped, as the protocol asks."""
        words = line.replace("\0", " ").split()
        at = next((index for index, word in enumerate(words) if word in self.replies), None)
        if at is None:
            return
        if len(line) > LONGEST:
            yield f"info string a line of more than {LONGEST} bytes: only its command {words[at]} is taken"
        yield from self.replies[words[at]](words[at + 1 :] if len(line) <= LONGEST else [])

    def release(self) -> Iterator[str]:
        """The move that was held back, if one was."""
        if self.held is not None:
            yield self.held
        self.held = None

    def _release(self, _: list[str]) -> Iterator[str]:
        return self.release()

    def _quit(self, _: list[str]) -> Iterator[str]:
        self.over = True
        yield from ()

    def _uci(self, _: list[str]) -> Iterator[str]:
        yield f"id name {NAME}"
        yield "id author the Stagelight authors"
        yield from (option.declared() for option in OPTIONS)
        yield from (f"info string {note}" for note in NOTES)
        yield "uciok"

    def _ready(self, _: list[str]) -> Iterator[str]:
        self.candidates(chess.Board())  # compiles, the first time: seconds that no move has to wait for
        yield "readyok"

    def _start_game(self) -> None:
        self.random = random.Random(int(self.values["Seed"]))

    def _new_game(self, _: list[str]) -> Iterator[str]:
        self.board = chess.Board()
        self._start_game()
        yield from ()

    def _set(self, words: list[str]) -> Iterator[str]:
        """`name ID value X`."""
        at = words.index("value") if "value" in words else len(words)
        name, value = " ".join(words[1:at]), " ".join(words[at + 1 :])
        option = next((each for each in OPTIONS if each.name.lower() == name.lower()), None)
        if option is None:
            yield f"info string no option {quoted(name)}; there are {', '.join(each.name for each in OPTIONS)}"
            return
        value = value.lower()
        if wanted := option.refusal(value):
            kept = self.values[option.name]
            yield f"info string {option.name} {quoted(value)}: wanted {wanted}; it stays {kept}"
            return
        self.values[option.name] = value
        if option.name == "Seed":
            self._start_game()

    def _position(self, words: list[str]) -> Iterator[str]:
        try:
            self.board = parse_position(words, self._chess960)
        except ValueError as error:
            self.board = None
            yield f"info string refused: {error}"

    @property
    def _chess960(self) -> bool:
        return self.values["UCI_Chess960"] == "true"

    def _go(self, words: list[str]) -> Iterator[str]:
        yield from self.release()
        *lines, self.held = self._search(words)
        yield from lines
        if WAITING.isdisjoint(words):
            yield from self.release()

    def _search(self, words: list[str]) -> Iterator[str]:
        """The lines in answer to `go`, the last of which names the move."""
        if self.board is None:
            yield "info string no move: the last position was refused"
            yield NO_MOVE
            return
        board, ranked = self.board, self.candidates(self.board)
        if (wanted := searchmoves(words, board)) is not None:
            ranked = [(move, share) for move, share in ranked if move in wanted]
        if not ranked:
            yield f"info string no move: {'the game is over' if wanted is None else 'no legal one in searchmoves'}"
            yield NO_MOVE
            return
        chosen = self._choose(ranked)
        ranked.insert(0, ranked.pop(chosen))
        lines = [self._line(board, move) for move, _ in ranked[: int(self.values["MultiPV"])]]
        for rank, ((move, share), (score, line)) in enumerate(zip(ranked, lines, strict=False), 1):
            said = f"{board.san(move)} {100 * share:.1f} %"
            yield f"info depth 1 multipv {rank} score {score} nodes 1 pv {' '.join(line)} string {said}"
        yield "bestmove " + " ponder ".join(lines[0][1])

    def _line(self, board: chess.Board, move: chess.Move) -> tuple[str, list[str]]:
        """A move's score, and the move with the reply that the policy finds most probable."""
        after = board.copy()
        after.push(move)
        line = [board.uci(move, chess960=self._chess960)]
        if reply := self.candidates(after):
            line.append(after.uci(reply[0][0], chess960=self._chess960))
        return "mate 1" if after.is_checkmate() else "cp 0", line

    def _choose(self, ranked: list[tuple[chess.Move, float]]) -> int:
        """The index of the move to play: the first, or at a temperature T drawn from probability ** (1 / T)."""
        temperature, top = float(self.values["Temperature"]), ranked[0][1]
        if temperature == 0 or top == 0:
            return 0
        weights = [math.exp(math.log(share / top) / temperature) if share / top > 0 else 0.0 for _, share in ranked]
        return self.random.choices(range(len(ranked)), weights)[0]
