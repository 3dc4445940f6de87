"""The published policy: how it was made, and what it scores, step by step, so that it can be made again.

Imitate the teacher, improve by reward; then compare with the best (s, S) workers on the same tapes, in the scenarios it
was trained in and in those it never saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment import checkpoint
from stagelight.engines.experiment.progress import NEVER, Progress, silent
from stagelight.engines.experiment.provenance import code_version, key
from stagelight.engines.experiment.training import append, run_to_completion
from stagelight.engines.village import scenarios
from stagelight.engines.village.agents import registry
from stagelight.engines.village.agents.policy import BatchPolicy
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.evaluation import metrics
from stagelight.engines.village.training import dagger, expert, networks, ppo

FILE = "village_policy.safetensors"


def figures(step: ppo.Step) -> Mapping[str, float]:
    """What is logged of an update."""
    nan = float("nan")
    returns = {f"return_{name}": step.returns.get(name, nan) for name in ppo.Config().scenarios}
    return returns | {
        "level": step.level, "entropy": step.entropy, "value_loss": step.value_loss, "clip_ratio": step.clip_ratio,
    }  # fmt: skip


def train(
    config: ppo.Config, seed: int, cache: Path, progress: Progress = silent, deadline: float = NEVER
) -> tuple[networks.Policy, dict[str, NDArray[np.float32]]]:
    """The policy and its log, from where an earlier call was put down.

    Raises:
        Interrupted: the deadline passed; the same call resumes.
    """
    first = dagger.Config()
    version = code_version(ppo.__name__, dagger.__name__)
    path = cache / f"village-{seed}-{key(version, asdict(config), asdict(first), seed)}.safetensors"
    trainer = ppo.Trainer(config, seed)
    if not path.exists():
        dagger.imitate(trainer.policy, dagger.all_seeing(np.array(expert.FOUND)), config.scenarios, first, seed)
        checkpoint.write(path, trainer, {})
    log = run_to_completion(
        trainer, config.updates, path, lambda step, log: append(log, figures(step)), progress, deadline
    )
    return trainer.policy, {name: value.astype(np.float32) for name, value in log.items()}


def scores(
    mine: networks.Policy, seeds: Sequence[int], names: Sequence[str] = tuple(scenarios.SCENARIOS)
) -> dict[str, dict[str, float]]:
    """Mean returns by scenario on the same tapes: of the policy, and of the best (s, S) workers.

    Their numbers are those fitted to the scenario, and the best reserve, of the season or the same all year, is chosen
    on these very tapes, which favours them.
    """
    found = {}
    for name in names:
        tapes = metrics.tapes(name, seeds)
        scripts = [registry.AGENTS["stock"], *(registry.with_reserve(days) for days in metrics.RESERVES)]
        found[name] = {
            "policy": float(play(Villages(tapes), BatchPolicy(mine)).returns.mean()),
            "best_stock": max(metrics.mean_return(one, name, tapes) for one in scripts),
        }
    return found
