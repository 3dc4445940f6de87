"""Synthetic brains, of which everything is known; and real ones, moved about.

`imagine` turns a label map into an image: each label is given relaxation times (`tissue`), jittered for this subject
and mottled within; a lesion may be put in; the sequence's equation gives the signal; position, shape, partial volume,
coil shading and a scanner's noise follow. Its `Fact` is therefore true by construction. `displace` does the same
moving, shading and noising to a real scan, whose fact is what is known of the patient.

After SynthSeg (Billot et al., arXiv:2107.09559), with two differences: intensities come from sequences rather than from
chance, and the texture within a tissue, the noise and the brain's edge are meant to resemble a scanner's, since what is
learnt here is texture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stagelight.engines.scan.data import tissue

SHAPE = (128, 160, 144)  # the grid: right, anterior, superior
VIEWS = ("brain", "head", "window")  # brain alone; whole head, made to fit; a part of a head at 1 mm
PATHOLOGIES = ("healthy", "stroke", "white-matter lesions", "tumour")
Volume = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Fact:
    """What is true of an image."""

    contrast: str  # one of tissue.CONTRASTS
    pathology: str  # one of PATHOLOGIES, or "multiple sclerosis", or "epilepsy"
    side: str  # "left", "right", "both" or "" where there is no lesion or it is not known
    millilitres: float  # of all lesions; -1 where not known
    real: bool
    head: bool = False  # skull, scalp and face are in it

    def mirrored(self) -> Fact:
        """The same of the image in a mirror."""
        return replace(self, side={"left": "right", "right": "left"}.get(self.side, self.side))


@dataclass(frozen=True)
class Imagined:
    """A volume and what is true of it."""

    x: Volume  # SHAPE, [0, 1]
    lesion: Mask  # SHAPE
    fact: Fact


def imagine(
    labels: NDArray[np.int16], contrast: str, pathology: str, rng: np.random.Generator, view: str = "brain"
) -> Imagined:
    """An image of a label map (RAS, 1 mm, brain labels as in `tissue.LABELS`, others as in `tissue.AROUND`).

    Raises:
        ValueError: no such pathology or contrast, or no brain in the map.
    """
    labels = _cropped(labels) if view == "brain" else _without_neck(labels)
    t1, t2, pd = _properties(labels, rng)
    lesion, side = _lesion(labels, pathology, t1, t2, pd, rng)
    image = tissue.signal(contrast, t1, t2, pd, rng)
    if view == "brain":
        brain = ndimage.binary_closing((labels > 0) & (labels != 24), iterations=3)
        brain = ndimage.binary_dilation(brain, iterations=int(rng.integers(0, 3)))
    else:
        brain = labels > 0
    image = ndimage.gaussian_filter(image * brain, rng.uniform(0.3, 0.65))  # partial volume
    where = Places.draw(labels.shape, rng, brain, view=view)
    image, lesion = where.take(image, 1), where.take(lesion.astype(np.float32), 1) > 0.5
    inside = where.take(brain.astype(np.float32), 1) > 0.5
    x = _scanned(image, inside, rng, noise=rng.uniform(0.004, 0.035), cut=view == "brain")
    volume = float(lesion.sum()) / 1000 * where.cell
    found = bool(lesion.any())
    said = pathology if found else "healthy", side if found else "", volume
    fact = Fact(contrast, *said, False, view != "brain")
    return Imagined(x, lesion, fact.mirrored() if where.flipped else fact)


def displace(
    x: Volume, brain: Mask, fact: Fact, rng: np.random.Generator, *, noise: float, order: int = 3, view: str = "brain"
) -> Imagined:
    """A real scan on the grid in another position, shape and shading, with more noise (a share of full scale)."""
    where = Places.draw(x.shape, rng, brain, gentle=True, view=view)
    moved, inside = where.take(x, order), where.take(brain.astype(np.float32), 1) > 0.5
    span = max(float(np.percentile(moved[inside], 99.9)), 1e-6)
    moved = np.clip(moved / span, 0, 1) ** np.float32(rng.uniform(0.8, 1.25)) * span
    fact = replace(fact.mirrored() if where.flipped else fact, real=True, head=view != "brain")
    return Imagined(_scanned(moved, inside, rng, noise=noise, cut=view == "brain"), np.zeros(SHAPE, np.bool_), fact)


def field(shape: tuple[int, ...], scale: float, rng: np.random.Generator) -> Volume:
    """A smooth random field of unit spread; `scale` is about its correlation length in voxels."""
    coarse = tuple(max(3, int(np.ceil(n / scale)) + 3) for n in shape)
    rough = rng.standard_normal(coarse).astype(np.float32)
    axes = [np.arange(n, dtype=np.float32) / scale + rng.uniform(0, 1) + 0.5 for n in shape]
    smooth = rough
    for axis, at in enumerate(axes):  # separable linear interpolation, then a blur that hides the grid
        low = np.clip(at.astype(np.int64), 0, coarse[axis] - 2)
        share = (at - low).reshape([-1 if a == axis else 1 for a in range(len(shape))]).astype(np.float32)
        smooth = np.take(smooth, low, axis) * (1 - share) + np.take(smooth, low + 1, axis) * share
    return np.asarray((smooth - smooth.mean()) / max(float(smooth.std()), 1e-6), np.float32)


@dataclass(frozen=True)
class Places:
    """Where each voxel of the grid comes from in a source volume."""

    at: NDArray[np.float32]  # (3, *SHAPE), source index
    flipped: bool  # left and right exchanged
    cell: float  # source voxels in a voxel of the grid

    @staticmethod
    def draw(
        shape: tuple[int, ...], rng: np.random.Generator, brain: Mask, gentle: bool = False, view: str = "brain"
    ) -> Places:
        """A random position, size and shape: rigid, scaled, bent, and sometimes mirrored."""
        if not brain.any():
            raise ValueError("no brain in the map, wanted labels such as 2, 3, 41, 42; give a head with a brain in it")
        area = [brain.sum(axis=tuple(a for a in range(3) if a != axis)) for axis in range(3)]
        box = [np.flatnonzero(a > 0.02 * a.max()) for a in area]  # thin ends, such as a cord, may leave the grid
        middle = np.array([(b[0] + b[-1]) / 2 for b in box])
        fit = max(1.0, *((b[-1] - b[0] + 1) / (n - 4) for b, n in zip(box, SHAPE, strict=True)))
        if view == "window":  # as large as it is, a part of it
            spare = np.array([max(0.0, b[-1] - b[0] + 1 - n) / 2 for b, n in zip(box, SHAPE, strict=True)])
            fit, middle = 1.0, middle + rng.uniform(-1, 1, 3) * (spare + 8)
        angle = rng.normal(0, 0.04 if gentle else 0.07, 3)
        scale = fit * rng.uniform(0.98, 1.06) * np.exp(rng.normal(0, 0.02 if gentle else 0.04, 3))
        turn = rotation(angle) @ np.diag(scale)
        flipped = bool(rng.random() < 0.5)
        if flipped:
            turn = turn @ np.diag([-1.0, 1.0, 1.0])
        grid = np.stack(np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in SHAPE), indexing="ij"))
        at = np.einsum("ij,jxyz->ixyz", turn, grid) + (middle + rng.normal(0, 1.5, 3))[:, None, None, None]
        bend = np.stack([field(SHAPE, 24.0, rng) for _ in range(3)])
        at = at + rng.uniform(0, 0.8 if gentle else 2.0) * bend
        return Places(at.astype(np.float32), flipped, float(np.prod(scale)))

    def take(self, source: Volume, order: int) -> Volume:
        """The source seen on the grid, by splines of an order; zero outside."""
        return np.asarray(ndimage.map_coordinates(source, self.at, order=order, prefilter=order > 1), np.float32)


def _cropped(labels: NDArray[np.int16]) -> NDArray[np.int16]:
    """Brain labels only, without the empty margin."""
    kept = np.where(labels < 100, labels, np.where(np.isin(labels, (136, 137, 163, 164)), labels, 0))
    inside = (kept > 0) & (kept != 24)
    if not inside.any():
        raise ValueError("no brain in the map, wanted labels such as 2, 3, 41, 42; give a head with a brain in it")
    cut = tuple(
        slice(max(0, int(w[0]) - 6), int(w[-1]) + 7)
        for w in (np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3))
    )
    return np.asarray(kept[cut], np.int16)


def _without_neck(labels: NDArray[np.int16]) -> NDArray[np.int16]:
    """The head down to some 30 mm below the brain, without the empty margin."""
    inside = np.isin(labels, (2, 3, 41, 42, 8, 47))
    if not inside.any():
        raise ValueError("no brain in the map, wanted labels such as 2, 3, 41, 42; give a head with a brain in it")
    low = max(0, int(np.flatnonzero(inside.any(axis=(0, 1)))[0]) - 30)
    cut = tuple(
        slice(max(0, int(w[0]) - 6), int(w[-1]) + 7)
        for w in (
            np.flatnonzero((labels[:, :, low:] > 0).any(axis=tuple(a for a in range(3) if a != axis)))
            for axis in range(3)
        )
    )
    return np.asarray(labels[:, :, low:][cut], np.int16)


def _properties(labels: NDArray[np.int16], rng: np.random.Generator) -> tuple[Volume, Volume, Volume]:
    """T1, T2 (ms) and PD of every voxel: each label's own, jittered, and mottled within."""
    table = np.zeros((3, 600), np.float32)
    table[:, :] = np.array([[4000.0], [1800.0], [0.0]])
    if labels.max() >= 256:  # a head: what is around the brain differs more from head to head
        for label, kind in tissue.AROUND.items():
            table[:, label] = np.array([kind.t1, kind.t2, kind.pd]) * np.exp(rng.normal(0, (0.2, 0.25, 0.12)))
    kinds = {id(kind): np.exp(rng.normal(0, (0.06, 0.06, 0.03))) for kind in tissue.LABELS.values()}
    for label, kind in tissue.LABELS.items():  # subjects differ in a tissue, and its parts differ a little
        own = kinds[id(kind)] * np.exp(rng.normal(0, (0.02, 0.02, 0.01)))
        table[:, label] = np.array([kind.t1, kind.t2, kind.pd]) * own
    t1, t2, pd = (row[labels] for row in table)
    mottle = sum(rng.uniform(0.2, 1.0) * field(labels.shape, scale, rng) for scale in (1.5, 3.0, 6.0, 14.0))
    mottle = np.asarray(mottle, np.float32) * np.float32(rng.uniform(0.01, 0.035))
    t1 = t1 * (1 + mottle)
    t2 = t2 * (1 + 0.7 * mottle)
    pd = pd * (1 + 0.3 * mottle)
    return t1.astype(np.float32), t2.astype(np.float32), pd.astype(np.float32)


