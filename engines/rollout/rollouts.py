"""Groups of whole rollouts: the policy against an opponent until mate, a draw, or the end of the budget.

All ragged indexing lives here. `Visits` holds each move that was made; equal positions of one ply are kept once, so
the network reads them once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.rollout.chess.features import Observation
from stagelight.engines.rollout.chess.rules import GOING_ON, MATE
from stagelight.engines.rollout.environment import Environment
from stagelight.engines.rollout.policy import Policy, sample


@dataclass(frozen=True)
class Visits:
    """N moves made in R rollouts from S positions."""

    observation: Observation  # of the S positions
    position: NDArray[np.int64]  # (N,) in which position each move was made
    move: NDArray[np.int64]  # (N,) index into observation.code
    reply: NDArray[np.uint16]  # (N,) the opponent's move after it, 0 if the game was over
    rollout: NDArray[np.int64]  # (N,) in which rollout
    old_logp: NDArray[np.float32]  # (N,)
    entropy: NDArray[np.float32]  # (S,) nats
    outcome: NDArray[np.int8]  # (R,) as in `environment`; 0 where the budget ran out
    moves: NDArray[np.int64]  # (R,) the learner's moves
    boards: int  # positions reached, by the learner and by its opponents

    @property
    def mated(self) -> NDArray[np.bool_]:
        """(R,) whether each rollout ended in mate by the learner: the verifier's word."""
        return np.asarray(self.outcome == MATE)

    def distinct(self, group_size: int) -> NDArray[np.int64]:
        """(groups,) how many distinct positions each group of rollouts moved in."""
        pairs = np.unique(self.rollout // group_size * len(self.observation) + self.position)
        return np.bincount(pairs // len(self.observation), minlength=len(self.outcome) // group_size)

    def line(self, rollout: int) -> list[int]:
        """The codes of the moves of both sides in a rollout, the learner's first."""
        made = np.flatnonzero(self.rollout == rollout)
        pairs = zip(self.observation.code[self.move[made]], self.reply[made], strict=True)
        return [int(code) for pair in pairs for code in pair if code]


@dataclass(frozen=True)
class Minibatch:
    """Some positions of many, with the moves made in them."""

    observation: Observation
    move: Tensor  # (n,) index into observation.code
    old_logp: Tensor  # (n,)
    weight: Tensor  # (n,) of each move: its advantage


def play(policy: Policy, environment: Environment, budget: NDArray[np.int64]) -> Visits:
    """Play every game out, sampling. budget: (R,), the learner's moves at most."""
    rows, positions, codes = np.arange(len(environment)), 0, 0
    outcome, moves = np.zeros(len(environment), np.int8), np.zeros(len(environment), np.int64)
    seen: list[Observation] = []
    made: list[tuple[NDArray[Any], ...]] = []  # position, move, reply, rollout, old_logp of each ply
    entropy: list[NDArray[np.float32]] = []
    while len(rows):
        observation, which = environment.observe(rows)
        with torch.no_grad():
            logp = policy(observation).numpy()
        chosen = sample(logp, observation.move_at, which, environment.streams, rows)
        entropy.append(-np.add.reduceat(np.exp(logp) * logp, observation.move_at[:-1]))
        seen.append(observation)
        moves[rows] += 1
        outcome[rows], reply = environment.step(rows, observation.code[chosen], moves[rows] < budget[rows])
        made.append((which + positions, chosen + codes, reply, rows, logp[chosen]))
        positions, codes = positions + len(observation), codes + len(observation.code)
        rows = rows[(outcome[rows] == GOING_ON) & (moves[rows] < budget[rows])]
    position, move, replies, rollout, old_logp = (np.concatenate(column) for column in zip(*made, strict=True))
    reached = len(rollout) + int((replies > 0).sum())
    return Visits(
        join(seen), position, move, replies, rollout, old_logp, np.concatenate(entropy), outcome, moves, reached
    )


def minibatches(
    visits: Visits, weight: NDArray[np.float32], size: int, idle: int, rng: np.random.Generator
) -> Iterator[tuple[Minibatch, float]]:
    """One pass over the positions where a move has a weight, and over as many others at random, at most `idle`.

    Args:
        visits: of a step.
        weight: (N,) of each move, its advantage.
        size: of a minibatch in positions, at most.
        idle: positions without a weight, at most.
        rng: of the order.

    Yields:
        Each minibatch, and its share of the pass.
    """
    carried = np.flatnonzero(weight)
    useful = np.unique(visits.position[carried])
    others = np.setdiff1d(np.arange(len(visits.observation)), useful, assume_unique=True)
    kept = np.concatenate([useful, rng.permutation(others)[: min(idle, len(useful) + 1)]])
    order = carried[np.argsort(visits.position[carried], kind="stable")]
    starts = np.searchsorted(visits.position[order], np.arange(len(visits.observation) + 1))
    if len(kept) == 0:
        return
    for part in np.array_split(rng.permutation(kept), -(-len(kept) // size)):
        observation = take(visits.observation, part)
        inner, ends = ranges(starts, part)
        made = order[inner]
        shift = observation.move_at[:-1] - visits.observation.move_at[part]
        move = visits.move[made] + shift.repeat(np.diff(ends))
        tensors = map(torch.from_numpy, (move, visits.old_logp[made], weight[made]))
        yield Minibatch(observation, *tensors), len(part) / len(kept)


def ranges(at: NDArray[np.int64], index: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """at[i]..at[i + 1] for each i of index, one after the other; and where each then starts, (len(index) + 1,)."""
    counts = at[index + 1] - at[index]
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    return np.repeat(at[index] - starts[:-1], counts) + np.arange(starts[-1]), starts


def take(observation: Observation, index: NDArray[np.int64]) -> Observation:
    """Some positions of many."""
    states, state_at = ranges(observation.state_at, index)
    moves, move_at = ranges(observation.move_at, index)
    return Observation(observation.state[states], state_at, observation.move[moves], observation.code[moves], move_at)


def join(parts: list[Observation]) -> Observation:
    """Positions one after the other."""

    def starts(name: str) -> NDArray[np.int64]:
        counts = np.concatenate([np.diff(getattr(part, name)) for part in parts])
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])

    state, move, code = (np.concatenate([getattr(part, name) for part in parts]) for name in ("state", "move", "code"))
    return Observation(state, starts("state_at"), move, code, starts("move_at"))
