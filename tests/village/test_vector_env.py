"""Many villages as a Gymnasium vector environment, beside as many single ones."""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from stagelight.engines.village import env
from stagelight.engines.village.vector_env import VillageVectorEnv

pytestmark = pytest.mark.engine
COUNT = 3


@pytest.fixture(autouse=True)
def _strict() -> None:
    warnings.simplefilter("error")


def begun(**options: Any) -> VillageVectorEnv:
    villages = VillageVectorEnv(COUNT, **options)
    villages.reset(seed=0)
    return villages


def allowed(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An allowed action of every worker."""
    return np.asarray((masks * rng.random(masks.shape)).argmax(-1))


def same(mine: tuple[Any, ...], others: tuple[Any, ...]) -> None:
    for one, other in zip(mine[:-1], others[:-1], strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    assert mine[-1].keys() == others[-1].keys()
    for name in mine[-1]:
        np.testing.assert_array_equal(mine[-1][name], others[-1][name])


@pytest.mark.parametrize("options", [{"max_cycles": 20}, {"scenario": "adversarial", "max_cycles": 5}, {}])
def test_each_village_is_the_single_environment_of_its_seed(options: dict[str, Any]) -> None:
    """Step for step, into the episodes that follow by themselves, whose seeds nobody gave."""
    single = SyncVectorEnv([lambda: env.Steward(**options)] * COUNT)
    villages, rng = VillageVectorEnv(COUNT, **options), np.random.default_rng(1)
    assert (villages.single_observation_space, villages.observation_space) == (
        single.single_observation_space, single.observation_space,
    )  # fmt: skip
    assert villages.action_space == single.action_space
    assert villages.metadata == single.metadata
    same(villages.reset(seed=7), single.reset(seed=7))
    assert villages.np_random_seed == single.np_random_seed == (7, 8, 9)
    masks, ends = villages.reset(seed=7)[1]["action_mask"], 0
    for _ in range(2 * options.get("max_cycles", 480) + 10):
        actions = allowed(masks, rng)
        mine = villages.step(actions)
        same(mine, single.step(actions))
        masks, ends = mine[-1]["action_mask"], ends + bool(mine[3].all())
    assert ends >= 2
    same(villages.reset(seed=[3, None, 5]), single.reset(seed=[3, None, 5]))
    same(villages.reset(), single.reset())
    scenario = {"scenario": "plague"}
    same(villages.reset(seed=2, options=scenario), single.reset(seed=2, options=scenario))


def test_villages_take_several_scenarios_in_turn() -> None:
    mixed = begun(scenario=("std", "plague"))
    for index, name in enumerate(("std", "plague", "std")):
        one = env.Steward(name)
        one.reset(seed=index)
        assert one.village.villages and mixed.villages
        np.testing.assert_array_equal(mixed.villages.tapes.rabbits[index], one.village.villages.tapes.rabbits[0])


@pytest.mark.parametrize("name", ["Village-v0", "stagelight.village_v0:Village-v0"])
def test_gymnasium_makes_many_villages(name: str) -> None:
    villages = gymnasium.make_vec(name, num_envs=8, scenario="compound", render_mode="ansi")
    assert isinstance(villages.unwrapped, VillageVectorEnv)
    assert villages.spec and villages.spec.kwargs["num_envs"] == 8
    assert villages.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    observations, infos = villages.reset(seed=0)
    assert villages.observation_space.contains(observations)
    assert infos["action_mask"].shape == (8, 3, 13)
    first, *_ = villages.render() or ()
    assert str(first).startswith("day 1 tick 0")
    villages.close()


def test_a_village_among_many_passes_gymnasium_s_check() -> None:
    """Gymnasium has a check of single environments alone; it is given one village out of many."""

    class One(gymnasium.Env[Any, Any]):
        metadata = env.Steward.metadata

        def __init__(self) -> None:
            self.villages = VillageVectorEnv(1)
            self.observation_space = self.villages.single_observation_space
            self.action_space = self.villages.single_action_space

        def reset(
            self, *, seed: int | None = None, options: dict[str, Any] | None = None
        ) -> tuple[Any, dict[str, Any]]:
            super().reset(seed=seed)
            observations, infos = self.villages.reset(seed=seed, options=options)
            return observations[0], infos

        def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
            observations, rewards, ends, cuts, infos = self.villages.step(np.asarray(action)[None])
            return observations[0], float(rewards[0]), bool(ends[0]), bool(cuts[0]), infos

    check_env(One(), skip_render_check=True, skip_close_check=True)


def test_what_was_returned_is_not_written_again() -> None:
    villages = begun()
    before, infos = villages.reset(seed=0)
    kept, mask = before.copy(), infos["action_mask"].copy()
    villages.step(np.array([[1, 4, 6]] * COUNT))
    np.testing.assert_array_equal(before, kept)
    np.testing.assert_array_equal(infos["action_mask"], mask)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: VillageVectorEnv(0), "num_envs 0: wanted a whole number of villages from 1 on"),
        (lambda: VillageVectorEnv(2.0), "num_envs 2.0: wanted a whole number"),  # type: ignore[arg-type]
        (lambda: VillageVectorEnv(True), "num_envs True: wanted a whole number"),
        (lambda: VillageVectorEnv(scenario="flood"), "scenario 'flood': no such scenario"),
        (lambda: VillageVectorEnv(scenario=("std", "flood")), "scenario 'flood': no such scenario"),
        (lambda: VillageVectorEnv(scenario=()), r"scenario \(\): none; name at least one"),
        (lambda: VillageVectorEnv(scenario=3), "scenario 3: no such scenario"),  # type: ignore[arg-type]
        (lambda: VillageVectorEnv(max_cycles=481), "max_cycles 481: wanted a whole number of ticks"),
        (lambda: VillageVectorEnv(render_mode="gif"), "render_mode 'gif': choose one of"),
        (lambda: VillageVectorEnv().step(np.zeros((1, 3), int)), "step: the episodes have not begun; call reset"),
        (lambda: VillageVectorEnv(render_mode="ansi").render(), "render: the episodes have not begun; call reset"),
        (lambda: begun().step([[0, 0, 0]] * COUNT), r"actions: .*, wanted whole numbers in an array \(3, 3\)"),  # type: ignore[arg-type]
        (lambda: begun().step(np.zeros((3, 2), int)), r"actions: an array \(3, 2\) of int64, wanted whole numbers"),
        (lambda: begun().step(np.zeros((3, 3))), r"actions: an array \(3, 3\) of float64, wanted whole numbers"),  # type: ignore[arg-type]
        (lambda: begun().step(np.full((3, 3), 13)), "actions: 13 of the farmer of village 0, wanted 0 to 12"),
        (lambda: begun().reset(seed=-1), "seed -1: wanted a whole number from 0 on, or None"),
        (lambda: begun().reset(seed=[1, 2]), "seed: 2 seeds, wanted one, or 3, one of each village"),
        (lambda: begun().reset(seed=[1, 2, "3"]), "seed '3': wanted a whole number"),  # type: ignore[list-item]
        (lambda: begun().reset(options={"reset_mask": np.ones(3)}), "option 'reset_mask': there is none of that name"),
        (lambda: begun().reset(options={"scenario": "flood"}), "scenario 'flood': no such scenario"),
        (lambda: begun().reset(options=[1]), r"options \[1\]: wanted a dictionary, or None"),  # type: ignore[arg-type]
    ],
)
def test_mistakes_are_said_in_one_line_and_nothing_happens(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}") as caught:
        call()
    assert "\n" not in str(caught.value)


def test_what_is_refused_leaves_the_villages_as_they_were() -> None:
    villages, other = begun(), begun()
    for wrong in (np.full((3, 3), 13), np.zeros((3, 3))):
        with pytest.raises(ValueError, match=r"^actions"):
            villages.step(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^scenario"):
        villages.reset(seed=5, options={"scenario": "flood"})
    actions = np.array([[1, 4, 6]] * 3)
    same(villages.step(actions), other.step(actions))
    same(villages.reset(), other.reset())
