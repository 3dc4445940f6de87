"""`village_v0`: the village as an environment, under the name that PettingZoo gives to versions.

    from stagelight import village_v0
    village = village_v0.parallel_env(scenario="std")
    observations, infos = village.reset(seed=0)

In Gymnasium it is `gymnasium.make("stagelight.village_v0:Village-v0")`, or "Village-v0" once this module is imported;
many at once, `gymnasium.make_vec("stagelight.village_v0:Village-v0", num_envs=8)`. `evaluate` scores an agent.
"""

from stagelight.engines.village.env import env, parallel_env
from stagelight.engines.village.evaluation.evaluate import DEVELOPMENT, SEALED, Evaluation, entry, evaluate, one_by_one

__all__ = ["DEVELOPMENT", "SEALED", "Evaluation", "entry", "env", "evaluate", "one_by_one", "parallel_env"]
