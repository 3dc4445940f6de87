"""The policy: a distribution over legal moves, its gradient, and drawing from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines.rollout.chess.features import MOVE_SIZE, STATE_SIZE, Observation  # noqa: E402
from stagelight.engines.rollout.environment import streams  # noqa: E402
from stagelight.engines.rollout.policy import DIRECT, Policy, best, sample, without_flags  # noqa: E402
from support.chess_positions import FENS, PAWNLESS, observed, wandered  # noqa: E402

pytestmark = pytest.mark.engine


def some(count: int, seed: int = 0) -> Any:
    return observed(*(wandered(seed + n, (FENS + PAWNLESS)[n % 17], 15) for n in range(count)))


def policy(seed: int = 1, **options: bool) -> Policy:
    return Policy(16, 8, torch.Generator().manual_seed(seed), **options)


def one_hot(found: Observation) -> tuple[Any, Any]:
    """(R, STATE_SIZE) and (K, MOVE_SIZE): how often each feature is there."""
    state, move = torch.zeros(len(found), STATE_SIZE), torch.zeros(len(found.code), MOVE_SIZE)
    for row, (start, end) in enumerate(zip(found.state_at, found.state_at[1:], strict=False)):
        state[row].index_add_(0, torch.from_numpy(found.state[start:end]), torch.ones(int(end - start)))
    move.scatter_add_(1, torch.from_numpy(found.move).long(), torch.ones(found.move.shape))
    return state, move


def plain(network: Policy, found: Observation) -> Any:
    """The same log-probabilities, written with dense matrices alone."""
    state, move = one_hot(found)
    h0 = torch.relu(state @ network.state.weight)
    h1 = h0 + torch.relu(h0 @ network.block1.weight.T + network.block1.bias)
    h2 = h1 + torch.relu(h1 @ network.block2.weight.T + network.block2.bias)
    direct = h2 @ network.direct.weight.T + network.direct.bias
    detail = (h2 @ network.query.weight.T + network.query.bias) @ network.detail.weight.T
    score, parts = torch.cat([direct, detail], dim=1), []
    for row, (start, end) in enumerate(zip(found.move_at, found.move_at[1:], strict=False)):
        parts.append(torch.log_softmax(move[start:end] @ score[row], dim=0))
    return torch.cat(parts)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_it_and_its_gradient_are_those_of_dense_matrices(seed: int) -> None:
    found, network = some(6, seed), policy(seed)
    weight = torch.randn(len(found.code), generator=torch.Generator().manual_seed(seed))
    ours, theirs = network(found), plain(network, found)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    parameters = list(network.parameters())
    slopes = [torch.autograd.grad((logp * weight).sum(), parameters) for logp in (ours, theirs)]
    for one, other in zip(*slopes, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_it_is_a_distribution_and_positions_do_not_mix() -> None:
    boards = [wandered(n, fen, 15) for n, fen in enumerate(FENS)]
    found, network = observed(*boards), policy()
    logp = network(found).detach()
    assert np.allclose(np.add.reduceat(logp.exp().numpy(), found.move_at[:-1]), 1, atol=1e-5)
    for at, board in enumerate(boards):
        alone = network(observed(board)).detach()
        torch.testing.assert_close(logp[found.move_at[at] : found.move_at[at + 1]], alone)


def test_large_scores_neither_overflow_nor_lose_the_sum() -> None:
    found, network = some(4), policy()
    with torch.no_grad():
        network.direct.weight.mul_(1e4)
    logp = network(found).detach().numpy()
    assert np.isfinite(logp).all()
    assert np.allclose(np.add.reduceat(np.exp(logp), found.move_at[:-1]), 1, atol=1e-5)


def test_drawing_follows_the_policy_and_stays_in_its_position() -> None:
    found = some(3)
    logp = policy()(found).detach().numpy()
    which, dice = np.repeat([2, 0, 1], 4000), streams(12_000, 1)
    drawn = sample(logp, found.move_at, which, dice, np.arange(12_000))
    for position in range(3):
        start, end = found.move_at[position : position + 2]
        mine = drawn[which == position]
        assert start <= mine.min() <= mine.max() < end
        share = np.bincount(mine - start, minlength=end - start) / 4000
        assert abs(share - np.exp(logp[start:end])).max() < 0.03


def test_a_draw_is_of_its_boards_own_stream() -> None:
    found = some(2)
    logp, which = policy()(found).detach().numpy(), np.zeros(6, np.int64)
    dice = streams(6, 3)
    alone = [sample(logp, found.move_at, which[:1], dice.copy(), np.array([row]))[0] for row in range(6)]
    assert sample(logp, found.move_at, which, dice.copy(), np.arange(6)).tolist() == alone


def test_the_best_is_the_most_probable_of_each_position() -> None:
    found = some(5)
    logp = policy()(found).detach().numpy()
    chosen = best(logp, found.move_at)
    for at, (start, end) in zip(chosen, zip(found.move_at, found.move_at[1:], strict=False), strict=True):
        assert start <= at < end
        assert logp[at] == logp[start:end].max()


def test_a_policy_without_flags_is_told_nothing_by_them() -> None:
    found = some(6)
    changed = found.move.copy()
    changed[:, 4:6] = without_flags(found.move)[:, 4:6]
    blind = Observation(found.state, found.state_at, changed, found.code, found.move_at)
    network, sighted = policy(flags=False), policy()
    assert torch.equal(network(found), network(blind))
    assert torch.equal(network(found), sighted(blind))
    assert not torch.equal(sighted(found), sighted(blind))
    assert np.array_equal(np.delete(without_flags(found.move), [4, 5], 1), np.delete(found.move, [4, 5], 1))


def test_what_leads_to_a_logit_is_the_weights_between() -> None:
    """`to_moves` times the units, with what the biases and the other units add, is the logit up to a constant."""
    found, network = some(2), policy()
    h2 = network.trunk(found)[2]
    with torch.no_grad():
        for row, (start, end) in enumerate(zip(found.move_at, found.move_at[1:], strict=False)):
            weights = network.to_moves(found, 16)[start:end]
            bias = torch.cat([network.direct.bias, network.detail(network.query.bias)])
            logit = weights @ h2[row] + bias[torch.from_numpy(found.move[start:end]).long()].sum(dim=1)
            torch.testing.assert_close(torch.log_softmax(logit, 0), network(found)[start:end], rtol=1e-4, atol=1e-5)
    assert network.direct.out_features == DIRECT
    for layer, units in zip(network.layers(), (h2.shape[1],) * 3, strict=True):
        assert len(layer) == units
