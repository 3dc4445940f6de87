"""Whole rollouts and the indices that hold them together."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines.rollout.chess.features import Observation  # noqa: E402
from stagelight.engines.rollout.chess.fen import decode, to_board  # noqa: E402
from stagelight.engines.rollout.chess.rules import GOING_ON, MATE  # noqa: E402
from stagelight.engines.rollout.environment import LOST  # noqa: E402
from stagelight.engines.rollout.policy import Policy  # noqa: E402
from stagelight.engines.rollout.rollouts import Visits, join, minibatches, play, ranges, take  # noqa: E402
from stagelight.engines.rollout.starts import CELLS, Batch  # noqa: E402
from stagelight.engines.rollout.starts import join as together  # noqa: E402
from support.chess_positions import FENS, observed, wandered  # noqa: E402

pytestmark = pytest.mark.engine
G = 4


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy(16, 8, torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def batch(starts: Any) -> Batch:
    """Starts of many kinds against every opponent."""
    names = {"mate.1", "mate.2", "kqk.2", "kbnk.3", "tail.5.random", "tail.5.greedy", "tail.5.careful",
             "tail.5.material_1", "tail.5.material_2", "opening.random"}  # fmt: skip
    return together([starts.draw(cell, 2, np.random.default_rng(1)) for cell in CELLS if cell.name in names])


@pytest.fixture(scope="module")
def visits(policy: Policy, batch: Batch) -> Visits:
    return play(policy, batch.environment.repeat(G, 5), np.minimum(batch.budget, 8).repeat(G))


def marked(visits: Visits) -> Visits:
    """The same, each position's features replaced by its number."""
    found = visits.observation
    counts = np.diff(found.state_at)
    state = np.repeat(np.arange(len(found)), counts).astype(np.int32)
    return replace(visits, observation=Observation(state, found.state_at, found.move, found.code, found.move_at))


# --- rollouts ---------------------------------------------------------------------------------------------


