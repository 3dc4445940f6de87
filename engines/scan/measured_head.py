"""A real head, measured by eight coils: its pictures and figures, beside the simulated scans.

The k-space is that of sigpy's tutorial, one axial slice at R = 8. It has no reference, so a method is measured by the
error of what it predicts on points that were held out, over their noise. Pictures are turned as `pictures` turns them.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import NEVER, Progress, interrupt_after
from stagelight.engines.scan.acquisition.operator import A_adjoint
from stagelight.engines.scan.acquisition.raw.reading import read
from stagelight.engines.scan.data import registry
from stagelight.engines.scan.methods.of_measured import METHODS, SIGPY_WEIGHTS, Asked
from stagelight.engines.scan.pictures import grey
from stagelight.engines.scan.reconstruct import held_out, prepare
from stagelight.engines.scan.solvers import misfit

NAME = "head_8_coils"
DRAWS = (1, 2)  # of the points that are held out
SHOWN = "diffusion"
COMPARED = ("classical", "diffusion")  # with sigpy


def runs(samples: int, progress: Progress, deadline: float = NEVER) -> Arrays:
    """The head by every method for measured k-space; the arrays of `record`, and figures under `fact.<name>`.

    sigpy's weight is the one that is best on the held-out points. `samples` are those of reverse diffusion.

    Raises:
        ValueError: the file cannot be had.
        Interrupted: the deadline passed.
    """
    raw = read(registry.path(NAME))
    ready = prepare(raw.kspace, raw.mask, kind=raw.kind)
    (part,) = ready.parts  # one slice
    scan = part.scan
    found: Arrays = {"coil_axial": _coils(raw.kspace[:, 0]), "head_points": raw.mask[0]}
    found["head_zero"] = _picture(A_adjoint(scan.y, scan.acquisition).abs()[0])
    facts = {"raw.coils": len(raw.kspace), "raw.acceleration": raw.acceleration, "raw.sigma": scan.sigma}
    for name, method in METHODS.items():
        weights = SIGPY_WEIGHTS if name == "sigpy" else (Asked.weight,)
        errors = []
        for weight in weights:
            interrupt_after(deadline, f"the measured head, {name}")
            apart = [held_out(part, draw) for draw in DRAWS]
            told = [Asked(samples=samples, seed=draw, weight=weight) for draw in DRAWS]
            errors.append([
                misfit(method(kept, asked, progress)[0], left)
                for (kept, left), asked in zip(apart, told, strict=True)
            ])  # fmt: skip
        best = int(np.argmin(np.mean(errors, 1)))
        image, _ = method(scan, Asked(samples=samples, weight=weights[best]), progress)
        facts[f"raw.heldout.{name}"] = float(np.mean(errors[best]))
        facts |= {f"raw.heldout.{name}.draw_{draw}": error for draw, error in zip(DRAWS, errors[best], strict=True)}
        facts[f"raw.misfit.{name}"] = misfit(image, scan)
        if name == SHOWN:
            found["head_axial"] = _picture(image.abs()[0])
    for name in COMPARED:
        facts[f"raw.heldout.error_ratio.{name}"] = facts[f"raw.heldout.{name}"] / facts["raw.heldout.sigpy"]
    return found | {f"fact.{name}": np.array(value) for name, value in facts.items()}


def _picture(x: torch.Tensor) -> NDArray[np.uint8]:
    return grey(np.ascontiguousarray(x.numpy()[::-1]))


def _coils(kspace: NDArray[np.complex64]) -> NDArray[np.uint8]:
    """Each coil's picture of what was measured, the brightest of all as 1."""
    k = torch.fft.ifftshift(torch.from_numpy(kspace), dim=(-2, -1))
    seen = torch.fft.fftshift(torch.fft.ifft2(k), dim=(-2, -1)).abs()
    return np.stack([_picture(one) for one in seen / seen.quantile(0.999)])
