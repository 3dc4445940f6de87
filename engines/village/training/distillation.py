"""The course of the small language model: the trained policy's choices and reasons, in villages that either runs.

    model = SmolLM.load()
    trainer = distillation.teach(policy, model, Path(".cache/village"))  # resumable; an hour and more on a core

About half of a batch comes from villages that the policy runs, with slips; the rest from villages that the pupil runs,
where the policy says what it would have chosen (DAgger: Ross, Gordon and Bagnell 2011). The pupil's villages go on from
update to update: the forward pass that an update needs is also the one by which the pupil acts, so they cost nothing
more. At first the policy acts in them for the pupil, ever more rarely.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.experiment.checkpoint import trainable
from stagelight.engines.experiment.progress import NEVER, Progress, silent
from stagelight.engines.experiment.provenance import code_version, key
from stagelight.engines.experiment.training import append, run_to_completion
from stagelight.engines.village import rules as r
from stagelight.engines.village import scenarios
from stagelight.engines.village.llm.small_worker import pick
from stagelight.engines.village.llm.smollm import SmolLM
from stagelight.engines.village.training import demonstrations, lora
from stagelight.engines.village.training.demonstrations import Reasons, States, balanced, logp, states, watch
from stagelight.engines.village.training.encoding import remember
from stagelight.engines.village.training.lora import Batch, Learner, Step
from stagelight.engines.village.training.policy import Policy
from stagelight.engines.village.training.rollouts import Cohort, act, told

FIRST_SHOWN = 15_000_000  # seeds of the tapes the pupil is taught on; of training, as rollouts.FIRST_SEED
FIRST_OWN, FIRST_UNSEEN = FIRST_SHOWN + 1_000, FIRST_SHOWN + 900
BLUNDER = 0.05  # share of the policy's choices left to chance


@dataclass(frozen=True)
class Config:
    """The published course."""

    examples: int = 30_000  # altogether
    batch: int = 16
    seeds: int = 16  # the policy's episodes of each scenario
    cohorts: int = 8  # of the pupil's villages, begun at different times of the year; they take turns
    villages: int = 7  # in each
    led: float = 0.3  # share of the course in which the policy acts for the pupil, ever more rarely
    lora: lora.Config = field(default_factory=lora.Config)

    @property
    def updates(self) -> int:
        """How many there are in all."""
        return self.examples // self.batch


class Trainer:
    """The course, resumable to the bit."""

    def __init__(self, config: Config, seed: int, policy: Policy, model: SmolLM, shown: States) -> None:
        """Begin.

        Args:
            config: of the course.
            seed: of the adapter and of all that is drawn.
            policy: the teacher.
            model: who is taught; it stays as it is, the adapter is the learner's.
            shown: states of villages that the policy runs.
        """
        self.config, self.seed, self.policy, self.shown, self.done = config, seed, policy, shown, 0
        self.learner = Learner(config.lora, seed, model)
        self.optimiser = self.learner.optimiser
        self.reasons = Reasons(policy, shown)
        self.order = balanced(
            shown.roles, logp(policy, shown).argmax(1), config.updates * config.batch, np.random.default_rng(seed)
        )
        names, stride = scenarios.TRAIN, config.cohorts * config.villages
        self.cohorts = []
        for number in range(config.cohorts):
            cohort = Cohort.endless(names, config.villages, FIRST_OWN + number * config.villages, stride)
            for _ in range(number * r.TICKS // config.cohorts):
                cohort.villages.step(act(policy, [cohort], None).actions[0], told(cohort.count))
            self.cohorts.append(cohort)

    def step(self) -> Step:
        """Live a tick of the pupil's villages, and learn from it and from what is shown."""
        progress = self.done / self.config.updates
        rng = np.random.default_rng((self.seed, self.done))
        cohort = self.cohorts[self.done % len(self.cohorts)]
        remember(cohort.villages.observations, cohort.memory)
        own, rows, workers = states(cohort)
        at = self.done * self.config.batch
        seen = States.joined([own, self.shown.only(self.order[at : at + max(0, self.config.batch - len(own))])])
        target = logp(self.policy, seen)
        batch = Batch(seen.lines(), seen.masks, target, self.reasons.sentences(seen, rng))
        step, logits = self.learner.learn(batch, progress)

        doing = np.zeros((cohort.count, 3), np.int64)
        led = rng.random(len(own)) < 1 - progress / self.config.led
        doing[rows, workers] = np.where(led, target.argmax(1)[: len(own)], pick(logits[: len(own)], own.masks))
        cohort.villages.step(doing, told(cohort.count))
        if cohort.villages.over:
            cohort.renew()
        self.done += 1
        return step

    def tensors(self) -> dict[str, Tensor]:
        """The adapter's weights, which are saved with a run."""
        return trainable("adapter", self.learner.adapter)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What else the next step depends on."""
        kept = {
            f"{number}.{name}": value
            for number, cohort in enumerate(self.cohorts)
            for name, value in cohort.state().items()
        }
        return {"done": self.done}, kept

    def restore(self, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take up what `state` gave."""
        self.done = int(words["done"])
        for number, cohort in enumerate(self.cohorts):
            prefix = f"{number}."
            cohort.restore({n.removeprefix(prefix): value for n, value in arrays.items() if n.startswith(prefix)})


def shown(policy: Policy, seeds: int, first: int = FIRST_SHOWN) -> States:
    """The states of villages that the policy runs in all scenarios of training, with slips."""
    return watch(policy, scenarios.TRAIN, range(first, first + seeds), BLUNDER, np.random.default_rng(first))


def teach(
    policy: Policy, model: SmolLM, cache: Path, config: Config | None = None, seed: int = 0,
    progress: Progress = silent, deadline: float = NEVER,
) -> Trainer:  # fmt: skip
    """Teach the small model, from where an earlier call was interrupted.

    Args:
        policy: whose choices are taught.
        model: the pupil; it stays as it is, the adapter is the trainer's.
        cache: where what was done is kept.
        config: the course; the published one if None.
        seed: of the adapter and of all that is drawn.
        progress: told of each update.
        deadline: moment of `time.monotonic()` at which it is interrupted, between updates.

    Raises:
        Interrupted: the deadline passed; the same call resumes.
    """
    config = config or Config()
    name = key(code_version(__name__), asdict(config), str(model.network.dtype))
    path = cache / f"shown-{name}.npz"
    seen = demonstrations.kept(path)
    if seen is None:
        seen = shown(policy, config.seeds)
        demonstrations.keep(path, seen)
    trainer = Trainer(config, seed, policy, model, seen)
    path = cache / f"distillation-{seed}-{name}.safetensors"
    run_to_completion(trainer, config.updates, path, lambda step, log: append(log, asdict(step)), progress, deadline)
    return trainer
