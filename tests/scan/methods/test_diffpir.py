"""DiffPIR with a denoiser whose right answer is known: images are Gaussian about a mean."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.methods import diffpir  # noqa: E402
from support.scan import gaussian_case  # noqa: E402


def test_diffpir_comes_near_the_posterior_mean_of_a_gaussian() -> None:
    scan, denoise, wanted, _ = gaussian_case()
    runs = [list(diffpir.run(scan, denoise, diffpir.Config(steps=30), seed))[-1] for seed in range(6)]
    away = float((torch.stack(runs).mean(0) - wanted).square().mean().sqrt())
    assert away < 0.5 * float((denoise.mean - wanted).square().mean().sqrt())


def test_a_picture_repeats_itself_by_its_seed() -> None:
    scan, denoise, _, _ = gaussian_case()
    a, b, c = (list(diffpir.run(scan, denoise, diffpir.Config(steps=4), seed))[-1] for seed in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
