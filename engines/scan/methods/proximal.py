"""Proximal steps of the classical methods, in three dimensions: total variation and wavelets.

Both are the shrinking step of a proximal method, on real volumes (S, H, W), in place of which `denoise` of a
network may stand.
"""

from __future__ import annotations

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float32]


def gradient(x: Tensor) -> Tensor:
    """Forward differences along the three axes, 0 at the last voxel of each: (3, S, H, W)."""
    out = torch.zeros((3, *x.shape), dtype=x.dtype)
    torch.sub(x[1:], x[:-1], out=out[0, :-1])
    torch.sub(x[:, 1:], x[:, :-1], out=out[1, :, :-1])
    torch.sub(x[:, :, 1:], x[:, :, :-1], out=out[2, :, :, :-1])
    return out


def divergence(p: Tensor) -> Tensor:
    """The negative adjoint of `gradient`: <gradient(x), p> == -<x, divergence(p)>. (S, H, W)."""
    out = torch.zeros(p.shape[1:], dtype=p.dtype)
    out[:-1] += p[0, :-1]
    out[1:] -= p[0, :-1]
    out[:, :-1] += p[1, :, :-1]
    out[:, 1:] -= p[1, :, :-1]
    out[:, :, :-1] += p[2, :, :, :-1]
    out[:, :, 1:] -= p[2, :, :, :-1]
    return out


def total_variation(x: Tensor) -> float:
    """The sum over voxels of the length of the gradient."""
    return float(gradient(x).square().sum(0).sqrt().sum())


def shrink_variation(x: Tensor, weight: float, dual: Tensor, steps: int, allowed: Tensor) -> Tensor:
    """Towards argmin_u |u - x|^2 / 2 + weight TV(u), u >= 0 within `allowed` and 0 elsewhere.

    Projected gradient on the dual (Beck and Teboulle 2009, without their momentum); `dual`, (3, S, H, W), is changed
    in place, so that the next call goes on where this one stopped.
    """
    out = torch.empty_like(x)
    views = x.contiguous().numpy(), dual.numpy(), allowed.contiguous().numpy(), out.numpy()
    for _ in range(steps):
        _primal(*views, np.float32(weight))
        _ascend(out.numpy(), dual.numpy(), np.float32(1 / (12 * weight)))
    _primal(*views, np.float32(weight))
    return out


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def _primal(x: Floats, dual: Floats, allowed: Floats, out: Floats, weight: np.float32) -> None:
    """out = max(x + weight div(dual), 0) allowed; the last dual of each axis is 0, as its gradient is."""
    slices, height, width = x.shape
    zero = np.float32(0)
    for s in range(slices):
        below = max(s - 1, 0)
        by_s = np.float32(s > 0)
        for h in range(height):
            behind = max(h - 1, 0)
            by_h = np.float32(h > 0)
            for w in range(width):
                flow = dual[0, s, h, w] - by_s * dual[0, below, h, w] + dual[1, s, h, w]
                flow += dual[2, s, h, w] - by_h * dual[1, s, behind, w]
                if w > 0:
                    flow -= dual[2, s, h, w - 1]
                out[s, h, w] = max(x[s, h, w] + weight * flow, zero) * allowed[s, h, w]


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def _ascend(u: Floats, dual: Floats, step: np.float32) -> None:
    """dual += step gradient(u), then drawn back to length 1 where it is longer."""
    slices, height, width = u.shape
    one = np.float32(1)
    for s in range(slices):
        above = min(s + 1, slices - 1)
        for h in range(height):
            ahead = min(h + 1, height - 1)
            for w in range(width):
                here = u[s, h, w]
                along = u[s, h, w + 1] - here if w + 1 < width else np.float32(0)
                p = dual[0, s, h, w] + step * (u[above, h, w] - here)
                q = dual[1, s, h, w] + step * (u[s, ahead, w] - here)
                r = dual[2, s, h, w] + step * along
                by = one / max(one, np.sqrt(p * p + q * q + r * r))
                dual[0, s, h, w] = p * by
                dual[1, s, h, w] = q * by
                dual[2, s, h, w] = r * by


def haar(x: Tensor, levels: int) -> Tensor:
    """The orthonormal Haar transform of a volume whose sides 2^levels divides: all levels in one, coarse first."""
    out = x.clone()
    s, h, w = x.shape
    for _ in range(levels):
        part = out[:s, :h, :w]
        for axis in range(3):
            even, odd = (part[(slice(None),) * axis + (slice(first, None, 2),)] for first in (0, 1))
            part = torch.cat((even + odd, even - odd), axis).mul_(0.5**0.5)
        out[:s, :h, :w] = part
        s, h, w = s // 2, h // 2, w // 2
    return out


def inverse_haar(c: Tensor, levels: int) -> Tensor:
    """The inverse of `haar`."""
    out = c.clone()
    for level in reversed(range(levels)):
        s, h, w = (n >> level for n in c.shape)
        part = out[:s, :h, :w]
        for axis in (2, 1, 0):
            low, high = part.chunk(2, axis)
            part = torch.stack((low + high, low - high), axis + 1).flatten(axis, axis + 1).mul_(0.5**0.5)
        out[:s, :h, :w] = part
    return out


def shrink_haar(x: Tensor, weight: float, shift: tuple[int, int, int], levels: int, allowed: Tensor) -> Tensor:
    """Soft-threshold of the Haar coefficients of a shifted copy, all but the coarsest; then u >= 0 within `allowed`.

    With another shift at each iteration of a proximal method it acts as the shift-invariant transform (cycle spinning,
    Coifman and Donoho 1995) at the cost of one.
    """
    c = haar(torch.roll(x, shift, (0, 1, 2)), levels)
    coarse = tuple(slice(n >> levels) for n in c.shape)
    kept = c[coarse].clone()
    c = torch.nn.functional.softshrink(c, weight)
    c[coarse] = kept
    u = torch.roll(inverse_haar(c, levels), tuple(-n for n in shift), (0, 1, 2))
    return u.clamp_min_(0).mul_(allowed)
