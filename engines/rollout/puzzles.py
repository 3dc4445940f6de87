"""The policy on puzzles: mate within the moves that it takes at best, against Stockfish's defence.

Nothing but the rules says what is a mate. In every puzzle the policy plays its most probable move, and Stockfish, with
a fixed number of nodes and an empty memory before each move, answers until mate, a draw, or one move more than needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import chess
import chess.engine

from stagelight.engines.experiment.progress import Progress
from stagelight.engines.rollout.chess.fen import mating_moves
from stagelight.engines.rollout.puzzle_files import Puzzle
from stagelight.engines.rollout.stockfish import opened

Choose = Callable[[Sequence[chess.Board]], list[chess.Move]]  # a policy's moves in many positions
DEFENCE_NODES = 2_000  # of a reply
MATE_NODES, DEEPEST = 200_000, 6  # of a search for the number of moves, and the most that are looked for
TOGETHER = 256  # positions that a policy is asked at once


@dataclass(frozen=True)
class Stockfish:
    """Stockfish on one thread, its memory emptied before each question, so that an answer depends on nothing else."""

    engine: chess.engine.SimpleEngine

    def reply(self, board: chess.Board) -> chess.Move:
        """The best move found within `DEFENCE_NODES` nodes."""
        move = self.engine.play(board, chess.engine.Limit(nodes=DEFENCE_NODES), game=object()).move
        assert move is not None
        return move

    def moves_to_mate(self, board: chess.Board) -> int | None:
        """The moves in which the side to move mates, at most `DEEPEST`; None if none are found."""
        for moves in range(2, DEEPEST + 1):
            limit = chess.engine.Limit(mate=moves, nodes=MATE_NODES)
            score = self.engine.analyse(board, limit, game=object()).get("score")
            found = score.relative.mate() if score else None
            if found is not None and 0 < found <= moves:
                return found
        return None


@contextmanager
def stockfish(path: str) -> Iterator[Stockfish]:
    """A Stockfish that runs as long as it is needed.

    Raises:
        ValueError: it cannot be started, or it ended.
    """
    try:
        with opened(path) as engine:
            yield Stockfish(engine)
    except (OSError, chess.engine.EngineError) as error:
        raise ValueError(f"{path}: Stockfish does not answer ({error}); on Debian: apt-get install stockfish") from None


@dataclass(frozen=True)
class Attempt:
    """The policy's play in a puzzle whose number of moves is known."""

    puzzle: Puzzle
    first: str  # its first move, in UCI notation
    mated_in: int | None  # moves; None without a mate in one move more than needed

    @property
    def solved_first(self) -> bool | None:
        """True if the first move is the solution's, or any that mates at once; None where the file names none."""
        if self.mated_in == 1:
            return True
        if self.puzzle.moves == 1:
            return False
        return None if self.puzzle.solution is None else self.first == self.puzzle.solution


def find_moves(
    puzzles: Sequence[Puzzle], moves_to_mate: Callable[[chess.Board], int | None], progress: Progress
) -> list[Puzzle]:
    """The puzzles, with the number of moves where the file does not say it and it is found: one by the rules."""
    found = []
    for done, puzzle in enumerate(puzzles, 1):
        board = chess.Board(puzzle.fen)
        if puzzle.moves is None:
            found.append(replace(puzzle, moves=1 if mating_moves(board) else moves_to_mate(board)))
        else:
            found.append(puzzle)
        progress("counting moves to mate", done, len(puzzles), {})
    return found


def play(
    puzzles: Sequence[Puzzle], choose: Choose, reply: Callable[[chess.Board], chess.Move], progress: Progress
) -> list[Attempt]:
    """Play each puzzle whose number of moves is known, to one move more than that."""
    known = [puzzle for puzzle in puzzles if puzzle.moves is not None]
    attempts = list[Attempt]()
    for at in range(0, len(known), TOGETHER):
        attempts += _play(known[at : at + TOGETHER], choose, reply)
        progress("playing puzzles", len(attempts), len(known), {})
    return attempts


def _play(puzzles: Sequence[Puzzle], choose: Choose, reply: Callable[[chess.Board], chess.Move]) -> list[Attempt]:
    boards = [chess.Board(puzzle.fen) for puzzle in puzzles]
    first, mated_in = [""] * len(boards), [0] * len(boards)
    going, number = list(range(len(boards))), 0
    while going:
        number += 1
        left = []
        for at, move in zip(going, choose([boards[at] for at in going]), strict=True):
            board = boards[at]
            board.push(move)
            first[at] = first[at] or move.uci()
            if board.is_checkmate():
                mated_in[at] = number
            elif number <= (puzzles[at].moves or 0) and board.outcome() is None:
                board.push(reply(board))
                if board.outcome() is None:
                    left.append(at)
        going = left
    return [Attempt(*each) for each in zip(puzzles, first, [moves or None for moves in mated_in], strict=True)]


@dataclass(frozen=True)
class Rate:
    """A count out of a total, with the share and its 95 % Wilson interval."""

    count: int
    of: int

    def described(self) -> dict[str, float]:
        """Everything about it, for JSON; a share and an interval only where there is something to count."""
        from scipy import stats  # noqa: PLC0415  # half a second that playing does not need

        counts: dict[str, float] = {"count": self.count, "of": self.of}
        if not self.of:
            return counts
        low, high = stats.binomtest(self.count, self.of).proportion_ci(0.95, method="wilson")
        return {**counts, "rate": self.count / self.of, "low": float(low), "high": float(high)}


@dataclass(frozen=True)
class Row:
    """The puzzles of one number of moves to mate, n."""

    moves: int  # n
    first_move: Rate  # of those whose solution is known
    within_n: Rate
    within_n_plus_1: Rate


def rows(attempts: Sequence[Attempt]) -> list[Row]:
    """The result, a row for each number of moves to mate."""
    found = []
    for moves in sorted({attempt.puzzle.moves or 0 for attempt in attempts}):
        some = [attempt for attempt in attempts if attempt.puzzle.moves == moves]
        solved = [attempt.solved_first for attempt in some if attempt.solved_first is not None]
        lengths = [attempt.mated_in for attempt in some if attempt.mated_in is not None]
        within = sum(length <= moves for length in lengths)
        found.append(Row(moves, Rate(sum(solved), len(solved)), Rate(within, len(some)), Rate(len(lengths), len(some))))
    return found
