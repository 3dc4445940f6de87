"""The village under the name by which verifiers finds it, which is that of a module: `vf-eval stagelight-village`."""

from stagelight.engines.village.adapters.verifiers_village import VillageEnv, VillageTaskset

__all__ = ["VillageEnv", "VillageTaskset"]
