"""Training of the unrolled network: half of it to denoise, half to reconstruct.

Denoising is EDM's (Karras et al., arXiv:2206.00364): x + sigma n is given, sigma log-normal, and lambda(sigma) |D -
x|^2 paid. A tenth of the slabs come without a scan and an eighth without a sentence, so that one network is also the
prior alone, and can be guided (Ho and Salimans, arXiv:2207.12598).

Reconstructing is what the network is asked at the largest sigma, where the noise says nothing and D is the mean of all
images that fit: it starts from the quick reconstruction itself, and is paid for its error after data consistency, so
that it learns what was not measured. With several `rounds` the network is unrolled: consistency and denoising take
turns, and the error of every round is paid.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from stagelight.engines.scan.data import captions
from stagelight.engines.scan.data.training_set import Reader, Slab
from stagelight.engines.scan.methods.rounds import SIGMAS, TAUS
from stagelight.engines.scan.model import arithmetic, refiner, text_encoder, unet
from stagelight.engines.scan.model.conditioning import condition, of_coarse, stack
from stagelight.engines.scan.model.refiner import Given, Refiner
from stagelight.engines.scan.solvers import consistent
from stagelight.engines.scan.training import trainer


@dataclass(frozen=True)
class Config(trainer.Config):
    """One run."""

    warmup: int = 60
    ema: float = 0.995
    clip: float = 0.3  # denoising's gradient is tens of times that of reconstructing, and drowned it
    items: int = 160  # of the corpus, its first ones
    finish: float = 0.5  # share of steps that reconstruct
    rounds: int = 1  # of consistency and denoising in those
    without_scan: float = 0.1
    without_text: float = 0.12
    shape: refiner.Config = refiner.PUBLISHED
    noise: tuple[float, float] = (-0.3, 1.3)  # mean and spread of ln(sigma / s) in denoising


class Batch(NamedTuple):
    """B slabs, of one plane."""

    x: Tensor  # (B, S, H, W)
    given: Given
    care: Tensor  # (B, S, H, W) how much an error there counts, mean 1
    slabs: list[Slab]


class Trainer(trainer.Trainer):
    """The life of one run."""

    config: Config
    model: Refiner

    def __init__(self, config: Config, seed: int, corpus: Reader, start: Mapping[str, Tensor] | None = None) -> None:
        torch.manual_seed(seed)  # initial weights
        model = Refiner(config.shape)
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if start is not None:
            model.load_state_dict(start)
        super().__init__(config, seed, model)
        self.corpus = corpus

    def loss(self) -> tuple[Tensor, dict[str, float]]:
        """The mean over slabs; and, of slabs to reconstruct, the gain over the quick reconstruction, in dB."""
        kind = "finish" if self.rng.random() < self.config.finish else "denoise"
        batch = self._draw(kind)
        loss, gain = self._finish(batch) if kind == "finish" else (self._denoise(batch), math.nan)
        return loss, {"denoise": math.nan, "finish": math.nan, "gain": gain, kind: float(loss.detach())}

    def _draw(self, kind: str) -> Batch:
        """The next slabs, each of another item."""
        config, rng, slices = self.config, self.rng, self.model.config.slices
        slabs, parts = [], []
        for item in rng.choice(len(self.corpus), config.batch):
            words = self.corpus.words[item]
            low, high = max(0, words["low"] - 3), min(words["slices"], words["high"] + 4) - slices
            seen = self.corpus.slab if rng.random() < 0.5 else self.corpus.mirrored
            slab = seen(int(item), int(rng.integers(low, max(low, high) + 1)), slices)
            sentence = "" if rng.random() < config.without_text else captions.describe(slab.fact, slab.height, rng)
            said = text_encoder.encode(sentence)
            if kind == "denoise" and rng.random() < config.without_scan:
                parts.append(of_coarse(torch.zeros_like(slab.x), slab.height, said))
            else:
                parts.append(condition(slab.mean, slab.doubt, slab.measured, slab.height, said))
            slabs.append(slab)
        x = torch.stack([slab.x for slab in slabs])
        support = F.max_pool2d((x > 0).float(), 7, 1, 3)
        care = 0.1 + 0.9 * support
        return Batch(x, stack(parts), care / care.mean(), slabs)

    def _predict(self, x: Tensor, sigma: Tensor, given: Given) -> Tensor:
        with arithmetic.autocast(self.config.lossy):
            found: Tensor = self.model(x, sigma, given)
        return found.float()

    def _denoise(self, batch: Batch) -> Tensor:
        """EDM's loss."""
        spread = self.model.spread(batch.given)
        normal = torch.randn(len(batch.x), generator=self.torch_rng)
        middle, wide = self.config.noise
        sigma = (normal * wide + middle).exp() * spread.flatten()
        noise = torch.randn(batch.x.shape, generator=self.torch_rng)
        found = self._predict(batch.x + sigma[:, None, None, None] * noise, sigma, batch.given)
        return (unet.weight(sigma, spread, 2) * batch.care * (found - batch.x).square()).mean()

    def _finish(self, batch: Batch) -> tuple[Tensor, float]:
        """The error of each round after consistency, in units of the spread; and what the last gains, in dB."""
        z, total = batch.given.mean, torch.zeros(())
        share = [0.5 ** (self.config.rounds - 1 - r) for r in range(self.config.rounds)]
        for r in range(self.config.rounds):
            found = self._predict(z, torch.full((len(z),), SIGMAS[r]), batch.given)
            z = torch.stack(
                [consistent(f, slab.measured, TAUS[r], 2) for f, slab in zip(found, batch.slabs, strict=True)]
            )
            error = (batch.care * (z - batch.x).square()).mean()
            total = total + share[r] / sum(share) * error / self.model.config.sigma_scan**2
        with torch.no_grad():
            before = (batch.care * (batch.given.mean - batch.x).square()).mean()
        return total, float(10 * torch.log10(before / error.detach()))
