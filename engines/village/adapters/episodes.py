"""Episodes as Minari datasets: for offline learning, and for anyone who wants the data without the village.

An episode is seen as one controller's: an observation is (3, 44), what each worker knows; an action is three numbers.
The shared reward is the reward. Every tick is a step; what a busy worker does is in the action too. The environment
that a dataset recovers is `Village-v0` in its scenario, whose observation is those three rows in one.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment.provenance import code_version
from stagelight.engines.village import constants as r
from stagelight.engines.village.episode import Step
from stagelight.engines.village.observation import low_high


@dataclass(frozen=True)
class Recorded:
    """One episode. T ticks."""

    observations: NDArray[np.float32]  # (T + 1, 3, 44); the last is what was left behind
    actions: NDArray[np.int64]  # (T, 3)
    rewards: NDArray[np.float64]  # (T,)
    masks: NDArray[np.int8]  # (T, 3, 13)
    seed: int  # of the tape


def recorded(steps: Iterable[Step], last: NDArray[np.float32], seed: int) -> Recorded:
    """An episode from its ticks and the observations (3, 44) after the last of them."""
    taken = list(steps)
    return Recorded(
        np.stack([*(step.observations for step in taken), last]),
        np.array([step.actions for step in taken], np.int64),
        np.array([step.reward for step in taken]),
        np.stack([step.masks for step in taken]),
        seed,
    )


def export(dataset_id: str, episodes: Sequence[Recorded], scenario: str, author: str) -> Any:
    """Write a dataset into Minari's folder (MINARI_DATASETS_PATH); returns it.

    Args:
        dataset_id: such as `village/std-expert-v0`.
        episodes: at least one.
        scenario: they were played in.
        author: who acted.

    Raises:
        ValueError: Minari refuses the name, or has it already.
    """
    import gymnasium  # noqa: PLC0415
    import minari  # noqa: PLC0415  # the extra village-minari
    from gymnasium import spaces  # noqa: PLC0415
    from minari.data_collector import EpisodeBuffer  # noqa: PLC0415

    low, high = (np.repeat(bound[None], 3, 0) for bound in low_high())
    buffers = [
        EpisodeBuffer(
            seed=one.seed,
            observations=list(one.observations),
            actions=list(one.actions),
            rewards=one.rewards.tolist(),
            terminations=[False] * len(one.rewards),
            truncations=[*([False] * (len(one.rewards) - 1)), True],  # time is up; the village goes on
            infos={"mask": [*one.masks, one.masks[-1]]},
        )
        for one in episodes
    ]
    with warnings.catch_warnings():
        # Minari recommends an address and a link; neither is needed to read the data.
        warnings.filterwarnings("ignore", ".*is set to None", UserWarning)
        version = code_version("stagelight.engines.village.world")
        return minari.create_dataset_from_buffers(
            dataset_id,
            buffers,
            env=gymnasium.make("stagelight.village_v0:Village-v0", scenario=scenario),
            observation_space=spaces.Box(low, high, dtype=np.float32),
            action_space=spaces.MultiDiscrete([len(r.ACTIONS)] * 3),
            algorithm_name=author,
            description=f"A village in the scenario {scenario!r}: three workers, one controller, 480 ticks an episode; "
            f"code {version}.",
            data_format="hdf5",
        )


def imported(dataset_id: str) -> list[Recorded]:
    """The episodes of a dataset that `export` wrote.

    Raises:
        FileNotFoundError: there is none of that name.
    """
    import minari  # noqa: PLC0415  # the extra village-minari

    found = minari.load_dataset(dataset_id)
    seeds = [int(meta.get("seed", -1)) for meta in found.storage.get_episode_metadata(found.episode_indices)]
    return [
        Recorded(
            one.observations, one.actions, one.rewards.astype(np.float64), one.infos["mask"][:-1].astype(np.int8), seed
        )
        for one, seed in zip(found.iterate_episodes(), seeds, strict=True)
    ]
