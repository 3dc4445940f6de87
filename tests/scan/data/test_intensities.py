"""Intensities of a reader's volume: where darkness lies, and what cannot be a brain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("torch")
ndimage = pytest.importorskip("scipy.ndimage")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.data import intensities  # noqa: E402
from support.scan import Floats, brain, grainy  # noqa: E402

RAW = grainy((40, 48, 36))
INSIDE = brain((40, 48, 36)) > 0


def standardised(raw: Floats, inside: np.ndarray) -> Floats:
    return np.where(inside, (raw - raw[inside].mean()) / raw[inside].std(), 0).astype(np.float32)


WITHIN = standardised(RAW, INSIDE)
KINDS: dict[str, tuple[Floats, str, float]] = {
    "magnitude": (RAW, "of a magnitude image", 0.0),
    "shifted down": (RAW - 1000, "of a magnitude image shifted by -1000", -1000.0),
    "shifted up": (RAW + 1000, "of a magnitude image shifted by 1000", 1000.0),
    "standardised whole": ((RAW - RAW.mean()) / RAW.std(), "standardised", float(-RAW.mean() / RAW.std())),
    "standardised within": (WITHIN, "standardised", float(np.percentile(WITHIN[INSIDE], 0.1))),
    "nothing outside": (np.where(INSIDE, RAW, np.nan).astype(np.float32), "of a magnitude image", 0.0),
}


@pytest.mark.parametrize("name", KINDS)
def test_darkness_is_found_and_said(name: str) -> None:
    raw, kind, dark = KINDS[name]
    found = intensities.levels(raw)
    assert found.kind.startswith(kind)
    assert found.dark == pytest.approx(dark, abs=1e-3)
    assert bool(found.notes) == (name != "magnitude")
    assert not intensities.doubts(raw, found, statistic=False)
    lifted = intensities.lifted(raw, found)
    assert lifted.min() == 0
    assert (lifted[~INSIDE] == 0).all()
    span = np.nanmax(raw) - found.dark
    assert lifted[INSIDE].max() == pytest.approx(span, rel=1e-5)


def test_a_background_among_the_brains_intensities_is_noticed() -> None:
    found = intensities.levels(WITHIN)
    assert found.within
    assert found.air == 0
    assert "its background, 0, lies among the brain" in found.notes[0]


def noise() -> Floats:
    return np.random.default_rng(0).standard_normal(RAW.shape).astype(np.float32)


def statistic() -> Floats:
    smooth = ndimage.gaussian_filter(noise(), 2)
    return np.where(INSIDE, 1.3 * smooth / smooth.std(), 0).astype(np.float32)


def tomography() -> Floats:
    shell = ndimage.binary_dilation(INSIDE, iterations=2) & ~INSIDE
    soft = 35 + 5 * ndimage.gaussian_filter(noise(), 1) / 0.2
    return np.where(shell, 1200, np.where(INSIDE, soft, -1000)).astype(np.float32)


NOT_BRAINS: dict[str, Callable[[], Floats]] = {
    "noise": lambda: np.abs(noise()),
    "a label map": lambda: np.where(INSIDE, 1 + (RAW > 250) + 40.0 * (RAW > 300), 0).astype(np.float32),
    "a map of a statistic": statistic,
    "computed tomography": tomography,
}


@pytest.mark.parametrize("name", NOT_BRAINS)
def test_what_is_no_magnitude_image_is_doubted(name: str) -> None:
    raw = ndimage.median_filter(NOT_BRAINS[name](), 3) if name == "a label map" else NOT_BRAINS[name]()
    (said,) = intensities.doubts(raw, intensities.levels(raw), statistic=False)
    assert said.startswith(f"it looks like {name}")


def test_a_header_that_says_statistic_is_believed() -> None:
    assert intensities.doubts(RAW, intensities.levels(RAW), statistic=True) == [
        "it is a map of a statistic, by its header"
    ]


@pytest.mark.parametrize(("raw", "said"), [(0 * RAW, "every voxel is 0"), (0 * RAW + 7, "every voxel is 7"),
                                           (0 * RAW + np.nan, "no voxel is a finite number")])  # fmt: skip
def test_a_volume_of_nothing_is_refused(raw: Floats, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        intensities.levels(raw)
