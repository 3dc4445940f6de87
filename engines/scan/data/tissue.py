"""Tissues of a label map, and what a sequence shows of them: relaxation times, proton density, signal.

Relaxation at 3 T, rounded from Stanisz et al. (MRM 2005, doi 10.1002/mrm.20605), Wansapura et al. (JMRI 1999) and
Bojorquez et al. (MRI 2017, doi 10.1016/j.mri.2016.08.021). Numbers of labels are FreeSurfer's, as in SynthSeg's maps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONTRASTS = ("T1w", "T2w", "FLAIR")


@dataclass(frozen=True)
class Tissue:
    """One kind of matter."""

    t1: float  # ms
    t2: float  # ms
    pd: float  # proton density, 1 is water


WHITE, GREY = Tissue(840, 72, 0.70), Tissue(1450, 95, 0.82)
DEEP = Tissue(1180, 78, 0.79)  # caudate, putamen, thalamus
PALLIDUM = Tissue(980, 58, 0.75)
STEM = Tissue(950, 76, 0.74)
FLUID, BLOOD = Tissue(4000, 1800, 1.0), Tissue(1900, 160, 0.85)
CYST = Tissue(3600, 900, 0.98)  # the cavity an old stroke leaves
GLIOSIS = Tissue(1750, 160, 0.86)  # its rim
PLAQUE = Tissue(1350, 145, 0.84)  # a white-matter lesion
TUMOUR, OEDEMA = Tissue(1650, 130, 0.86), Tissue(1350, 150, 0.84)

LABELS: dict[int, Tissue] = {
    2: WHITE, 41: WHITE, 7: WHITE, 46: WHITE, 3: GREY, 42: GREY, 8: GREY, 47: GREY,
    10: DEEP, 49: DEEP, 11: DEEP, 50: DEEP, 12: DEEP, 51: DEEP, 26: DEEP, 58: DEEP, 28: STEM, 60: STEM, 16: STEM,
    13: PALLIDUM, 52: PALLIDUM, 17: GREY, 53: GREY, 18: GREY, 54: GREY, 136: GREY, 137: GREY, 163: GREY, 164: GREY,
    4: FLUID, 43: FLUID, 5: FLUID, 44: FLUID, 14: FLUID, 15: FLUID, 24: FLUID, 72: FLUID, 85: WHITE,
    30: BLOOD, 62: BLOOD, 25: CYST, 57: CYST, 77: PLAQUE,
}  # fmt: skip
# What surrounds a brain in SynthSeg's maps, by what each label looks like there; the maps' makers do not name them.
BONE, FAT, MUSCLE, MUCOSA = (
    Tissue(1000, 10, 0.08),
    Tissue(380, 85, 0.95),
    Tissue(1300, 35, 0.75),
    Tissue(1600, 110, 0.85),
)
AROUND: dict[int, Tissue] = {
    502: MUSCLE, 506: FLUID, 507: MUSCLE, 508: MUSCLE, 509: MUCOSA, 511: FAT, 512: STEM, 514: BLOOD, 515: BONE,
    516: FAT, 530: STEM,
}  # fmt: skip
LEFT_WHITE, RIGHT_WHITE = (2, 28, 10, 11, 12, 13), (41, 60, 49, 50, 51, 52)
LEFT, RIGHT = (*LEFT_WHITE, 3, 17, 18, 26), (*RIGHT_WHITE, 42, 53, 54, 58)


def signal(
    contrast: str, t1: NDArray[np.float32], t2: NDArray[np.float32], pd: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """The sequence's equation with this scan's own times, drawn about common protocols. Arrays in ms, one shape.

    T1w is inversion recovery read out by short echoes (MPRAGE), |1 - 2 exp(-TI/T1) + exp(-TR/T1)| PD exp(-TE/T2); T2w
    a spin echo, PD (1 - exp(-TR/T1)) exp(-TE/T2); FLAIR the first with TI near the null of fluid and a long echo.

    Raises:
        ValueError: no such contrast.
    """
    if contrast == "T1w":
        ti, tr, echo = rng.uniform(850, 1150), rng.uniform(1900, 2500), rng.uniform(2, 5)
        # The readout makes recovery incomplete: the magnetisation before an inversion is itself below 1.
        found = pd * np.abs(1 - 2 * np.exp(-ti / t1) / (1 + np.exp(-tr / t1))) * np.exp(-echo / t2)
    elif contrast == "T2w":
        tr, echo = rng.uniform(3000, 6000), rng.uniform(80, 120)
        found = pd * (1 - np.exp(-tr / t1)) * np.exp(-echo / t2)
    elif contrast == "FLAIR":
        tr, echo = rng.uniform(8000, 10000), rng.uniform(100, 140)
        null = 4000 * (np.log(2) - np.log1p(np.exp(-tr / 4000)))
        ti = null * rng.uniform(0.95, 1.05)
        found = pd * np.abs(1 - 2 * np.exp(-ti / t1) + np.exp(-tr / t1)) * np.exp(-echo / t2)
    else:
        raise ValueError(f"no contrast {contrast!r}; choose one of {', '.join(CONTRASTS)}")
    return np.asarray(found, np.float32)
