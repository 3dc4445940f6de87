"""From one patient's simulated scan to a recording: every method's picture, and reverse diffusion step by step.

k-space is simulated from a magnitude image. Beside the classical methods these runs are kept, each of what networks
are named (`patient_runs.WEIGHTS`):

    sample     the fine network, shown the scan as it was measured: reverse diffusion with consistency
    diffusion  the mean of several such samples, in pairs of opposite noise: the headline
    free       the sample again from the same noise, held to no measurement
    dream      the coarse network and then the fine one, shown no scan, from words and noise
    alone      the same with data consistency at each step, the mean of several
    unrolled   another network, which starts from a classical reconstruction: a few rounds, as in `methods.unrolled`

The recording's arrays. K recorded steps, evenly spaced over all of them, the first and the last among them; P each of
`axial`, `coronal`, `sagittal`, a picture (h, w); R each of the accelerations; M each of `METHODS`; W words; a k-plane
is the plane of k-space of the axial slice, turned as that picture is, in steps of 4:

    mask             (X, Y)     what was measured, the centre in the middle
    kplane_measured  (Y, X)     strength where measured, 0 elsewhere; all k-planes are 0 to 255 as `kspace_levels` says
    kplane_full      (Y, X)     of the full scan
    step, sigma      (K,)       steps done, 1 after the first; noise in x before the step
    misfit_before, misfit_after (K,)   rms of A d - y over the noise, before consistency and after
    shells           (K, 8)     rms change that consistency made in rings of k-space, centre first, over the noise
    noisy_axial      (K, h, w)  x over hypot(sigma, 0.5): what the step begins with; -2 to 2 as -127 to 127
    before_axial, after_axial (K, h, w)  the estimate before and after consistency, 0 to 1 as 0 to 255
    kplane_before, kplane_after (K, Y, X)
    free_before_axial (K, h, w) as above, of the run that is held to nothing; free_axial (h, w) is its end
    dream_step_<P>   (K, h, w)  the dream's estimates, of both stages; those of the first are blown up
    dream_axial      (h, w)     its end
    attention        (K, W)     share of its attention that the dreaming network gives to each word of the prompt
    attention_rest   (K,)       and to all else: the silent token, the sentence's ends, punctuation
    growing_axial    (G, h, w)  the slice while all of its k-space is read from the centre outwards
    growing_radius   (G,)       read so far, where 1 is the middle of a side
    coil_axial       (C, h, w)  a real head in each coil of a real scan, see `measured_head`: 0 to 1 as 0 to 255
    head_zero, head_axial (h, w)   its coils together, before reconstruction and after
    head_points      (h, w)     bool, what of its k-space was measured
    reference_<P>    (h, w)
    <M>_axial        (h, w)     what each method made at the headline acceleration
    error_<M>        (h, w)     axial, minus the reference: -0.25 to 0.25 as -127 to 127
    uncertainty_axial (h, w)      what their mean may be off by, see `uncertainty`: 0 to 0.1 as 0 to 255
    lesion_<P>       (h, w)     bool
    volume           (X, Y, Z)  the reference, of which a turning solid is drawn; 0 to 1 as 0 to 252 in steps of 4
    grid_r<R>_<M>    (h, w)     axial, at each acceleration
    dreamt_<P>       (D, h, w)  dreams of several sentences, axial and sagittal, see `dreams`; the brightest tissue of
                                each as 252, in steps of 4
    nearest_<P>      (D, h, w)  of each the nearest training volume, moved onto it
    seen             (N, h, w)  axial slices of brains such as the network learns from, 0 to 1 as 0 to 252 in steps of 4
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from stagelight.engines import recording
from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import NEVER, Progress
from stagelight.engines.experiment.provenance import code_version
from stagelight.engines.recording import Recording
from stagelight.engines.scan import dreams, measured_head, observers, training_examples
from stagelight.engines.scan.data import patient, registry
from stagelight.engines.scan.data.patient import Patient
from stagelight.engines.scan.data.training_set import SEED
from stagelight.engines.scan.model import denoiser
from stagelight.engines.scan.patient_runs import ERROR_MOST, GRID_METHODS, METHODS, SPREAD_MOST, Config, PatientRuns
from stagelight.engines.scan.pictures import six_bits
from stagelight.engines.scan.run_cache import Work

VARIES = ("*.seconds",)
__all__ = ["Config", "make", "version"]


def version() -> str:
    """The version of the code that makes a recording: its runs, and its pictures and facts of them.

    Each run is cached under the version of the code that makes it alone, so that after a change of a fact recording
    again takes no time where the cache is. The table beside it has a version of its own, `benchmark.version`.
    """
    return code_version(__name__)


def make(
    cache: Path,
    progress: Progress,
    *,
    config: Config | None = None,
    seed: int = 1,
    weights: Path | None = None,
    shown: Patient | None = None,
    deadline: float = NEVER,
) -> Recording:
    """Scan the patient, reconstruct by every method, and return the recording. What `cache` holds is not made again.

    Args:
        cache: folder in which each finished run is kept.
        progress: told of each run and each step.
        config: the published one if None.
        seed: of the scan and of the first sample; the others follow.
        weights: the folder with those of the networks; the committed ones if None.
        shown: whom to scan; the held-out patient if None.
        deadline: moment of `time.monotonic()` at which the work is interrupted.

    Raises:
        ValueError: files or weights cannot be had.
        Interrupted: the deadline passed; the same call resumes.
    """
    torch.set_num_threads(1)
    config, shown = config or Config(), shown or patient.held_out()
    work = Work(cache, progress, deadline)
    ran = PatientRuns(config, seed, shown, weights or denoiser.WEIGHTS.parent, work)
    arrays, facts = ran.everything()
    examples, sentences = _seen(config.seen, work)
    if config.measured:
        head = work.piece(
            "measured head", lambda: measured_head.runs(config.samples, progress, deadline),
            code_version(measured_head.__name__, files=[ran.weights["fine"], registry.path(measured_head.NAME)]),
            config.samples,
        )  # fmt: skip
        _add(head, arrays, facts)
    dreamt = _dreams(
        ran, arrays, facts, code_version(dreams.__name__, files=[ran.weights["fine"], ran.weights["coarse"]])
    )
    return Recording(
        name="scan",
        seed=seed,
        config={
            **asdict(config),
            "patient": shown.name,
            "source": shown.source,
            **{f"{name}_sha256": recording.sha256(path) for name, path in ran.weights.items()},
            "kspace": "simulated from a magnitude image",
            "error_most": ERROR_MOST,
            "spread_most": SPREAD_MOST,
            "varies": list(VARIES),
        },
        code_version=version(),
        facts=dict(sorted(facts.items())),
        events=(
            {"step": 0, "kind": "prompt", "sentence": config.prompt, "words": observers.words_of(config.prompt)[0]},
            {"step": 0, "kind": "patient", "name": shown.name, "source": shown.source, "side": shown.side},
            {"step": config.steps, "kind": "methods", "names": list(METHODS), "grid": list(GRID_METHODS)},
            *sentences,
            *dreamt,
        ),
        arrays=arrays | examples,
    )


def _add(made: Arrays, arrays: Arrays, facts: dict[str, float]) -> None:
    """Divide what a piece of work made into arrays and facts."""
    for name, value in made.items():
        if name.startswith("fact."):
            facts[name.removeprefix("fact.")] = round(float(value), 6)
        else:
            arrays[name] = value


def _dreams(ran: PatientRuns, arrays: Arrays, facts: dict[str, float], version: str) -> list[dict[str, Any]]:
    """Dreams and their measures; an event for each with its sentence and whose anatomy is nearest."""
    count, work = ran.config.dreams, ran.work
    if not count:
        return []
    made = dict(work.piece(
        "dreams", lambda: dreams.runs(ran.cascade, work.folder, work.progress, work.deadline, count), version,
        count, ran.config.lossy,
    ))  # fmt: skip
    said = zip(made.pop("sentences"), made.pop("subjects"), strict=True)
    _add(made, arrays, facts)
    return [{"step": 0, "kind": "dream", "sentence": str(words), "nearest": str(subject)} for words, subject in said]


def _seen(count: int, work: Work) -> tuple[Arrays, list[dict[str, Any]]]:
    """What the network learns from: pictures, and an event for each with its sentence."""
    if not count:
        return {}, []
    version = code_version(training_examples.__name__)
    kept = work.piece("seen", lambda: training_examples.brains(count, SEED, work.folder), version, count, SEED)
    said = [{"step": 0, "kind": "seen", "sentence": str(sentence), "real": bool(real)}
            for sentence, real in zip(kept["sentences"], kept["real"], strict=True)]  # fmt: skip
    return {"seen": six_bits(kept["pictures"])}, said