def test_rollouts_replay_under_python_chess(visits: Visits, batch: Batch) -> None:
    """Every move of both sides is legal and the end is what it is said to be."""
    budget = np.minimum(batch.budget, 8)
    for rollout in range(len(visits.outcome)):
        board, line = to_board(batch.environment.boards[rollout // G]), visits.line(rollout)
        learner = board.turn
        for code in line:
            assert decode(code) in board.legal_moves
            board.push(decode(code))
        own = (visits.rollout == rollout).sum()
        assert own == visits.moves[rollout] == (len(line) + 1) // 2 <= budget[rollout // G]
        outcome = visits.outcome[rollout]
        assert board.is_checkmate() == (outcome in {MATE, LOST})
        assert visits.mated[rollout] == (board.is_checkmate() and board.turn != learner)
        if outcome == GOING_ON:
            assert own == budget[rollout // G]
    assert visits.boards == sum(len(visits.line(rollout)) for rollout in range(len(visits.outcome)))
    assert len(set(visits.outcome.tolist())) > 2


def test_moves_are_drawn_from_the_policy_in_their_positions(visits: Visits, policy: Policy) -> None:
    with torch.no_grad():
        logp = policy(visits.observation).numpy()
    at = visits.observation.move_at
    assert (visits.move >= at[visits.position]).all()
    assert (visits.move < at[visits.position + 1]).all()
    assert visits.old_logp == pytest.approx(logp[visits.move], abs=1e-5)
    entropy = [-(np.exp(logp[a:b]) * logp[a:b]).sum() for a, b in pairwise(at)]
    assert visits.entropy == pytest.approx(entropy, abs=1e-4)


def test_the_first_moves_of_a_group_share_their_position(visits: Visits) -> None:
    for group in range(len(visits.outcome) // G):
        first = [visits.position[visits.rollout == rollout][0] for rollout in range(group * G, group * G + G)]
        assert len(set(first)) == 1


def test_a_group_counts_the_positions_it_moved_in_once(visits: Visits) -> None:
    found = visits.distinct(G)
    for group, count in enumerate(found):
        assert count == len(set(visits.position[visits.rollout // G == group].tolist()))
    assert found.max() > 1


def test_rollouts_depend_on_their_streams_alone(policy: Policy, batch: Batch) -> None:
    """The first starts, alone, are played as they are beside the others."""
    environment, budget = batch.environment.repeat(G, 5), np.minimum(batch.budget, 8).repeat(G)
    names = ("boards", "history", "streams", "opponents")
    few = type(environment)(*(getattr(environment, name)[:12].copy() for name in names))
    whole, part = play(policy, environment, budget), play(policy, few, budget[:12])
    for rollout in range(12):
        assert whole.line(rollout) == part.line(rollout)
    assert np.array_equal(whole.outcome[:12], part.outcome)


# --- ragged indices ---------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.lists(st.integers(0, 7), max_size=8))
def test_ranges_are_the_slices_one_after_the_other(counts: list[int], chosen: list[int]) -> None:
    at = np.concatenate([[0], np.cumsum(counts)])
    index = np.array([each % len(counts) for each in chosen], np.int64)
    found, starts = ranges(at, index)
    slices = [list(range(at[each], at[each + 1])) for each in index]
    assert found.tolist() == [number for part in slices for number in part]
    assert starts.tolist() == np.cumsum([0, *map(len, slices)]).tolist()


def test_taking_and_joining_are_inverse() -> None:
    boards = [wandered(n, fen, 10) for n, fen in enumerate(FENS[:6])]
    whole = observed(*boards)
    again = join([take(whole, np.array([0, 1])), take(whole, np.array([2])), take(whole, np.arange(3, 6))])
    picked = take(whole, np.array([4, 1, 4]))
    expected = observed(boards[4], boards[1], boards[4])
    for name in ("state", "state_at", "move", "code", "move_at"):
        assert np.array_equal(getattr(again, name), getattr(whole, name))
        assert np.array_equal(getattr(picked, name), getattr(expected, name))


# --- minibatches ------------------------------------------------------------------------------------------


def weights(visits: Visits, seed: int, share: float) -> Any:
    """Advantages of some rollouts, zero in the others, one number for each."""
    rng = np.random.default_rng(seed)
    each = np.where(rng.random(len(visits.outcome)) < share, rng.normal(size=len(visits.outcome)), 0)
    return each[visits.rollout].astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), share=st.sampled_from([0.0, 0.1, 0.6, 1.0]), size=st.integers(1, 90),
       idle=st.sampled_from([0, 5, 10_000]))  # fmt: skip
def test_a_pass_covers_each_useful_position_once(visits: Visits, seed: int, share: float, size: int, idle: int) -> None:
    weight, numbered = weights(visits, seed, share), marked(visits)
    useful = set(visits.position[weight != 0].tolist())
    seen, total = list[int](), 0.0
    for part, portion in minibatches(numbered, weight, size, idle, np.random.default_rng(seed)):
        observation = part.observation
        assert len(observation) <= size
        positions = observation.state[observation.state_at[:-1]].tolist()
        seen += positions
        total += portion
        owner = np.searchsorted(observation.move_at, part.move.numpy(), side="right") - 1
        found = sorted(zip(
            [positions[at] for at in owner], observation.code[part.move.numpy()].tolist(), part.old_logp.tolist(),
            part.weight.tolist(), strict=True,
        ))  # fmt: skip
        inside = np.flatnonzero((weight != 0) & np.isin(visits.position, positions))
        wanted = sorted(zip(
            visits.position[inside].tolist(), visits.observation.code[visits.move[inside]].tolist(),
            visits.old_logp[inside].tolist(), weight[inside].tolist(), strict=True,
        ))  # fmt: skip
        assert found == wanted
    assert total == pytest.approx(1 if seen else 0)
    assert len(set(seen)) == len(seen)
    assert useful <= set(seen)
    others = len(visits.observation) - len(useful)
    assert len(seen) - len(useful) == min(idle, others, len(useful) + 1)


def test_the_old_probabilities_of_a_minibatch_are_those_of_its_moves(visits: Visits, policy: Policy) -> None:
    weight = weights(visits, 3, 0.7)
    for part, _ in minibatches(visits, weight, 37, 20, np.random.default_rng(2)):
        with torch.no_grad():
            torch.testing.assert_close(policy(part.observation)[part.move], part.old_logp, rtol=1e-4, atol=1e-5)


def test_the_order_of_a_pass_is_its_chances() -> None:
    """Three positions in minibatches of one come in any of six orders."""
    found = observed(*(wandered(n, FENS[n], 5) for n in range(3)))
    few = Visits(
        found, np.arange(3), found.move_at[:-1].copy(), np.zeros(3, np.uint16), np.arange(3), np.zeros(3, np.float32),
        np.zeros(3, np.float32), np.zeros(3, np.int8), np.ones(3, np.int64), 3,
    )  # fmt: skip
    orders = set()
    for seed in range(40):
        parts = list(minibatches(few, np.ones(3, np.float32), 1, 0, np.random.default_rng(seed)))
        assert [share for _, share in parts] == pytest.approx([1 / 3] * 3)
        orders.add(tuple(int(part.observation.code[0]) for part, _ in parts))
    assert len(orders) == 6
