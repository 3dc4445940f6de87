"""The coarse network: folding, and what goes in and out of it."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.model import coarse  # noqa: E402
from support.scan import awake, heard  # noqa: E402


def small() -> coarse.Coarse:
    torch.manual_seed(0)
    return awake(coarse.Coarse((8, 8, 8)))


def denoised(model: coarse.Coarse, x: torch.Tensor, sigma: float, head: float = 0.0) -> torch.Tensor:
    said, every = heard(), len(x)
    with torch.no_grad():
        found: torch.Tensor = model(
            x, torch.full((every,), sigma), torch.full((every,), head),
            said.tokens.expand(every, -1, -1), said.heard.expand(every, -1),
        )  # fmt: skip
    return found


def test_unfolding_undoes_folding_and_each_block_is_one_place() -> None:
    x = torch.randn(2, 3, 4, 6, 8, generator=torch.Generator().manual_seed(0))
    folded = coarse.fold(x)
    assert folded.shape == (2, 24, 2, 3, 4)
    assert torch.equal(coarse.unfold(folded), x)
    assert torch.equal(folded[1, 8:16, 1, 2, 3], x[1, 1, 2:, 4:, 6:].flatten())


def test_volumes_keep_their_shape_and_do_not_see_one_another() -> None:
    model = small()
    x = torch.randn(2, *coarse.SHAPE, generator=torch.Generator().manual_seed(0))
    both = denoised(model, x, 0.5)
    assert both.shape == x.shape
    assert torch.allclose(denoised(model, x[1:], 0.5)[0], both[1], atol=1e-5)
    assert (denoised(model, x[1:], 0.5, head=1.0)[0] - both[1]).abs().max() > 1e-4
    assert torch.allclose(denoised(model, x[1:], 1e-6), x[1:], atol=1e-4)  # of no noise there is none to take away


def test_air_is_added_above_and_every_voxel_is_told_its_place() -> None:
    model, seen = small(), []
    model.net.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    x = torch.ones(1, *coarse.SHAPE)
    denoised(model, x, coarse.SPREAD)
    images = coarse.unfold(seen[0])[0]
    slices = coarse.SHAPE[0]
    assert images.shape[1] % 8 == 0 and images.shape[1] > slices
    assert torch.allclose(images[0, :slices], torch.tensor(0.5**0.5 / coarse.SPREAD)) and not images[0, slices:].any()
    for axis, place in enumerate(images[1:]):
        along = place.movedim(axis, 0).flatten(1)
        assert (along == along[:, :1]).all() and along[0, 0] == -2 and along[-1, 0] == 2