def _lesion(
    labels: NDArray[np.int16], pathology: str, t1: Volume, t2: Volume, pd: Volume, rng: np.random.Generator
) -> tuple[Mask, str]:
    """Put a lesion into the maps, in place. Returns where it is and its side."""
    if pathology not in PATHOLOGIES:
        raise ValueError(f"no pathology {pathology!r}; choose one of {', '.join(PATHOLOGIES)}")
    nothing = np.zeros(labels.shape, np.bool_)
    if pathology == "healthy":
        return nothing, ""
    if pathology == "white-matter lesions":
        white = np.isin(labels, (2, 41))
        near = ndimage.binary_dilation(np.isin(labels, (4, 43)), iterations=12)
        spots = field(labels.shape, rng.uniform(3.5, 6), rng) + 0.6 * near
        inside = white & (spots > np.quantile(spots[white], 1 - rng.uniform(0.004, 0.03)))
        _mix(inside, tissue.PLAQUE, t1, t2, pd, rng.uniform(0.6, 1.0), 0.7)
        return inside, "both"
    left = bool(rng.random() < 0.5)
    home = np.isin(labels, tissue.LEFT if left else tissue.RIGHT)
    seats = np.argwhere(np.isin(labels, tissue.LEFT_WHITE if left else tissue.RIGHT_WHITE))
    centre = seats[rng.integers(len(seats))]
    radius = rng.uniform(6, 30) if pathology == "stroke" else rng.uniform(7, 20)
    axes = np.ogrid[tuple(slice(0, n) for n in labels.shape)]
    stretch = np.exp(rng.normal(0, 0.25, 3))
    away = np.sqrt(sum(((a - c) / s) ** 2 for a, c, s in zip(axes, centre, stretch, strict=True)))
    depth = (1 - away / radius + 0.25 * field(labels.shape, max(4.0, radius / 3), rng)).astype(np.float32)
    outer, inner = home & (depth > 0), home & (depth > rng.uniform(0.1, 0.4))
    rim, core = (tissue.GLIOSIS, tissue.CYST) if pathology == "stroke" else (tissue.OEDEMA, tissue.TUMOUR)
    _mix(outer, rim, t1, t2, pd, rng.uniform(0.5, 1.0), 1.0)
    _mix(inner, core, t1, t2, pd, rng.uniform(0.7, 1.0), 0.8)
    return outer, "left" if left else "right"


