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
from stagelight.engines.scan.patient_runs import DREAM, FREE, SAMPLE, WEIGHTS, Config, PatientRuns, taken
from stagelight.engines.scan.run_cache import Work

# Processors round differently. Run again on others, in bfloat16 and in float32, real numbers were at most .0043 of the
# largest apart, pictures one level, and planes of k-space, which have every fourth level, one or two of theirs.
TOLERANCE = 0.01
LEVEL, KPLANE_LEVELS = 1, 8
COUNT = 2  # recorded steps of each run: a check has two minutes


def stretch(before: Recording, cache: Path, progress: Progress) -> Stretch:
    """Scan the patient again, and take the first recorded steps of a sample, free and held, and of the dream.

    Args:
        before: the recording of the published run.
        cache: not looked at.
        progress: told of each step.

    Raises:
        ValueError: the recording is not of the published patient and weights, or their files cannot be had.
    """
    torch.set_num_threads(1)
    shown, own = patient.held_out(), {field.name for field in fields(Config)}
    wanted = {"patient": shown.name} | {f"{name}_sha256": sha256(path) for name, path in WEIGHTS.items()}
    for name, value in wanted.items():
        if before.config.get(name) != value:
            raise ValueError(
                f"{before.name}.json: {name} is {before.config.get(name)!r}, wanted {value!r} of the published run; "
                f"run `click record {before.name}`"
            )
    config = Config(**{name: value for name, value in before.config.items() if name in own})
    ran = PatientRuns(config, before.seed, shown, denoiser.WEIGHTS.parent, Work(cache, progress, NEVER))
    arrays = ran.still()
    for what, steps, kept, names, listeners in (
        ("a sample", ran.sample(), ran.kept, SAMPLE, ()),
        ("the same without consistency", ran.sample(held=False), ran.kept, FREE, ()),
        ("the dream", ran.dream(), ran.kept_dream, DREAM, (ran.coarse, ran.fine)),
    ):
        states: list[Arrays] = []
        last = kept[:COUNT][-1]
        seen = observers.observed(steps, kept, ran.watcher, listeners, config.prompt)
        for step, state in islice(seen, last):
            states += [state] if state else []
            progress(what, step.step, last, {"sigma": step.sigma, "misfit": step.misfit_after})
        arrays |= taken(observers.stacked(states), names)
    pictures = [name for name, array in arrays.items() if array.dtype in (np.uint8, np.int8)]
    return Stretch(
        arrays,
        proves="the patient, the mask, what was measured, and the first steps of one sample, of the same without "
        "consistency and of the dream, with the network's attention to the words, follow from the seed and the "
        "published weights",
        leaves_open="the later steps, the other samples, the classical pictures and every figure; "
        f"`click check {before.name} --record` runs it all",
        tolerance=TOLERANCE,
        levels={name: KPLANE_LEVELS if "kplane" in name else LEVEL for name in pictures},
    )
