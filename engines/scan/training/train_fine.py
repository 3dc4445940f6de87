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
from stagelight.engines.scan.model import arithmetic, refiner
from stagelight.engines.scan.model.conditioning import SIGMA_MAX, compensated, condition, of_coarse, stack
from stagelight.engines.scan.model.refiner import Given, Refiner
from stagelight.engines.scan.solvers import consistent
from stagelight.engines.scan.training import practice, trainer
from stagelight.engines.scan.training.practice import Pool, Slab


@dataclass(frozen=True)
class Config(trainer.Config):
    """One run."""

    clip: float = 0.5
    practice: practice.Config = field(default_factory=practice.Config)
    pure: tuple[float, float] = (0.35, 0.12)  # share of pure noise, with a scan and without
    noise: tuple[float, float] = (0.2, 1.3)  # else: mean and spread of ln(sigma / what is not known)
    earlier: tuple[float, ...] = (0.3, 0.3, 0.25, 0.15)  # shares of 0, 1, 2, 3 estimates before the one that is paid


class Trainer(trainer.Trainer):
    """The life of one run."""

    config: Config
    model: Refiner

    def __init__(
        self, config: Config, seed: int, volumes: Pool, start: Mapping[str, Tensor] | None = None,
        shape: refiner.Config = refiner.FINE,
    ) -> None:  # fmt: skip
        torch.manual_seed(seed)  # initial weights
        model = Refiner(shape)
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if start is not None:
            model.load_state_dict(start)
        super().__init__(config, seed, model)
        self.volumes = volumes

    def loss(self) -> tuple[Tensor, dict[str, float]]:
        """The mean over slabs; and the gain of consistency's outcome over the zero-filled image, in dB."""
        config, rng, shape = self.config, self.rng, self.model.config
        slabs = [self.volumes.slab(config.practice, rng) for _ in range(config.batch)]
        spread = torch.tensor([shape.sigma_image if slab.scan is None else shape.sigma_scan for slab in slabs])
        middle, wide = config.noise
        sigma = spread * (torch.randn(len(slabs), generator=self.torch_rng) * wide + middle).exp()
        pure = torch.tensor([rng.random() < config.pure[slab.scan is None] for slab in slabs])
        sigma = torch.where(pure, torch.tensor(SIGMA_MAX), sigma.clamp_max(SIGMA_MAX))
        taus = (sigma * spread / torch.hypot(sigma, spread)).tolist()
        x = torch.stack([slab.x for slab in slabs])
        noisy = x + sigma[:, None, None, None] * torch.randn(x.shape, generator=self.torch_rng)
        known = [slab.known for slab in slabs]
        scanned = [n for n, slab in enumerate(slabs) if slab.scan is not None]
        for _ in range(int(rng.choice(len(config.earlier), p=config.earlier)) if scanned else 0):
            some = [slabs[n] for n in scanned]
            with torch.no_grad():
                last = self._predict(noisy[scanned], sigma[scanned], some, [known[n] for n in scanned])
            for n, estimate in zip(scanned, last, strict=True):
                known[n] = consistent(estimate, _scan(slabs[n]), taus[n], 2)
        found = self._predict(noisy, sigma, slabs, known)
        support = F.max_pool2d((x > 0.05).float(), 7, 1, 3)
        care = 0.1 + 0.9 * support
        weight = (sigma**2 + spread**2) / (sigma * spread) ** 2
        total = torch.zeros(())
        figures: dict[str, list[float]] = {"alone": [], "pure": [], "gain": []}
        for n, slab in enumerate(slabs):
            z = found[n]
            if slab.scan is not None:
                z = consistent(z, slab.scan, taus[n], 2)
            each = care[n] / care[n].mean()
            error = (each * (z - x[n]).square()).mean()
            loss = weight[n] * error
            total = total + loss / len(slabs)
            if slab.scan is None:
                figures["alone"].append(float(loss.detach()))
            elif pure[n]:
                before = (each * (slab.known - x[n]).square()).mean()
                figures["pure"].append(float(loss.detach()))
                figures["gain"].append(float(10 * torch.log10(before / error.detach())))
        return total, {name: sum(some) / len(some) if some else float("nan") for name, some in figures.items()}

    def _predict(self, x: Tensor, sigma: Tensor, slabs: list[Slab], known: list[Tensor]) -> Tensor:
        given = stack([_given(slab, each) for slab, each in zip(slabs, known, strict=True)])
        with arithmetic.autocast(self.config.lossy):
            found: Tensor = self.model(x, sigma, given)
        return found.float()


def _given(slab: Slab, known: Tensor) -> Given:
    if slab.scan is None:
        return of_coarse(known, slab.height, slab.sentence)
    return condition(known, compensated(slab.scan) - known, slab.scan, slab.height, slab.sentence)


def _scan(slab: Slab) -> Measured:
    assert slab.scan is not None
    return slab.scan
