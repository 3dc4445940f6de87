"""Training of a denoiser: the rate, the average of the weights, and a run that is resumed."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.engine

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from stagelight.engines.experiment import training  # noqa: E402
from stagelight.engines.experiment.checkpoint import Log  # noqa: E402
from stagelight.engines.experiment.progress import Interrupted, silent  # noqa: E402
from stagelight.engines.scan.training import trainer  # noqa: E402

CONFIG = trainer.Config(steps=12, batch=5, warmup=3, learning_rate=0.05, ema=0.9)


class Line(trainer.Trainer):
    """Learns y = 2 x from noisy points; the noise is torch's, the points are numpy's."""

    def __init__(self, config: trainer.Config = CONFIG, seed: int = 4, scale: float = 1.0) -> None:
        torch.manual_seed(seed)
        super().__init__(config, seed, nn.Linear(1, 1))
        self.scale = scale

    def loss(self) -> tuple[Tensor, dict[str, float]]:
        x = torch.from_numpy(self.rng.standard_normal((self.config.batch, 1)).astype(np.float32))
        y = 2 * x + 0.1 * torch.randn(x.shape, generator=self.torch_rng)
        odd = {"odd": 1.0 if self.done % 2 else math.nan}
        return self.scale * (self.model(x) - y).square().mean(), odd


def test_the_rate_warms_up_stays_and_falls_over_the_last_third() -> None:
    config = trainer.Config(steps=300, warmup=10)
    rates = [trainer.schedule(done, config) for done in range(301)]
    assert rates[:10] == pytest.approx([(n + 1) / 10 for n in range(10)])
    assert set(rates[10:201]) == {1.0}
    assert all(a > b for a, b in pairwise(rates[200:]))
    assert rates[250] == pytest.approx(0.51) and rates[300] == pytest.approx(0.02)
    run = Line()
    for done in range(CONFIG.steps):
        run.step()
        rate = CONFIG.learning_rate * trainer.schedule(done, CONFIG)
        assert run.optimiser.param_groups[0]["lr"] == pytest.approx(rate)


def test_the_average_follows_the_weights_and_what_is_learnt_is_so() -> None:
    run = Line(replace(CONFIG, steps=200))
    expected = {name: value.clone() for name, value in run.mean.state_dict().items()}
    for done in range(1, 201):
        step = run.step()
        keep = min(0.9, (1 + done) / (10 + done))
        for name, value in run.model.state_dict().items():
            expected[name] = keep * expected[name] + (1 - keep) * value
        assert step.step == run.done == done
    for name, value in run.mean.state_dict().items():
        assert torch.allclose(value, expected[name], atol=1e-5)
    assert abs(float(run.mean.weight) - 2) < 0.1 and step.figures["loss"] < 0.1  # type: ignore[arg-type]
    assert not any(value.requires_grad for value in run.mean.parameters())


def test_a_step_without_a_finite_gradient_leaves_the_weights_alone() -> None:
    run = Line(scale=math.inf)
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    step = run.step()
    assert not math.isfinite(step.grad_norm) and step.step == 1
    for name, value in run.model.state_dict().items():
        assert torch.equal(value, before[name])
    run.scale = 1.0
    assert math.isfinite(run.step().grad_norm)
    assert not torch.equal(run.model.weight, before["weight"])  # type: ignore[arg-type]


def test_gradients_are_clipped_but_told_as_they_were() -> None:
    run = Line(scale=1e4)
    norm = run.step().grad_norm
    clipped = math.sqrt(sum(float(p.grad.square().sum()) for p in run.model.parameters() if p.grad is not None))
    assert norm > 100 and clipped == pytest.approx(CONFIG.clip, rel=1e-3)


def test_a_run_that_is_interrupted_after_every_step_ends_as_one_that_is_not(tmp_path: Path) -> None:
    whole = Line()
    expected = training.run_to_completion(whole, CONFIG.steps, tmp_path / "whole.safetensors", trainer.observe)
    for interrupted in range(CONFIG.steps):
        resumed = Line()
        try:
            log = training.run_to_completion(
                resumed, CONFIG.steps, tmp_path / "resumed.safetensors", trainer.observe, silent, deadline=0.0
            )
        except Interrupted:
            assert resumed.done == interrupted + 1
    assert resumed.done == CONFIG.steps
    for one, other in ((whole.model, resumed.model), (whole.mean, resumed.mean)):
        for name, value in one.state_dict().items():
            assert torch.equal(other.state_dict()[name], value), name
    assert set(log) == set(expected) == {"loss", "odd", "grad_norm"}
    for name, values in expected.items():
        assert len(values) == CONFIG.steps and np.array_equal(log[name], values, equal_nan=True), name
    assert whole.step() == resumed.step()
    with pytest.raises(ValueError, match="of another run"):
        training.run_to_completion(Line(seed=5), 12, tmp_path / "resumed.safetensors", trainer.observe)


def test_a_listener_is_told_means_over_recent_steps_of_what_there_is() -> None:
    log: Log = {}
    assert trainer.observe(trainer.Step(1, {"loss": 3.0, "odd": math.nan}, 2.0), log) == {"loss": 3.0, "grad_norm": 2.0}
    told = trainer.observe(trainer.Step(2, {"loss": 1.0, "odd": 5.0}, 4.0), log)
    assert told == {"loss": 2.0, "odd": 5.0, "grad_norm": 3.0}
    for step in range(trainer.RECENT):
        told = trainer.observe(trainer.Step(3 + step, {"loss": 7.0, "odd": math.nan}, 1.0), log)
    assert told == {"loss": 7.0, "grad_norm": 1.0} and len(log["odd"]) == 2 + trainer.RECENT
