"""One village of scripted workers, tick by tick, in the readable world: for whoever wants to look into an episode.

Workers who are asked one at a time, language models and people among them, are in `llm.episode`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import observation, scenarios
from stagelight.engines.village.agents import base_stock_policy, registry
from stagelight.engines.village.evaluation import worst_case_start
from stagelight.engines.village.world import World


@dataclass(frozen=True)
class Config:
    """What is played."""

    scenario: str = "std"  # a name of `scenarios.SCENARIOS`
    agent: str = "stock"  # a scripted one of `registry.AGENTS`, or reserve_4


@dataclass(frozen=True)
class Step:
    """A village after a tick."""

    tick: int  # from 0
    actions: tuple[int, int, int]  # begun in this tick or gone on with, as in `rules.ACTIONS`
    begun: tuple[bool, bool, bool]  # whether the worker was free to choose
    places: tuple[int, int, int]  # where each is now, -1 on the road
    left: tuple[int, int, int]  # ticks more for each
    numbers: NDArray[np.float64]  # (25,) plots, `world.STOCKS`, `world.LEDGER`
    wind: float
    omen: bool
    price: float
    observations: NDArray[np.float32]  # (3, 44) what each saw before it chose
    masks: NDArray[np.int8]  # (3, 13) what each was allowed
    messages: tuple[str, str, str]  # what each said, in words
    reward: float  # sums to the return


def run(config: Config, seed: int) -> Iterator[Step]:
    """Play an episode.

    Raises:
        ValueError: no such scenario, or no such agent of lists.
    """
    who = registry.named(config.agent)
    if who.name in {"random", "planner"}:
        raise ValueError(
            f"agent {who.name!r}: an episode is played by lists; choose stock, roles, hoarder or reserve_4"
        )
    world = World(worst_case_start.tape(scenarios.named(config.scenario), seed))
    p, last = who.parameters(config.scenario), [r.FREE] * 3
    while not world.over:
        tick = world.tick
        seen = np.array([observation.observe(world, agent) for agent in range(3)])
        masks = np.array([world.mask(agent) for agent in range(3)])
        begun = tuple(left == 0 for left in world.left)
        actions = [_choice(world, agent, seen[agent], masks[agent], last, who, p) for agent in range(3)]
        told = np.array([world.report(agent, actions[agent]) for agent in range(3)])
        reward = world.step(actions, told if who.talks else None)
        said = [observation.say(row) if who.talks else "" for row in told]
        yield Step(
            tick, (actions[0], actions[1], actions[2]), (begun[0], begun[1], begun[2]),
            (world.where(0), world.where(1), world.where(2)), (world.left[0], world.left[1], world.left[2]),
            world.numbers(), float(world.tape.wind[tick]), bool(world.tape.omen[tick]), float(world.tape.price[tick]),
            seen, masks, (said[0], said[1], said[2]), reward,
        )  # fmt: skip


def _choice(
    world: World,
    agent: int,
    seen: NDArray[np.float32],
    mask: NDArray[np.int8],
    last: list[int],
    who: registry.Agent,
    p: NDArray[np.float64],
) -> int:
    """What a worker does: goes on, or what the lists say if it is allowed; `last` is kept up to date."""
    if world.left[agent] > 0:
        return world.action[agent]
    if not who.works[agent] or world.ill(agent):
        return r.WAIT
    choice = int(base_stock_policy.choose(seen, last[agent], p))
    last[agent] = choice if mask[choice] else r.WAIT
    return last[agent]
