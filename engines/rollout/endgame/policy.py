"""The policy: a small residual network over canonical positions.

h0 = relu(sum of the embeddings of each piece on its square, and of each white piece with the black king)
h1 = h0 + relu(W1 h0),  h2 = h1 + relu(W2 h1)
logit(move) = (W3 h2)[piece, target] + (W4 h2)[flags of the move], pi = softmax over the legal moves only

The flags say whether the move gives check, lands next to the black king, and lands defended. That it mates is
never said. 543 thousand weights for one kind of piece beside the king,
740 thousand for two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stagelight.engines.rollout.endgame import environment
from stagelight.engines.rollout.endgame.geometry import PLACE
from stagelight.engines.rollout.endgame.tables import Ending

PAIRS = 10 * 64  # the black king in its triangle, a piece anywhere
FAR = -1e30  # the logit of what may not be played


@dataclass(frozen=True)
class Batch:
    """S positions as the network reads them; A = planes * 64."""

    inputs: Tensor  # (S, features) int
    allowed: Tensor  # (S, A) bool
    flags: Tensor  # (S, A) int


def batch(ending: Ending, states: NDArray[np.int64]) -> Batch:
    """Look up what the network needs to know of some states."""
    where = environment.squares(ending, states)
    allowed = environment.legal(ending, states)
    plane = np.array([0, 1, min(2, ending.planes - 1)])[: where.shape[1] - 1]
    alone = 64 + plane * 64 + where[:, 1:]
    pairs = (64 + ending.planes * 64 + plane * PAIRS + PLACE[where[:, :1]] * 64) + where[:, 1:]
    found = environment.flags(ending, states, allowed)
    return Batch(
        torch.from_numpy(np.concatenate([where[:, :1], alone, pairs], 1)),
        torch.from_numpy(allowed),
        torch.from_numpy(found.astype(np.int64)),
    )


class Policy(nn.Module):
    """log pi over (plane, target) of each position, `FAR` where illegal."""

    def __init__(self, planes: int, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.squares = nn.Embedding(64 + planes * (64 + PAIRS), width)
        self.block1, self.block2 = nn.Linear(width, width), nn.Linear(width, width)
        self.target = nn.Linear(width, planes * 64)
        self.flag = nn.Linear(width, environment.FLAGS)
        with torch.no_grad():
            self.squares.weight.normal_(0, 0.35, generator=generator)
            for layer in (self.block1, self.block2, self.target, self.flag):
                layer.weight.normal_(0, (1 / width) ** 0.5, generator=generator)
                layer.bias.zero_()
            self.target.weight.mul_(0.1)
            self.flag.weight.mul_(0.1)

    def forward(self, batch: Batch) -> Tensor:
        """(S, A): exp of each row sums to 1."""
        h0 = torch.relu(self.squares(batch.inputs).sum(1))
        h1 = h0 + torch.relu(self.block1(h0))
        h2 = h1 + torch.relu(self.block2(h1))
        logits = self.target(h2) + self.flag(h2).gather(1, batch.flags)
        return torch.log_softmax(logits.masked_fill(~batch.allowed, FAR), 1)


def entropy(logp: Tensor) -> Tensor:
    """(S,) nats."""
    return -(logp.exp() * logp).sum(1)


def take(inputs: Batch, rows: Tensor) -> Batch:
    """Some positions of many."""
    return Batch(inputs.inputs[rows], inputs.allowed[rows], inputs.flags[rows])


def join(parts: Sequence[Batch]) -> Batch:
    """Batches one after the other."""
    return Batch(*(torch.cat([getattr(part, name) for part in parts]) for name in ("inputs", "allowed", "flags")))
