"""Training the score network: half of it to denoise, half to reconstruct.

Denoising is EDM's (Karras et al., arXiv:2206.00364): x + sigma n is given, sigma log-normal, and lambda(sigma) |D -
x|^2 paid. A tenth of the slabs come without a scan and an eighth without a sentence, so that one network is also the
prior alone, and can be guided (Ho and Salimans, arXiv:2207.12598).

Reconstructing is what the network is asked at the largest sigma, where the noise says nothing and D is the mean of all
images that fit: it starts from the quick reconstruction itself, and is paid for its error after data consistency, so
that it learns what was not measured. With several `rounds` the network is unrolled: consistency and denoising take
turns, and the error of every round is paid.

The exponential moving average of the weights is what is published. A trainer is `experiment.training`'s.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.experiment.checkpoint import named
from stagelight.engines.scan.data import captions
from stagelight.engines.scan.data.training_set import Reader, Slab
from stagelight.engines.scan.methods.rounds import SIGMAS, TAUS
from stagelight.engines.scan.model import arithmetic, refiner, text_encoder, unet
from stagelight.engines.scan.model.conditioning import condition, of_coarse, stack
from stagelight.engines.scan.model.refiner import Given, Refiner
from stagelight.engines.scan.solvers import consistent


@dataclass(frozen=True)
class Config:
    """One run."""

    steps: int = 6000
    items: int = 160  # of the corpus, its first ones
    batch: int = 4  # slabs in a step
    learning_rate: float = 1e-3  # after `warmup`; over the last third it falls to a fiftieth
    warmup: int = 60
    ema: float = 0.995
    finish: float = 0.5  # share of steps that reconstruct
    rounds: int = 1  # of consistency and denoising in those
    without_scan: float = 0.1
    without_text: float = 0.12
    shape: refiner.Config = refiner.PUBLISHED
    noise: tuple[float, float] = (-0.3, 1.3)  # mean and spread of ln(sigma / s) in denoising
    clip: float = 0.3  # of the gradient's norm: denoising's is tens of times that of reconstructing, and drowned it
    lossy: bool = True  # bfloat16 in the network's arithmetic, where the processor has it


@dataclass(frozen=True)
class Step:
    """What one step of training saw."""

    step: int  # done, 1 after the first
    kind: str  # "denoise" or "finish"
    loss: float
    gain: float  # dB over the quick reconstruction, of `finish`; 0 otherwise
    grad_norm: float  # before clipping
    learning_rate: float


class Batch(NamedTuple):
    """B slabs, of one plane."""

    x: Tensor  # (B, S, H, W)
    given: Given
    care: Tensor  # (B, S, H, W) how much an error there counts, mean 1
    slabs: list[Slab]


class Trainer:
    """The life of one run."""

    def __init__(self, config: Config, seed: int, corpus: Reader, start: Mapping[str, Tensor] | None = None) -> None:
        torch.manual_seed(seed)  # initial weights
        self.config, self.seed, self.corpus, self.done = config, seed, corpus, 0
        self.rng = np.random.default_rng(seed)
        self.torch_rng = torch.Generator().manual_seed(seed)
        self.model = Refiner(config.shape)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if start is not None:
            self.model.load_state_dict(start)
        self.mean: Refiner = deepcopy(self.model)
        self.mean.requires_grad_(False)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), config.learning_rate, betas=(0.9, 0.99), weight_decay=0.01
        )

    def step(self) -> Step:
        """One update."""
        config = self.config
        rate = config.learning_rate * schedule(self.done, config)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        kind = "finish" if self.rng.random() < config.finish else "denoise"
        batch = self._draw(kind)
        loss, gain = self._finish(batch) if kind == "finish" else (self._denoise(batch), 0.0)
        self.optimiser.zero_grad(set_to_none=False)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip))
        if math.isfinite(norm):
            self.optimiser.step()
        self.done += 1
        keep = min(config.ema, (1 + self.done) / (10 + self.done))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.mean.parameters()), list(self.model.parameters()), 1 - keep)
        return Step(self.done, kind, float(loss.detach()), gain, norm, rate)

    def tensors(self) -> dict[str, Tensor]:
        """The weights and their average, for a checkpoint."""
        return named("model", self.model) | named("mean", self.mean)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """The rest of what the next step depends on: words and arrays."""
        words = {"done": self.done, "rng": self.rng.bit_generator.state}
        return words, {"torch_rng": self.torch_rng.get_state().numpy()}

    def restore(self, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Set what `state` returned."""
        self.done, self.rng.bit_generator.state = words["done"], words["rng"]
        self.torch_rng.set_state(torch.from_numpy(arrays["torch_rng"]))

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


def schedule(done: int, config: Config) -> float:
    """The share of the learning rate after so many steps."""
    if done < config.warmup:
        return (done + 1) / config.warmup
    left = (config.steps - done) / max(1, config.steps)
    return 0.02 + 0.98 * min(1.0, 3 * max(0.0, left))


def run(config: Config, seed: int, corpus: Reader) -> Iterator[Step]:
    """Train from random weights, one `Step` at a time."""
    trainer = Trainer(config, seed, corpus)
    while trainer.done < config.steps:
        yield trainer.step()
