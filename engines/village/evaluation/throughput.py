"""How fast the compiled village is, beside a multi-agent environment that others train in, in CPU time of one core."""

from __future__ import annotations

import time
from importlib import import_module

import numpy as np

from stagelight.engines.village import constants, scenarios
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.env import parallel_env
from stagelight.engines.village.exogenous import draw, stack


def throughput(count: int = 64, rounds: int = 5, cycles: int = 3000, seed: int = 0) -> dict[str, float]:
    """Steps a second, one step being a tick of three agents with their observations, masks and messages.

    `env.steps_per_second`: `count` villages together under random actions, the best of `rounds` episodes.
    `env.single_steps_per_second`: one village as a PettingZoo environment. `env.mpe2_steps_per_second`: `simple_spread`
    of MPE2, three agents too and random actions, in the same run. `env.ratio_to_mpe2`: the first by the third.

    Raises:
        ModuleNotFoundError: mpe2 is not installed.
    """
    rng = np.random.default_rng(seed)
    villages = Villages(stack([draw(scenarios.STD, seed + index) for index in range(count)]))
    actions = rng.integers(0, len(constants.ACTIONS), (constants.TICKS, count, 3))
    everyone = np.ones((count, 3), np.bool_)
    villages.step(actions[0], everyone)  # compile
    fastest = np.inf
    for _ in range(rounds):
        villages.reset()
        start = time.process_time()
        for tick in range(constants.TICKS):
            villages.step(actions[tick], everyone)
        fastest = min(fastest, time.process_time() - start)
    steps = count * constants.TICKS / fastest
    beside = _stepped(import_module("mpe2.simple_spread_v3").parallel_env(), cycles, seed)
    return {
        "env.steps_per_second": steps,
        "env.single_steps_per_second": _stepped(parallel_env(), constants.TICKS, seed),
        "env.mpe2_steps_per_second": beside,
        "env.ratio_to_mpe2": steps / beside,
    }


def _stepped(environment: object, cycles: int, seed: int) -> float:
    """Steps a second of a PettingZoo environment under random actions; begun again where it ends."""
    env = environment
    env.reset(seed=seed)  # type: ignore[attr-defined]
    start = time.process_time()
    for cycle in range(cycles):
        if not env.agents:  # type: ignore[attr-defined]
            env.reset(seed=seed + cycle)  # type: ignore[attr-defined]
        env.step({agent: env.action_space(agent).sample() for agent in env.agents})  # type: ignore[attr-defined]
    return cycles / (time.process_time() - start)
