"""The trained policy of the village: what it computes with, how it is credited, that it learns, and that it resumes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stagelight.engines.experiment import checkpoint, weights
from stagelight.engines.experiment.checkpoint import Log
from stagelight.engines.experiment.progress import Interrupted
from stagelight.engines.experiment.training import append, run_to_completion
from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, scenarios
from stagelight.engines.village.agents.policy import BatchPolicy, TrainedWorker
from stagelight.engines.village.agents.protocol import Observations
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.episode import run
from stagelight.engines.village.training import features, networks, ppo, training_loop
from stagelight.engines.village.training.dagger import Config as Imitation
from stagelight.engines.village.training.dagger import imitate
from stagelight.engines.village.training.networks import Policy
from stagelight.engines.village.training.reward_shaping import potential
from stagelight.engines.village.training.rollouts import FIRST_SEED, Cohort, act, collect, told
from stagelight.engines.village.world import World
from support.paths import RECORDINGS

pytestmark = pytest.mark.engine
PUBLISHED = RECORDINGS / training_loop.FILE
TINY = ppo.Config(cohorts=2, villages=5, length=48, updates=12, width=16, minibatch=128, critic_first=0)


def cohort(count: int = 6, seed: int = 3) -> Cohort:
    return Cohort.endless(scenarios.TRAIN, count, seed, count)


def fresh(width: int = 16) -> Policy:
    return Policy(width, torch.Generator().manual_seed(1))


def test_training_and_scoring_share_no_seed() -> None:
    assert FIRST_SEED > 1_000_000
    assert not set(ppo.Config().scenarios) & set(scenarios.HELD_OUT)


def test_features_are_finite_small_and_one_hot_where_they_say() -> None:
    found, generator, policy_ = cohort(), torch.Generator().manual_seed(0), fresh()
    for _ in range(200):
        chosen = act(policy_, [found], generator)
        x = chosen.features
        assert np.isfinite(x).all()
        assert (np.abs(x) <= 8).all()
        assert (x[:, -features.ONE_HOT :].sum(1) == 6).all()  # role, tick, place, three doings
        found.villages.step(chosen.actions[0], told(found.count))


def test_features_depend_on_what_the_worker_knows_and_nothing_else() -> None:
    """Changing what nobody has seen changes no feature until someone sees it."""
    one, two = cohort(), cohort()
    two.villages.numbers[:, r.PLOTS + 6] += 50  # the granary, which nobody stands at
    policy_, seen = fresh(), []
    for found in (one, two):
        doing = np.zeros((found.count, 3), np.int64)
        for _ in range(3):
            found.villages.step(doing, told(found.count))
        seen.append(act(policy_, [found], None).features)
    np.testing.assert_array_equal(seen[0], seen[1])


def test_a_worker_remembers_what_they_did_and_how_long_the_others_have_been_at_it() -> None:
    found = cohort(1)
    doing = np.array([[r.FARM, r.GRIND, r.SERVE]])
    for _ in range(4):
        features.remember(found.villages.observations, found.memory)
        found.villages.step(doing, told(1))
    features.remember(found.villages.observations, found.memory)
    assert found.memory[0, :, 0].tolist() == [r.FARM, r.GRIND, r.SERVE]
    assert found.memory[0, 0, 1:3].tolist() == [r.GRIND, r.SERVE]  # the farmer of the miller and the baker
    assert (found.memory[0, :, 3:] > 0).any()


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_potential_ends_at_nothing_and_more_is_never_worth_less(seed: int) -> None:
    rng = np.random.default_rng(seed)
    row = rng.uniform(0, 20, 25)
    row[r.PLOTS + 11] = rng.integers(0, 8)
    tick = int(rng.integers(0, r.TICKS))
    assert potential(row, r.TICKS) == 0
    here = potential(row, tick)
    for item in range(r.PLOTS, r.PLOTS + 8):
        more = row.copy()
        more[item] += 1
        assert potential(more, tick) >= here


def test_advantages_are_the_shaped_returns_less_the_critics_guess() -> None:
    """With lambda 1 and no discount, advantage plus guess is all shaped reward to the end of the episode."""
    config = ppo.Config(**{**vars(TINY), "gamma": 1.0, "trace": 1.0, "length": r.TICKS, "cohorts": 1})
    trainer = ppo.Trainer(config, 0)
    batch, ended = collect(trainer.policy, trainer.cohorts, r.TICKS, trainer.generator)
    advantage, target = trainer.credit(batch)
    to_go = config.unit * (batch.rewards[::-1].cumsum(0)[::-1] - batch.potential[:-1])
    np.testing.assert_allclose(target, to_go, rtol=1e-3, atol=2e-3)
    assert advantage.shape == (r.TICKS, config.villages)
    np.testing.assert_allclose([one.score for one in ended], batch.rewards.sum(0) / r.NORM, rtol=1e-4)
    assert batch.ended[-1].all()
    assert not batch.ended[:-1].any()


def test_only_what_is_allowed_is_ever_chosen() -> None:
    trainer = ppo.Trainer(TINY, 0)
    batch, _ = collect(trainer.policy, trainer.cohorts, 240, trainer.generator)
    assert batch.masks[np.arange(len(batch.actions)), batch.actions].all()
    assert (trainer.cohorts[0].villages.workers[:, 9:12] == 0).all()  # none was forbidden
    assert {int(a) for a in batch.actions} == set(range(13))


def test_the_same_seed_is_the_same_run_and_another_is_not() -> None:
    runs = [[step.entropy for step, _ in zip(ppo.run(TINY, seed), range(3), strict=False)] for seed in (0, 0, 1)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_a_run_put_down_and_taken_up_is_to_the_bit_the_run_that_was_not(tmp_path: Path) -> None:
    whole, first = ppo.Trainer(TINY, 0), ppo.Trainer(TINY, 0)
    for _ in range(12):
        last = whole.step()
    for _ in range(7):
        first.step()
    checkpoint.write(tmp_path / "run.safetensors", first, {"entropy": np.arange(7.0)})
    again = ppo.Trainer(TINY, 0)
    log = checkpoint.read(tmp_path / "run.safetensors", again)
    assert log is not None
    assert len(log["entropy"]) == 7
    for _ in range(5):
        resumed = again.step()
    assert resumed.entropy == last.entropy
    assert dict(resumed.returns) == dict(last.returns)
    for mine, other in zip(whole.policy.parameters(), again.policy.parameters(), strict=True):
        assert torch.equal(mine, other)


def observe(step: ppo.Step, log: Log) -> Mapping[str, float]:
    return append(log, {"entropy": step.entropy})


def test_a_course_is_put_down_in_time_and_goes_on(tmp_path: Path) -> None:
    path, config = tmp_path / "run.safetensors", ppo.Config(**{**vars(TINY), "updates": 3})
    done = []
    for _ in range(2):
        with pytest.raises(Interrupted):
            run_to_completion(ppo.Trainer(config, 0), 3, path, observe, lambda *a: done.append(a[1]), deadline=0)
    log = run_to_completion(ppo.Trainer(config, 0), 3, path, observe)
    assert done == [1, 2]
    assert len(log["entropy"]) == 3
    with pytest.raises(ValueError, match="of another run"):
        run_to_completion(ppo.Trainer(config, 1), 3, path, observe)
    path.write_bytes(path.read_bytes()[:100])
    assert checkpoint.read(path, ppo.Trainer(config, 0)) is None


def test_a_published_policy_acts_as_the_one_it_was(tmp_path: Path) -> None:
    mine = fresh(24)
    networks.publish(mine, tmp_path / "policy.safetensors", {"seed": 5})
    again, about = networks.load(tmp_path / "policy.safetensors")
    assert about == {"seed": 5}
    one, two = (act(p, [cohort()], None) for p in (mine, again))
    np.testing.assert_array_equal(one.logp, two.logp)


def test_a_file_that_is_no_policy_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "policy.safetensors"
    with pytest.raises(ValueError, match="not a village policy"):
        networks.load(path)
    networks.publish(fresh(), path, {})
    whole = path.read_bytes()
    for damage in (b"", whole[:50], whole.replace(b"village policy 1", b"village policy 9"), whole[:-4]):
        path.write_bytes(damage)
        with pytest.raises(ValueError, match="was changed"):
            networks.load(path)
        weights.seal(path)
        with pytest.raises(ValueError, match="give a published one") as caught:
            networks.load(path)
        assert "\n" not in str(caught.value)


class Commonest:
    """A teacher whose rule is one look: the farmer farms what is ripe, the others follow their craft."""

    reports = True

    def __init__(self, villages: Villages) -> None:
        """Of any villages: it looks at no more than the workers do."""

    def act(self, observations: Observations) -> NDArray[np.int64]:
        ripe, workers = observations.free_values[:, r.KNOWS + r.RIPE] > 0, observations.workers
        return np.where(workers == 0, np.where(ripe, r.FARM, r.HAUL_WHEAT), np.where(workers == 1, r.GRIND, r.BAKE))


def test_a_rule_is_learnt_by_imitation() -> None:
    pupil = fresh(32)
    losses = imitate(
        pupil, Commonest, scenarios.TRAIN, Imitation(rounds=2, villages=10, epochs=4, blunder=0.1, minibatch=64), 0
    )
    assert losses[-1] < 0.1
    found = cohort(20, 77)
    seen = Observations(0, found.villages.observations, found.villages.masks, *found.free())
    right = Commonest(found.villages).act(seen)
    assert (act(pupil, [found], None).picked == right).mean() > 0.95


@pytest.mark.slow
def test_reward_alone_teaches_a_village_to_eat() -> None:
    """From chance: after some seconds of villages, far more is eaten than by chance."""
    config = ppo.Config(scenarios=("calm",), cohorts=5, villages=24, updates=45, width=64, entropy=0.02, critic_first=0)
    trainer = ppo.Trainer(config, 0)
    tapes = exogenous.stack([exogenous.draw(scenarios.CALM, seed) for seed in range(40)])
    before = play(Villages(tapes), BatchPolicy(trainer.policy, torch.Generator().manual_seed(0))).returns.mean()
    for _ in range(config.updates):
        step = trainer.step()
    after = play(Villages(tapes), BatchPolicy(trainer.policy, torch.Generator().manual_seed(0))).returns.mean()
    assert before < -0.3
    assert after > before + 0.3
    assert 0.1 < step.entropy < math.log(13)


def test_a_trained_worker_does_in_the_readable_world_what_the_policy_does_in_many() -> None:
    policy_ = fresh()
    drawn = [exogenous.draw(scenarios.STD, seed) for seed in (5, 6)]
    many = play(Villages(exogenous.stack(drawn)), BatchPolicy(policy_))
    for index, one in enumerate(drawn):
        world = World(one)
        for step in run(world, [TrainedWorker(policy_) for _ in range(3)]):
            np.testing.assert_array_equal(world.numbers(), many.history[index, step.tick])
        assert many.returns[index] == world.J / r.NORM


@pytest.mark.slow
def test_the_published_policy_is_small_and_beats_the_best_scripted_workers_in_every_scenario() -> None:
    """On tapes of its own; the reserve of the scripted workers is chosen on these very tapes."""
    if not PUBLISHED.exists():
        pytest.skip("no policy is published yet")
    assert PUBLISHED.stat().st_size < 1_000_000
    mine, _ = networks.load(PUBLISHED)
    found = training_loop.scores(mine, range(6000, 6030))
    assert {
        name: one["policy"] - one["best_stock"] for name, one in found.items() if one["policy"] <= one["best_stock"]
    } == {}
