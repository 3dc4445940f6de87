"""The noise levels that a method of diffusion steps through."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Levels:
    """The noise levels of a run. The defaults are those of the peers."""

    steps: int = 50
    sigma_max: float = 5.0
    sigma_min: float = 0.005  # of the last step before 0
    rho: float = 7.0  # above 1: steps shrink with sigma


def karras(steps: int, highest: float, lowest: float, rho: float) -> list[float]:
    """`steps` sigmas that fall from the highest to the lowest, and 0 after them (Karras et al. 2022, equation 5).

    Above 1, `rho` shortens the steps as sigma falls.
    """
    high, low = highest ** (1 / rho), lowest ** (1 / rho)
    last = max(steps - 1, 1)
    return [float((high + k / last * (low - high)) ** rho) for k in range(steps)] + [0.0]
