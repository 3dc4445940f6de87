"""Gymnasium wrappers of the village for training: the documented shaping, and the action mask as part of what is seen.

Each comes for one village, `Village-v0` by `make`, and for many, by `make_vec`.

    villages = gymnasium.make_vec("stagelight.village_v0:Village-v0", num_envs=8)
    villages = VectorShapedReward(villages, gamma=0.999)
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from stagelight.engines.village import constants, env, validation
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.training.reward_shaping import potentials
from stagelight.engines.village.vector_env import VillageVectorEnv

OBSERVATION, MASK = "observation", "action_mask"
MASK_SPACE = spaces.Box(0, 1, (len(constants.AGENTS), len(constants.ACTIONS)), np.int8)
Actions = NDArray[np.int64]


class ShapedReward(gymnasium.Wrapper[Any, Any, Any, Any]):
    """One village whose rewards are r + gamma Phi(s') - Phi(s), with Phi = 0 at the end: `training.reward_shaping`.

    Discounted by gamma, an episode's rewards add up to its own minus Phi of its first state, which no action changes.
    So the best policy stays the best.
    """

    def __init__(self, village: gymnasium.Env[Any, Any], gamma: float = 1.0) -> None:
        """The shaped village.

        Args:
            village: `Village-v0`, wrapped or not.
            gamma: the discount of whoever learns.

        Raises:
            ValueError: it is another environment, or gamma is none.
        """
        super().__init__(village)
        self.gamma, self._phi = _discount(gamma), 0.0
        if not isinstance(village.unwrapped, env.Steward):
            raise ValueError(f"{village.unwrapped}: wanted Village-v0, made by gymnasium.make")
        self._steward = village.unwrapped

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        begun = self.env.reset(seed=seed, options=options)
        self._phi = self._potential()
        return begun

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One tick, and its shaped reward."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        phi = 0.0 if terminated or truncated else self._potential()
        shaped, self._phi = float(reward) + self.gamma * phi - self._phi, phi
        return observation, shaped, terminated, truncated, info

    def _potential(self) -> float:
        assert self._steward.village.villages is not None
        return float(potential(self._steward.village.villages)[0])


class VectorShapedReward(VectorWrapper[Any, Any, Any, Any, Any]):
    """Many villages with the rewards of `ShapedReward`."""

    def __init__(self, villages: VectorEnv[Any, Any, Any], gamma: float = 1.0) -> None:
        """The shaped villages; arguments and refusals as there, of the environment that `make_vec` makes."""
        super().__init__(villages)
        self.gamma, self._phi = _discount(gamma), np.zeros(0)
        self._over = np.zeros(0, np.bool_)  # whose next step begins an episode
        if not isinstance(villages.unwrapped, VillageVectorEnv):
            raise ValueError(f"{villages.unwrapped}: wanted Village-v0, made by gymnasium.make_vec")
        self._villages = villages.unwrapped

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in every village."""
        begun = self.env.reset(seed=seed, options=options)
        self._phi, self._over = self._potential(), np.zeros(self.num_envs, np.bool_)
        return begun

    def step(self, actions: Actions) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """One tick of every village, and its shaped reward; the step that begins an episode pays nothing."""
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        phi = self._potential()
        over = terminations | truncations
        phi[over] = 0.0
        shaped = np.where(self._over, rewards, rewards + self.gamma * phi - self._phi)
        self._phi, self._over = phi, over
        return observations, shaped, terminations, truncations, infos

    def _potential(self) -> NDArray[np.float64]:
        assert self._villages.villages is not None
        return potential(self._villages.villages)


class MaskedObservation(gymnasium.Wrapper[Any, Any, Any, Any]):
    """One village whose observation is a dictionary of `observation` and `action_mask`."""

    def __init__(self, village: gymnasium.Env[Any, Any]) -> None:
        """The village; its info must hold the mask."""
        super().__init__(village)
        self.observation_space = spaces.Dict({OBSERVATION: village.observation_space, MASK: MASK_SPACE})

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        return {OBSERVATION: observation, MASK: info[MASK]}, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """One tick."""
        observation, *rest, info = self.env.step(action)
        return {OBSERVATION: observation, MASK: info[MASK]}, *rest, info  # type: ignore[return-value]


class VectorMaskedObservation(VectorWrapper[Any, Any, Any, Any, Any]):
    """Many villages with the observations of `MaskedObservation`."""

    def __init__(self, villages: VectorEnv[Any, Any, Any]) -> None:
        """The villages; their infos must hold the masks."""
        super().__init__(villages)
        single = spaces.Dict({OBSERVATION: villages.single_observation_space, MASK: MASK_SPACE})
        self.single_observation_space, self.observation_space = single, batch_space(single, villages.num_envs)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in every village."""
        observations, infos = self.env.reset(seed=seed, options=options)
        return {OBSERVATION: observations, MASK: infos[MASK]}, infos

    def step(self, actions: Actions) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """One tick of every village."""
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        return {OBSERVATION: observations, MASK: infos[MASK]}, rewards, terminations, truncations, infos


def potential(villages: Villages) -> NDArray[np.float64]:
    """(B,) Phi of some villages, in the unit of the reward."""
    found = np.empty(len(villages))
    potentials(villages.numbers, villages.tick, found)
    return found / constants.NORM


def _discount(gamma: float) -> float:
    if isinstance(gamma, bool) or not isinstance(gamma, int | float) or not 0 <= gamma <= 1:
        raise ValueError(f"gamma {validation.shown(gamma)}: wanted a number from 0 to 1")
    return float(gamma)
