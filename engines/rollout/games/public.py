"""One game played in public while the policy trains.

Its position is a start of every step, so the group sampled there is a true group of that step. What the policy makes
of the position is read before and after the step; then the most probable move is played, the opponent replies, and
the position reached is in the next step. A game that has ended is followed by one from the curriculum's frontier.

Of each layer the first `UNITS` units are shown: weights start at random, so these are as good as any others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.rollout.games.arena import OPENING, Arena, from_rows
from stagelight.engines.rollout.games.features import Seen, observe
from stagelight.engines.rollout.games.policy import Policy
from stagelight.engines.rollout.games.rollouts import advance
from stagelight.engines.rollout.games.rules import GOING_ON

SHOWN = 8  # moves kept of each position: the most probable ones after the step
UNITS = 16
_LOOK = np.zeros(1, np.int64), np.zeros(1, np.bool_)
_ARRAYS = ("boards", "history", "streams", "kinds")


@dataclass(frozen=True)
class Look:
    """A position and what the policy makes of it."""

    seen: Seen
    probability: NDArray[np.float32]  # (K,) of each legal move
    activation: NDArray[np.float32]  # (3, UNITS) h0, h1, h2
    incoming: tuple[NDArray[np.float32], ...]  # weights into each layer's units, (units, inputs) each


class Public:
    """The game in public. `enter` puts it into a step's games, `follow` plays its next moves."""

    def __init__(self, most_moves: int) -> None:
        self.most_moves, self.arena = most_moves, _none()
        self.left, self.moves, self.rung = 0, 0, 0  # plies from mate by the plan, the learner's moves, the opponent
        self.going = False

    def enter(self, arena: Arena, depth: int, rung: int) -> None:
        """Be the first of a step's games; if no game is going on, the first of them becomes it."""
        if self.going:
            for name in _ARRAYS:
                getattr(arena, name)[0] = getattr(self.arena, name)[0]
            return
        self.arena = Arena(*(getattr(arena, name)[:1].copy() for name in _ARRAYS))
        self.left, self.moves, self.rung, self.going = depth, 0, rung, True

    def look(self, policy: Policy) -> Look:
        """The position as the policy sees it now, and the weights it sees it with."""
        seen = observe(self.arena.boards, self.arena.history, *_LOOK)
        weights = (policy.state.weight.T, policy.block1.weight, policy.block2.weight)
        with torch.no_grad():
            activation = torch.cat(policy.trunk(seen))[:, :UNITS].numpy()
            incoming = tuple(each.numpy().copy() for each in weights)
            return Look(seen, policy(seen).exp().numpy(), activation, incoming)

    def follow(self, before: Look, after: Look, rival: Policy) -> dict[str, NDArray[Any]]:
        """Play the move that is now most probable, let the opponent reply; what is kept of the step."""
        code, order = before.seen.code, np.argsort(-after.probability, kind="stable")[:SHOWN]
        pairs = list(zip(before.incoming, after.incoming, strict=True))
        kept = {
            "public_board": self.arena.boards[0].copy(),
            "public_left": np.array(self.left, np.int16),
            "public_rung": np.array(self.rung, np.int8),
            "public_moves": np.array(self.moves, np.int8),
            "public_legal": np.array(len(code), np.int16),
            "public_move": _padded(code[order], np.uint16),
            "public_before": _padded(before.probability[order], np.float32),
            "public_after": _padded(after.probability[order], np.float32),
            "public_activation": before.activation.astype(np.float16),
            "public_change": np.stack([_moved(b[:UNITS], a[:UNITS], 1) for b, a in pairs]).astype(np.float16),
            "public_layer_change": np.array([_moved(b, a) for b, a in pairs], np.float32),
        }
        outcome = int(advance(self.arena, _LOOK[0], code[order[:1]], rival)[0])
        self.moves, self.left = self.moves + 1, max(1, self.left - 2)
        over = outcome != GOING_ON or self.moves >= self.most_moves
        self.going = not over
        return kept | {"public_outcome": np.array(outcome, np.int8), "public_over": np.array(over)}

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Words and arrays from which `restore` goes on."""
        words = {"left": self.left, "moves": self.moves, "rung": self.rung, "going": self.going}
        return words, {f"public_{name}": getattr(self.arena, name) for name in _ARRAYS}

    def restore(self, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take up what `state` gave."""
        self.left, self.moves, self.rung, self.going = (words[name] for name in ("left", "moves", "rung", "going"))
        self.arena = Arena(*(arrays[f"public_{name}"].copy() for name in _ARRAYS))


def _moved(before: NDArray[np.float32], after: NDArray[np.float32], axis: int | None = None) -> NDArray[np.float32]:
    """|dw| / |w|, of all weights or of each row's."""
    return np.asarray(np.linalg.norm(after - before, axis=axis) / np.linalg.norm(before, axis=axis), np.float32)


def _none() -> Arena:
    return from_rows(OPENING[None], np.zeros(1, np.int8), 0)


def _padded(values: NDArray[Any], dtype: Any) -> NDArray[Any]:
    found = np.zeros(SHOWN, dtype)
    found[: len(values)] = values
    return found
