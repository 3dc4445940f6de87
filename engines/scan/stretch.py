"""The beginning of the recorded scan, run again from its seed and the published weights."""

from __future__ import annotations

from dataclasses import fields
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import NEVER, Progress
from stagelight.engines.experiment.stretch import Stretch
from stagelight.engines.recording import Recording, sha256
from stagelight.engines.scan import observers
from stagelight.engines.scan.data import patient
from stagelight.engines.scan.model import denoiser
from stagelight.engines.scan.patient_runs import DREAM, GUIDED, SAMPLE, Config, PatientRuns, taken
from stagelight.engines.scan.run_cache import Work

# Processors round differently. Run again on others, in bfloat16 and in float32, real numbers were at most .0043 of the
# largest apart, pictures one level, and planes of k-space, which have every fourth level, one or two of theirs.
TOLERANCE = 0.01
LEVEL, KPLANE_LEVELS = 1, 8


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
    wanted = {"patient": shown.name, "weights_sha256": sha256(denoiser.WEIGHTS), "alone_sha256": sha256(denoiser.ALONE)}
    for name, value in wanted.items():
        if before.config.get(name) != value:
            raise ValueError(
                f"{before.name}.json: {name} is {before.config.get(name)!r}, wanted {value!r} of the published run; "
                f"run `click record {before.name}`"
            )
    config = Config(**{name: value for name, value in before.config.items() if name in own})
    ran = PatientRuns(config, before.seed, shown, denoiser.WEIGHTS, Work(cache, progress, NEVER))
    arrays = ran.still()
    for what, prepared, sampling, names, count in (
        ("a sample", ran.ready, ran.sampling, SAMPLE, 2),
        ("the dream", ran.blind, ran.dreaming, DREAM, 1),  # it begins as the guided one, and a check has two minutes
        ("the guided dream", ran.blind, ran.guiding, GUIDED, 2),
    ):
        states: list[Arrays] = []
        last = ran.watcher.steps[:count][-1]
        for step, state in islice(observers.watched(prepared, sampling, before.seed, ran.watcher), last):
            states += [state] if state else []
            progress(what, step.step, last, {"sigma": step.sigma, "misfit": step.misfit_after})
        arrays |= taken(observers.stacked(states), names)
    pictures = [name for name, array in arrays.items() if array.dtype in (np.uint8, np.int8)]
    return Stretch(
        arrays,
        proves="the patient, the mask, what was measured, and the first steps of one sample, of the dream and of the "
        "guided dream, with the network's attention to the words, follow from the seed and the published weights",
        leaves_open="the later steps, the other samples, the classical pictures and every figure; "
        f"`click check {before.name} --record` runs it all",
        tolerance=TOLERANCE,
        levels={name: KPLANE_LEVELS if "kplane" in name else LEVEL for name in pictures},
    )
