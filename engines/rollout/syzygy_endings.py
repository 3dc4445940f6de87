"""The policy in four endings against a perfect defence, by tables that others computed: Syzygy's.

In all four nothing is captured on the way to mate, so the distance to zeroing (DTZ) of a won position is its distance
to mate, in plies, which tables of four pieces round down to a whole move. The defence that puts it off longest is the
best; a defender who can draw does so.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import chess
import chess.syzygy

from stagelight.engines.experiment.progress import Progress
from stagelight.engines.rollout.puzzles import TOGETHER, Choose, Rate

ENDINGS = {"kqk": "Q", "krk": "R", "kbbk": "BB", "kbnk": "BN"}  # what White has beside the king
MOVE_LIMIT = 50
TRIES = 1_000  # random boards for each position that is wanted
WHENCE = (
    "the Syzygy tables KQvK, KRvK, KBBvK and KBNvK (.rtbw and .rtbz) are in the source archive of chess on PyPI, under "
    "data/syzygy/regular, and at tablebase.lichess.ovh/tables/standard"
)


class Probe(Protocol):
    """Tables of endings, as `chess.syzygy.Tablebase` reads them."""

    def probe_dtz(self, board: chess.Board, /) -> int:
        """Plies to zeroing for the side to move: above 0 where it wins, below where it loses, 0 for a draw."""


@contextmanager
def tables(folder: Path) -> Iterator[Probe]:
    """The tables of a folder.

    Raises:
        ValueError: one that is needed is missing or damaged.
    """
    names = [f"K{pieces}vK.{kind}" for pieces in ENDINGS.values() for kind in ("rtbw", "rtbz")]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise ValueError(f"{folder}: no {missing[0]} in it; {WHENCE}")
    try:
        with chess.syzygy.open_tablebase(str(folder)) as tablebase:
            yield tablebase
    except (OSError, LookupError, AssertionError, struct.error) as error:
        raise ValueError(f"{folder}: a table is missing or damaged ({error}); {WHENCE}") from None


def draw(ending: str, count: int, seed: int, probe: Probe) -> list[chess.Board]:
    """Distinct random positions with White to move and a win, drawn evenly over positions.

    Raises:
        ValueError: there are not that many.
    """
    rng = random.Random(f"{seed}/{ending}")
    pieces = [chess.Piece.from_symbol(symbol) for symbol in f"Kk{ENDINGS[ending]}"]
    found: dict[str, chess.Board] = {}
    for _ in range(TRIES * count):
        board = chess.Board.empty()
        board.set_piece_map(dict(zip(rng.sample(chess.SQUARES, len(pieces)), pieces, strict=True)))
        if board.is_valid() and board.outcome() is None and probe.probe_dtz(board) > 0:
            found.setdefault(board.fen(), board)
            if len(found) == count:
                return list(found.values())
    raise ValueError(f"{ending}: {len(found)} won positions found, {count} wanted; ask for fewer")


def reply(board: chess.Board, probe: Probe) -> chess.Move:
    """The defender's best move: one that draws, or else the one after which mate is farthest."""
    distance = {}
    for move in sorted(board.legal_moves, key=chess.Move.uci):
        board.push(move)
        plies = 0 if board.is_insufficient_material() else probe.probe_dtz(board)
        board.pop()
        if plies <= 0:
            return move
        distance[move] = plies
    return max(distance, key=distance.__getitem__)


@dataclass(frozen=True)
class Result:
    """The results of the positions of an ending."""

    ending: str
    mated: Rate  # within `MOVE_LIMIT` moves
    length_ratio: float | None  # over the mates: moves played / moves needed; None without one


def play(count: int, seed: int, choose: Choose, probe: Probe, progress: Progress) -> list[Result]:
    """Play `count` random positions of each ending."""
    return [_result(ending, draw(ending, count, seed, probe), choose, probe, progress) for ending in ENDINGS]


def _result(ending: str, boards: Sequence[chess.Board], choose: Choose, probe: Probe, progress: Progress) -> Result:
    needed = [probe.probe_dtz(board) // 2 + 1 for board in boards]
    lengths = [0] * len(boards)
    going = list(range(len(boards)))
    for number in range(1, MOVE_LIMIT + 1):
        if not going:
            break
        left = []
        for start in range(0, len(going), TOGETHER):
            some = going[start : start + TOGETHER]
            for at, move in zip(some, choose([boards[at] for at in some]), strict=True):
                boards[at].push(move)
                if boards[at].is_checkmate():
                    lengths[at] = number
                elif _goes_on(boards[at]):
                    boards[at].push(reply(boards[at], probe))
                    left += [at] if _goes_on(boards[at]) else []
        going = left
        progress(ending, len(boards) - len(going), len(boards), {})
    if going:
        progress(ending, len(boards), len(boards), {})
    mated = [at for at, length in enumerate(lengths) if length]
    ratio = sum(lengths) / sum(needed[at] for at in mated) if mated else None
    return Result(ending, Rate(len(mated), len(boards)), ratio)


def _goes_on(board: chess.Board) -> bool:
    return board.outcome() is None and not board.is_repetition(3)
