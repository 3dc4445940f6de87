"""Receive coils: smooth sensitivities around the head, and the smooth phase of the object itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex64]


def maps(count: int, shape: tuple[int, int, int], rng: np.random.Generator) -> Complex:
    """(C, S, H, W) sensitivities, sum over coils of |map|^2 = 1 at every voxel.

    Loops stand in a ring around the head, turned by a random angle; each is a bell over the distance to it with a
    phase that turns with the direction to it, near enough to Biot and Savart for the purpose. One coil sees everything
    alike. The direction is counted from the one to the middle, so that no map jumps within the head.
    """
    if count == 1:
        return np.ones((1, *shape), np.complex64)
    s, h, w = (np.linspace(-1, 1, n) for n in shape)
    angles = 2 * np.pi * (np.arange(count) / count) + rng.uniform(0, 2 * np.pi)
    heights = rng.uniform(-0.4, 0.4, count)
    found = []
    for angle, level in zip(angles, heights, strict=True):
        inward = np.array([-np.cos(angle), -np.sin(angle)])
        y, x = h[None, :, None] + 1.4 * inward[0], w[None, None, :] + 1.4 * inward[1]  # from the loop
        away = (s[:, None, None] - level) ** 2 + y**2 + x**2
        turn = 0.8 * np.arctan2(inward[0] * x - inward[1] * y, inward[0] * y + inward[1] * x)
        found.append(np.exp(1j * turn) / (0.5 + away))
    stack = np.stack(found)
    return np.asarray(stack / np.sqrt((np.abs(stack) ** 2).sum(0)), np.complex64)


def phase(shape: tuple[int, int, int], rng: np.random.Generator) -> Complex:
    """(S, H, W) of modulus 1: a random sum of the six slowest cosines and a tilt, up to about pi in all."""
    axes = [np.linspace(-1, 1, n) for n in shape]
    grid = np.meshgrid(*axes, indexing="ij", sparse=True)
    angle = np.full(shape, rng.uniform(-np.pi, np.pi))
    for axis in grid:
        angle += rng.normal(0, 0.5) * axis + rng.normal(0, 0.6) * np.cos(np.pi * axis + rng.uniform(0, 2 * np.pi))
        angle += rng.normal(0, 0.3) * np.cos(2 * np.pi * axis + rng.uniform(0, 2 * np.pi))
    return np.asarray(np.exp(1j * angle), np.complex64)
