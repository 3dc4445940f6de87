"""Conjugate gradients (Hestenes and Stiefel 1952), for tensors of any shape, real or complex."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

TINY = 1e-20  # below which a power is taken for nothing


def conjugate_gradients(operator: Callable[[Tensor], Tensor], x: Tensor, residual: Tensor, steps: int) -> Tensor:
    """An approximate solution of `operator`(x) = b, some steps from a start. Differentiable in `x` and `residual`.

    Args:
        operator: linear, self-adjoint and positive.
        x: the start.
        residual: b - operator(x).
        steps: how many to take.
    """
    direction, power = residual, residual.abs().square().sum()
    for _ in range(steps):
        moved = operator(direction)
        stride = power / (direction.conj() * moved).sum().real.clamp_min(TINY)
        x = x + stride * direction
        residual = residual - stride * moved
        before, power = power, residual.abs().square().sum()
        direction = residual + (power / before.clamp_min(TINY)) * direction
    return x
