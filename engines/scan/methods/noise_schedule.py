"""The noise levels that a method of diffusion steps through."""

from __future__ import annotations


def karras(steps: int, highest: float, lowest: float, rho: float) -> list[float]:
    """`steps` sigmas that fall from the highest to the lowest, and 0 after them (Karras et al. 2022, equation 5).

    Above 1, `rho` shortens the steps as sigma falls.
    """
    high, low = highest ** (1 / rho), lowest ** (1 / rho)
    last = max(steps - 1, 1)
    return [float((high + k / last * (low - high)) ** rho) for k in range(steps)] + [0.0]
