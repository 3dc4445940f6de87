"""The wrappers of the village: shaping that changes no policy's rank, and masks among what is seen."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import FlattenObservation

from stagelight.engines.village import env
from stagelight.engines.village.vector_env import VillageVectorEnv
from stagelight.engines.village.wrappers import (
    MaskedObservation,
    ShapedReward,
    VectorMaskedObservation,
    VectorShapedReward,
    potential,
)

pytestmark = pytest.mark.engine
COUNT = 4


def allowed(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An allowed action of every worker."""
    return np.asarray((masks * rng.random(masks.shape)).argmax(-1))


@pytest.mark.parametrize(("gamma", "cycles"), [(1.0, 480), (0.99, 480), (0.9, 50)])
def test_what_shaping_adds_telescopes_to_the_first_potential(gamma: float, cycles: int) -> None:
    """In every episode, whatever is done: sum gamma^t shaped = sum gamma^t reward - Phi(first state)."""
    plain, shaped = (VillageVectorEnv(COUNT, "std", cycles) for _ in range(2))
    wrapped, rng = VectorShapedReward(shaped, gamma), np.random.default_rng(3)
    plain.reset(seed=1)
    _, infos = wrapped.reset(seed=1)
    for _ in range(2):
        assert shaped.villages
        first, sums = potential(shaped.villages), np.zeros((2, COUNT))
        for tick in range(cycles):
            actions = allowed(infos["action_mask"], rng)
            rewards, paid = plain.step(actions)[1], wrapped.step(actions)
            infos = paid[-1]
            sums += gamma**tick * np.stack([rewards, paid[1]])
        assert paid[3].all()
        np.testing.assert_allclose(sums[1], sums[0] - first, atol=1e-9)
        assert (first != 0).all()
        begun = wrapped.step(actions)
        plain.step(actions)
        assert not begun[1].any()
        infos = begun[-1]


def test_one_village_is_shaped_as_one_of_many() -> None:
    one, many = ShapedReward(gymnasium.make("Village-v0"), 0.99), VectorShapedReward(VillageVectorEnv(2), 0.99)
    one.reset(seed=5)
    _, infos = many.reset(seed=5)
    rng, total = np.random.default_rng(0), 0.0
    for _ in range(480):
        actions = allowed(infos["action_mask"], rng)
        _, rewards, _, _, infos = many.step(actions)
        _, reward, _, _, _ = one.step(actions[0])
        assert reward == pytest.approx(rewards[0])
        total += abs(float(reward))
    assert total > 0


def test_masks_are_seen() -> None:
    one, many = MaskedObservation(env.Steward()), VectorMaskedObservation(VillageVectorEnv(COUNT))
    seen, infos = many.reset(seed=2)
    alone, info = one.reset(seed=2)
    rng = np.random.default_rng(0)
    for _ in range(100):
        assert many.observation_space.contains(seen) and one.observation_space.contains(alone)
        np.testing.assert_array_equal(seen["action_mask"], infos["action_mask"])
        np.testing.assert_array_equal(seen["action_mask"][0], alone["action_mask"])
        np.testing.assert_array_equal(seen["observation"][0], alone["observation"])
        np.testing.assert_array_equal(alone["action_mask"], info["action_mask"])
        actions = allowed(infos["action_mask"], rng)
        seen, _, _, _, infos = many.step(actions)
        alone, _, _, _, info = one.step(actions[0])
    assert FlattenObservation(one).observation_space.shape == (3 * 44 + 3 * 13,)


def test_masks_are_asked_for_as_sb3_contrib_does() -> None:
    village = gymnasium.make("Village-v0")
    _, info = village.reset(seed=0)
    masks = village.get_wrapper_attr("action_masks")()
    assert (masks.shape, masks.dtype) == ((39,), np.bool_)
    np.testing.assert_array_equal(masks.reshape(3, 13), info["action_mask"] > 0)
    with pytest.raises(ValueError, match="has not begun; call reset first"):
        env.Steward().action_masks()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: ShapedReward(gymnasium.make("CartPole-v1")),
            ".*CartPole.*: wanted Village-v0, made by gymnasium.make",
        ),
        (
            lambda: VectorShapedReward(gymnasium.make_vec("CartPole-v1")),
            ".*: wanted Village-v0, made by gymnasium.make",
        ),
        (lambda: ShapedReward(env.Steward(), 1.5), "gamma 1.5: wanted a number from 0 to 1"),
        (lambda: ShapedReward(env.Steward(), True), "gamma True: wanted a number from 0 to 1"),
        (lambda: VectorShapedReward(VillageVectorEnv(1), "1"), "gamma '1': wanted a number"),  # type: ignore[arg-type]
    ],
)
def test_mistakes_are_said_in_one_line(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}") as caught:
        call()
    assert "\n" not in str(caught.value)
