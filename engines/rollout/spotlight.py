"""The spotlight: one start position watched through the whole run, and what the network does on it.

It is a training position like any other, chosen by a fixed rule from the first step (`choose`); at each
watched step it is the first start visited, so the group shown is a true group of that step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.rollout.encoding import AT, Table
from stagelight.engines.rollout.grpo import Groups, Step
from stagelight.engines.rollout.policy import Policy, gather

UNITS = 16  # shown of each layer
MOST_MEN = 14
RULE = (
    f"of the first step's groups that were not mirrored, whose position has one mating move and at most {MOST_MEN} "
    "men, and whose moves all differ and include the mate: the one with the fewest legal moves, then the first sampled"
)


def choose(groups: Groups, table: Table, packed: NDArray[np.uint8]) -> int:
    """The row in the spotlight, by `RULE`; where no group fits, the first untied one.

    packed: (N, 34) the training positions of the table.
    """
    ranked = []
    for order, row in enumerate(groups.index):
        squares, moves = packed[row, :32], groups.move[order]
        legal = slice(int(table.move_at[row]), int(table.move_at[row + 1]))
        men = np.count_nonzero(squares & 15) + np.count_nonzero(squares >> 4)
        different = len(set(moves.tolist())) == len(moves)
        fits = not groups.mirror[order] and men <= MOST_MEN and table.mates[legal].sum() == 1
        if fits and different and groups.reward[order].any():
            ranked.append((legal.stop - legal.start, order, int(row)))
    return min(ranked)[2] if ranked else int(groups.index[0])


@dataclass(frozen=True)
class Brain:
    """Every weight that acts between the spotlight position and its moves, at one moment."""

    layers: tuple[NDArray[np.float32], ...]  # h0, h1, h2 on the position, (width,) each
    incoming: tuple[NDArray[np.float32], ...]  # weights into each layer's units, (width, inputs) each
    probability: NDArray[np.float32]  # (K,) of each legal move
    to_moves: NDArray[np.float32]  # (width, K) what each h2 unit adds to each move's logit


def look(policy: Policy, table: Table, row: int) -> Brain:
    """Read the network as it acts on one position."""
    batch = gather(table, np.array([row]), np.zeros(1, np.bool_))
    with torch.no_grad():
        h0, h1, h2 = policy.trunk(batch)
        moves = policy.moves(batch)
        share = h2[0][:, None] * (policy.query.weight.T @ moves.T) / policy.query_width**0.5
        incoming = (policy.state.weight.T, policy.block1.weight, policy.block2.weight)
        return Brain(
            tuple(h[0].numpy().copy() for h in (h0, h1, h2)),
            tuple(w.numpy().copy() for w in incoming),
            policy(batch).exp().numpy(),
            share.numpy(),
        )


def unit_change(before: Brain, after: Brain) -> NDArray[np.float32]:
    """(3, width) how far each unit's incoming weights moved, relative to their length: |dw| / |w|."""
    pairs = zip(before.incoming, after.incoming, strict=True)
    return np.stack([np.linalg.norm(b - a, axis=1) / np.linalg.norm(a, axis=1) for a, b in pairs]).astype(np.float32)


def choose_units(before: Brain, after: Brain) -> NDArray[np.int64]:
    """(3, UNITS) the units shown: of those active on the position, the ones the first step changed most."""
    change = unit_change(before, after)
    rows = []
    for layer, moved in zip(before.layers, change, strict=True):
        active = layer > 0
        order = np.lexsort((np.arange(len(layer)), -moved, ~active))
        rows.append(np.sort(order[:UNITS]))
    return np.stack(rows)


def watch(
    before: Brain, after: Brain, units: NDArray[np.int64], step: Step, row: int, pieces: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """What is kept of a watched step.

    pieces: (P,) squares of the men in the order they are shown. The arrays are explained in `record`.
    """
    everyone = [(groups, int(at)) for groups in (step.groups, step.tied) for at in np.flatnonzero(groups.index == row)]
    groups, at = everyone[0]
    inner = [np.ix_(units[layer + 1], units[layer]) for layer in range(2)]
    first, last = before.incoming, after.incoming
    return {
        "watch_step": np.array(step.step),
        "watch_before": before.probability,
        "watch_after": after.probability,
        "watch_move": groups.move[at],
        "watch_reward": groups.reward[at],
        "watch_advantage": groups.advantage[at],
        "watch_activation": np.stack([layer[chosen] for layer, chosen in zip(before.layers, units, strict=True)]),
        "watch_change": np.take_along_axis(unit_change(before, after), units, axis=1),
        "watch_edge": np.stack([first[layer + 1][inner[layer]] for layer in range(2)]),
        "watch_edge_change": np.stack([(last[layer + 1] - first[layer + 1])[inner[layer]] for layer in range(2)]),
        "watch_to_move": before.to_moves[units[2]],
        "watch_to_move_change": after.to_moves[units[2]] - before.to_moves[units[2]],
        "watch_from_piece": first[0][units[0]][:, pieces],
    }


def piece_features(codes: list[tuple[int, int]]) -> NDArray[np.int64]:
    """The embedding rows of men given as (kind 0 to 11, square)."""
    return np.array([AT["piece"] + kind * 64 + square for kind, square in codes])
