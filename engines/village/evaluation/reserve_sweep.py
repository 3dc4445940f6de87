"""Many runs of the scripted villages at once: what a reserve is worth, and what becomes of those without one.

All on tapes that are the same for everyone, so that the difference is theirs and not the weather's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, kernels, seed_selection
from stagelight.engines.village.agents import registry
from stagelight.engines.village.agents.scripted import BatchRandom, BatchScripted
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import Rollouts, play
from stagelight.engines.village.evaluation import metrics
from stagelight.engines.village.exogenous import Tape
from stagelight.engines.village.scenarios import Scenario

Arrays = dict[str, NDArray[Any]]
RESERVES = metrics.RESERVES
SHOCKS = (6, 10, 14, 18, 22, 26, 30)  # the day on which the bad stretch starts


def tapes(scenario: Scenario, seeds: Sequence[int], shock: int | None = None) -> Tape:
    """The weather of many seeds, stacked; the bad stretch starts on the day `shock`, if given."""
    return exogenous.stack([exogenous.draw(scenario, seed, shock) for seed in seeds])


def outcome(weather: Tape, numbers: NDArray[np.float64]) -> Arrays:
    """What the scripted workers reach on every tape.

    Returns:
        `return_` (B,); `fed` (B, 40) bread eaten over needed; `stored` (B, 40) days of bread at each day's end;
        `mouths` (B,) at the end.
    """
    return read(play(Villages(weather), BatchScripted(numbers)))


def read(rollouts: Rollouts) -> Arrays:
    """The same of any agent's episodes."""
    history = rollouts.history
    eaten = np.diff(history[:, r.DAY - 1 :: r.DAY, kernels.EATEN], prepend=0.0, axis=1)
    needed = history[:, r.DAY - 2 :: r.DAY, kernels.N]  # before the night, in which mouths come and leave
    night = history[:, r.DAY - 1 :: r.DAY]
    return {
        "return_": rollouts.returns,
        "fed": eaten / needed,
        "stored": night[..., kernels.STORE] / night[..., kernels.N],
        "mouths": night[:, -1, kernels.N].copy(),
    }


def chance(weather: Tape, rng: Generator) -> NDArray[np.float64]:
    """(B,) what workers reach who take any allowed action, all alike, and tell each other nothing."""
    return play(Villages(weather), BatchRandom(rng, reports=False)).returns


def hardship(fed: NDArray[np.float64], stored: NDArray[np.float64]) -> tuple[float, float]:
    """The share of runs that go hungry with an empty granary, and the share of those that recover: `metrics.crises`."""
    hungry, recovery = metrics.crises(fed, stored)
    return float(hungry.mean()), float((~np.isnan(recovery)).sum() / max(1.0, hungry.sum()))


def table(scenario: Scenario, seeds: Sequence[int], report: Any) -> Arrays:
    """What each reserve reaches for each day on which the bad stretch may start; means over the seeds.

    Returns:
        `try_reserve` (R,), `try_shock` (D,), and of shape (R, D) `try_return`; `try_hungry`, days fed under 70 %;
        `try_empty`, days that end with less than half a day of bread in the granary; `try_mouths` at the end.
    """
    found = {
        name: np.zeros((len(RESERVES), len(SHOCKS)), np.float32) for name in ("return", "hungry", "empty", "mouths")
    }
    for column, shock in enumerate(SHOCKS):
        weather = tapes(scenario, seeds, shock)
        for row, reserve in enumerate(RESERVES):
            one = outcome(weather, registry.with_reserve(reserve).parameters(scenario.name))
            found["return"][row, column] = one["return_"].mean()
            found["hungry"][row, column] = (one["fed"] < seed_selection.HUNGRY).sum(1).mean()
            found["empty"][row, column] = (one["stored"] < seed_selection.EMPTY).sum(1).mean()
            found["mouths"][row, column] = one["mouths"].mean()
        report("reserve by day of the bad stretch", column + 1, len(SHOCKS), {"return": float(found["return"].max())})
    arrays = {f"try_{name}": values for name, values in found.items()}
    return {"try_reserve": np.array(RESERVES, np.int16), "try_shock": np.array(SHOCKS, np.int16), **arrays}