def _mix(inside: Mask, kind: tissue.Tissue, t1: Volume, t2: Volume, pd: Volume, share: float, blur: float) -> None:
    """Replace a share of what is inside by another tissue, with a soft edge."""
    soft = ndimage.gaussian_filter(inside.astype(np.float32), blur) * np.float32(share)
    for values, own in ((t1, kind.t1), (t2, kind.t2), (pd, kind.pd)):
        np.add(values, soft * (np.float32(own) - values) * (pd > 0), out=values)


def _scanned(image: Volume, inside: Mask, rng: np.random.Generator, noise: float, cut: bool = True) -> Volume:
    """Coil shading, a magnitude image's noise, full scale at the 99.9th percentile, often 8 bit; `cut`: air is zero."""
    shade = field(SHAPE, 48.0, rng) + 0.5 * field(SHAPE, 30.0, rng)
    image = image * np.exp(np.float32(rng.uniform(0, 0.10)) * shade)
    image = image / max(float(np.percentile(image[inside], 99.9)), 1e-6)
    if noise > 0:
        grain = rng.standard_normal((2, *SHAPE)).astype(np.float32)
        if rng.random() < 0.4:  # an interpolated scan: its noise is correlated
            grain = ndimage.gaussian_filter(grain, (0, *(rng.uniform(0.3, 0.7),) * 3))
            grain /= max(float(grain.std()), 1e-6)
        image = np.hypot(image + noise * grain[0], noise * grain[1])
    x = np.clip(image / max(float(np.percentile(image[inside], 99.9)), 1e-6), 0, 1)
    if cut:
        x = np.where(inside, x, 0)
    if rng.random() < 0.5:
        x = np.round(x * 255) / 255
    return np.asarray(x, np.float32)


def rotation(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation about the three axes in turn, (3, 3)."""
    turn = np.eye(3)
    for axis, a in enumerate(angle):
        i, j = (axis + 1) % 3, (axis + 2) % 3
        one = np.eye(3)
        one[i, i] = one[j, j] = np.cos(a)
        one[i, j], one[j, i] = -np.sin(a), np.sin(a)
        turn = one @ turn
    return turn
