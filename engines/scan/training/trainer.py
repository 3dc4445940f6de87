"""A training run of a denoiser: AdamW, a warm-up and a fall of the rate, clipped gradients, an average of the weights.

The exponential moving average is what is published. A trainer is `experiment.training`'s.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stagelight.engines.experiment.checkpoint import Log, named
from stagelight.engines.experiment.training import append

RECENT = 100  # steps, over which a listener is told means


@dataclass(frozen=True)
class Config:
    """One run; each network's own adds to it."""

    steps: int = 6000
    batch: int = 4
    learning_rate: float = 1e-3  # after `warmup`; over the last third it falls to a fiftieth
    warmup: int = 100
    ema: float = 0.998
    clip: float = 1.0  # of the gradient's norm
    lossy: bool = True  # bfloat16 in the network's arithmetic, where the processor has it


@dataclass(frozen=True)
class Step:
    """What one step of training saw."""

    step: int  # done, 1 after the first
    figures: Mapping[str, float]  # the loss, and others by name
    grad_norm: float  # before clipping


class Trainer(ABC):
    """The life of one run."""

    def __init__(self, config: Config, seed: int, model: nn.Module) -> None:
        self.config, self.seed, self.model, self.done = config, seed, model, 0
        self.mean: nn.Module = deepcopy(model).requires_grad_(False)
        self.rng = np.random.default_rng(seed)
        self.torch_rng = torch.Generator().manual_seed(seed)
        self.optimiser = torch.optim.AdamW(
            model.parameters(), config.learning_rate, betas=(0.9, 0.99), weight_decay=0.01
        )

    @abstractmethod
    def loss(self) -> tuple[Tensor, dict[str, float]]:
        """The loss on the next batch, and figures to log beside it."""

    def step(self) -> Step:
        """One update."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * schedule(self.done, self.config)
        loss, figures = self.loss()
        self.optimiser.zero_grad(set_to_none=False)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip))
        if math.isfinite(norm):
            self.optimiser.step()
        self.done += 1
        keep = min(self.config.ema, (1 + self.done) / (10 + self.done))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.mean.parameters()), list(self.model.parameters()), 1 - keep)
        return Step(self.done, {"loss": float(loss.detach()), **figures}, norm)

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


def schedule(done: int, config: Config) -> float:
    """The share of the learning rate after so many steps."""
    if done < config.warmup:
        return (done + 1) / config.warmup
    left = (config.steps - done) / max(1, config.steps)
    return 0.02 + 0.98 * min(1.0, 3 * max(0.0, left))


def observe(step: Step, log: Log) -> Mapping[str, float]:
    """Log a step, and return means over the recent ones; a figure that a step has not is not a number there."""
    append(log, {**step.figures, "grad_norm": step.grad_norm})
    recent = {name: values[-RECENT:] for name, values in log.items()}
    return {name: float(np.nanmean(values)) for name, values in recent.items() if np.isfinite(values).any()}
