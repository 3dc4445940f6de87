"""One reconstruction, recorded step by step: what the scene and the page of the scan are drawn from.

The recording's arrays. N steps of reverse diffusion, P = 3 planes, M methods, R rings of k-space, T tokens, H x W the
plane in which k-space was undersampled. Pictures are uint8, 255 is the reference's brightest tissue; the three planes
are axial (128, 160), coronal (128, 144) and sagittal (160, 144), through the place of `cut`.

    mask            (H, W)      which points of (ky, kz) were measured, centre in the middle
    cut             (3,)        where the planes cut the volume: x, y, z
    sigma           (N,)        of each step's noise, falling
    misfit_before   (N,)        rms of A x - y over the noise, of the estimate before consistency
    misfit_after    (N,)        and after
    psnr_before     (N,)        dB in the brain
    psnr_after      (N,)
    moved           (N, R)      how much consistency moved each ring of k-space, share of the ring's energy
    noisy_axial     (N, 128, 160)  what the step began with, mapped so that 0 and 1 sit at 64 and 191
    before_<plane>  (N, ...)    the estimate before consistency
    after_<plane>   (N, ...)    and after
    attention       (N, 1 + T)  mean weight each token drew, over places, heads and layers; the first is silence
    attention_map   (1 + T, 16, 20)  where, in the slab of the axial plane, at the last step
    method_<plane>  (M, ...)    each method's result; their names are events
    reference_<plane>           the scan itself
    doubt_<plane>               spread over samples, 255 is `doubt.full` of the reference's full scale
    dream_<plane>   (2, ...)    the same loop without consistency, with the scan as condition and without
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engines import recording
from engines.recording import Recording
from engines.scan import baselines, bring, cases, finishers, kspace, masks, methods, metrics, prior, sampler, text
from engines.scan.baselines import Setting
from engines.scan.cases import Bench, Case
from engines.scan.prior import Prior

Report = Callable[[str, int, int, Mapping[str, float]], None]
RINGS = 12
DOUBT_FULL = 0.1  # spread that is drawn at 255
PLANES = ("axial", "coronal", "sagittal")


@dataclass(frozen=True)
class Config:
    """What is recorded. The defaults are the published recording."""

    case: Case = field(default_factory=lambda: Case("stroke_T1", "poisson", 16.0, 1))
    prompt: str = methods.SENTENCES["stroke_T1"]
    steps: int = 40
    samples: int = 4  # of which the first is recorded step by step


def own(asked: bring.Asked, seed: int, report: Report) -> Recording:
    """The same recording of a reader's own volume.

    Raises:
        ValueError: as `bring.bench`; or the weights cannot be had.
    """
    _, bench = bring.bench(asked, seed)
    return make(Config(bench.case, asked.prompt), seed, report, bench)


def make(config: Config, seed: int, report: Report, bench: Bench | None = None) -> Recording:
    """Reconstruct one scan in every way and record it: the adult of the case, or a bench made ready already.

    Raises:
        ValueError: the scan or the weights cannot be had.
    """
    torch.set_num_threads(1)
    began = time.process_time()
    bench = bench or cases.ready(config.case)
    ready = prior.ready(prior.load(), bench.scan)
    view = View(bench, _cut(bench))
    arrays, sample = _watched(config, seed, ready, view, report)
    several = [sample]
    for extra in range(1, config.samples):
        several.append(methods.last(_sampling(config), seed + extra, ready))
        report("samples", extra + 1, config.samples, {"psnr": view.psnr(several[-1])})
    results = _results(config, ready, view, several)
    arrays |= view.planes("method", results.values())
    arrays |= {f"reference_{name}": plane for name, plane in view.cuts(view.reference).items()}
    spread = torch.stack(several).std(0) * bench.scan.scale
    arrays |= {f"doubt_{name}": plane for name, plane in view.cuts(spread / DOUBT_FULL).items()}
    dreams = [methods.last(replace(_sampling(config), consistency=False), seed, p) for p in (ready, _blind(ready))]
    arrays |= view.planes("dream", dreams)
    arrays["mask"] = np.fft.fftshift(bench.scan.acquisition.mask.numpy())
    arrays["cut"] = np.array(view.at)
    facts = _facts(view, results, dreams) | _coverage(view, several) | {"seconds": time.process_time() - began}
    return Recording(
        "scan",
        seed,
        {**asdict(config), "varies": ["seconds"]},
        recording.source_version(Path(__file__).parent),
        dict(sorted(facts.items())),
        tuple(_events(config, list(results))),
        arrays,
    )


def _sampling(config: Config) -> sampler.Config:
    return sampler.Config(steps=config.steps, prompt=config.prompt)


def _blind(ready: Prior) -> Prior:
    return replace(ready, blind=True)


@dataclass(frozen=True)
class View:
    """How a volume in units of the scan's scale, (S, H, W), is shown and judged."""

    bench: Bench
    at: tuple[int, int, int]  # x, y, z

    @property
    def reference(self) -> Tensor:
        """The scan itself, (S, H, W), full scale 1."""
        return kspace.slices(self.bench.reference)

    def psnr(self, x: Tensor) -> float:
        """Decibels in the brain."""
        return metrics.psnr(kspace.volume(x * self.bench.scan.scale), self.bench.reference, self.bench.regions["brain"])

    def cuts(self, x: Tensor) -> dict[str, NDArray[np.uint8]]:
        """The three planes of a volume of full scale 1, (S, H, W)."""
        volume = kspace.volume(x)
        found = (volume[:, :, self.at[2]], volume[:, self.at[1], :], volume[self.at[0], :, :])
        return {name: _bytes(plane) for name, plane in zip(PLANES, found, strict=True)}

    def planes(self, name: str, volumes: Any) -> dict[str, NDArray[np.uint8]]:
        """Stacks of the planes of several volumes in units of the scan's scale, `<name>_<plane>`."""
        cut = [self.cuts(x * self.bench.scan.scale) for x in volumes]
        return {f"{name}_{plane}": np.stack([c[plane] for c in cut]) for plane in PLANES}


