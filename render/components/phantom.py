"""A head and a way to scan it, both from formulas: what the exhibits of the scan show. Nobody's anatomy, no result."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Volume = NDArray[np.float32]

SIDE = 112
LESION = (0.33, -0.12, 0.30)  # its middle, in half widths of the head to the right, the front and the top
SKIN, SKULL, FLUID, GREY, WHITE, SPOT = 0.72, 0.06, 0.16, 0.56, 0.86, 0.3  # brightness


@cache
def head() -> Volume:
    """A head (SIDE, SIDE, SIDE): to the right, to the front, up; 0 to 1."""
    return _soften(np.where(_brain() > 0, _brain(), _shell()))


@cache
def brain() -> Volume:
    """The same without skin and skull."""
    return _soften(_brain())


def _axes() -> tuple[Volume, Volume, Volume]:
    axis = np.linspace(-1, 1, SIDE, dtype=np.float32)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij", sparse=True)
    return x, y, z


def _egg(width: float, length: float, height: float) -> Volume:
    """Relative distance of each place from the centre: 1 on the surface. Wider at the back, flat below."""
    x, y, z = _axes()
    below = np.where(z < 0, 1.28, 1.0).astype(np.float32)
    squared = (x / (width * (1 - 0.14 * y))) ** 2 + (y / length) ** 2 + (z * below / height) ** 2
    return np.asarray(np.sqrt(squared), np.float32)


def _shell() -> Volume:
    """Skin, skull, and fluid inside."""
    out = _egg(0.83, 0.97, 0.93)
    return np.select([out <= 0.885, out <= 0.94, out < 1], [FLUID, SKULL, SKIN], 0.0).astype(np.float32)


@cache
def _brain() -> Volume:
    x, y, z = _axes()
    out = _egg(0.69, 0.83, 0.79)
    side = np.abs(x)
    bend = 1.0 * (np.sin(5.1 * y + 2 * z) + np.sin(6.3 * z - 3 * side) + np.sin(4.7 * side + 3 * y))
    a, b, c = 18 * side + bend, 17 * y - bend + 0.6 * x, 17.5 * z + 0.8 * bend
    fold = np.abs(np.sin(a) * np.cos(b) + np.sin(b) * np.cos(c) + np.sin(c) * np.cos(a))
    near = np.clip(1 - (1 - out) / 0.36, 0, 1)  # to the surface: 0 where no furrow reaches
    cleft = (side < 0.022) & ((z > 0.18) | (np.abs(y) > 0.5))
    rind = (out > 0.93) | (fold < 0.72 * near**0.5)
    nuclei = np.hypot(np.hypot((side - 0.2) / 0.11, (y - 0.02) / 0.2), z / 0.14) < 1
    horns = np.hypot(np.hypot((side - 0.085 - 0.12 * y**2) / 0.055, y / 0.38), (z - 0.1 - 0.25 * y**2) / 0.1) < 1
    spot = sum(((at - middle) / 0.1) ** 2 for at, middle in zip((x, y, z), LESION, strict=True)) < 1
    tissue = np.where(rind | nuclei, GREY, WHITE)
    tissue = np.where(spot, SPOT, tissue)
    tissue = np.where((fold < 0.28 * near**0.6) | cleft | horns, FLUID, tissue)
    return np.asarray(np.where(out + 0.09 * np.exp(-((fold / 0.4) ** 2)) < 1, tissue, 0), np.float32)


def _soften(volume: Volume) -> Volume:
    """Voxels take up something of their neighbours, as a scanner's do."""
    for axis in range(3):
        volume = 0.5 * volume + 0.25 * (np.roll(volume, 1, axis) + np.roll(volume, -1, axis))
    return np.asarray(volume, np.float32)


@cache
def mask(side: int = 26) -> NDArray[np.bool_]:
    """A sampling mask of the ky-kz plane, (side, side): all in the middle, ever fewer outwards."""
    axis = (np.arange(side) + 0.5) / side * 2 - 1
    far = np.hypot(axis[:, None], axis[None])
    chance = np.random.default_rng(16).random((side, side))
    return np.asarray((far < 0.2) | (chance < 0.55 * np.clip(1 - far, 0, 1) ** 1.6))


@cache
def cloud(count: int = 2000) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Places in k-space, (count, 3) in -1..1, and 1 for each that is measured, (count,): most near the middle."""
    chance = np.random.default_rng(5)
    places = chance.uniform(-1, 1, (count, 3))
    return places, (np.linalg.norm(places, axis=1) < 0.3 + 0.9 * chance.random(count) ** 3).astype(float)


@cache
def slice_from_above() -> Volume:
    """The head cut level with the lesion, (SIDE, SIDE), its front at the top."""
    return np.ascontiguousarray(head()[:, :, round((LESION[2] + 1) / 2 * (SIDE - 1))].T[::-1])


@cache
def echoes() -> NDArray[np.complex64]:
    """The k-space of the slice from above, (SIDE, SIDE), its centre in the middle."""
    flat = np.fft.ifftshift(slice_from_above())
    return np.asarray(np.fft.fftshift(np.fft.fft2(flat, norm="ortho")), np.complex64)


@cache
def aliased() -> Volume:
    """The slice from above as far as the mask measures it: what was not measured counts as nothing."""
    measured = np.fft.ifftshift(echoes() * mask(SIDE))
    return np.abs(np.fft.fftshift(np.fft.ifft2(measured, norm="ortho"))).astype(np.float32)


@cache
def guesses(count: int) -> Volume:
    """The slice from above as it emerges from noise, (count, SIDE, SIDE), every step of about the same spread."""
    noise = np.random.default_rng(4).standard_normal((SIDE, SIDE))
    weight = np.linspace(1, 0, count)[:, None, None] ** 1.4
    return np.asarray(np.sqrt(1 - weight**2) * slice_from_above() + weight * (0.4 + 0.28 * noise), np.float32)
