"""One game played in public while the policy trains: each of its moves is one training step.

Its position is the first start of every step, so the group sampled there is a true group of that step. What the policy
makes of the position is read before and after the update; then the move that is now the most probable is played, the
opponent replies, and the position reached is in the next step. A game that has ended, or has used up its moves, is
followed by one from the curriculum's frontier.

Of each layer the first `UNITS` units are recorded: weights start at random, so these are as good as any others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.rollout.chess.features import STATE, Observation
from stagelight.engines.rollout.chess.rules import GOING_ON, MOVES
from stagelight.engines.rollout.environment import OPENING, Environment, reset
from stagelight.engines.rollout.policy import Policy
from stagelight.engines.rollout.rollouts import Visits
from stagelight.engines.rollout.starts import Batch

MOST_MEN, PIECES = 32, STATE["piece"]  # pieces on a board; features that name one on its square
SHOWN = 8  # moves recorded of each position: the most probable ones after the step
UNITS = 16
LINE = 24  # plies recorded of each rollout of its group
_ROW = np.zeros(1, np.int64)
_ARRAYS = ("boards", "history", "streams", "opponents")


@dataclass(frozen=True)
class Probe:
    """A position and what the network makes of it."""

    observation: Observation
    probability: NDArray[np.float32]  # (K,) of each legal move
    activation: NDArray[np.float32]  # (3, UNITS) h0, h1, h2
    incoming: tuple[NDArray[np.float32], ...]  # weights into each layer's units, (width, inputs) each
    to_moves: NDArray[np.float32]  # (K, UNITS) weight from each shown unit of h2 to each move's logit


class TrainingGame:
    """The game going on. `enter` puts it into a step, `record` plays its next moves."""

    def __init__(self, cell: int = 0, start: Batch | None = None) -> None:
        self.own = None if start is None else (cell, start)  # where each game starts, if not at the frontier
        self.board = reset(OPENING[None], np.zeros(1, np.int8), 0)
        self.cell, self.moves, self.needed, self.budget, self.going = 0, 0, 0, 0, False

    def enter(self, cell: int, fresh: Batch) -> Batch:
        """The game as the start of a step; if none is going on, the first of `fresh`, of `cell`, becomes it."""
        if not self.going:
            cell, fresh = self.own or (cell, fresh)
            self.board = Environment(*(getattr(fresh.environment, name)[:1].copy() for name in _ARRAYS))
            self.cell, self.moves, self.going = cell, 0, True
            self.needed, self.budget = int(fresh.needed[0]), int(fresh.budget[0])
        board = Environment(*(getattr(self.board, name).copy() for name in _ARRAYS))
        left = np.array([max(1, self.needed - self.moves)]), np.array([self.budget - self.moves])
        return Batch(board, *left)

    def probe(self, policy: Policy) -> Probe:
        """Read the network as it acts on the game's position."""
        observation, _ = self.board.observe(_ROW)
        with torch.no_grad():
            activation = torch.cat(policy.trunk(observation))[:, :UNITS].numpy()
            incoming = tuple(weight.numpy().copy() for weight in policy.layers())
            probability = policy(observation).exp().numpy()
            return Probe(observation, probability, activation, incoming, policy.to_moves(observation, UNITS).numpy())

    def record(
        self, before: Probe, policy: Policy, visits: Visits, reward: NDArray[np.float32], advantage: NDArray[np.float32]
    ) -> dict[str, NDArray[Any]]:
        """The record of a step whose first group is the game's; the game is played on. reward: (G,)."""
        after, lines = self.probe(policy), np.zeros((len(reward), LINE), np.uint16)
        for rollout, line in enumerate(lines):
            moves = visits.line(rollout)[:LINE]
            line[: len(moves)] = moves
        group: dict[str, NDArray[Any]] = {
            "drawn": lines[:, 0].copy(), "line": lines, "ending": visits.outcome[: len(reward)], "reward": reward,
            "advantage": advantage, "legal_moves": _padded(before.observation.code, np.uint16, MOVES),
            "all_before": _padded(before.probability, np.float32, MOVES),
            "all_after": _padded(after.probability, np.float32, MOVES),
        }  # fmt: skip
        return group | _links(before, after) | self._follow(before, after)

    def _follow(self, before: Probe, after: Probe) -> dict[str, NDArray[Any]]:
        """Play the move that is now the most probable, let the opponent reply."""
        code, order = before.observation.code, np.argsort(-after.probability, kind="stable")[:SHOWN]
        layers = list(zip(before.incoming, after.incoming, strict=True))
        board = self.board.boards[0].copy()
        self.moves += 1
        outcome, reply = self.board.step(_ROW, code[order[:1]], np.array([self.moves < self.budget]))
        self.going = bool(outcome[0] == GOING_ON and self.moves < self.budget)
        return {
            "board": board,
            "cell": np.array(self.cell, np.int16),
            "needed": np.array(max(1, self.needed - self.moves + 1), np.int16),
            "moves": np.array(self.moves - 1, np.int8),
            "legal": np.array(len(code), np.int16),
            "move": _padded(code[order], np.uint16),
            "before": _padded(before.probability[order], np.float32),
            "after": _padded(after.probability[order], np.float32),
            "played": code[order[0]],
            "reply": reply[0],
            "outcome": outcome[0],
            "over": np.array(not self.going),
            "activation": before.activation.astype(np.float16),
            "change": np.stack([_moved(b[:UNITS], a[:UNITS], 1) for b, a in layers]).astype(np.float16),
            "layer_change": np.array([_moved(b, a) for b, a in layers], np.float32),
        }

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Words and arrays which `restore` takes."""
        words = {name: getattr(self, name) for name in ("cell", "moves", "needed", "budget", "going")}
        return words, {f"game_{name}": getattr(self.board, name) for name in _ARRAYS}

    def restore(self, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Set what `state` returned."""
        for name, value in words.items():
            setattr(self, name, value)
        self.board = Environment(*(arrays[f"game_{name}"].copy() for name in _ARRAYS))


def _links(before: Probe, after: Probe) -> dict[str, NDArray[np.float16]]:
    """The weights between shown units, and their change in the step: pieces to h0, h0 to h1 to h2, h2 to the moves."""
    order = np.argsort(-after.probability, kind="stable")[:SHOWN]
    pieces = before.observation.state[before.observation.state < PIECES]
    inner = [layer[:UNITS, :UNITS] for layer in before.incoming[1:]]
    later = [layer[:UNITS, :UNITS] for layer in after.incoming[1:]]
    found = {
        "from_piece": _wide(before.incoming[0][:UNITS, pieces], MOST_MEN),
        "edge": np.stack(inner),
        "edge_change": np.stack(later) - np.stack(inner),
        "to_move": _wide(before.to_moves[order].T, SHOWN),
        "to_move_change": _wide((after.to_moves - before.to_moves)[order].T, SHOWN),
    }
    return {name: value.astype(np.float16) for name, value in found.items()}


def _moved(before: NDArray[np.float32], after: NDArray[np.float32], axis: int | None = None) -> NDArray[np.float32]:
    """|dw| / |w|, of all weights or of each row's."""
    return np.asarray(np.linalg.norm(after - before, axis=axis) / np.linalg.norm(before, axis=axis), np.float32)


def _padded(values: NDArray[Any], dtype: Any, room: int = SHOWN) -> NDArray[Any]:
    found = np.zeros(room, dtype)
    found[: len(values)] = values
    return found


def _wide(values: NDArray[np.float32], columns: int) -> NDArray[np.float32]:
    found = np.zeros((len(values), columns), np.float32)
    found[:, : values.shape[1]] = values
    return found
