"""Training the village's policy: how it is credited, that it learns, and that it resumes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from stagelight.engines.experiment import checkpoint
from stagelight.engines.experiment.checkpoint import Log
from stagelight.engines.experiment.progress import Interrupted
from stagelight.engines.experiment.training import append, run_to_completion
from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, scenarios
from stagelight.engines.village.agents.policy import BatchPolicy
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.training import ppo
from stagelight.engines.village.training.rollouts import FIRST_SEED, collect

pytestmark = pytest.mark.engine
TINY = ppo.Config(cohorts=2, villages=5, length=48, updates=12, width=16, minibatch=128, critic_first=0)


def test_training_and_scoring_share_no_seed() -> None:
    assert FIRST_SEED > 1_000_000
    assert not set(ppo.Config().scenarios) & set(scenarios.HELD_OUT)


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
