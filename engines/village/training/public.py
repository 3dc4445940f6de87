"""The published policy: how it was made, and what it scores, step by step, so that it can be made again.

Imitate the teacher, improve by reward; then compare with the best (s, S) workers on the same tapes, in the scenarios it
was trained in and in those it never saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.recording import digest, version_of
from engines.village import rules
from engines.village.training import checkpoint, course, imitation, policy, ppo, teacher

FILE = "village_policy.safetensors"
SOURCES = [
    *(Path(__file__).parent / f"{name}.py" for name in (
        "encoding", "imitation", "outlook", "policy", "potential", "ppo", "rollouts", "teacher",
    )),
    *(Path(rules.__file__).parent / f"{name}.py" for name in ("core", "rules", "scenarios", "tape", "ticks")),
]  # fmt: skip


def figures(step: ppo.Step) -> Mapping[str, float]:
    """What is logged of an update."""
    nan = float("nan")
    returns = {f"return_{name}": step.returns.get(name, nan) for name in ppo.Config().scenarios}
    return returns | {
        "level": step.level, "entropy": step.entropy, "value_loss": step.value_loss, "clip_ratio": step.clip_ratio,
    }  # fmt: skip


def train(
    config: ppo.Config, seed: int, cache: Path, report: course.Report = lambda *_: None, until: float = float("inf")
) -> tuple[policy.Policy, dict[str, NDArray[np.float32]]]:
    """The policy and its log, from where an earlier call was put down.

    Raises:
        course.Paused: `until` came first.
    """
    first = imitation.Config()
    path = cache / f"village-{seed}-{digest(version_of(SOURCES), asdict(config), asdict(first), seed)}.safetensors"
    trainer = ppo.Trainer(config, seed)
    if not path.exists():
        imitation.imitate(trainer.policy, imitation.all_seeing(np.array(teacher.FOUND)), config.scenarios, first, seed)
        checkpoint.write(path, trainer, {})
    log = course.through(trainer, config.updates, path, figures, report, until)
    return trainer.policy, {name: value.astype(np.float32) for name, value in log.items()}


def gain(
    mine: Mapping[str, NDArray[np.float64]],
    best: Mapping[str, NDArray[np.float64]],
    random: Mapping[str, NDArray[np.float64]],
    plan: Mapping[str, NDArray[np.float64]],
) -> dict[str, float]:
    """The gain over the best (s, S) workers by scenario, in normalised score: random 0, the plan that knows the tape 1.

    Args:
        mine: returns by scenario, (seeds,) on the same tapes as the others'.
        best: of the (s, S) workers with the parameters that are best in that scenario.
        random: of random workers.
        plan: of the clairvoyant plan.
    """
    found = {}
    for name, returns in mine.items():
        scale = plan[name].mean() - random[name].mean()
        found[name] = float((returns.mean() - best[name].mean()) / scale)
    return found
