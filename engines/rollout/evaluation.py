"""Scores of a policy from held-out starts, playing its most probable move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.rollout import mates
from stagelight.engines.rollout.chess.features import MOVE, MOVE_AT, observe
from stagelight.engines.rollout.chess.rules import GOING_ON, MATE
from stagelight.engines.rollout.chess.tablebase import ENDINGS, solve
from stagelight.engines.rollout.environment import LOST, Environment, reset
from stagelight.engines.rollout.opponents import NAMES
from stagelight.engines.rollout.policy import Policy, best
from stagelight.engines.rollout.starts import CELLS, MOST_MOVES, Cell, Starts, ending_boards, join

MATE_ROOM = 1  # moves beyond the needed ones that a mate in two or three may take
POSITIONS = 2_000  # of an ending, at most
GAMES = 512  # from each start of whole games


@dataclass(frozen=True)
class Result:
    """Greedy play from B starts."""

    outcome: NDArray[np.int8]  # (B,) as in `environment`; 0 where the budget ran out
    moves: NDArray[np.int64]  # (B,) the policy's

    @property
    def mated(self) -> NDArray[np.bool_]:
        """(B,) whether the policy mated."""
        return np.asarray(self.outcome == MATE)


def greedy(policy: Policy, environment: Environment, most: NDArray[np.int64], chunk: int = 4096) -> Result:
    """Play every game out with the most probable moves. most: (B,), the policy's moves at most."""
    outcome, moves = np.zeros(len(environment), np.int8), np.zeros(len(environment), np.int64)
    alive = np.arange(len(environment))
    while len(alive):
        for start in range(0, len(alive), chunk):
            rows = alive[start : start + chunk]
            observation, which = environment.observe(rows)
            with torch.no_grad():
                chosen = best(policy(observation).numpy(), observation.move_at)[which]
            moves[rows] += 1
            outcome[rows], _ = environment.step(rows, observation.code[chosen], moves[rows] < most[rows])
        alive = alive[(outcome[alive] == GOING_ON) & (moves[alive] < most[alive])]
    return Result(outcome, moves)


def success(
    policy: Policy, starts: Starts, count: int, seed: int, cells: Sequence[Cell] = CELLS
) -> NDArray[np.float32]:
    """(cells,) share of `count` fixed starts of each cell from which the policy mates within the budget."""
    drawn = [starts.draw(cell, count, np.random.default_rng((seed, index))) for index, cell in enumerate(cells)]
    batch = join(drawn)
    result = greedy(policy, batch.environment, batch.budget)
    return np.asarray(result.mated.reshape(len(cells), count).mean(axis=1), np.float32)


def facts(policy: Policy, starts: Starts, seed: int) -> dict[str, float]:
    """Score a trained policy from held-out starts, under the names of the recording's facts."""
    found: dict[str, float] = {}
    for depth, name in enumerate(("one", "two", "three"), 1):
        result = _mates(policy, starts, depth)
        found[f"mate_in_{name}.{'solve_rate' if depth == 1 else 'rate'}"] = float(result.mated.mean())
        found[f"mate_in_{name}.exact"] = float((result.mated & (result.moves <= depth)).mean())
    for name in ENDINGS:
        result, needed = _ending(policy, starts, name, seed)
        found[f"{name}.win_rate"] = float(result.mated.mean())
        if result.mated.any():
            won = result.mated
            found[f"{name}.length_ratio"] = float(result.moves[won].sum() / needed[won].sum())
    for depth in (1, 5, 16):
        cell = next(cell for cell in CELLS if cell.kind == "tail" and cell.nearest == depth)
        batch = starts.draw(cell, GAMES, np.random.default_rng(seed))
        most = np.full(GAMES, MOST_MOVES if depth > 1 else 1)
        rate = float(greedy(policy, batch.environment, most).mated.mean())
        found["tails.first_move.1" if depth == 1 else f"tails.{2 * depth - 1}"] = rate
    for cell in CELLS:
        if cell.kind == "opening":
            batch = starts.draw(cell, GAMES, np.random.default_rng(seed))
            result = greedy(policy, batch.environment, batch.budget)
            found[f"opening.{cell.opponent}"] = float(result.mated.mean())
            found[f"opening.{cell.opponent}.lost"] = float((result.outcome == LOST).mean())
    return found


def mate_rate(policy: Policy, starts: Starts) -> float:
    """The share of all mates in one that the most probable move gives."""
    return float(_mates(policy, starts, 1).mated.mean())


def _mates(policy: Policy, starts: Starts, depth: int) -> Result:
    boards = mates.unpack(starts.mates[depth - 1])
    environment = reset(boards, np.full(len(boards), NAMES["longest"], np.int8), depth)
    most = np.full(len(boards), depth + (MATE_ROOM if depth > 1 else 0))
    return greedy(policy, environment, most)


def _ending(policy: Policy, starts: Starts, name: str, seed: int) -> tuple[Result, NDArray[np.int64]]:
    """Greedy play from held-out positions of an ending, drawn evenly over positions, under the fifty-move rule."""
    codes = starts.ending(name)
    chosen = np.random.default_rng(seed).permutation(codes)[:POSITIONS]
    boards = ending_boards(name, chosen)
    environment = reset(boards, np.full(len(boards), NAMES["tablebase"], np.int8), seed)
    return greedy(policy, environment, np.full(len(boards), MOST_MOVES)), solve(name).white[chosen].astype(np.int64)


def flags_only(starts: Starts) -> dict[str, float]:
    """The share of mates in one hit without a network: drawing evenly from moves that some of its inputs mark.

    `random` draws from all legal moves, `checks` from those that give check, `safe_checks` from the checks that land
    on a square which the other side does not attack; where no move is marked, from all.
    """
    boards = mates.unpack(starts.mates[0])
    environment = reset(boards, np.zeros(len(boards), np.int8), 0)
    observation = observe(environment.boards, environment.history, np.arange(len(boards)))
    safety = observation.move[:, list(MOVE).index("safety")] - MOVE_AT["safety"]
    owner, mates_now = environment.mating(observation)
    found = {}
    for name, marked in (
        ("random", np.ones(len(owner), np.bool_)), ("checks", safety >= 4), ("safe_checks", (safety & 6) == 4),
    ):  # fmt: skip
        count = np.bincount(owner[marked], minlength=len(boards))
        hits = np.bincount(owner[marked & mates_now], minlength=len(boards))
        everything = np.bincount(owner[mates_now], minlength=len(boards)) / np.bincount(owner)
        found[name] = float(np.where(count > 0, hits / np.maximum(count, 1), everything).mean())
    return found
