"""Villages for Stable-Baselines3, tested where the extra is installed."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest

from stagelight.engines.village.vector_env import VillageVectorEnv
from stagelight.engines.village.wrappers import VectorShapedReward

pytestmark = [pytest.mark.engine, pytest.mark.filterwarnings("ignore")]  # the library's own
COUNT, CYCLES = 3, 12


def villages() -> Any:
    pytest.importorskip("sb3_contrib", reason="the extra village-sb3")
    from stagelight.engines.village.adapters.sb3_village import VillageVecEnv

    return VillageVecEnv(VectorShapedReward(VillageVectorEnv(COUNT, max_cycles=CYCLES)))


def test_an_episode_begins_in_the_step_in_which_one_ends() -> None:
    """Otherwise all is as Gymnasium has it."""
    theirs, ours = villages(), VectorShapedReward(VillageVectorEnv(COUNT, max_cycles=CYCLES))
    theirs.seed(4)
    seen, (wanted, infos) = theirs.reset(), ours.reset(seed=4)
    rng = np.random.default_rng(0)
    for tick in range(2 * CYCLES):
        np.testing.assert_array_equal(seen, wanted)
        masks = infos["action_mask"]
        np.testing.assert_array_equal(np.stack(theirs.env_method("action_masks")), masks.reshape(COUNT, -1) > 0)
        actions = (masks * rng.random(masks.shape)).argmax(-1)
        seen, paid, over, found = theirs.step(actions)
        wanted, rewards, _, truncations, infos = ours.step(actions)
        np.testing.assert_array_equal(paid, rewards.astype(np.float32))
        np.testing.assert_array_equal(over, truncations)
        assert over.all() == ((tick + 1) % CYCLES == 0)
        if over.all():
            np.testing.assert_array_equal(np.stack([one["terminal_observation"] for one in found]), wanted)
            assert not any(one.get("TimeLimit.truncated") for one in found)
            wanted, _, _, _, infos = ours.step(actions)
    assert theirs.has_attr("action_masks") and not theirs.has_attr("no_such_thing")
    with pytest.raises(AttributeError, match="step_twice: a village among many has action_masks alone"):
        theirs.env_method("step_twice")


def test_maskable_ppo_never_takes_an_action_that_is_not_allowed() -> None:
    made = villages()
    from sb3_contrib import MaskablePPO

    model = MaskablePPO("MlpPolicy", made, n_steps=8, batch_size=8, seed=0, device="cpu")
    model.learn(3 * 8)
    buffer = model.rollout_buffer
    masks, actions = buffer.action_masks.reshape(-1, 3, 13), buffer.actions.reshape(-1, 3).astype(int)
    assert np.take_along_axis(masks, actions[..., None], 2).all()
    assert not masks.all()


def test_another_environment_is_refused() -> None:
    villages()
    from stagelight.engines.village.adapters.sb3_village import VillageVecEnv

    with pytest.raises(ValueError, match=r"wanted Village-v0, made by gymnasium.make_vec"):
        VillageVecEnv(gymnasium.make_vec("CartPole-v1", num_envs=2))
