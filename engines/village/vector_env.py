"""Many villages at once for one controller each, as a Gymnasium vector environment: `Village-v0` by `make_vec`.

    import gymnasium
    villages = gymnasium.make_vec("stagelight.village_v0:Village-v0", num_envs=8)
    observations, infos = villages.reset(seed=0)

Village i of a seed s is the single environment of the seed s + i, step for step, beyond the end of an episode too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from stagelight.engines.village import constants, env, rendering, scenarios, validation, worst_case_start
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.exogenous import stack

Rows = NDArray[np.float32]  # (B, 132)
Seeds = int | Sequence[int | None] | None


class VillageVectorEnv(VectorEnv[Rows, NDArray[np.int64], NDArray[Any]]):
    """B villages in step, compiled together; each as `env.Steward` has it.

    All episodes end in the same tick. After an end the next `step` begins new episodes, whatever its actions, and
    pays nothing (autoreset in the next step).
    """

    metadata: dict[str, Any] = {**env.Steward.metadata, "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012  # as in VectorEnv

    def __init__(
        self,
        num_envs: int = 1,
        scenario: str | Sequence[str] = "std",
        max_cycles: int = constants.TICKS,
        render_mode: str | None = None,
    ) -> None:
        """B villages; nothing happens before `reset`.

        Args:
            num_envs: B.
            scenario: a name of `scenarios.SCENARIOS`, or several that the villages take in turn.
            max_cycles: ticks after which an episode is truncated, at most 480.
            render_mode: `ansi` (words) or `rgb_array` (uint8 pixels), of each village; or None.

        Raises:
            ValueError: one of them is none of these.
        """
        count = validation.whole(num_envs)
        if count is None or count < 1:
            raise ValueError(f"num_envs {validation.shown(num_envs)}: wanted a whole number of villages from 1 on")
        self.num_envs = count
        self.scenarios = _several(scenario)
        one = env.Steward(self.scenarios[0].name, max_cycles, render_mode)
        self.max_cycles, self.render_mode = one.village.max_cycles, render_mode
        self.single_observation_space, self.single_action_space = one.observation_space, one.action_space
        self.observation_space = batch_space(one.observation_space, count)
        self.action_space = batch_space(one.action_space, count)
        self._chances, self._seeds = map(list, zip(*(seeding.np_random() for _ in range(count)), strict=True))
        self._everyone = np.ones((count, len(env.AGENTS)), np.bool_)
        self.villages: Villages | None = None

    @property  # type: ignore[misc]  # as SyncVectorEnv has it
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The generators of the villages, from which the tapes of episodes without a seed are drawn."""
        return tuple(self._chances)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """The seeds of those generators."""
        return tuple(self._seeds)

    def reset(self, *, seed: Seeds = None, options: dict[str, Any] | None = None) -> tuple[Rows, dict[str, Any]]:
        """Begin an episode in every village.

        Args:
            seed: s, for the tapes s, s + 1, ...; or one for each; None: new tapes follow from the last seeds.
            options: `scenario`, the name of one, or several, for this episode alone.

        Raises:
            ValueError: no such seed, option or scenario.
        """
        seeds, chosen = self._given(seed), self._options(options)
        for index, one in enumerate(seeds):
            if one is not None:
                self._chances[index], self._seeds[index] = seeding.np_random(one)
        self._begin(seeds, chosen)
        return self._observations(), self._infos()

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[Rows, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """One tick of every village; or after the last one, new episodes.

        Args:
            actions: (B, 3), of each village's farmer, miller and baker.

        Raises:
            ValueError: other actions than these, or nothing has begun. Nothing was done.
        """
        if self.villages is None:
            raise ValueError("step: the episodes have not begun; call reset first")
        rewards, truncations = np.zeros(self.num_envs), np.zeros(self.num_envs, np.bool_)
        if self._over():
            self._begin([None] * self.num_envs, self.scenarios)
        else:
            rewards[:] = self.villages.step(actions, self._everyone)
            truncations[:] = self._over()
        return self._observations(), rewards, np.zeros_like(truncations), truncations, self._infos()

    def render(self) -> tuple[Any, ...] | None:
        """The villages now, each in the way `render_mode` asks for."""
        if self.render_mode is None:
            gymnasium.logger.warn("render_mode is None: make the villages with one to see them")
            return None
        if self.villages is None:
            raise ValueError("render: the episodes have not begun; call reset first")
        draws = rendering.paint if self.render_mode == "rgb_array" else rendering.words
        return tuple(draws(env.state(self.villages, index)) for index in range(self.num_envs))

    def _over(self) -> bool:
        assert self.villages is not None
        return self.villages.tick >= self.max_cycles

    def _begin(self, seeds: Sequence[int | None], chosen: Sequence[scenarios.Scenario]) -> None:
        tapes = [
            worst_case_start.tape(
                chosen[index % len(chosen)], one if one is not None else env.new_seed(self._chances[index])
            )
            for index, one in enumerate(seeds)
        ]
        self.villages = Villages(stack(tapes))

    def _observations(self) -> Rows:
        assert self.villages is not None
        return self.villages.observations.reshape(self.num_envs, -1).copy()

    def _infos(self) -> dict[str, Any]:
        assert self.villages is not None
        return {"action_mask": self.villages.masks.copy(), "_action_mask": np.ones(self.num_envs, np.bool_)}

    def _given(self, seed: Seeds) -> list[int | None]:
        """The seed of each village."""
        if isinstance(seed, list | tuple) or (isinstance(seed, np.ndarray) and seed.ndim):
            if len(seed) != self.num_envs:
                raise ValueError(f"seed: {len(seed)} seeds, wanted one, or {self.num_envs}, one of each village")
            return [validation.seed(one) for one in seed]
        first = validation.seed(seed)
        return [None if first is None else first + index for index in range(self.num_envs)]

    def _options(self, options: dict[str, Any] | None) -> list[scenarios.Scenario]:
        given = env.checked(options)
        return _several(given["scenario"]) if "scenario" in given else self.scenarios


def _several(scenario: str | Sequence[str]) -> list[scenarios.Scenario]:
    """Scenarios by their names."""
    names = list(scenario) if isinstance(scenario, list | tuple) else [scenario]
    if not names:
        raise ValueError(f"scenario {validation.shown(scenario)}: none; name at least one")
    return [scenarios.named(name) for name in names]  # type: ignore[arg-type]  # it refuses what is no name
