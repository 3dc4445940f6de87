"""deepinv's own DPS and DiffPIR around our network, with deepinv's defaults but for the number of steps.

`dps` and `diffpir` are ours, from the same papers. These rows show what the library itself does of the same scan with
the same denoiser, so that nobody need take ours for it. deepinv's batch is our slices; its images lie within 0 and 1,
where 1 is `TOP` of ours, for it cuts what is brighter. The network knows no sigma above `SIGMA_MAX`; where deepinv asks
for more, the noisy picture is shrunk to that.

deepinv is in the extra `scan-peers`; `available` tells whether it is there.
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor

from stagelight.engines.scan.acquisition.operator import A, A_adjoint, Acquisition
from stagelight.engines.scan.methods import dps
from stagelight.engines.scan.methods.network import method
from stagelight.engines.scan.methods.protocol import Case, Denoiser, headline
from stagelight.engines.scan.model.conditioning import SIGMA_MAX
from stagelight.engines.scan.model.denoiser import Prior

NAMES = ("deepinv_dps", "deepinv_diffpir")
STEPS = dps.STEPS
TOP = 1.25
SEED = 1
OPERATORS: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
NMS = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def available() -> bool:
    """Tell whether deepinv and what it imports are installed."""
    return all(importlib.util.find_spec(name) for name in ("deepinv", "torchvision", "natsort"))


@cache
def load() -> Any:
    """deepinv, imported.

    The torchvision on PyPI is built for a torch with CUDA and does not load beside one without: two operators, which
    neither method calls, are then declared in its place.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            importlib.import_module("torchvision")
        except RuntimeError:  # operator torchvision::nms does not exist
            OPERATORS.define("nms" + NMS)
            OPERATORS.define("qnms" + NMS)
        return importlib.import_module("deepinv")


class _Differentiable(torch.autograd.Function):
    """A denoiser whose derivative is taken slab by slab."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, sigma: float, denoise: Denoiser, pullback: dps.Pullback) -> Tensor:
        """D(x; sigma) of a volume, (S, H, W)."""
        ctx.save_for_backward(x)
        ctx.sigma, ctx.pullback = sigma, pullback
        return denoise(x, sigma)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        """J^T v."""
        with torch.enable_grad():
            return ctx.pullback(ctx.saved_tensors[0], ctx.sigma, grads[0]), None, None, None


class Adapted(torch.nn.Module):
    """A denoiser of volumes as deepinv calls it, (S, 1, H, W) in its units."""

    def __init__(self, denoise: Denoiser, pullback: dps.Pullback) -> None:
        super().__init__()
        self.denoise, self.pullback = denoise, pullback

    def forward(self, x: Tensor, sigma: Tensor, *_: Any, **__: Any) -> Tensor:
        """D(x; sigma), the same sigma for all slices."""
        asked = TOP * float(sigma.flatten()[0])
        known = min(asked, SIGMA_MAX)
        volume = x[:, 0].float() * (TOP * known / asked)
        found: Tensor = _Differentiable.apply(volume, known, self.denoise, self.pullback)  # type: ignore[no-untyped-call]
        return found[:, None].to(x.dtype) / TOP


def physics(at: Acquisition, sigma: float) -> Any:
    """Our operator as one of deepinv's, of real images (S, 1, H, W) and measurements (S, C, H, W)."""
    deepinv = load()
    return deepinv.physics.LinearPhysics(
        A=lambda x, **_: A(x[:, 0], at).movedim(0, 1),
        A_adjoint=lambda y, **_: A_adjoint(y.movedim(1, 0), at).real[:, None],
        noise_model=deepinv.physics.GaussianNoise(sigma),
    )


def posterior_sampling(net: Prior, sentence: str) -> tuple[Tensor, int]:
    """A sample by deepinv's DPS; the score asks the network once more than its derivative does."""
    model = partial(load().sampling.DPS, num_steps=STEPS, dtype=torch.float32, rng=torch.Generator())
    return _made(model, net, sentence), 3 * STEPS


def restoration(net: Prior, sentence: str) -> tuple[Tensor, int]:
    """A picture by deepinv's DiffPIR."""
    deepinv = load()
    model = partial(deepinv.sampling.DiffPIR, data_fidelity=deepinv.optim.data_fidelity.L2(), max_iter=STEPS)
    return _made(model, net, sentence), STEPS


def _made(model: Callable[[torch.nn.Module], Any], net: Prior, sentence: str) -> Tensor:
    def denoise(x: Tensor, sigma: float) -> Tensor:
        return net.denoise(x, sigma, sentence)

    adapted, scan = Adapted(denoise, dps.pullback(net, sentence)), net.scan
    seen = physics(scan.acquisition, scan.sigma / TOP)
    found: Tensor = model(adapted)(scan.y.movedim(0, 1) / TOP, seen, seed=SEED)
    return TOP * found[:, 0].detach().float()


def _where(case: Case) -> bool:
    return headline(case) and case.acceleration == 16


DEEPINV = tuple(method(name, make, _where) for name, make in zip(NAMES, (posterior_sampling, restoration), strict=True))