def _cut(bench: Bench) -> tuple[int, int, int]:
    """The planes go through the middle of the lesion, or of the brain where there is none."""
    region = bench.regions.get("lesion", bench.regions["brain"])
    x, y, z = (int(v) for v in np.argwhere(region).mean(0).round())
    return x, y, z


def _bytes(image: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.round(255 * image), 0, 255), np.uint8)


def _watched(
    config: Config, seed: int, ready: Prior, view: View, report: Report
) -> tuple[dict[str, NDArray[Any]], Tensor]:
    """One sample, step by step, and its end."""
    rows: dict[str, list[Any]] = {}
    sample = ready.mean
    layers = prior.watch(ready.model, True)
    heard = 1 + len(text.encode(config.prompt).words)
    for step in sampler.run(_sampling(config), seed, ready):
        sample = step.consistent
        row: dict[str, Any] = {
            "sigma": np.float32(step.sigma),
            "misfit_before": np.float32(step.misfit_before),
            "misfit_after": np.float32(step.misfit_after),
            "psnr_before": np.float32(view.psnr(step.denoised)),
            "psnr_after": np.float32(view.psnr(step.consistent)),
            "moved": moved(step.denoised, step.consistent, ready),
            "noisy_axial": _bytes((step.x[view.at[2]].numpy() + 0.5) / 2),
            "attention": np.mean([w.mean((0, 1, 2))[:heard].numpy() for layer in layers for w in layer], 0),
        }
        row |= {f"before_{n}": p for n, p in view.cuts(step.denoised * view.bench.scan.scale).items()}
        row |= {f"after_{n}": p for n, p in view.cuts(step.consistent * view.bench.scan.scale).items()}
        for layer in layers:
            layer.clear()
        for name, value in row.items():
            rows.setdefault(name, []).append(value)
        report("reverse diffusion", step.step, config.steps, {"sigma": step.sigma, "psnr": float(row["psnr_after"])})
    prior.watch(ready.model, False)
    arrays = {name: np.stack(values) for name, values in rows.items()}
    return arrays | {"attention_map": _attention_map(config, ready, view, sample, heard)}, sample


