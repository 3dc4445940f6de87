"""The beginning of the recorded scan, run again from its seed and the published weights."""

from __future__ import annotations

from dataclasses import fields
from itertools import islice
from pathlib import Path

import torch

from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import NEVER, Progress
from stagelight.engines.experiment.stretch import Stretch
from stagelight.engines.recording import Recording, sha256
from stagelight.engines.scan import patient, prior, runs
from stagelight.engines.scan.patient_runs import DREAM, GUIDED, SAMPLE, Config, PatientRuns, taken
from stagelight.engines.scan.work import Work

# Processors round differently, above all in bfloat16 and where they lack it. Run again on another one than recorded it,
# pictures differed by one of 255 levels; a plane of k-space, in 64 levels, by one of those.
TOLERANCE = 0.05


def stretch(before: Recording, cache: Path, progress: Progress) -> Stretch:
    """Scan the patient again, and take the first recorded steps of one sample, of the dream, and of the guided dream.

    Args:
        before: the recording of the published run.
        cache: not looked at.
        progress: told of each step.

    Raises:
        ValueError: the recording is not of the published patient and weights, or their files cannot be had.
    """
    torch.set_num_threads(1)
    shown, own = patient.held_out(), {field.name for field in fields(Config)}
    wanted = {"patient": shown.name, "weights_sha256": sha256(prior.WEIGHTS), "alone_sha256": sha256(prior.ALONE)}
    for name, value in wanted.items():
        if before.config.get(name) != value:
            raise ValueError(
                f"{before.name}.json: {name} is {before.config.get(name)!r}, wanted {value!r} of the published run; "
                f"run `click record {before.name}`"
            )
    config = Config(**{name: value for name, value in before.config.items() if name in own})
    ran = PatientRuns(config, before.seed, shown, prior.WEIGHTS, Work(cache, progress, NEVER))
    arrays = ran.still()
    for what, prepared, sampling, names, count in (
        ("a sample", ran.ready, ran.sampling, SAMPLE, 2),
        ("the dream", ran.blind, ran.dreaming, DREAM, 1),  # it begins as the guided one, and a check has two minutes
        ("the guided dream", ran.blind, ran.guiding, GUIDED, 2),
    ):
        states: list[Arrays] = []
        last = ran.watcher.steps[:count][-1]
        for step, state in islice(runs.watched(prepared, sampling, before.seed, ran.watcher), last):
            states += [state] if state else []
            progress(what, step.step, last, {"sigma": step.sigma, "misfit": step.misfit_after})
        arrays |= taken(runs.stacked(states), names)
    return Stretch(
        arrays,
        "The patient, the mask, what was measured, and the first steps of one sample, of the dream and of the guided "
        "dream, with the network's attention to the words, come from this seed and the published weights.",
        "The later steps, the other samples, the classical pictures and every figure are not run again: "
        f"`click check {before.name} --record` does.",
        TOLERANCE,
    )
