"""Proximal steps of the classical methods, in three dimensions: total variation and wavelets.

Both are the shrinking step of a proximal method, on volumes (S, H, W), real and not negative or complex, in place of
which `denoise` of a network may stand.
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
    return float(gradient(x).abs().square().sum(0).sqrt().sum())


def shrink_variation(x: Tensor, weight: float, dual: Tensor, steps: int, allowed: Tensor) -> Tensor:
    """Towards argmin_u |u - x|^2 / 2 + weight TV(u), u = 0 outside of `allowed`, and of a real x u >= 0.

    Projected gradient on the dual (Beck and Teboulle 2009, without their momentum); `dual`, (3, S, H, W) as x is, real
    or complex, is changed in place, so that the next call goes on where this one stopped. Of a complex volume both
    parts jump together: the gradient's length is over all six differences.
    """
    out = torch.empty_like(x, memory_format=torch.contiguous_format)
    parts = [_parts(volume) for volume in (x.contiguous(), dual, out)]
    views = parts[0], parts[1], allowed.contiguous().numpy(), parts[2]
    for _ in range(steps):
        _primal(*views, np.float32(weight), not x.is_complex())
        _ascend(parts[2], parts[1], np.float32(1 / (12 * weight)))
    _primal(*views, np.float32(weight), not x.is_complex())
    return out


def _parts(x: Tensor) -> Floats:
    """A view of a volume with its parts, one or two, as last axis."""
    return (torch.view_as_real(x) if x.is_complex() else x[..., None]).numpy()


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def _primal(x: Floats, dual: Floats, allowed: Floats, out: Floats, weight: np.float32, positive: bool) -> None:
    """out = (x + weight div(dual)) allowed, above 0 if asked; the last dual of each axis is 0, as its gradient is."""
    slices, height, width, count = x.shape
    for s in range(slices):
        below = max(s - 1, 0)
        by_s = np.float32(s > 0)
        for h in range(height):
            behind = max(h - 1, 0)
            by_h = np.float32(h > 0)
            for w in range(width):
                for c in range(count):
                    flow = dual[0, s, h, w, c] - by_s * dual[0, below, h, w, c] + dual[1, s, h, w, c]
                    flow += dual[2, s, h, w, c] - by_h * dual[1, s, behind, w, c]
                    if w > 0:
                        flow -= dual[2, s, h, w - 1, c]
                    value = x[s, h, w, c] + weight * flow
                    if positive:
                        value = max(value, np.float32(0))
                    out[s, h, w, c] = value * allowed[s, h, w]


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def _ascend(u: Floats, dual: Floats, step: np.float32) -> None:
    """dual += step gradient(u), then drawn back to length 1 where it is longer."""
    slices, height, width, count = u.shape
    one = np.float32(1)
    for s in range(slices):
        above = min(s + 1, slices - 1)
        for h in range(height):
            ahead = min(h + 1, height - 1)
            for w in range(width):
                right = min(w + 1, width - 1)
                length = np.float32(0)
                for c in range(count):
                    here = u[s, h, w, c]
                    p = dual[0, s, h, w, c] + step * (u[above, h, w, c] - here)
                    q = dual[1, s, h, w, c] + step * (u[s, ahead, w, c] - here)
                    r = dual[2, s, h, w, c] + step * (u[s, h, right, c] - here)
                    dual[0, s, h, w, c] = p
                    dual[1, s, h, w, c] = q
                    dual[2, s, h, w, c] = r
                    length += p * p + q * q + r * r
                by = one / max(one, np.sqrt(length))
                if by < one:
                    for c in range(count):
                        for axis in range(3):
                            dual[axis, s, h, w, c] *= by


def haar(x: Tensor, levels: int) -> Tensor:
    """The orthonormal Haar transform of a volume whose sides 2^levels divides: all levels in one, coarse first.

    A single slice is transformed along the other two axes.
    """
    out = x.clone()
    s, h, w = x.shape
    for _ in range(levels):
        part = out[:s, :h, :w]
        for axis in _axes(x):
            even, odd = (part[(slice(None),) * axis + (slice(first, None, 2),)] for first in (0, 1))
            part = torch.cat((even + odd, even - odd), axis).mul_(0.5**0.5)
        out[:s, :h, :w] = part
        s, h, w = max(s // 2, 1), h // 2, w // 2
    return out


def inverse_haar(c: Tensor, levels: int) -> Tensor:
    """The inverse of `haar`."""
    out = c.clone()
    for level in reversed(range(levels)):
        s, h, w = (max(n >> level, 1) for n in c.shape)
        part = out[:s, :h, :w]
        for axis in reversed(_axes(c)):
            low, high = part.chunk(2, axis)
            part = torch.stack((low + high, low - high), axis + 1).flatten(axis, axis + 1).mul_(0.5**0.5)
        out[:s, :h, :w] = part
    return out


def _axes(x: Tensor) -> range:
    """Axes along which a volume is transformed: all three, or of a single slice the last two."""
    return range(int(len(x) == 1), 3)


def shrink_haar(x: Tensor, weight: float, shift: tuple[int, int, int], levels: int, allowed: Tensor) -> Tensor:
    """Soft-threshold of the Haar coefficients of a shifted copy, all but the coarsest; then u = 0 outside of `allowed`.

    Of a real x then u >= 0; of a complex one the modulus of a coefficient is shrunk. With another shift at each
    iteration of a proximal method it acts as the shift-invariant transform (cycle spinning, Coifman and Donoho 1995) at
    the cost of one. Sides that 2^levels does not divide are filled up with air.
    """
    shape = tuple(x.shape)
    wanted = [n if n == 1 else n + -n % 2**levels for n in shape]
    if wanted != list(shape):
        x = torch.nn.functional.pad(x, [n for axis in (2, 1, 0) for n in (0, wanted[axis] - shape[axis])])
    c = haar(torch.roll(x, shift, (0, 1, 2)), levels)
    coarse = tuple(slice(max(n >> levels, 1)) for n in c.shape)
    kept = c[coarse].clone()
    if c.is_complex():
        c = c * (1 - weight / c.abs().clamp_min(max(weight, 1e-30)))
    else:
        c = torch.nn.functional.softshrink(c, weight)
    c[coarse] = kept
    u = torch.roll(inverse_haar(c, levels), tuple(-n for n in shift), (0, 1, 2))
    u = u[tuple(slice(n) for n in shape)].contiguous()
    return (u if u.is_complex() else u.clamp_min_(0)).mul_(allowed)
