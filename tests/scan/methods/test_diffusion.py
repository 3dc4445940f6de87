"""Reverse diffusion with data consistency."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.methods import diffusion, sampler  # noqa: E402
from stagelight.engines.scan.solvers import misfit  # noqa: E402
from support.scan import scanned, small_prior  # noqa: E402


def test_full_sampling_returns_the_volume() -> None:
    x, ready = small_prior(1.0, sigma=0.0)
    last = list(diffusion.run(diffusion.Config(steps=4), 0, ready))[-1]
    scale = scanned(1.0)[1].scale
    assert (last.consistent * scale - x).abs().max() < 1e-3


def test_a_sample_is_a_function_of_its_seed_and_counts_down() -> None:
    _, ready = small_prior()
    config = diffusion.Config(steps=5)
    one, same, other = (list(diffusion.run(config, seed, ready)) for seed in (1, 1, 2))
    assert torch.equal(one[-1].consistent, same[-1].consistent)
    assert not torch.equal(one[-1].consistent, other[-1].consistent)
    assert all(a.sigma > b.sigma for a, b in pairwise(one))
    assert math.isclose(one[0].sigma, config.sigma_max) and one[0].x.std() > 0.9 * config.sigma_max
    assert all(s.misfit_after <= s.misfit_before for s in one)
    with pytest.raises(ValueError, match="wanted 2 or more"):
        sampler.sigmas(replace(config, steps=1))


@pytest.mark.parametrize("eta", [0.0, 0.5])
def test_samples_of_a_gaussian_prior_are_off_the_measurements_by_their_noise(eta: float) -> None:
    """The prior is known, so its denoiser and the posterior are: mean, spread and distance to the data."""

    spread, noise, shape = 0.25, 0.1, (4, 16, 24)
    rng = np.random.default_rng(0)
    acquisition = operator.scanner(operator.Config("density", 2.0, 1, noise, center_fraction=0.05), shape, rng)
    x = torch.from_numpy(rng.normal(0, spread, shape).astype(np.float32))
    scan = replace(operator.measure(x, acquisition, noise, rng), scale=1.0)
    shaped = SimpleNamespace(slices=4, sigma_image=spread, sigma_scan=spread)

    def denoise(x: Any, sigma: float, *_: object) -> Any:
        return spread**2 / (spread**2 + sigma**2) * x

    known = SimpleNamespace(scan=scan, mean=x, model=SimpleNamespace(config=shaped), blind=True, denoise=denoise)
    config = diffusion.Config(steps=60, eta=eta)
    ends = torch.stack([list(diffusion.run(config, seed, known))[-1].consistent for seed in range(12)])  # type: ignore[arg-type]
    assert 0.93 < np.mean([misfit(end, scan) for end in ends]) < 1.07
    assert abs(float((ends.mean(0) - x).std() / ends.std(0).mean()) - 1) < 0.1  # as far off as they differ
