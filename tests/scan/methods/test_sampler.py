"""Reverse diffusion with any denoiser."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.methods import sampler  # noqa: E402
from support.scan import Gaussian  # noqa: E402

SHAPE = (4, 32, 32)


def chance(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def sample(config: sampler.Schedule, seed: int, mean: float = 0.5, spread: float = 0.2) -> list[sampler.Step]:
    return list(sampler.run(config, chance(seed), SHAPE, Gaussian(torch.full(SHAPE, mean), spread)))


def test_the_schedule_falls_from_its_highest_to_its_lowest_and_ends_at_nought() -> None:
    found = sampler.sigmas(sampler.Schedule(steps=9, sigma_max=5.0, sigma_min=0.004))
    assert len(found) == 10 and found[-1] == 0
    assert found[0] == pytest.approx(5.0) and found[-2] == pytest.approx(0.004)
    assert all(a > b for a, b in pairwise(found))
    assert all(a - b > b - c for (a, b), (_, c) in pairwise(pairwise(found[:-1])))  # steps shrink
    for steps, low in ((1, 0.004), (5, 0.0), (5, 6.0)):
        with pytest.raises(ValueError, match="wanted 2 or more, falling, above 0"):
            sampler.sigmas(sampler.Schedule(steps=steps, sigma_min=low))


@pytest.mark.parametrize(
    ("steps", "eta", "least"), [(160, 0.0, 0.98), (160, 0.3, 0.96), (24, 0.3, 0.9), (24, 0.6, 0.85)]
)
def test_samples_of_a_gaussian_have_its_mean_and_spread(steps: int, eta: float, least: float) -> None:
    """The spread is what the steps make of the first one's, which nears the prior's own as steps grow shorter."""
    config, spread = sampler.Schedule(steps=steps, eta=eta), 0.2
    last = sample(config, 0, spread=spread)[-1].consistent
    expected = config.sigma_max
    for sigma, following in pairwise(sampler.sigmas(config)):
        kept = spread**2 / (spread**2 + sigma**2)
        expected *= kept + following * math.sqrt(1 - eta**2) * (1 - kept) / sigma
        expected = math.hypot(expected, following * eta)
    assert least < expected / spread < 1
    assert abs(float(last.std()) / expected - 1) < 0.04
    assert abs(float(last.mean()) - 0.5) < 0.03


def test_a_sample_is_a_function_of_its_seed() -> None:
    config = sampler.Schedule(steps=4)
    one, same, other = (sample(config, seed) for seed in (1, 1, 2))
    for a, b in zip(one, same, strict=True):
        assert torch.equal(a.x, b.x) and torch.equal(a.consistent, b.consistent)
    assert not torch.equal(one[-1].consistent, other[-1].consistent)
    assert [step.step for step in one] == [1, 2, 3, 4]
    assert [step.sigma for step in one] == sampler.sigmas(config)[:-1]


def test_a_step_is_taken_from_the_consistent_estimate() -> None:
    truth = torch.full(SHAPE, 0.25)
    steps = list(
        sampler.run(sampler.Schedule(steps=5), chance(0), SHAPE, Gaussian(torch.zeros(SHAPE), 0.1), lambda z, s: truth)
    )
    assert torch.equal(steps[-1].consistent, truth)
    for step in steps[1:]:  # what is left in x is noise of the level that it is said to have
        assert abs(float((step.x - truth).std()) / step.sigma - 1) < 0.1
        assert torch.equal(step.denoised, Gaussian(torch.zeros(SHAPE), 0.1)(step.x, step.sigma))


def test_noise_of_a_complex_kind_has_its_spread_in_each_part() -> None:
    config = sampler.Schedule(steps=160, sigma_max=3.0, eta=0.0)
    mean = torch.full(SHAPE, 0.3 - 0.4j)
    first, *_, last = sampler.run(config, chance(0), SHAPE, Gaussian(mean, 0.2), dtype=torch.complex64)
    assert first.x.dtype == last.consistent.dtype == torch.complex64
    for part in (torch.real, torch.imag):
        assert abs(float(part(first.x).std()) / 3 - 1) < 0.05
        assert abs(float(part(last.consistent).std()) / 0.2 - 1) < 0.06
        assert abs(float(part(last.consistent - mean).mean())) < 0.04
    assert abs(float((first.x.real * first.x.imag).mean())) < 0.5


def test_opposite_noise_cancels_in_the_mean_of_two() -> None:
    """Of a linear denoiser to the rounding, whatever the steps."""
    config, denoise = sampler.Schedule(steps=6, eta=0.4), Gaussian(torch.full(SHAPE, 0.5), 0.2)
    ends = []
    for sign in (1.0, -1.0):
        *_, last = sampler.run(config, chance(3), SHAPE, denoise, sign=sign)
        ends.append(last.consistent)
    assert (ends[0] - ends[1]).abs().max() > 0.1
    spread = ((ends[0] + ends[1]) / 2).std()
    assert spread < 1e-5
