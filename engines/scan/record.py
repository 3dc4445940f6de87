"""From one patient's simulated scan to a recording: every method's picture, and reverse diffusion step by step.

k-space is simulated from a magnitude image. Beside the classical methods two runs of the network that is told of the
scan are kept, and two of the one that never sees a scan and is told the words alone (`prior.ALONE`):

    samples    reverse diffusion with consistency, conditioned on the scan and on words, and their mean
    ours       the fast way: a few rounds of denoising and consistency, as in `methods`
    stranger   the prior alone, without consistency: a dream
    guided     the stranger again, from the same noise, with data consistency at every step

The recording's arrays. K recorded steps, evenly spaced over all of them, the first and the last among them; P each of
`axial`, `coronal`, `sagittal`, a picture (h, w); R each of the accelerations; M each of `METHODS`; W words; a k-plane
is the plane of k-space of the axial slice, turned as that picture is, in steps of 4:

    mask             (X, Y)     what was measured, the centre in the middle
    kplane_measured  (Y, X)     strength where measured, 0 elsewhere; all k-planes are 0 to 255 as `kspace_levels` says
    step, sigma      (K,)       steps done, 1 after the first; noise in x before the step
    misfit_before, misfit_after (K,)   rms of A d - y over the noise, before consistency and after
    shells           (K, 8)     rms change that consistency made in rings of k-space, centre first, over the noise
    noisy_<P>        (K, h, w)  x over hypot(sigma, 0.5): what the step begins with; -2 to 2 as -127 to 127
    before_axial, after_<P> (K, h, w)  the estimate before and after consistency, 0 to 1 as 0 to 255
    kplane_before, kplane_after (K, Y, X)
    stranger_<P>     (h, w)     its end
    attention        (K, W)     share of its attention that the dreaming network gives to each word of the prompt
    attention_rest   (K,)       and to all else: the silent token, the sentence's ends, punctuation
    stranger_step_axial (K, h, w)      its estimates
    accepted_<P>     (h, w)     the stranger after one step of consistency with this patient's data
    kplane_stranger, kplane_accepted (Y, X)
    guided_step, guided_sigma, guided_misfit_before, guided_misfit_after (K,)
    guided_before_axial, guided_after_axial (K, h, w)
    guided_kplane_before, guided_kplane_after (K, Y, X)
    reference_<P>    (h, w)
    <M>_<P>          (h, w)     what each method made at the headline acceleration
    error_<M>        (h, w)     axial, minus the reference: -0.25 to 0.25 as -127 to 127
    uncertainty_<P>  (h, w)     what their mean may be off by, see `expected`: 0 to 0.1 as 0 to 255
    lesion_<P>       (h, w)     bool
    volume           (X, Y, Z)  the reference, of which a turning solid is drawn; 0 to 1 as 0 to 252 in steps of 4
    grid_r<R>_<M>    (h, w)     axial, at each acceleration
    seen             (N, h, w)  axial slices of brains such as the network learns from, 0 to 1 as 0 to 252 in steps of 4
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage, stats

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.engines.scan import bring, cases, kspace, making, metrics, patient, prior, runs, seen
from stagelight.engines.scan.baselines import Setting
from stagelight.engines.scan.kspace import Measured
from stagelight.engines.scan.patient import PLANES, Patient, grey, planes, signed
from stagelight.engines.scan.prior import WEIGHTS
from stagelight.engines.scan.runs import Arrays, Paused
from stagelight.engines.scan.sampler import SIGMA_FAR
from stagelight.engines.scan.sampler import Config as Sampling
from stagelight.engines.scan.score import compare
from stagelight.engines.scan.score_model import ScoreModel

Report = Callable[[str, int, int, Mapping[str, float]], None]  # what, done, total, latest figures
METHODS = ("zero_filled", "variation", "wavelet", "mean", "ours", "sample", "samples")
GRID_METHODS = ("zero_filled", "variation", "wavelet", "mean", "ours")
ERROR_MOST, SPREAD_MOST = 0.25, 0.1
WIDER = 1.3  # samples differ by less than they are off; set on a patient kept for that, ms_26, see `expected`
DREAM_END, DREAM_ETA = 0.1, 0.6  # of sigma, below which the dreaming network leaves grain; share of fresh noise
VARIES = ("*.seconds",)
# What a single run depends on; what is kept and said of all of them afterwards is not among it.
SOURCES = [
    Path(__file__).resolve().parent / f"{name}.py"
    for name in (
        *("baselines", "cases", "coils", "conditioning", "consistency", "data", "finishers", "grid", "kspace"),
        *("lesion", "masks", "patient", "prior", "runs", "sampler", "score_model", "text", "transforms"),
    )
]
__all__ = ["Config", "Paused", "compare", "make"]


@dataclass(frozen=True)
class Config:
    """One recording. The defaults are the published one."""

    acceleration: float = 16.0  # the headline's
    grid: tuple[float, ...] = (4.0, 8.0, 12.0, 16.0)  # accelerations to choose from on the page
    kind: str = "poisson"
    coils: int = 1
    steps: int = 40  # of reverse diffusion
    kept: int = 14  # of those, recorded
    samples: int = 8  # seeds of which the result is the mean
    prompt: str = "An axial T1-weighted magnetic resonance image."  # nothing of a lesion
    lossy: bool = True  # bfloat16 in the network's arithmetic
    seen: int = 12  # brains of the training data that are shown


def make(
    cache: Path,
    report: Report,
    *,
    config: Config | None = None,
    seed: int = 1,
    weights: Path | None = None,
    shown: Patient | None = None,
    until: float = math.inf,
) -> Recording:
    """Scan the patient, reconstruct by every method, and return the recording. What `cache` holds is taken up.

    Args:
        cache: folder in which each finished run is kept.
        report: called with (what, done, total, latest figures).
        config: the published one if None.
        seed: of the scan and of the first sample; the others follow.
        weights: of the network; the committed ones if None. The other's, `alone.safetensors`, are taken from beside it.
        shown: whom to scan; the held-out patient if None.
        until: `time.monotonic()` at which it is put down.

    Raises:
        ValueError: files or weights cannot be had.
        Paused: `until` came first; the next call goes on.
    """
    torch.set_num_threads(1)
    config = config or Config()
    shown = shown or patient.held_out()
    path = weights or WEIGHTS
    beside = path.with_name(prior.ALONE.name)
    model, dreamer = prior.load(path), prior.load(beside)
    hashes = recording.sha256(path), recording.sha256(beside)
    depends = (recording.version_of(SOURCES), *hashes, asdict(config), seed, _print(shown))
    work = runs.Work(cache, report, until, depends)
    found = _Runs(config, seed, shown, model, dreamer, work)
    arrays, facts = found.pictures()
    shown_to, said = _seen(config.seen, work)
    arrays |= shown_to
    return Recording(
        name="scan",
        seed=seed,
        config={
            **asdict(config),
            "patient": shown.name,
            "source": shown.source,
            "weights_sha256": hashes[0],
            "alone_sha256": hashes[1],
            "kspace": "simulated from a magnitude image",
            "error_most": ERROR_MOST,
            "spread_most": SPREAD_MOST,
            "varies": list(VARIES),
        },
        code_version=recording.source_version(Path(__file__).resolve().parent),
        facts=dict(sorted(facts.items())),
        events=(
            {"step": 0, "kind": "prompt", "sentence": config.prompt, "words": runs.words_of(config.prompt)[0]},
            {"step": 0, "kind": "patient", "name": shown.name, "source": shown.source, "side": shown.side},
            {"step": config.steps, "kind": "methods", "names": list(METHODS), "grid": list(GRID_METHODS)},
            *said,
        ),
        arrays=arrays,
    )


def own(asked: bring.Asked, seed: int, report: Report) -> Recording:
    """The same recording of a reader's own volume; nothing is known of a lesion in it.

    Raises:
        ValueError: as `bring.bench`; or the weights cannot be had.
    """
    _, made = bring.bench(asked, seed)
    nothing = np.zeros(made.reference.shape, np.bool_)
    shown = Patient("own", made.reference, made.regions["brain"], nothing, 1.0, asked.path.name)
    rate = asked.acceleration
    config = Config(
        acceleration=rate,
        grid=(rate,),
        kind=asked.kind,
        coils=asked.coils,
        prompt=asked.prompt.strip() or "A brain scan.",
        seen=0,
    )
    with tempfile.TemporaryDirectory(prefix="stagelight-") as folder:
        return make(Path(folder), report, config=config, seed=seed, shown=shown)


def _seen(count: int, work: runs.Work) -> tuple[Arrays, list[dict[str, Any]]]:
    """What the network learns from: pictures, and an event for each with its sentence."""
    if not count:
        return {}, []
    kept = work.kept("seen", lambda: seen.brains(count, making.SEED, work.cache))
    said = [{"step": 0, "kind": "seen", "sentence": str(sentence), "real": bool(real)}
            for sentence, real in zip(kept["sentences"], kept["real"], strict=True)]  # fmt: skip
    return {"seen": np.asarray(kept["pictures"] // 4 * 4, np.uint8)}, said


def _print(shown: Patient) -> str:
    return recording.digest(shown.x.tobytes().hex()[:4096], float(shown.x.sum()), int(shown.lesion.sum()))


class _Runs:
    """All runs on one patient, each made when it is first asked for or read from the cache."""

    def __init__(
        self, config: Config, seed: int, shown: Patient, model: ScoreModel, dreamer: ScoreModel, work: runs.Work
    ) -> None:
        self.config, self.seed, self.shown, self.model, self.work = config, seed, shown, model, work
        self.x = kspace.slices(shown.x)
        self.scan = self.scanned(config.acceleration)
        self.scale = self.scan.scale
        self.sampling = Sampling(steps=config.steps, prompt=config.prompt)
        self.dreaming = replace(self.sampling, sigma_max=SIGMA_FAR, sigma_min=DREAM_END, eta=DREAM_ETA)
        self.ready = prior.ready(model, self.scan, lossy=config.lossy)
        self.blind = prior.alone(self.ready, dreamer)
        self.seconds: list[float] = []  # of each sample

    def scanned(self, acceleration: float) -> Measured:
        """The patient in the simulated scanner."""
        config = self.config
        return kspace.simulate(self.x, kspace.Config(config.kind, acceleration, config.coils), self.seed)

    def _volume(self, x: NDArray[np.float16]) -> NDArray[np.float32]:
        """Slices in units of the scan as a volume (X, Y, Z) in [0, 1]."""
        return kspace.volume(torch.from_numpy(x.astype(np.float32))) * self.scale

    def pictures(self) -> tuple[Arrays, dict[str, float]]:
        """Every array and every fact."""
        shown, at = self.shown, self.shown.at
        watcher = runs.Watcher(self.config, self.ready, at, self.scale)
        sampled, volumes = self._samples(watcher)
        arrays: Arrays = dict(sampled)
        arrays |= self._stranger(watcher)
        finals, facts = self._methods(volumes)
        for name, x in finals.items():
            arrays |= {f"{name}_{p}": grey(v) for p, v in planes(x, at).items()}
            arrays[f"error_{name}"] = signed(planes(x - shown.x, at)["axial"], ERROR_MOST)
        spread = expected(volumes, WIDER)
        for p in PLANES:
            arrays[f"uncertainty_{p}"] = grey(planes(spread, at)[p], SPREAD_MOST)
            arrays[f"lesion_{p}"] = planes(shown.lesion, at)[p]
            arrays[f"reference_{p}"] = grey(planes(shown.x, at)[p])
        arrays["mask"] = np.fft.fftshift(self.scan.acquisition.mask.numpy())
        arrays["kplane_measured"] = watcher.kplane_measured()
        arrays["volume"] = grey(shown.x)
        for name in ("before_coronal", "before_sagittal"):
            del arrays[name]  # shown nowhere
        for name in arrays:
            if name == "volume" or "kplane" in name:
                arrays[name] = np.asarray(arrays[name] // 4 * 4, np.uint8)  # six bits, so that the file stays small
        grid, more = self._grid(finals)
        arrays |= grid
        facts |= more | self._said(watcher, volumes, spread)
        return arrays, {name: _plain(value) for name, value in facts.items()}

    def _samples(self, watcher: runs.Watcher) -> tuple[Arrays, list[NDArray[np.float32]]]:
        """The first sample watched, the others for their ends alone."""
        volumes: list[NDArray[np.float32]] = []
        watched: Arrays = {}
        for k in range(self.config.samples):
            watch = watcher if k == 0 else None
            make = partial(runs.sample, self.ready, self.sampling, self.seed + k, watch, self.work)
            kept = self.work.kept(f"sample {k + 1} of {self.config.samples}", make)
            volumes.append(self._volume(kept.pop("x")))
            self.seconds.append(float(kept.pop("seconds")))
            watched |= kept
        return watched, volumes

    def _stranger(self, watcher: runs.Watcher) -> Arrays:
        """The prior's dream, what one step of consistency makes of it, and the same prior held to the data."""
        at, sampling = self.shown.at, self.dreaming
        dream = self.work.kept("stranger", lambda: runs.sample(
            self.blind, replace(sampling, consistency=False), self.seed, watcher, self.work))  # fmt: skip
        guided = self.work.kept("guided", lambda: runs.sample(self.blind, sampling, self.seed, watcher, self.work))
        x = torch.from_numpy(dream["x"].astype(np.float32))
        accepted = runs.accept(self.blind, x)
        self.dreamt, self.held = self._volume(dream["x"]), self._volume(guided["x"])
        arrays: Arrays = {f"stranger_{p}": grey(v) for p, v in planes(self.dreamt, at).items()}
        arrays |= {f"accepted_{p}": grey(v) for p, v in planes(kspace.volume(accepted) * self.scale, at).items()}
        arrays |= {"stranger_step_axial": dream["before_axial"],
                   "kplane_stranger": watcher.kplane(x), "kplane_accepted": watcher.kplane(accepted),
                   "attention": dream["attention"], "attention_rest": dream["attention_rest"]}  # fmt: skip
        names = ("step", "sigma", "misfit_before", "misfit_after", "before_axial", "after_axial",
                 "kplane_before", "kplane_after")  # fmt: skip
        return arrays | {f"guided_{name}": guided[name] for name in names}

    def _methods(self, volumes: list[NDArray[np.float32]]) -> tuple[dict[str, NDArray[np.float32]], dict[str, float]]:
        """Each method's volume (X, Y, Z) in [0, 1] and its figures."""
        found, facts = self._classical(self.config.acceleration)
        found |= {"sample": volumes[0], "samples": np.mean(volumes, 0, dtype=np.float32)}
        facts["sample.seconds"], facts["samples.seconds"] = self.seconds[0], sum(self.seconds)
        for name in METHODS:
            facts |= {f"{name}.{k}": v for k, v in self._measured(found[name], self.scan).items()}
        for name, x in (("stranger", self.dreamt), ("guided", self.held)):
            facts |= {f"{name}.{k}": v for k, v in self._measured(x, self.scan).items()}
        return found, facts

    def _classical(self, acceleration: float) -> tuple[dict[str, NDArray[np.float32]], dict[str, float]]:
        """What needs no sampling, at an acceleration, and the seconds that each took."""
        scan = self.scan if acceleration == self.config.acceleration else self.scanned(acceleration)
        kept = self.work.kept(
            f"methods at R = {acceleration:g}",
            lambda: runs.methods(self.model, scan, self.config.prompt, self.config.lossy, self._settings(acceleration)),
        )
        facts = {f"{name}.seconds": float(kept[f"{name}_seconds"]) for name in GRID_METHODS}
        return {name: kept[name].astype(np.float32) for name in GRID_METHODS}, facts

    def _settings(self, acceleration: float) -> tuple[Setting, Setting] | None:
        """Weights and iterations that are best for this very patient, as in `cases`; None for anybody else."""
        config, name = self.config, self.shown.name
        if name not in cases.ADULTS or config.kind != "poisson":
            return None
        edges, waves = (cases.tuned(name, acceleration, config.coils, method) for method in ("variation", "wavelet"))
        return edges, waves

    def _grid(self, finals: Mapping[str, NDArray[np.float32]]) -> tuple[Arrays, dict[str, float]]:
        """Axial pictures and figures at every acceleration."""
        arrays: Arrays = {}
        facts: dict[str, float] = {}
        for rate in self.config.grid:
            scan = self.scan if rate == self.config.acceleration else self.scanned(rate)
            made = finals if rate == self.config.acceleration else self._classical(rate)[0]
            for name in GRID_METHODS:
                arrays[f"grid_r{rate:g}_{name}"] = grey(planes(made[name], self.shown.at)["axial"])
                measured = self._measured(made[name], scan)
                facts |= {f"grid.r{rate:g}.{name}.{k}": measured[k] for k in measured if k.endswith((".psnr", ".ssim"))}
        return arrays, facts

    def _measured(self, x: NDArray[np.float32], scan: Measured) -> dict[str, float]:
        regions = {"brain": self.shown.brain} | ({"lesion": self.shown.lesion} if self.shown.lesion.any() else {})
        return metrics.facts(kspace.slices(x), self.shown.x, scan, regions)

    def _said(
        self, watcher: runs.Watcher, volumes: list[NDArray[np.float32]], spread: NDArray[np.float32]
    ) -> dict[str, float]:
        """Figures of no single method."""
        shown, mask = self.shown, self.scan.acquisition.mask
        inside = shown.brain
        across, down, radius = shown.ring
        facts = {
            "ring.across": across,
            "ring.down": down,
            "ring.radius": radius,
            "acceleration": mask.numel() / int(mask.sum()),
        }
        facts |= {"measured": int(mask.sum()), "points": mask.numel(), "steps": self.config.steps,
                  "samples": self.config.samples, "sigma": self.scan.sigma,
                  "uncertainty.mean": spread[inside].mean(), "spacing": shown.spacing,
                  "lesion.millilitres": shown.millilitres,
                  "parameters": _count(self.model), "alone.parameters": _count(self.blind.model)}  # fmt: skip
        facts |= watcher.scale_facts() | {"stranger.contrast": self._contrast(self.dreamt)}
        return facts | (self._coverage(volumes) if len(volumes) > 1 else {})

    def _coverage(self, volumes: list[NDArray[np.float32]]) -> dict[str, float]:
        """The share of the brain within two sigma of the samples' mean: as it is, as it was before sigma was widened,
        and what it would be of right samples, which Student's t of n - 1 degrees says."""
        mean, inside, n = np.mean(volumes, 0), self.shown.brain, len(volumes)
        off = np.abs(mean - self.shown.x)[inside]
        covered, narrow = ((off <= 2 * expected(volumes, wider)[inside]).mean() for wider in (WIDER, 1.0))
        name = f"coverage.two_sigma.r{self.config.acceleration:g}"
        return {name: covered, f"{name}.narrow": narrow, "coverage.wanted": 1 - 2 * float(stats.t.sf(2, n - 1)),
                "coverage.wider": WIDER}  # fmt: skip

    def _contrast(self, x: NDArray[np.float32]) -> float:
        """How much brighter a volume is within the brain than in the air well around it: about 1 of noise."""
        air = ~ndimage.binary_dilation(self.shown.brain, iterations=6)
        if not air.any():
            return 0.0
        inside, outside = (float(np.abs(x[part]).mean()) for part in (self.shown.brain, air))
        return min(inside / max(outside, 1e-6), 1000.0)


def expected(volumes: list[NDArray[np.float32]], wider: float) -> NDArray[np.float32]:
    """What the mean of n samples may be off by: `wider` times their spread times sqrt(1 + 1/n); 0 of a single one.

    Were the truth and the samples drawn alike, the difference of the truth from their mean over this, with `wider` 1,
    would be Student's t of n - 1 degrees: a mean of few samples is itself uncertain. Samples of a network that has
    learnt little are too sure of themselves. `wider` mends that on average, as temperature scaling does.
    """
    if len(volumes) < 2:
        return np.zeros_like(volumes[0])
    spread = np.std(volumes, axis=0, ddof=1)
    return np.asarray(wider * math.sqrt(1 + 1 / len(volumes)) * spread, np.float32)


def _count(model: ScoreModel) -> int:
    return sum(p.numel() for p in model.parameters())


def _plain(value: Any) -> float:
    """A number as JSON writes it, to six decimals where it is not whole."""
    number = float(value)
    return int(number) if number.is_integer() else round(number, 6)
