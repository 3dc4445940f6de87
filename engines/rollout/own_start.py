"""A reader's position in the published policy's training: its groups, rewards and updates there.

The published weights are trained on for a few steps, by the same GRPO over all open starts, and the game in public is
played from the reader's position, again and again.
"""

from __future__ import annotations

from dataclasses import replace

import chess
import numpy as np
import torch

from stagelight.engines.experiment.checkpoint import Log
from stagelight.engines.experiment.progress import NEVER, Progress, interrupt_after
from stagelight.engines.rollout import runs
from stagelight.engines.rollout.chess.fen import from_board
from stagelight.engines.rollout.chess.mate_search import mate_in_one, mate_in_three, mate_in_two
from stagelight.engines.rollout.chess.rules import MOVES
from stagelight.engines.rollout.chess.tablebase import distance
from stagelight.engines.rollout.curriculum import Rule
from stagelight.engines.rollout.environment import reset
from stagelight.engines.rollout.grpo import Trainer
from stagelight.engines.rollout.opponents import NAMES
from stagelight.engines.rollout.policy import Policy
from stagelight.engines.rollout.starts import CELLS, Batch, Cell, Starts, budget
from stagelight.engines.rollout.training_game import TrainingGame

STEPS = 60
CONFIG = replace(runs.PUBLISHED, learning_rate=2e-4, rule=Rule(mode="uniform"))


def batch_of(board: chess.Board) -> tuple[int, Batch]:
    """A reader's position as a start, and the cell that it belongs to.

    Raises:
        ValueError: no forced mate is known in it.
    """
    row = from_board(board)
    cell, needed = _known(row)
    index = CELLS.index(cell)
    moves = np.array([needed])
    environment = reset(row[None], np.array([NAMES[cell.opponent]], np.int8), 0)
    return index, Batch(environment, moves, budget(moves, forced=True))


def _known(row: np.ndarray[tuple[int], np.dtype[np.int8]]) -> tuple[Cell, int]:
    moves = distance(row)
    for cell in CELLS:
        if moves is not None and cell.kind == moves[0] and cell.nearest <= moves[1] <= cell.farthest:
            return cell, moves[1]
    out, inner = np.empty(MOVES, np.uint16), np.empty(MOVES, np.uint16)
    for needed, found in ((1, mate_in_one(row, out, inner)), (2, mate_in_two(row)), (3, mate_in_three(row))):
        if found >= 0:
            return next(cell for cell in CELLS if cell.kind == "mate" and cell.nearest == needed), needed
    raise ValueError(
        "--start: no mate in one, two or three was found there, and it is no won ending of KQK, KRK, KBBK or KBNK; "
        "give a position that has one"
    )


def train(policy: Policy, board: chess.Board, seed: int, progress: Progress, deadline: float = NEVER) -> Log:
    """Train the published policy on for `STEPS` steps and return what is logged of them.

    Raises:
        ValueError: no forced mate is known in the position.
        Interrupted: the deadline passed; nothing is kept, as it takes a minute.
    """
    torch.set_num_threads(1)
    cell, start = batch_of(board)
    config = replace(CONFIG, width=policy.block1.in_features, rank=policy.query.out_features)
    trainer = Trainer(config, seed, Starts(held_out=False), TrainingGame(cell, start))
    trainer.policy.load_state_dict(policy.state_dict())
    log: Log = {}
    for done in range(STEPS):
        interrupt_after(deadline, f"{done} of {STEPS} steps on your position")
        runs.log_step(trainer, trainer.step(), log)
        progress("steps on your position", done + 1, STEPS, {})
    return log
