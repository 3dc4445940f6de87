"""Masks: the points of k-space that are measured.

A scanner that reads a whole line at once leaves two axes to choose on, so a mask is a picture over ky and kz, dense at
the fully sampled centre and sparse outside. Two ways to thin it out: points kept apart by a distance that grows outward
(variable-density Poisson disc, after Bridson 2007 and Lustig and Pauly 2010), and points drawn at random with a
probability that falls outward. A third, `lines`, thins out one axis alone, as a scan of single slices does: whole
lines, the middle ones all, the others by chance. A fourth, `points`, chooses every point of the three-dimensional
k-space by itself, which no scanner can do at that speed; it is there as an ideal and is named so.

All masks here have the centre of k-space in the middle of the array, and exactly `size / acceleration` points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KINDS = ("poisson", "density", "lines", "points")
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Config:
    """One mask."""

    kind: str = "poisson"  # of KINDS
    acceleration: float = 16.0  # R: points of the plane over points measured
    center_fraction: float = 0.0125  # of the plane: the ellipse in the middle where every point is measured
    falloff: float = 2.0  # density ~ (1 + distance / center radius) ** -falloff


def make(config: Config, shape: tuple[int, ...], rng: np.random.Generator) -> Mask:
    """A mask over (ky, kz), or over (kx, ky, kz) of kind `points`; centre in the middle. Of `lines`, ky is thinned out.

    Raises:
        ValueError: no such kind, or an acceleration that leaves less than the centre.
    """
    if config.kind not in KINDS:
        raise ValueError(f"mask {config.kind!r}; choose one of {', '.join(KINDS)}")
    if len(shape) != 2 + (config.kind == "points"):
        raise ValueError(f"a {config.kind} mask over {len(shape)} axes, wanted {2 + (config.kind == 'points')}")
    if config.kind == "lines":
        return _lines(config, shape, rng)
    wanted = round(float(np.prod(shape)) / config.acceleration)
    distance = radius(shape)
    center = distance <= _center_radius(config, len(shape))
    if config.acceleration < 1 or wanted < center.sum():
        raise ValueError(f"acceleration {config.acceleration:g}; wanted 1 to {distance.size / center.sum():.0f}")
    weight = density(config, shape)
    if config.kind == "poisson":
        return _poisson(center, weight, wanted, rng)
    return _drawn(center, weight, wanted, rng)


def radius(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Distance from the centre of k-space, 1 at the middle of each edge."""
    axes = [(np.arange(n) - n // 2) / (n / 2) for n in shape]
    return np.asarray(np.sqrt(sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij"))))


def density(config: Config, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """What the density of measured points is proportional to outside of the centre."""
    return np.asarray((1 + radius(shape) / _center_radius(config, len(shape))) ** -config.falloff)


def _center_radius(config: Config, axes: int) -> float:
    """Of the ellipse (or ellipsoid) that holds that fraction of the points."""
    unit = np.pi / 4 if axes == 2 else np.pi / 6
    return float((config.center_fraction / unit) ** (1 / axes))


def _drawn(center: Mask, weight: NDArray[np.float64], wanted: int, rng: np.random.Generator) -> Mask:
    """Exactly `wanted` points without replacement: the largest log-weights plus Gumbel noise (Efraimidis 2006)."""
    key = np.log(weight) + rng.gumbel(size=weight.shape)
    key[center] = np.inf
    mask = np.zeros(weight.size, np.bool_)
    mask[np.argpartition(key.ravel(), -wanted)[-wanted:]] = True
    return mask.reshape(weight.shape)


def _lines(config: Config, shape: tuple[int, ...], rng: np.random.Generator) -> Mask:
    """Lines along the second axis; of the middle ones, as many as `center_fraction` of a disc is wide, each."""
    away = np.abs(np.arange(shape[0]) - shape[0] // 2) / (shape[0] / 2)
    middle = away <= _center_radius(config, 2) / 2
    wanted = round(shape[0] / config.acceleration)
    if config.acceleration < 1 or wanted < middle.sum():
        raise ValueError(f"acceleration {config.acceleration:g}; wanted 1 to {shape[0] / middle.sum():.0f}")
    chosen = _drawn(middle, (1 + away / _center_radius(config, 2)) ** -config.falloff, wanted, rng)
    return np.ascontiguousarray(np.broadcast_to(chosen[:, None], shape))


def _poisson(center: Mask, weight: NDArray[np.float64], wanted: int, rng: np.random.Generator) -> Mask:
    """Points in random order, each kept if none is nearer than its distance; distances are scaled until enough are."""
    order = rng.permutation(np.flatnonzero(~center))
    apart = 1 / np.sqrt(weight)
    apart /= apart.min()
    low, high = 1e-6, float(max(center.shape))
    best = np.ones_like(center)
    for _ in range(16):
        scale = math.sqrt(low * high)  # the right one may be far below 1, where the density falls steeply
        mask = _darts(center, apart * scale, order)
        if mask.sum() >= wanted:
            low, best = scale, mask
        else:
            high = scale
    spare = rng.permutation(np.flatnonzero(best & ~center))[: int(best.sum()) - wanted]
    best.ravel()[spare] = False
    return best


def _darts(center: Mask, apart: NDArray[np.float64], order: NDArray[np.int64]) -> Mask:
    """One pass: whoever is kept forbids the disc around it."""
    height, width = center.shape
    mask, free = center.copy(), np.ones(center.shape, np.bool_)
    for at in order:
        y, x = divmod(int(at), width)
        if not free[y, x]:
            continue
        mask[y, x] = True
        reach = apart[y, x]
        near = int(reach)
        top, left = max(y - near, 0), max(x - near, 0)
        rows, columns = np.ogrid[top : min(y + near + 1, height), left : min(x + near + 1, width)]
        free[rows, columns] &= (rows - y) ** 2 + (columns - x) ** 2 >= reach**2
    return mask
