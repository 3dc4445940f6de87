"""PPO on the shared return: every choice of every worker is credited with what the whole village gained by it.

    delta_t = r_t + gamma Phi(s_t+1) - Phi(s_t) + gamma V(s_t+1) - V(s_t)
    A_t     = delta_t + gamma lambda A_t+1                                        (GAE; Schulman et al. 2016)
    L       = -mean min(rho A, clip(rho, 1 - eps, 1 + eps) A) - c H(pi) + (V - R)^2 / 2   (PPO; Schulman et al. 2017)

Time is the village's tick: a choice made at tick t has the advantage of tick t, however long its work takes. The critic
sees the whole village and exists in training only (MAPPO; Yu et al. 2022); the workers act on their own sight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stagelight.engines.experiment.checkpoint import trainable
from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios
from stagelight.engines.village.training.networks import Policy
from stagelight.engines.village.training.rollouts import FIRST_SEED, Batch, Cohort, collect


@dataclass(frozen=True)
class Config:
    """The published run."""

    scenarios: tuple[str, ...] = scenarios.TRAIN
    cohorts: int = 5
    villages: int = 40  # of each cohort
    length: int = 64  # ticks collected for an update
    updates: int = 800
    width: int = 128
    rate: float = 1e-3  # of Adam; falls to a tenth along a line
    epochs: int = 2
    minibatch: int = 1024
    clip_eps: float = 0.2
    entropy: float = 0.006  # weight of H; falls to a twentieth along a line
    gamma: float = 0.999  # a tick
    trace: float = 0.95  # lambda, a tick
    unit: float = 0.05  # of reward, a bread
    critic_first: int = 15  # updates in which the critic alone learns, after imitation


@dataclass(frozen=True)
class Step:
    """One update."""

    done: int  # updates so far
    returns: Mapping[str, float]  # of the episodes that ended, by scenario
    level: float  # they ended with
    entropy: float  # nats
    value_loss: float
    clip_ratio: float  # share of choices beyond the trust region
    choices: int


class Trainer:
    """A run that can be put down and taken up."""

    def __init__(self, config: Config, seed: int) -> None:
        self.config, self.seed, self.done = config, seed, 0
        self.generator = torch.Generator().manual_seed(seed)
        self.policy = Policy(config.width, self.generator)
        self.optimiser = torch.optim.Adam(self.policy.parameters(), lr=config.rate, eps=1e-5)
        size = config.villages
        first = FIRST_SEED * (1 + seed)
        self.cohorts = [
            Cohort.endless(config.scenarios, size, first + number * size, config.cohorts * size)
            for number in range(config.cohorts)
        ]
        self._waiting = [number * r.TICKS // config.cohorts // config.length for number in range(config.cohorts)]

    def step(self) -> Step:
        """Collect, and learn from it."""
        config = self.config
        left = 1 - self.done / config.updates
        for group in self.optimiser.param_groups:
            group["lr"] = config.rate * max(0.1, left)
        begun = [cohort for cohort, wait in zip(self.cohorts, self._waiting, strict=True) if self.done >= wait]
        batch, finished = collect(self.policy, begun, config.length, self.generator)
        advantage, target = self.credit(batch)
        acting = float(self.done >= config.critic_first)
        figures = self._learn(batch, advantage, target, acting, config.entropy * max(0.05, left))
        self.done += 1
        by = {name: [one.score for one in finished if one.scenario == name] for name in config.scenarios}
        levels = [one.level for one in finished]
        return Step(
            self.done,
            {name: float(np.mean(scores)) for name, scores in by.items() if scores},
            float(np.mean(levels)) if levels else float("nan"),
            *figures,
            len(batch.actions),
        )

    def credit(self, batch: Batch) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Advantages and targets of the critic, (T, B) each."""
        config = self.config
        with torch.no_grad():
            value = self.policy.value(torch.from_numpy(batch.outlooks.reshape(-1, batch.outlooks.shape[2])))
        values = value.numpy().reshape(batch.potential.shape)
        going = 1 - batch.ended.astype(np.float32)
        shaped = batch.rewards + config.gamma * going * batch.potential[1:] - batch.potential[:-1]
        delta = config.unit * shaped + config.gamma * going * values[1:] - values[:-1]
        advantage, last = np.empty_like(delta), np.zeros(delta.shape[1], np.float32)
        for tick in range(len(delta) - 1, -1, -1):
            last = delta[tick] + config.gamma * config.trace * going[tick] * last
            advantage[tick] = last
        return advantage, advantage + values[:-1]

    def _learn(
        self, batch: Batch, advantage: NDArray[np.float32], target: NDArray[np.float32], acting: float, bonus: float
    ) -> tuple[float, float, float]:
        """Some epochs over a batch; returns entropy, value loss and clip ratio of the last."""
        paid = torch.from_numpy(advantage.reshape(-1)[batch.at])
        paid = (paid - paid.mean()) / (paid.std() + 1e-6)
        features, masks = torch.from_numpy(batch.features), torch.from_numpy(batch.masks)
        actions, old = torch.from_numpy(batch.actions)[:, None], torch.from_numpy(batch.logp)
        seen = torch.from_numpy(batch.outlooks[:-1].reshape(target.size, -1))
        wanted = torch.from_numpy(target.reshape(-1))
        parts = max(1, len(actions) // self.config.minibatch)
        sums = torch.zeros(3)
        for _ in range(self.config.epochs):
            sums.zero_()
            pick = torch.randperm(len(actions), generator=self.generator).chunk(parts)
            look = torch.randperm(len(wanted), generator=self.generator).chunk(parts)
            for mine, whole in zip(pick, look, strict=True):
                sums += self._update(
                    features[mine],
                    masks[mine],
                    actions[mine],
                    old[mine],
                    paid[mine],
                    seen[whole],
                    wanted[whole],
                    acting,
                    bonus,
                )
        entropy, value_loss, clipped = (sums / parts).tolist()
        return entropy, value_loss, clipped

    def _update(
        self, features: Tensor, masks: Tensor, actions: Tensor, old: Tensor, paid: Tensor, seen: Tensor, wanted: Tensor,
        acting: float, bonus: float,
    ) -> Tensor:  # fmt: skip
        logp = self.policy.logp(features, masks)
        ratio = (logp.gather(1, actions)[:, 0] - old).exp()
        eps = self.config.clip_eps
        gain = torch.min(ratio * paid, ratio.clamp(1 - eps, 1 + eps) * paid).mean()
        entropy = -(logp.exp() * logp).sum(1).mean()
        value_loss = (self.policy.value(seen) - wanted).square().mean()
        self.optimiser.zero_grad()
        (acting * (-gain - bonus * entropy) + value_loss / 2).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.policy.parameters(), 1.0)
        self.optimiser.step()
        return torch.stack([entropy.detach(), value_loss.detach(), ((ratio - 1).abs() > eps).float().mean()])

    def tensors(self) -> dict[str, Tensor]:
        """The weights that are saved with a run."""
        return trainable("policy", self.policy)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What else the next step depends on: words for JSON, and arrays."""
        arrays = {"generator": self.generator.get_state().numpy()}
        for number, cohort in enumerate(self.cohorts):
            arrays |= {f"cohort{number}.{name}": value for name, value in cohort.state().items()}
        return {"done": self.done}, arrays

    def restore(self, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take up what `state` gave."""
        self.done = int(words["done"])
        self.generator.set_state(torch.from_numpy(arrays["generator"]))
        for number, cohort in enumerate(self.cohorts):
            prefix = f"cohort{number}."
            cohort.restore({k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)})


def run(config: Config, seed: int) -> Iterator[Step]:
    """Train; yields every update."""
    torch.set_num_threads(1)
    trainer = Trainer(config, seed)
    while trainer.done < config.updates:
        yield trainer.step()
