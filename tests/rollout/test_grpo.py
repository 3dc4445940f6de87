"""Group relative policy optimisation: its formulas by hand, its gradient by dense matrices, its runs to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytest.importorskip("chess")

from stagelight.engines.experiment import checkpoint  # noqa: E402
from stagelight.engines.rollout import evaluation, grpo, ppo, supervised  # noqa: E402
from stagelight.engines.rollout.chess.rules import GOING_ON, MATE, STALEMATE  # noqa: E402
from stagelight.engines.rollout.curriculum import FAMILY, Rule  # noqa: E402
from stagelight.engines.rollout.grpo import ADVANTAGES, Config, Trainer, advantages, clipped_objective  # noqa: E402
from stagelight.engines.rollout.rollouts import Minibatch, Visits, minibatches, play  # noqa: E402
from stagelight.engines.rollout.starts import CELLS, discount  # noqa: E402
from stagelight.engines.rollout.training_game import TrainingGame  # noqa: E402

pytestmark = pytest.mark.engine
TINY = Config(boards=30_000, width=16, rank=8, draws=4, group_size=4, positions_of_draw=24, minibatch=64, idle=32,
              rule=Rule(passed=0.03))  # fmt: skip
reward_tables = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).choice([0, 0, 0.5, 0.8, 1], (3, 6)).astype(np.float32)
)


def same(one: Any, other: Any) -> bool:
    """True if two steps, or any parts of them, are the same to the bit."""
    if is_dataclass(one):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return np.array_equal(np.asarray(one), np.asarray(other), equal_nan=np.asarray(one).dtype.kind == "f")


def weights(trainer: Trainer) -> list[Any]:
    return [value.detach().clone() for value in trainer.policy.parameters()]


def equal(one: list[Any], other: list[Any]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


# --- rewards and advantages -------------------------------------------------------------------------------


@given(reward_tables, st.sampled_from(["mean", "spread", "leave_one_out"]))
def test_a_groups_advantages_sum_to_zero(reward: Any, kind: str) -> None:
    found = advantages(reward, kind)
    assert found.dtype == np.float32
    assert np.abs(found.sum(axis=1)).max() < 1e-4
    assert not found[reward.std(axis=1) == 0].any()


@given(reward_tables)
def test_advantages_are_what_their_kind_says(reward: Any) -> None:
    mean, spread = reward.mean(axis=1, keepdims=True), reward.std(axis=1, keepdims=True)
    others = (reward.sum(axis=1, keepdims=True) - reward) / (reward.shape[1] - 1)
    wanted = {
        "mean": reward - mean, "spread": (reward - mean) / (spread + 0.05), "leave_one_out": reward - others,
        "none": reward, "value": reward,
    }  # fmt: skip
    assert wanted.keys() == set(ADVANTAGES)
    for kind, values in wanted.items():
        np.testing.assert_allclose(advantages(reward, kind), values, atol=1e-5)
    with pytest.raises(ValueError, match="advantage is 'std', wanted one of mean, spread"):
        advantages(reward, "std")


def test_the_verifier_pays_mate_alone_and_less_for_each_move_too_many() -> None:
    none: Any = None  # what rewards do not depend on
    outcome = np.array([MATE, MATE, STALEMATE, GOING_ON, MATE, MATE], np.int8)
    visits = Visits(none, none, none, none, none, none, none, outcome, np.array([2, 4, 2, 6, 9, 12]), 0)
    needed = np.array([2, 10])
    near, far = discount(needed)
    wanted = [[1, near**2, 0], [0, 1, far**2]]
    np.testing.assert_allclose(grpo.rewards(visits, needed), wanted, rtol=1e-6)


def test_the_objective_is_the_clipped_surrogate() -> None:
    ratio = torch.tensor([1.0, 1.5, 1.5, 0.5, 0.5, 1.1])
    weight = torch.tensor([1.0, 1.0, -1.0, 1.0, -1.0, 1.0])
    nothing: Any = None
    batch = Minibatch(nothing, torch.tensor([5, 4, 3, 2, 1, 0]), torch.full((6,), -2.0), weight)
    gain, left = clipped_objective(ratio.log().flip(0) - 2, batch, Config(eps_low=0.2, eps_high=0.28))
    torch.testing.assert_close(gain, torch.tensor([1.0, 1.28, -1.5, 0.5, -0.8, 1.1]))
    assert left.tolist() == [False, True, True, True, True, False]


# --- the update -------------------------------------------------------------------------------------------


def dense_loss(trainer: Trainer, visits: Visits, weight: Any, coef: float, parameters: Mapping[str, Any]) -> Any:
    """The step's loss over all of its positions at once, from one-hot features and dense matrices."""
    seen, config = visits.observation, trainer.config
    state = torch.zeros(len(seen), trainer.policy.state.num_embeddings)
    owner = np.repeat(np.arange(len(seen)), np.diff(seen.state_at))
    state.index_put_((torch.from_numpy(owner), torch.from_numpy(seen.state).long()), torch.ones(1), accumulate=True)
    scores = parameters["direct.bias"].shape[0] + parameters["detail.weight"].shape[0]
    move = torch.zeros(len(seen.code), scores)
    move.scatter_add_(1, torch.from_numpy(seen.move).long(), torch.ones(seen.move.shape))
    h = torch.relu(state @ parameters["state.weight"])
    for block in ("block1", "block2"):
        h = h + torch.relu(h @ parameters[f"{block}.weight"].T + parameters[f"{block}.bias"])
    query = h @ parameters["query.weight"].T + parameters["query.bias"]
    direct = h @ parameters["direct.weight"].T + parameters["direct.bias"]
    score = torch.cat([direct, query @ parameters["detail.weight"].T], dim=1)
    parts = [
        torch.log_softmax(move[start:end] @ score[row], 0) for row, (start, end) in enumerate(pairwise(seen.move_at))
    ]
    logp = torch.cat(parts)
    entropy = sum(-(part.exp() * part).sum() for part in parts) / len(parts)
    ratio = (logp[torch.from_numpy(visits.move)] - torch.from_numpy(visits.old_logp)).exp()
    advantage, low, high = torch.from_numpy(weight), 1 - config.eps_low, 1 + config.eps_high
    gain = torch.minimum(ratio * advantage, ratio.clamp(low, high) * advantage)
    return -(gain.sum() / np.count_nonzero(weight) + coef * entropy), ratio


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_the_gradient_of_an_update_is_that_of_dense_matrices(starts: Any, share: float) -> None:
    config = replace(TINY, epochs=1, minibatch=10**6, idle=10**6, eps_low=0.05, eps_high=0.05)
    trainer: Any = Trainer(config, 0, starts)
    rng = np.random.default_rng(0)
    _, batch = trainer._draw(np.random.default_rng(1))
    visits = play(trainer.policy, batch.environment.repeat(4, 1), batch.budget.repeat(4))
    weight = rng.normal(size=len(visits.move)).astype(np.float32)
    keep = rng.random(len(visits.observation)) < share
    weight[~keep[visits.position]] = 0
    assert keep.sum() + 1 >= (~keep).sum() or share < 0.5
    with torch.no_grad():  # so that ratios are not 1
        for value in trainer.policy.parameters():
            value.add_(0.02 * torch.randn(value.shape, generator=torch.Generator().manual_seed(3)))
    parameters = {name: value.detach().clone().requires_grad_() for name, value in trainer.policy.named_parameters()}
    trainer.optimiser = torch.optim.SGD(trainer.policy.parameters(), 1.0)
    coef = 0.3 if share == 1 else 0.0
    clip_ratio, norm = trainer._update(visits, weight, coef, np.random.default_rng(0))
    loss, ratio = dense_loss(trainer, visits, weight, coef, parameters)
    if share < 1:  # an update over some of the positions, of which the loss is the same without entropy
        ratio = ratio[torch.from_numpy(weight != 0)]
    slopes = torch.autograd.grad(loss, list(parameters.values()))
    total = float(torch.stack([slope.norm() for slope in slopes]).norm())
    assert norm == pytest.approx(total, rel=1e-3)
    assert clip_ratio == pytest.approx(float(((ratio - 1).abs() > 0.05).float().mean()), abs=1e-3)
    assert 0.1 < clip_ratio < 0.95
    for (name, before), slope in zip(parameters.items(), slopes, strict=True):
        after = dict(trainer.policy.named_parameters())[name]
        torch.testing.assert_close(before - after, slope / max(1.0, total), rtol=2e-3, atol=2e-5)


