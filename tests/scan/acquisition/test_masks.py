"""Masks: how many points, where, and which are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.acquisition import masks  # noqa: E402
from support.scan import quickly, seeds  # noqa: E402


@quickly
@given(st.sampled_from(["poisson", "density"]), st.sampled_from([2.0, 4.0, 8.0, 12.5, 16.0]), seeds)
def test_a_mask_has_exactly_its_share_of_points_and_all_of_the_centre(
    kind: str, acceleration: float, seed: int
) -> None:
    config = masks.Config(kind, acceleration)
    mask = masks.make(config, (64, 80), np.random.default_rng(seed))
    assert mask.sum() == round(64 * 80 / acceleration)
    inner = masks.radius((64, 80)) <= (config.center_fraction / (np.pi / 4)) ** 0.5
    assert mask[inner].all()
    assert mask[32, 40]


def test_the_same_seed_gives_the_same_mask_and_another_another() -> None:
    made = [masks.make(masks.Config(acceleration=8), (64, 80), np.random.default_rng(seed)) for seed in (3, 3, 4)]
    assert (made[0] == made[1]).all()
    assert (made[0] != made[2]).any()


def test_a_mask_of_points_is_three_dimensional() -> None:
    mask = masks.make(masks.Config("points", 8), (32, 40, 24), np.random.default_rng(0))
    assert mask.shape == (32, 40, 24)
    assert mask.sum() == 32 * 40 * 24 / 8


@quickly
@given(st.sampled_from([(64, 80), (45, 32)]), st.sampled_from([1.0, 2.0, 3.0, 6.0]), seeds)
def test_a_mask_of_lines_has_exactly_its_share_of_them_and_all_the_middle_ones(
    shape: tuple[int, int], acceleration: float, seed: int
) -> None:
    config = masks.Config("lines", acceleration)
    mask = masks.make(config, shape, np.random.default_rng(seed))
    assert mask.shape == shape and (mask == mask[:, :1]).all()
    lines, centre = mask[:, 0], shape[0] // 2
    assert lines.sum() == round(shape[0] / acceleration)
    wide = int((config.center_fraction / (np.pi / 4)) ** 0.5 * shape[0] / 4)  # half of them, on either side
    assert lines[centre - wide : centre + wide + 1].all()


@pytest.mark.parametrize("kind", ["poisson", "density"])
def test_a_mask_is_denser_within_than_without(kind: str) -> None:
    mask, away = masks.make(masks.Config(kind, 8), (128, 160), np.random.default_rng(0)), masks.radius((128, 160))
    shares = [mask[(away >= low) & (away < low + 0.25)].mean() for low in (0.0, 0.25, 0.5, 0.75)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 3 * shares[3]


def test_poisson_points_keep_their_distance_and_random_ones_do_not() -> None:
    def neighbours(kind: str) -> int:
        mask, away = masks.make(masks.Config(kind, 12), (128, 160), np.random.default_rng(0)), masks.radius((128, 160))
        touching = mask[:, 1:] & mask[:, :-1] & (away[:, 1:] > 0.5)
        return int(touching.sum())

    assert neighbours("poisson") == 0
    assert neighbours("density") > 0


@pytest.mark.parametrize(
    ("config", "shape", "words"),
    [
        (masks.Config("spiral"), (32, 32), "choose one of poisson"),
        (masks.Config("points"), (32, 32), "wanted 3"),
        (masks.Config("poisson"), (32, 32, 32), "wanted 2"),
        (masks.Config(acceleration=0.5), (32, 32), "acceleration 0.5"),
        (masks.Config(acceleration=500), (128, 160), "acceleration 500"),
        (masks.Config("lines", 40), (128, 160), "acceleration 40; wanted 1 to 14"),
        (masks.Config("lines", 0.5), (32, 32), "acceleration 0.5"),
        (masks.Config("lines"), (32, 32, 32), "wanted 2"),
    ],
)
def test_a_mask_that_cannot_be_is_refused(config: masks.Config, shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        masks.make(config, shape, np.random.default_rng(0))
