"""Reverse diffusion with data consistency."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.acquisition.operator import Measured  # noqa: E402
from stagelight.engines.scan.methods import diffusion, sampler  # noqa: E402
from stagelight.engines.scan.methods.sampler import Schedule  # noqa: E402
from stagelight.engines.scan.model import denoiser, prior  # noqa: E402
from stagelight.engines.scan.solvers import misfit  # noqa: E402
from support.scan import scanned, small_network  # noqa: E402


def shown(acceleration: float = 4.0, sigma: float = 0.01) -> tuple[torch.Tensor, prior.FinePrior]:
    """An untrained network, shown a small scan as it was measured."""
    x, scan = scanned(acceleration, sigma)
    return x, prior.of_scan(small_network(), denoiser.unit(scan))


def test_full_sampling_returns_the_volume() -> None:
    x, net = shown(1.0, sigma=0.0)
    last = diffusion.last(0, net, net.scan, Schedule(steps=4))
    assert (last * scanned(1.0)[1].scale - x).abs().max() < 1e-3


def test_a_sample_is_a_function_of_its_seed_and_counts_down() -> None:
    _, net = shown()
    schedule = Schedule(steps=5)
    one, same, other = (list(diffusion.run(schedule, seed, net, net.scan)) for seed in (1, 1, 2))
    assert torch.equal(one[-1].consistent, same[-1].consistent)
    assert not torch.equal(one[-1].consistent, other[-1].consistent)
    assert all(a.sigma > b.sigma for a, b in pairwise(one))
    assert math.isclose(one[0].sigma, schedule.sigma_max) and one[0].x.std() > 0.9 * schedule.sigma_max
    assert all(s.misfit_after <= s.misfit_before for s in one)
    with pytest.raises(ValueError, match="wanted 2 or more"):
        sampler.sigmas(replace(schedule, steps=1))


def test_samples_come_in_pairs_of_opposite_noise() -> None:
    _, net = shown()
    first, opposite, next_one = (list(diffusion.run(Schedule(steps=3), seed, net, net.scan)) for seed in (4, 5, 6))
    assert torch.equal(first[0].x, -opposite[0].x)
    assert not torch.equal(first[0].x, next_one[0].x)
    assert not torch.equal(first[0].x, -next_one[0].x)


def test_without_a_scan_nothing_is_held_and_no_misfit_is_known() -> None:
    _, net = shown()
    steps = list(diffusion.run(Schedule(steps=3), 0, net, None))
    assert all(torch.equal(s.denoised, s.consistent) and math.isnan(s.misfit_after) for s in steps)


class Known(prior.FinePrior):
    """A prior of which all is known: images are Gaussian about nothing."""

    def __init__(self, scan: Measured, spread: float) -> None:
        self.scan, self.known, self.own = None, torch.zeros(scan.acquisition.sens.shape[1:]), spread

    @property
    def spread(self) -> float:
        return self.own

    def __call__(self, x: torch.Tensor, sigma: float) -> torch.Tensor:
        return self.own**2 / (self.own**2 + sigma**2) * x

    def recall(self, estimate: torch.Tensor) -> None:
        """Nothing is learnt from it."""

    def forget(self) -> None:
        """Nothing was learnt."""


@pytest.mark.parametrize("eta", [0.0, 0.5])
def test_samples_of_a_gaussian_prior_are_off_the_measurements_by_their_noise(eta: float) -> None:
    """The prior is known, so its denoiser and the posterior are: mean, spread and distance to the data.

    All is linear, so the mean of a pair is the mean of the posterior itself.
    """
    spread, noise, shape = 0.25, 0.1, (4, 16, 24)
    rng = np.random.default_rng(0)
    acquisition = operator.scanner(operator.Config("density", 2.0, 1, noise, center_fraction=0.05), shape, rng)
    x = torch.from_numpy(rng.normal(0, spread, shape).astype(np.float32))
    scan = replace(operator.measure(x, acquisition, noise, rng), scale=1.0)
    known, schedule = Known(scan, spread), Schedule(steps=60, eta=eta)
    ends = torch.stack([diffusion.last(seed, known, scan, schedule) for seed in range(12)])
    assert 0.93 < np.mean([misfit(end, scan) for end in ends]) < 1.07
    assert abs(float((ends.mean(0) - x).std() / ends.std(0).mean()) - 1) < 0.1  # as far off as they differ
    pairs = (ends[::2] + ends[1::2]) / 2
    assert (pairs - ends.mean(0)).abs().max() < 1e-3 < 0.1 * ends.std(0).mean()
