"""Small volumes, scans, networks and cases, for the tests of the scan's engine; wants torch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeVar

import nibabel as nib
import numpy as np
import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stagelight.engines.scan.acquisition import operator
from stagelight.engines.scan.acquisition.operator import Measured
from stagelight.engines.scan.data import synthetic
from stagelight.engines.scan.data.synthetic import Fact
from stagelight.engines.scan.methods.protocol import Bench, Case
from stagelight.engines.scan.model import denoiser
from stagelight.engines.scan.model.coarse import Coarse
from stagelight.engines.scan.model.refiner import FINE, Config, Refiner
from stagelight.engines.scan.model.text_encoder import TOKENS, Encoded
from stagelight.engines.scan.solvers import consistent

Floats = NDArray[np.float32]
Network = TypeVar("Network", bound=torch.nn.Module)
SHAPE = (16, 32, 24)  # slices, two phase-encoded axes
SMALL = (16, 24, 16)  # slices, height, width
SCAN = operator.Config(acceleration=4, center_fraction=0.04, sigma=0.01)
seeds = st.integers(0, 2**32 - 1)
quickly = settings(max_examples=15, deadline=None)
needs_data = pytest.mark.skipif(
    not os.environ.get("STAGELIGHT_DATA"), reason="needs the scans: set STAGELIGHT_DATA to a folder that holds mri/"
)


def complex_noise(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy((rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64))


def phantom(noise: float = 0.0, seed: int = 0) -> torch.Tensor:
    """Boxes within a ball: edges, flat inside, nothing outside."""
    s, h, w = np.meshgrid(*(np.linspace(-1, 1, n) for n in SHAPE), indexing="ij")
    x = np.where(s**2 + h**2 + w**2 < 0.8, 0.5, 0.0)
    x[(np.abs(h) < 0.3) & (np.abs(w) < 0.4) & (np.abs(s) < 0.5)] = 1.0
    x += noise * np.random.default_rng(seed).standard_normal(SHAPE) * (x > 0)
    return torch.from_numpy(x.astype(np.float32))


class Gaussian:
    """D(x; sigma) = m + s^2 / (s^2 + sigma^2) (x - m), for x ~ N(m, s^2)."""

    def __init__(self, mean: torch.Tensor, spread: float) -> None:
        self.mean, self.spread = mean, spread

    def __call__(self, x: torch.Tensor, sigma: float) -> torch.Tensor:
        return self.mean + self.spread**2 / (self.spread**2 + sigma**2) * (x - self.mean)


def gaussian_case(acceleration: float = 2.0) -> tuple[Measured, Gaussian, torch.Tensor, torch.Tensor]:
    mean, spread = phantom(), 0.1
    x = mean + spread * complex_noise(SHAPE, 5).real
    scan = operator.simulate(x, operator.Config("density", acceleration, sigma=0.02, center_fraction=0.05), 1)
    return scan, Gaussian(mean, spread), consistent(mean, scan, spread, steps=30), x


def scanned(
    acceleration: float, sigma: float = 0.0, coils: int = 1, shape: tuple[int, int, int] = SMALL
) -> tuple[torch.Tensor, Measured]:
    """A random smooth volume and a scan of it."""
    x = torch.from_numpy(synthetic.field(shape, 4.0, np.random.default_rng(1))).abs()
    config = operator.Config("density", acceleration, coils, sigma, center_fraction=0.03)
    return x, operator.simulate(x, config, 7)


def awake(network: Network, spread: float = 0.5) -> Network:
    """An untrained network of which nothing is left at 0, so that what it is told makes a difference."""
    for parameter in network.parameters():
        if parameter.abs().max() == 0:
            torch.nn.init.normal_(parameter, std=spread)
    return network.eval()


def heard(seed: int = 0) -> Encoded:
    """A sentence of three tokens that nobody said."""
    tokens, count = torch.zeros(TOKENS, 384), 3
    tokens[:count] = torch.randn(count, 384, generator=torch.Generator().manual_seed(seed))
    return Encoded(("one", "two", "three"), tokens, torch.arange(TOKENS) < count)


def pooled(path: Path, shape: tuple[int, int, int], fact: Fact, view: str = "brain", seed: int = 0) -> Path:
    """An item of the pool: a smooth egg with air about it, brighter on its right; sides are multiples of 4."""
    from stagelight.engines.scan.data import pool

    rng = np.random.default_rng(seed)
    axes = np.meshgrid(*(np.linspace(-1, 1, n // 4) for n in shape), indexing="ij", sparse=True)
    texture = 0.6 + 0.1 * synthetic.field(tuple(n // 4 for n in shape), 3.0, rng) + 0.2 * axes[0]
    x = np.clip(np.where(sum(axis**2 for axis in axes) < 0.8, texture, 0), 0, 1)
    pool.write(path, pool.Item(np.kron(x, np.ones((4, 4, 4))).astype(np.float16), fact, view, 0.01))
    return path


def small_network() -> Refiner:
    """An untrained network of slabs, with its output layer woken."""
    torch.manual_seed(0)
    return awake(Refiner(Config(widths=(16, 16), blocks=1, context=16)), 0.05)


def small_prior(acceleration: float = 4.0, sigma: float = 0.01) -> tuple[torch.Tensor, denoiser.Prior]:
    """An untrained network on a small scan, shown a classical reconstruction of it."""
    x, scan = scanned(acceleration, sigma)
    return x, denoiser.ready(small_network(), scan)


def untrained(folder: Path) -> None:
    """Weights of the three networks, untrained, whose output is not nothing, under the published names."""
    torch.manual_seed(3)
    networks: dict[Path, Refiner | Coarse]
    networks = {denoiser.WEIGHTS: Refiner(), denoiser.FINE: Refiner(FINE), denoiser.COARSE: Coarse()}
    for path, network in networks.items():
        torch.nn.init.normal_(network.net.get_parameter("leave.2.weight"), std=0.01)
        denoiser.publish(network, folder / path.name)


def brain(shape: tuple[int, int, int] = (100, 120, 90)) -> Floats:
    """An egg of 'tissue' with structure and nothing around it, smooth enough to be resampled."""
    axes = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    inside = (axes[0] / 0.8) ** 2 + (axes[1] / 0.9) ** 2 + (axes[2] / 0.7) ** 2 < 1
    wave = 1 + 0.4 * np.sin(4 * axes[0] + 1) * np.cos(5 * axes[1]) + 0.3 * axes[2]
    return np.where(inside, 300 * wave, 0).astype(np.float32)


def grainy(shape: tuple[int, int, int] = (100, 120, 90)) -> Floats:
    """The egg with grain, as images have: neighbours differ, but not by much."""
    raw = brain(shape)
    grain = 1 + 0.03 * np.random.default_rng(0).standard_normal(shape)
    return np.where(raw > 0, raw * grain, 0).astype(np.float32)


def saved(path: Path, raw: NDArray[Any], affine: NDArray[Any] | None = None, dtype: Any = np.float32) -> Path:
    image = nib.Nifti1Image(raw.astype(dtype), np.eye(4) if affine is None else affine)
    nib.save(image, path)
    return path


def tiny(case: Case) -> Bench:
    x = torch.zeros(16, 32, 24)
    x[4:12, 8:24, 6:18] = 1
    config = operator.Config(case.kind, 4, case.coils, center_fraction=0.05)
    reference = operator.volume(x)
    return Bench(case, operator.simulate(x, config, case.seed), reference, {"brain": reference > 0})
