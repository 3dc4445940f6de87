"""The policy: a residual network that scores every legal move of a position.

h0 = relu(sum of the position's embeddings),  h1 = h0 + relu(W1 h0),  h2 = h1 + relu(W2 h1)
s  = (W3 h2, (W4 h2) D')      one score for each move feature; for all but piece-to and from of low rank
logit(move) = sum of s over the move's features,  pi = softmax over the legal moves only
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stagelight.engines.rollout.chess.features import MOVE, MOVE_AT, MOVE_FEATURES, MOVE_SIZE, STATE_SIZE, Observation
from stagelight.engines.rollout.compiling import compiled
from stagelight.engines.rollout.opponents import draw

DIRECT = MOVE["piece_to"] + MOVE["from"]  # move features scored by a matrix of full rank


class Policy(nn.Module):
    """Log-probabilities of the legal moves of many positions."""

    def __init__(self, width: int, rank: int, generator: torch.Generator, flags: bool = True) -> None:
        super().__init__()
        self.flags = flags
        self.state = nn.EmbeddingBag(STATE_SIZE, width, mode="sum")
        self.block1, self.block2 = nn.Linear(width, width), nn.Linear(width, width)
        self.direct, self.query = nn.Linear(width, DIRECT), nn.Linear(width, rank)
        self.detail = nn.Linear(rank, MOVE_SIZE - DIRECT, bias=False)
        with torch.no_grad():
            self.state.weight.normal_(0, 0.1, generator=generator)
            for layer, gain in ((self.block1, 1.0), (self.block2, 1.0), (self.direct, 0.3), (self.query, 1.0)):
                layer.weight.normal_(0, gain / width**0.5, generator=generator)
                layer.bias.zero_()
            self.detail.weight.normal_(0, 0.3 / rank**0.5, generator=generator)

    def trunk(self, observation: Observation) -> tuple[Tensor, Tensor, Tensor]:
        """The activations h0, h1, h2 of each position, (R, width) each."""
        h0 = torch.relu(
            self.state(
                torch.from_numpy(observation.state), torch.from_numpy(observation.state_at[:-1].astype(np.int32))
            )
        )
        h1 = h0 + torch.relu(self.block1(h0))
        return h0, h1, h1 + torch.relu(self.block2(h1))

    def layers(self) -> tuple[Tensor, Tensor, Tensor]:
        """The weights into the units of h0, h1 and h2, (width, inputs) each."""
        return self.state.weight.T, self.block1.weight, self.block2.weight

    def to_moves(self, observation: Observation, units: int) -> Tensor:
        """The weight from each of the first units of h2 to the logit of each legal move, (K, units)."""
        weight = torch.cat([self.direct.weight, self.detail.weight @ self.query.weight])[:, :units]
        return weight[torch.from_numpy(observation.move).long()].sum(dim=1)

    def forward(self, observation: Observation) -> Tensor:
        """log pi of each legal move, (K,): exp of a position's sums to 1."""
        h2 = self.trunk(observation)[2]
        scores = self.direct(h2), self.detail(self.query(h2))
        move = observation.move if self.flags else without_flags(observation.move)
        logp: Tensor = _LogSoftmax.apply(*scores, move, observation.move_at)  # type: ignore[no-untyped-call]
        return logp


def without_flags(move: NDArray[np.int32]) -> NDArray[np.int32]:
    """Features of moves, (K, MOVE_FEATURES), in which none gives check, and no square is attacked or defended."""
    blind = move.copy()
    for column, name in enumerate(MOVE):
        if name in {"safety", "origin_attacked"}:
            blind[:, column] = MOVE_AT[name]
    return blind


class _LogSoftmax(torch.autograd.Function):
    """log softmax, over each position's moves, of the sum of the scores of a move's features."""

    @staticmethod
    def forward(
        ctx: Any, direct: Tensor, detail: Tensor, move: NDArray[np.int32], move_at: NDArray[np.int64]
    ) -> Tensor:
        logp = _log_softmax(direct.detach().numpy(), detail.detach().numpy(), move, move_at)
        ctx.kept = logp, move, move_at, direct.shape, detail.shape
        return torch.from_numpy(logp)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        logp, move, move_at, *shapes = ctx.kept
        direct, detail = (np.zeros(tuple(shape), np.float32) for shape in shapes)
        _log_softmax_back(gradient.contiguous().numpy(), logp, move, move_at, direct, detail)
        return torch.from_numpy(direct), torch.from_numpy(detail), None, None


@compiled
def _log_softmax(direct, detail, move, move_at):  # type: ignore[no-untyped-def]
    logp = np.empty(len(move), np.float32)
    for row in range(len(move_at) - 1):
        top = np.float32(-np.inf)
        for at in range(move_at[row], move_at[row + 1]):
            logit = direct[row, move[at, 0]] + direct[row, move[at, 1]]
            for feature in range(2, MOVE_FEATURES):
                logit += detail[row, move[at, feature] - DIRECT]
            logp[at] = logit
            top = max(top, logit)
        total = np.float32(0)
        for at in range(move_at[row], move_at[row + 1]):
            total += np.exp(logp[at] - top)
        total = np.log(total) + top
        for at in range(move_at[row], move_at[row + 1]):
            logp[at] -= total
    return logp


@compiled
def _log_softmax_back(gradient, logp, move, move_at, direct, detail):  # type: ignore[no-untyped-def]
    for row in range(len(move_at) - 1):
        total = np.float32(0)
        for at in range(move_at[row], move_at[row + 1]):
            total += gradient[at]
        for at in range(move_at[row], move_at[row + 1]):
            slope = gradient[at] - total * np.exp(logp[at])
            direct[row, move[at, 0]] += slope
            direct[row, move[at, 1]] += slope
            for feature in range(2, MOVE_FEATURES):
                detail[row, move[at, feature] - DIRECT] += slope


@compiled
def sample(logp, move_at, which, streams, rows):  # type: ignore[no-untyped-def]
    """Draw a legal move for each board `rows[i]` in position `which[i]`; (R,) indices into logp."""
    chosen = np.empty(len(which), np.int64)
    for index in range(len(which)):
        start, end = move_at[which[index]], move_at[which[index] + 1]
        left = draw(streams, rows[index]) * (1.0 / 9007199254740992.0)
        at = start
        while at < end - 1:
            left -= np.exp(np.float64(logp[at]))
            if left < 0:
                break
            at += 1
        chosen[index] = at
    return chosen


@compiled
def best(logp, move_at):  # type: ignore[no-untyped-def]
    """The most probable move of each position; (R,) indices into logp."""
    found = np.empty(len(move_at) - 1, np.int64)
    for row in range(len(found)):
        found[row] = move_at[row] + np.argmax(logp[move_at[row] : move_at[row + 1]])
    return found