class Summing:
    """In an optimiser's place: moves nothing and adds up gradients, each times its share."""

    def __init__(self, parameters: Any, shares: list[float]) -> None:
        self.parameters, self.shares = list(parameters), iter(shares)
        self.sums = [torch.zeros_like(value) for value in self.parameters]

    def zero_grad(self, set_to_none: bool) -> None:
        for value in self.parameters:
            value.grad = None

    def step(self) -> None:
        share = next(self.shares)
        for total, value in zip(self.sums, self.parameters, strict=True):
            total.add_(share * value.grad)


def test_the_minibatches_of_a_pass_weigh_as_much_as_the_pass(starts: Any) -> None:
    """Their gradients, by their shares, add up to that of one that holds them all."""
    trainer: Any = Trainer(replace(TINY, epochs=1), 0, starts)
    _, batch = trainer._draw(np.random.default_rng(1))
    visits = play(trainer.policy, batch.environment.repeat(4, 1), batch.budget.repeat(4))
    weight = (np.random.default_rng(0).normal(size=len(visits.move)) / 10).astype(np.float32)
    found = {}
    for size in (12, 10**6):
        trainer.config = replace(trainer.config, minibatch=size)
        shares = [share for _, share in minibatches(visits, weight, size, TINY.idle, np.random.default_rng(0))]
        trainer.optimiser = Summing(trainer.policy.parameters(), shares)
        _, norm = trainer._update(visits, weight, 0.01, np.random.default_rng(0))
        assert norm < 0.8  # nothing was clipped
        found[size] = trainer.optimiser.sums
        assert (len(shares) > 2) == (size == 12)
    for one, other in zip(*found.values(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)


def test_families_of_starts_have_their_shares_of_an_update(starts: Any) -> None:
    """By the number of moves with a weight; a family without one leaves its share to the others."""
    trainer = Trainer(replace(TINY, rule=Rule("uniform", shares=(0.1, 0.3, 0.6))), 0, starts)
    trainer.steps = 1_000
    cell, batch = trainer._draw(np.random.default_rng(1))
    visits = play(trainer.policy, batch.environment.repeat(4, 1), batch.budget.repeat(4))
    family = FAMILY[cell][visits.rollout // 4]
    assert set(family.tolist()) >= {1, 2}
    weight = np.where(np.random.default_rng(0).random(len(family)) < 0.5, 1, 0).astype(np.float32)
    for kept in ({0, 1, 2}, {1, 2}, {2}, set[int]()):
        given = np.where(np.isin(family, list(kept)), weight, 0).astype(np.float32)
        found = trainer._balance(cell, visits, given)
        present = set(family[given > 0].tolist())
        assert found.sum() == pytest.approx(given.sum(), rel=1e-4)
        for each in present:
            share = trainer.config.rule.shares[each] / sum(trainer.config.rule.shares[other] for other in present)
            assert found[family == each].sum() == pytest.approx(share * given.sum(), rel=1e-3)
        assert ((found != 0) == (given != 0)).all()


def test_groups_that_tie_teach_nothing_but_entropy(starts: Any) -> None:
    trainer = Trainer(replace(TINY, entropy_coef=0.0), 0, starts)
    _, batch = trainer._draw(np.random.default_rng(1))
    visits = play(trainer.policy, batch.environment.repeat(4, 1), batch.budget.repeat(4))
    before = weights(trainer)
    assert trainer._update(visits, np.zeros(len(visits.move), np.float32), 0.0, np.random.default_rng(0)) == (0.0, 0.0)
    assert equal(before, weights(trainer))
    trainer._update(visits, np.zeros(len(visits.move), np.float32), 1.0, np.random.default_rng(0))
    assert not equal(before, weights(trainer))


# --- a step -----------------------------------------------------------------------------------------------


def test_a_step_says_what_it_saw(starts: Any) -> None:
    trainer, boards = Trainer(TINY, 0, starts), 0
    for number in range(1, 7):
        step = trainer.step()
        boards += step.visits.boards
        groups = len(step.cell)
        assert (step.step, step.boards) == (number, boards) == (trainer.steps, trainer.done)
        assert step.rewards.shape == step.advantages.shape == (groups, TINY.group_size)
        assert np.allclose(step.advantages.sum(axis=1), 0, atol=1e-5)
        assert ((step.rewards > 0).ravel() == step.visits.mated).all()
        assert step.reward == pytest.approx(step.rewards.mean())
        assert step.frac_reward_zero_std == pytest.approx((step.rewards.std(axis=1) == 0).mean())
        assert step.entropy == pytest.approx(step.visits.entropy.mean())
        assert step.mean_length == pytest.approx(step.visits.moves.mean())
        assert 0 <= step.clip_ratio <= 1
        assert all(trainer.curriculum.open[step.cell])
        assert step.game == {}
    assert trainer.curriculum.open.sum() > 1


def test_rate_and_entropy_fade_at_the_end(starts: Any) -> None:
    trainer, rates = Trainer(replace(TINY, boards=6_000), 0, starts), []
    while trainer.done < 6_000:
        left = 1 - trainer.done / 6_000
        step = trainer.step()
        fade = min(1.0, left / TINY.fall)
        assert step.learning_rate == pytest.approx(TINY.learning_rate * max(0.02, fade))
        target = TINY.entropy_target * fade
        assert step.entropy_coef == pytest.approx(TINY.entropy_coef * max(0, 1 - trainer.smooth_entropy / target))
        rates.append(step.learning_rate)
    assert rates[0] == TINY.learning_rate > rates[-1]


def test_a_step_depends_on_its_seed_and_number_alone(starts: Any) -> None:
    one, other = (Trainer(TINY, 5, starts) for _ in range(2))
    first = one.step()
    np.random.seed(7)  # what the trainer must not draw from
    torch.manual_seed(7)
    assert same(first, other.step())
    assert equal(weights(one), weights(other))
    with torch.no_grad():  # other weights, yet the same starts
        other.policy.direct.bias.normal_(generator=torch.Generator().manual_seed(1))
    second, third = one.step(), other.step()
    assert same(second.cell, third.cell)
    assert not same(second.rewards, third.rewards) or not same(second.visits.move, third.visits.move)
    assert not same(Trainer(TINY, 6, starts).step(), first)


def test_the_published_configuration_can_be_stepped(starts: Any) -> None:
    for changed in ({}, {"advantage": "spread"}, {"advantage": "none"}, {"flags": False}, {"idle": 0}):
        trainer = Trainer(replace(TINY, **changed), 0, starts)
        assert np.isfinite([trainer.step().grad_norm for _ in range(2)]).all()
    for mode in ("uniform", "opening_only", "far"):
        trainer = Trainer(replace(TINY, rule=Rule(mode)), 0, starts)
        assert np.isfinite([trainer.step().grad_norm for _ in range(2)]).all()


def test_a_cell_gives_as_many_starts_as_lead_to_its_positions(starts: Any) -> None:
    """Over many draws as many distinct positions come from one cell as from another."""
    trainer = Trainer(replace(TINY, rule=Rule("uniform")), 0, starts)
    trainer.reach = np.linspace(1, 80, len(CELLS))
    drawn, rng = np.zeros(len(CELLS)), np.random.default_rng(0)
    trainer.steps = 10_000
    for _ in range(300):
        cells, _ = trainer._draw(rng)
        drawn += np.bincount(cells, minlength=len(CELLS))
    positions = drawn * trainer.reach
    near, far = positions[: len(CELLS) // 2].mean(), positions[len(CELLS) // 2 :].mean()
    assert near / far == pytest.approx(1, abs=0.25)


# --- runs -------------------------------------------------------------------------------------------------


def test_mate_in_one_is_learnt_from_random_weights(starts: Any) -> None:
    """A known answer: from 8 % of some 150 positions to most of them, from reward alone, in ten steps."""
    config = Config(
        boards=10**9, width=32, rank=16, learning_rate=5e-3, draws=4, growth=1, minibatch=256, idle=64,
        rule=Rule(passed=2.0),
    )  # fmt: skip
    trainer = Trainer(config, 0, starts)
    before = evaluation.mate_rate(trainer.policy, starts)
    for _ in range(12):
        step = trainer.step()
    assert set(step.cell.tolist()) == {0}
    assert before < 0.2
    assert evaluation.mate_rate(trainer.policy, starts) > 0.75


@pytest.mark.parametrize("public", [False, True])
def test_a_run_taken_up_again_is_the_run_that_was_not_put_down(starts: Any, tmp_path: Path, public: bool) -> None:
    def fresh(seed: int = 4) -> Trainer:
        return Trainer(TINY, seed, starts, TrainingGame() if public else None)

    whole, path = fresh(), tmp_path / "run.safetensors"
    steps = [whole.step() for _ in range(8)]
    cut = fresh()
    for number in range(8):
        if number in {1, 4, 5}:
            checkpoint.write(path, cut, {"log": np.arange(number)})
            cut = fresh()
            log = checkpoint.read(path, cut)
            assert log is not None
            assert log["log"].tolist() == list(range(number))
        assert same(cut.step(), steps[number])
    assert equal(weights(whole), weights(cut))
    assert whole.smooth_entropy == cut.smooth_entropy
    for name, value in whole.state()[1].items():
        assert same(value, cut.state()[1][name]), name
    assert (len(steps[-1].game) > 0) == public
    with pytest.raises(ValueError, match="another run"):
        checkpoint.read(path, fresh(5))
    path.write_bytes(path.read_bytes()[:-100])
    assert checkpoint.read(path, fresh()) is None


def test_a_run_ends_where_its_boards_are_spent(few_data: None) -> None:
    steps = list(grpo.run(replace(TINY, boards=3_000), 3))
    assert len(steps) > 2
    assert steps[-2].boards < 3_000 <= steps[-1].boards
    again = list(grpo.run(replace(TINY, boards=3_000), 3))
    assert all(same(one, other) for one, other in zip(steps, again, strict=True))


# --- what it is compared with -----------------------------------------------------------------------------


def test_a_learnt_value_is_fitted_and_resumes(starts: Any, tmp_path: Path) -> None:
    config, path = replace(TINY, advantage="value"), tmp_path / "run.safetensors"
    whole, first, second = (ppo.Trainer(config, 1, starts) for _ in range(3))
    for _ in range(4):
        step = whole.step()
    for _ in range(2):
        first.step()
    checkpoint.write(path, first, {})
    assert checkpoint.read(path, second) == {}
    for _ in range(2):
        again = second.step()
    assert same(step, again)
    assert equal([*whole.value.parameters()], [*second.value.parameters()])
    assert whole.value.bias.item() != 0
    visits = step.visits
    error = []
    for _ in range(30):
        with torch.no_grad():
            value = whole.value(whole.policy.trunk(visits.observation)[2])[:, 0].numpy()[visits.position]
        target = step.rewards.ravel()[visits.rollout]
        error.append(float(np.square(value - target).mean()))
        weight = whole._credit(visits, step.rewards)
        assert weight == pytest.approx((target - value) / ((target - value).std() + 1e-3), abs=1e-3)
    assert error[-1] < error[0]


def test_the_network_that_is_shown_the_answers_learns_them(starts: Any) -> None:
    config = replace(TINY, width=32, rank=16, learning_rate=5e-3, boards=supervised.BATCH * 12)
    assert evaluation.mate_rate(supervised.train(config, 0, starts), starts) > 0.8
