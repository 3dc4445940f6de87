"""Villages for Stable-Baselines3 and sb3-contrib, whose vector environments are not Gymnasium's.

from stagelight.engines.village.adapters.sb3_village import VillageVecEnv
model = MaskablePPO("MlpPolicy", VillageVecEnv(gymnasium.make_vec("stagelight.village_v0:Village-v0", num_envs=8)))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from stagelight.engines.village.vector_env import VillageVectorEnv
from stagelight.engines.village.wrappers import MASK

Indices = int | Sequence[int] | None


class VillageVecEnv(VecEnv):
    """Many villages, wrapped or not, that begin anew in the step in which they end, as these libraries expect.

    Time is up at an episode's end, so nothing is worth anything after it: the value of its last observation, which is
    under `terminal_observation`, is not added to the return.
    """

    def __init__(self, villages: VectorEnv[Any, Any, Any]) -> None:
        """The villages in another form.

        Args:
            villages: `Village-v0` as `gymnasium.make_vec` makes it, with wrappers around it or without.

        Raises:
            ValueError: they are another environment.
        """
        if not isinstance(villages.unwrapped, VillageVectorEnv):
            raise ValueError(f"{villages}: wanted Village-v0, made by gymnasium.make_vec")
        self.villages, self.masks = villages, np.zeros((villages.num_envs, 0), np.bool_)
        super().__init__(villages.num_envs, villages.single_observation_space, villages.single_action_space)

    def reset(self) -> NDArray[np.float32]:
        """Begin an episode in every village, on the tapes of the seeds that `seed` gave."""
        seeds = None if None in self._seeds else list(self._seeds)
        observations, infos = self.villages.reset(seed=seeds)  # type: ignore[arg-type]  # a seed for each
        self._reset_seeds()
        return self._shown(observations, infos)

    def step_async(self, actions: NDArray[np.int64]) -> None:
        """Keep the actions."""
        self.actions = actions

    def step_wait(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """One tick of every village."""
        observations, rewards, _, over, infos = self.villages.step(self.actions)
        found: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if over.all():
            for info, last in zip(found, observations, strict=True):
                info["terminal_observation"] = last
            observations, _, _, _, infos = self.villages.step(self.actions)  # it only begins the next episodes
        return self._shown(observations, infos), rewards.astype(np.float32), over, found

    def action_masks(self) -> NDArray[np.bool_]:
        """(B, 39) which actions each of the three is allowed now."""
        return self.masks

    def close(self) -> None:
        """Close the villages."""
        self.villages.close()

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """An attribute of each village: what they share, or their masks."""
        if attr_name == "action_masks":
            return [self.masks[index] for index in self._get_indices(indices)]
        return [getattr(self.villages, attr_name) for _ in self._get_indices(indices)]

    def env_method(
        self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any
    ) -> list[Any]:
        """The masks of each village; they have no other method of their own.

        Raises:
            AttributeError: another is asked for.
        """
        if method_name != "action_masks":
            raise AttributeError(f"{method_name}: a village among many has action_masks alone")
        return self.get_attr(method_name, indices)

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Refuse: villages share what they have.

        Raises:
            AttributeError: always.
        """
        raise AttributeError(f"{attr_name}: villages in step share their attributes; set them when they are made")

    def env_is_wrapped(
        self, wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]], indices: Indices = None
    ) -> list[bool]:
        """No village has a wrapper of its own."""
        return [False for _ in self._get_indices(indices)]

    def _shown(self, observations: NDArray[np.float32], infos: dict[str, Any]) -> NDArray[np.float32]:
        self.masks = infos[MASK].reshape(self.num_envs, -1) > 0
        return observations