def _attention_map(config: Config, ready: Prior, view: View, sample: Tensor, heard: int) -> NDArray[np.float32]:
    """Where in the shown slab each token is attended to, at the coarsest level, mean over heads and blocks."""
    slices = ready.model.config.slices
    first = int(np.clip(view.at[2] - slices // 2, 0, len(sample) - slices))
    layers = prior.watch(ready.model, True)
    given = ready.given(first, text.encode(config.prompt))
    with torch.no_grad():
        ready.model(sample[first : first + slices][None], torch.full((1,), 0.05), given)
    prior.watch(ready.model, False)
    height, width = sample.shape[1] // 8, sample.shape[2] // 8
    coarse = [w for layer in layers for w in layer if w.shape[2] == height * width]
    mean = torch.stack(coarse).mean((0, 1, 2))  # (H W, 1 + T)
    return mean[:, :heard].T.reshape(heard, height, width).numpy()


def moved(before: Tensor, after: Tensor, ready: Prior) -> NDArray[np.float32]:
    """(RINGS,) energy of the change in each ring of k-space over the ring's energy afterwards."""
    mask = ready.scan.acquisition.mask
    ring = np.fft.ifftshift(np.minimum((masks.radius(tuple(mask.shape)) * RINGS).astype(int), RINGS - 1))
    powers = []
    for image in (after - before, after):
        power = torch.fft.fft2(image * ready.scan.acquisition.sens[0], norm="ortho").abs().square().sum(0).numpy()
        powers.append(np.bincount(ring.ravel(), power.ravel(), RINGS))
    return np.asarray(powers[0] / np.maximum(powers[1], 1e-12), np.float32)


def _results(config: Config, ready: Prior, view: View, several: list[Tensor]) -> dict[str, Tensor]:
    """Every method's volume, in units of the scan's scale."""
    scan = view.bench.scan
    edges, waves = (
        cases.ITERATIVE[name][0](scan, _setting(config.case, name)) / scan.scale for name in ("variation", "wavelet")
    )
    rounds = list(finishers.unrolled(ready, config.prompt))
    return {
        "zero_filled": baselines.zero_filled(scan) / scan.scale,
        "variation": edges,
        "wavelet": waves,
        "mean": (edges + waves) / 2,
        "sample": several[0],
        "samples": torch.stack(several).mean(0),
        "ours": rounds[-1].consistent,
    }


def _setting(case: Case, name: str) -> Setting:
    """Tuned on the adult itself; of a reader's own volume, what suits most."""
    if case.adult not in cases.ADULTS:
        return bring.SETTING
    return cases.tuned(case.adult, case.acceleration, case.seed, name)


def _facts(view: View, results: Mapping[str, Tensor], dreams: list[Tensor]) -> dict[str, float]:
    """Figures of every method in every region."""
    bench = view.bench
    found: dict[str, float] = {"doubt.full": DOUBT_FULL, "acceleration": bench.case.acceleration}
    for name, x in {**results, "dream_with_scan": dreams[0], "dream_alone": dreams[1]}.items():
        measured = metrics.facts(x * bench.scan.scale, bench.reference, bench.scan, dict(bench.regions))
        found |= {f"{name}.{key}": value for key, value in measured.items()}
    return found


def _coverage(view: View, several: list[Tensor]) -> dict[str, float]:
    """Share of the brain where the reference is within one and two spreads of the samples' mean."""
    volumes = torch.stack(several) * view.bench.scan.scale
    inside = kspace.slices(view.bench.regions["brain"].astype(np.float32)) > 0
    gap = (view.reference - volumes.mean(0)).abs()[inside]
    spread = volumes.std(0)[inside].clamp_min(1e-6)
    facts = {f"coverage.{k}": float((gap <= k * spread).float().mean()) for k in (1, 2)}
    return facts | {"doubt.mean": float(spread.mean()), "doubt.error": float(gap.mean())}


def _events(config: Config, names: list[str]) -> list[dict[str, Any]]:
    """Every word."""
    words = text.encode(config.prompt).words
    return [
        {"step": 0, "kind": "case", "adult": config.case.adult, "mask": config.case.kind},
        {"step": 0, "kind": "prompt", "text": config.prompt, "tokens": list(words)},
        {"step": config.steps, "kind": "methods", "names": names},
        {"step": config.steps, "kind": "simulated", "text": "k-space is simulated from a magnitude image"},
    ]
