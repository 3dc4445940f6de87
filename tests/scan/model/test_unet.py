"""The U-Net and its preconditioning."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.model import unet  # noqa: E402
from support.scan import awake, heard  # noqa: E402

SMALL = unet.Config(3, inside=2, outside=3, numbers=1, widths=(8, 16), blocks=1, context=16)


def network(config: unet.Config = SMALL) -> unet.UNet:
    torch.manual_seed(0)
    return awake(unet.UNet(config))


def called(net: unet.UNet, *space: int, silent: bool = False) -> torch.Tensor:
    said, chance = heard(), torch.Generator().manual_seed(1)
    images = torch.randn((2, 2, *space), generator=chance)
    tokens = said.tokens[:5].expand(2, -1, -1)
    listens = torch.zeros(2, 5, dtype=torch.bool) if silent else said.heard[:5].expand(2, -1)
    with torch.no_grad():
        found: torch.Tensor = net(images, torch.zeros(2), torch.ones(2, 1), tokens, listens)
    return found


def test_images_of_two_and_of_three_dimensions_keep_their_sides() -> None:
    assert called(network(), 4, 6, 8).shape == (2, 3, 4, 6, 8)
    flat = unet.Config(2, inside=2, outside=3, numbers=1, widths=(8, 16), blocks=1, context=16)
    assert called(network(flat), 6, 8).shape == (2, 3, 6, 8)


def test_attention_that_is_watched_keeps_its_weights_and_no_weight_falls_on_what_was_not_heard() -> None:
    net = network()
    unwatched = called(net, 4, 6, 8)
    ears = [module for module in net.modules() if isinstance(module, unet.Attention)]
    assert len(ears) == 1  # of two levels, the finest does not listen
    for ear in ears:
        ear.watch = []
    assert torch.equal(called(net, 4, 6, 8), unwatched)
    called(net, 4, 6, 8, silent=True)
    spoken, silent = ears[0].watch or []
    assert spoken.shape == (2, SMALL.heads, 2 * 3 * 4, 1 + 5)
    assert torch.allclose(spoken.sum(3), torch.ones(()))
    assert (spoken[..., :4] > 0).all() and not spoken[..., 4:].any()
    assert (silent[..., 0] == 1).all() and not silent[..., 1:].any()


def test_a_sentence_makes_a_difference_only_where_it_is_heard() -> None:
    net = network()
    deaf = network(replace(SMALL, deaf=2))
    assert not torch.allclose(called(net, 4, 6, 8), called(net, 4, 6, 8, silent=True), atol=1e-3)
    assert torch.equal(called(deaf, 4, 6, 8), called(deaf, 4, 6, 8, silent=True))


def test_places_run_from_side_to_side() -> None:
    found = unet.coordinates((3, 5))
    assert found.shape == (2, 3, 5)
    assert found[0, :, 4].tolist() == [-2, 0, 2] and found[1, 1].tolist() == [-2, -1, 0, 1, 2]


@given(st.floats(1e-3, 50), st.floats(0.01, 1))
def test_preconditioning_is_edms(sigma: float, spread: float) -> None:
    s, d = torch.tensor([sigma], dtype=torch.float64), torch.full((1, 1, 1, 1), spread, dtype=torch.float64)
    skip, out, scale, noise = (float(v) for v in unet.precondition(s, d, 2))
    variance = sigma**2 + spread**2
    assert math.isclose(scale**2 * variance, 1, rel_tol=1e-9)  # the input has unit variance
    # and so has the target (x - c_skip (x + n)) / c_out, which is what eqs. 131 to 138 ask
    assert math.isclose(((1 - skip) ** 2 * spread**2 + skip**2 * sigma**2) / out**2, 1, rel_tol=1e-6)
    assert math.isclose(float(unet.weight(s, d, 2)) * out**2, 1, rel_tol=1e-9)
    assert math.isclose(noise, math.log(sigma) / 4, abs_tol=1e-9)
