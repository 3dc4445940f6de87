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
from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios
from stagelight.engines.village.llm.small_worker import pick
from stagelight.engines.village.llm.smollm import SmolLM
from stagelight.engines.village.training import demonstrations, lora
from stagelight.engines.village.training.demonstrations import (
    Classroom,
    Lessons,
    Reasons,
    balanced,
    logp,
    messages,
    watch,
)
from stagelight.engines.village.training.lora import Batch, Learner, Step
from stagelight.engines.village.training.networks import Policy

FIRST_SHOWN = 15_000_000  # seeds of the tapes the pupil is taught on; of training, as rollouts.FIRST_SEED
FIRST_OWN = FIRST_SHOWN + 1_000
PILOT = 4  # seeds of the villages in which nobody says why yet
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

    def __init__(self, config: Config, seed: int, policy: Policy, model: SmolLM, shown: Lessons) -> None:
        """Begin.

        Args:
            config: of the course.
            seed: of the adapter and of all that is drawn.
            policy: the teacher.
            model: who is taught; it stays as it is, the adapter is the learner's.
            shown: of villages that the policy runs.
        """
        self.config, self.seed, self.policy, self.shown, self.done = config, seed, policy, shown, 0
        self.learner = Learner(config.lora, seed, model)
        self.optimiser = self.learner.optimiser
        self.reasons = Reasons(policy, shown.teacher)
        self.order = balanced(
            shown.pupil.roles, logp(policy, shown.teacher).argmax(1), config.updates * config.batch,
            np.random.default_rng(seed),
        )  # fmt: skip
        names, stride = scenarios.TRAIN, config.cohorts * config.villages
        self.rooms = []
        for number in range(config.cohorts):
            room = Classroom.endless(names, config.villages, FIRST_OWN + number * config.villages, stride)
            for _ in range(number * r.TICKS // config.cohorts):
                seen, rows, workers = room.lessons()
                actions = logp(policy, seen.teacher).argmax(1)
                room.step(rows, workers, actions, messages(seen.pupil, actions, [""] * len(seen)))
            self.rooms.append(room)

    def step(self) -> Step:
        """Live a tick of the pupil's villages, and learn from it and from what is shown."""
        progress = self.done / self.config.updates
        rng = np.random.default_rng((self.seed, self.done))
        room = self.rooms[self.done % len(self.rooms)]
        own, rows, workers = room.lessons()
        count, at = len(own), self.done * self.config.batch
        seen = Lessons.joined([own, self.shown.only(self.order[at : at + max(0, self.config.batch - count)])])
        target, said = logp(self.policy, seen.teacher), self.reasons.sentences(seen, rng)
        step, logits = self.learner.learn(Batch(seen.pupil.lines(), seen.pupil.masks, target, said), progress)

        led = rng.random(count) < 1 - progress / self.config.led
        actions = np.where(led, target.argmax(1)[:count], pick(logits[:count], own.pupil.masks))
        room.step(rows, workers, actions, messages(own.pupil, actions, said[:count]))
        if room.villages.over:
            room.renew()
        self.done += 1
        return step

    def tensors(self) -> dict[str, Tensor]:
        """The adapter's weights, which are saved with a run."""
        return trainable("adapter", self.learner.adapter)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What else the next step depends on."""
        kept = {f"{i}.{name}": value for i, room in enumerate(self.rooms) for name, value in room.state().items()}
        return {"done": self.done}, kept

    def restore(self, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take up what `state` gave."""
        self.done = int(words["done"])
        for number, room in enumerate(self.rooms):
            prefix = f"{number}."
            room.restore({n.removeprefix(prefix): value for n, value in arrays.items() if n.startswith(prefix)})


def shown(policy: Policy, seeds: int, first: int = FIRST_SHOWN) -> Lessons:
    """What is seen in villages that the policy runs in all scenarios of training, with slips.

    The values that other facts are given, to find a choice's reason, are those of a first such run of few villages.
    """
    rng = np.random.default_rng(first)
    before = watch(policy, scenarios.TRAIN, range(first, first + min(seeds, PILOT)), BLUNDER, rng)
    return watch(policy, scenarios.TRAIN, range(first, first + seeds), BLUNDER, rng, Reasons(policy, before.teacher))


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
