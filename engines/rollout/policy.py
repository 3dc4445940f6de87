"""The policy: a small residual network that scores every legal move of a position.

h0 = relu(sum of the position's embeddings)
h1 = h0 + relu(W1 h0),  h2 = h1 + relu(W2 h1)
q  = W3 h2
m  = relu(sum of the move's embeddings)
logit(move) = q . m / sqrt(len(q)),  pi = softmax over the legal moves only
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stagelight.engines.rollout.encoding import MOVE_FLIP, MOVE_SIZE, STATE_FLIP, STATE_SIZE, Table


@dataclass(frozen=True)
class Batch:
    """B positions with K legal moves in all, as the network reads them."""

    state: Tensor  # feature indices of all positions, one after the other
    state_at: Tensor  # (B,) where each position's features start
    move: Tensor  # (K, MOVE_FEATURES)
    owner: Tensor  # (K,) the position each move belongs to
    start: Tensor  # (B,) the first move of each position


def gather(table: Table, index: NDArray[np.int64], mirror: NDArray[np.bool_]) -> Batch:
    """The positions `index` of a table, those marked in `mirror` seen left-right reversed."""
    states, state_owner = _ranges(table.state_at, index)
    moves, owner = _ranges(table.move_at, index)
    state = table.state[states]
    state = np.where(mirror[state_owner], STATE_FLIP[state], state)
    move = table.move[moves]
    move = np.where(mirror[owner][:, None], MOVE_FLIP[move], move)
    state_counts = table.state_at[index + 1] - table.state_at[index]
    move_counts = table.move_at[index + 1] - table.move_at[index]
    return Batch(
        torch.from_numpy(state),
        torch.from_numpy((np.cumsum(state_counts) - state_counts).astype(np.int32)),
        torch.from_numpy(move),
        torch.from_numpy(owner),
        torch.from_numpy(np.cumsum(move_counts) - move_counts),
    )


def _ranges(at: NDArray[np.int64], index: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows at[i]..at[i + 1] for each i of index, and which entry of index each row came from."""
    counts = at[index + 1] - at[index]
    owner = np.repeat(np.arange(len(index)), counts)
    inner = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    return at[index][owner] + inner, owner


class Policy(nn.Module):
    """Log-probabilities of the legal moves of a batch of positions."""

    def __init__(self, width: int, query_width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.query_width = query_width
        self.state = nn.EmbeddingBag(STATE_SIZE, width, mode="sum")
        self.move = nn.EmbeddingBag(MOVE_SIZE, query_width, mode="sum")
        self.block1, self.block2 = nn.Linear(width, width), nn.Linear(width, width)
        self.query = nn.Linear(width, query_width)
        with torch.no_grad():
            self.state.weight.normal_(0, 0.1, generator=generator)
            self.move.weight.normal_(0, 0.3, generator=generator)
            for layer in (self.block1, self.block2, self.query):
                layer.weight.normal_(0, (1 / width) ** 0.5, generator=generator)
                layer.bias.zero_()

    def trunk(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """The activations h0, h1, h2 of each position, (B, width) each."""
        h0 = torch.relu(self.state(batch.state, batch.state_at))
        h1 = h0 + torch.relu(self.block1(h0))
        return h0, h1, h1 + torch.relu(self.block2(h1))

    def moves(self, batch: Batch) -> Tensor:
        """The vector m of each legal move, (K, query_width)."""
        return torch.relu(self.move(batch.move))

    def forward(self, batch: Batch) -> Tensor:
        """log pi of each legal move, (K,): exp of a position's sums to 1."""
        q = self.query(self.trunk(batch)[2])
        logits = (q[batch.owner] * self.moves(batch)).sum(1) / self.query_width**0.5
        return log_softmax(logits, batch.owner, len(batch.start))


def log_softmax(logits: Tensor, owner: Tensor, positions: int) -> Tensor:
    """log softmax over the moves of each position. logits, owner: (K,); returns (K,)."""
    top = torch.full((positions,), -torch.inf).scatter_reduce(0, owner, logits.detach(), "amax")
    shifted = logits - top[owner]
    total = torch.zeros(positions).index_add(0, owner, shifted.exp())
    return shifted - total.log()[owner]


def entropy(logp: Tensor, owner: Tensor, positions: int) -> Tensor:
    """Entropy in nats of each position's move distribution, (B,)."""
    return torch.zeros(positions).index_add(0, owner, -logp.exp() * logp)
