"""The village as an environment, under the name that PettingZoo gives to versions.

    from stagelight import village_v0
    village = village_v0.parallel_env(scenario="std")
    observations, infos = village.reset(seed=0)

In Gymnasium it is `gymnasium.make("stagelight.village_v0:Village-v0")`, or "Village-v0" once this module is imported.
"""

from stagelight.engines.village.env import env, parallel_env

__all__ = ["env", "parallel_env"]
