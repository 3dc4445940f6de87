"""Methods for measured k-space: complex images, and no reference to be tuned on.

`classical` is the mean of complex total variation and wavelets, `sigpy` the peer that everyone has, and `diffusion`
reverse diffusion with the fine network shown the scan as it was measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from stagelight.engines.experiment.progress import Progress
from stagelight.engines.scan.acquisition import operator
from stagelight.engines.scan.acquisition.operator import Acquisition, Measured
from stagelight.engines.scan.methods import classical, proximal
from stagelight.engines.scan.methods.classical import Setting
from stagelight.engines.scan.methods.diffusion import run
from stagelight.engines.scan.methods.sampler import Schedule
from stagelight.engines.scan.model import denoiser, prior
from stagelight.engines.scan.model.prior import SLICES, FinePrior

WEIGHT = 0.25  # of the classical penalties, in units of the noise
SIGPY_WEIGHTS = (0.1, 0.2, 0.4)  # of sigpy's, likewise; the best on held-out points is what it is shown with
OUT_OF_PHASE = 0.15  # spread of the part of an image that is not in phase with the centre of k-space


@dataclass(frozen=True)
class Asked:
    """What a method is told beside the scan."""

    prompt: str = ""
    samples: int = 4  # of diffusion, in pairs of opposite noise, of which the mean is taken
    steps: int = 20  # of each
    seed: int = 1
    weight: float = 0.2  # of sigpy's penalty, in units of the noise


Method = Callable[[Measured, Asked, Progress], tuple[Tensor, Tensor | None]]  # image (S, H, W); what it may be off by


def mean(scan: Measured, asked: Asked, progress: Progress) -> tuple[Tensor, None]:
    """The mean of complex total variation and complex shifted Haar wavelets."""
    setting = Setting(max(WEIGHT * scan.sigma, 1e-4), 80)
    progress("total variation", 0, 2, {})
    edges = classical.variation(scan, setting, real=False)
    progress("wavelets", 1, 2, {})
    return (edges + classical.wavelet(scan, setting, real=False)) / 2, None


def sigpy_wavelet(scan: Measured, asked: Asked, progress: Progress) -> tuple[Tensor, None]:
    """sigpy's L1-wavelet reconstruction, slice by slice, with the same maps and noise."""
    from sigpy.mri.app import L1WaveletRecon  # noqa: PLC0415  # slow to import

    mask, found = np.fft.fftshift(scan.acquisition.mask.numpy()).astype(np.float32), []
    centred = scan.y * operator.middle(tuple(scan.acquisition.mask.shape)).conj()
    for s in range(scan.y.shape[1]):
        progress("sigpy's wavelets", s, scan.y.shape[1], {})
        y = np.fft.fftshift(centred[:, s].numpy(), (-2, -1))
        maps = np.ascontiguousarray(scan.acquisition.sens[:, s].numpy())
        app = L1WaveletRecon(y, maps, asked.weight * scan.sigma, weights=mask, max_iter=100, show_pbar=False)
        found.append(torch.from_numpy(np.ascontiguousarray(app.run())))
    return torch.stack(found), None


def diffusion(scan: Measured, asked: Asked, progress: Progress) -> tuple[Tensor, Tensor]:
    """The mean of samples of reverse diffusion with consistency, and their spread."""
    count, alone = scan.y.shape[1], scan.y.shape[1] < SLICES
    if alone:  # the network looks at slabs: a slice stands for all of its own
        scan = _repeated(scan)
    net, ends = OutOfPhase(prior.of_scan(prior.fine(), scan, asked.prompt)), []
    for sample in range(asked.samples):
        steps = run(Schedule(steps=asked.steps), 2 * asked.seed + sample, net, scan, torch.complex64)
        for step in steps:
            progress("reverse diffusion", sample * asked.steps + step.step, asked.samples * asked.steps, {})
        ends.append(step.consistent)
    found = torch.stack(ends)
    if alone:
        found = found.reshape(len(ends) * SLICES // count, count, *found.shape[2:])
    unsure = found.abs().std(0) if len(found) > 1 else torch.zeros(found.shape[1:])
    return found.mean(0), unsure


class OutOfPhase:
    """A denoiser of complex volumes: the network for the real part, wavelets for what is out of phase with it."""

    def __init__(self, net: FinePrior) -> None:
        self.net, self.turn = net, 0

    @property
    def known(self) -> Tensor:
        """What the network knows, (S, H, W)."""
        return self.net.known

    @property
    def scan(self) -> Measured | None:
        """The scan that the network is shown."""
        return self.net.scan

    @property
    def spread(self) -> float:
        """The spread of images about what is known."""
        return self.net.spread

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """D(x; sigma) of (S, H, W) complex."""
        self.turn += 1
        k, kept = self.turn, OUT_OF_PHASE**2 / (OUT_OF_PHASE**2 + sigma**2)
        everywhere = torch.ones(x.shape)
        other = x.imag.to(torch.complex64)  # so that it may be negative
        shrunk = proximal.shrink_haar(other, 1.5 * sigma, (5 * k % 8, 3 * k % 8, 7 * k % 8), 3, everywhere)
        return torch.complex(self.net(x.real.contiguous(), sigma), kept * shrunk.real)

    def recall(self, estimate: Tensor) -> None:
        """Show the network its own last estimate."""
        self.net.recall(estimate.real.contiguous())

    def forget(self) -> None:
        """Begin again: the network knows what it knew at first."""
        self.net.forget()
        self.turn = 0


def _repeated(scan: Measured) -> Measured:
    """Fewer slices than a slab has, over and over."""
    times = SLICES // scan.y.shape[1]
    at = scan.acquisition
    sens = at.sens.repeat(1, times, 1, 1)
    return replace(scan, acquisition=Acquisition(at.mask, sens), y=scan.y.repeat(1, times, 1, 1))


METHODS: dict[str, Method] = {"diffusion": diffusion, "classical": mean, "sigpy": sigpy_wavelet}


def available() -> tuple[str, ...]:
    """The names of `METHODS` in the order of their cost; the network's where its weights are."""
    return ("sigpy", "classical", "diffusion") if denoiser.FINE.is_file() else ("sigpy", "classical")
