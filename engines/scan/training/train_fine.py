"""Training of the fine network on slabs scanned anew: more than half of them to reconstruct, the others as prior alone.

Where a scan is shown, the error is paid after data consistency, so that the network learns what was not measured; a
third of those slabs are pure noise, where D is the mean of all images that fit. Most are given the network's own last
estimate, made consistent, as it has it in the sampler from the second step on (self-conditioning: Chen et al.,
arXiv:2208.04202); no gradient goes through that. Where no scan is shown the loss is EDM's (Karras et al.,
arXiv:2206.00364).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from stagelight.engines.scan.acquisition.operator import Measured
from stagelight.engines.scan.model import arithmetic
from stagelight.engines.scan.model.fine import OWN, Fine, Shown, stack
from stagelight.engines.scan.solvers import consistent
from stagelight.engines.scan.training import practice, trainer
from stagelight.engines.scan.training.practice import Pool

SIGMA_MAX = 5.0  # five times the brightest tissue: the slab is pure noise
SCANNED, COARSE = 0.06, 0.10  # spread of images about what is known of them, with a scan and with the coarse volume


@dataclass(frozen=True)
class Config(trainer.Config):
    """One run."""

    clip: float = 0.5
    practice: practice.Config = field(default_factory=practice.Config)
    pure: tuple[float, float] = (0.35, 0.12)  # share of pure noise, with a scan and without
    noise: tuple[float, float] = (0.2, 1.3)  # else: mean and spread of ln(sigma / what is not known)
    earlier: tuple[float, ...] = (0.3, 0.35, 0.2, 0.15)  # shares of 0, 1, 2, 3 estimates before the one that is paid


class Trainer(trainer.Trainer):
    """The life of one run."""

    config: Config

    def __init__(self, config: Config, seed: int, volumes: Pool, start: Mapping[str, Tensor] | None = None) -> None:
        torch.manual_seed(seed)  # initial weights
        model = Fine()
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if start is not None:
            model.load_state_dict(start)
        super().__init__(config, seed, model)
        self.volumes = volumes

    def loss(self) -> tuple[Tensor, dict[str, float]]:
        """The mean over slabs; and the gain of consistency's outcome over the zero-filled image, in dB."""
        config, rng = self.config, self.rng
        slabs = [self.volumes.slab(config.practice, rng) for _ in range(config.batch)]
        spread = torch.tensor([COARSE if slab.scan is None else SCANNED for slab in slabs])
        middle, wide = config.noise
        sigma = spread * (torch.randn(len(slabs), generator=self.torch_rng) * wide + middle).exp()
        pure = torch.tensor([rng.random() < config.pure[slab.scan is None] for slab in slabs])
        sigma = torch.where(pure, torch.tensor(SIGMA_MAX), sigma.clamp_max(SIGMA_MAX))
        x = torch.stack([slab.x for slab in slabs])
        noise = torch.randn(x.shape, generator=self.torch_rng)
        noisy, shown = x + sigma[:, None, None, None] * noise, stack([slab.shown for slab in slabs])
        taus = sigma * spread / torch.hypot(sigma, spread)
        scanned = [n for n, slab in enumerate(slabs) if slab.scan is not None]
        for _ in range(int(rng.choice(len(config.earlier), p=config.earlier)) if scanned else 0):
            some = Shown(*(part[scanned] for part in shown))
            with torch.no_grad():
                last = self._predict(noisy[scanned], sigma[scanned], some)
            for n, estimate in zip(scanned, last, strict=True):
                shown.known[n] = consistent(estimate, _scan(slabs[n]), float(taus[n]), 2)
                shown.numbers[n, -2] = OWN
        found = self._predict(noisy, sigma, shown)
        support = F.max_pool2d((x > 0.05).float(), 7, 1, 3)
        care = 0.1 + 0.9 * support
        weight = (sigma**2 + spread**2) / (sigma * spread) ** 2
        total = torch.zeros(())
        figures: dict[str, list[float]] = {"alone": [], "pure": [], "gain": []}
        for n, slab in enumerate(slabs):
            z = found[n]
            if slab.scan is not None:
                z = consistent(z, slab.scan, float(taus[n]), 2)
            each = care[n] / care[n].mean()
            error = (each * (z - x[n]).square()).mean()
            loss = weight[n] * error
            total = total + loss / len(slabs)
            if slab.scan is None:
                figures["alone"].append(float(loss.detach()))
            elif pure[n]:
                before = (each * (slab.shown.adjoint[0] - x[n]).square()).mean()
                figures["pure"].append(float(loss.detach()))
                figures["gain"].append(float(10 * torch.log10(before / error.detach())))
        return total, {name: sum(some) / len(some) if some else float("nan") for name, some in figures.items()}

    def _predict(self, x: Tensor, sigma: Tensor, shown: Shown) -> Tensor:
        with arithmetic.autocast(self.config.lossy):
            found: Tensor = self.model(x, sigma, shown)
        return found.float()


def _scan(slab: practice.Slab) -> Measured:
    assert slab.scan is not None
    return slab.scan


def from_alone(old: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights to begin with, of the network that dreamt before: the numbers that it was not told count for nothing."""
    model = Fine().state_dict()
    new = {f"net.{name}": value.float() for name, value in old.items()}
    told = model["net.embed.0.weight"].shape[1]
    new["net.embed.0.weight"] = F.pad(new["net.embed.0.weight"], (0, told - new["net.embed.0.weight"].shape[1]))
    return new
