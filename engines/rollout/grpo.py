"""Group relative policy optimisation on mate in one, from scratch.

One step, after DeepSeekMath (arXiv:2402.03300, section 4.1):

1. sample    from each start position draw a group of G moves from the policy
2. reward    the verifier pays r_i = 1 for checkmate, 0 otherwise
3. advantage A_i = r_i - mean(r); no division by the group's spread (Dr. GRPO, arXiv:2503.20783)
4. update    ascend E[min(rho A, clip(rho, 1 - eps_low, 1 + eps_high) A)], rho = pi(a|s) / pi_old(a|s)

Groups whose rewards all tie have no advantage; they are counted, and fresh starts are drawn in their place
(dynamic sampling, DAPO, arXiv:2503.14476) up to a limit. The loss is averaged with a constant normaliser, so
a step with fewer useful groups is a smaller step. An entropy bonus acts on all visited states, tied ones
included, whenever the smoothed entropy falls below its target; without it the policy collapses. There is no
KL term: there is no reference policy to stay near, the run starts from random weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.experiment.checkpoint import trainable
from stagelight.engines.rollout.encoding import Table
from stagelight.engines.rollout.policy import Batch, Policy, entropy, gather


@dataclass(frozen=True)
class Config:
    """One run. The defaults are the published one."""

    steps: int = 1500
    group_size: int = 8  # G, rollouts of one start
    groups: int = 128  # untied groups wanted in a step
    visit_limit: int = 512  # starts sampled in a step at most
    tied_kept: int = 64  # tied starts that join the update for their entropy
    epochs: int = 2  # passes over a step's groups, so that clipping acts
    minibatches: int = 2  # optimiser updates in a pass
    eps_low: float = 0.2
    eps_high: float = 0.28
    learning_rate: float = 5e-4  # falls linearly to a fiftieth
    entropy_coef: float = 0.2
    entropy_target: float = 0.8  # nats; falls to 0 over the last 30 % of the run
    baseline: str = "group"  # what a reward is compared with; "none" is REINFORCE
    width: int = 128
    query_width: int = 128


@dataclass(frozen=True)
class Groups:
    """Rollouts of B starts, G each, in the order they were sampled."""

    index: NDArray[np.int64]  # (B,) rows of the table
    mirror: NDArray[np.bool_]  # (B,) seen left-right reversed
    move: NDArray[np.int64]  # (B, G) which legal move of the start was played
    reward: NDArray[np.float32]  # (B, G)
    advantage: NDArray[np.float32]  # (B, G)
    old_logp: NDArray[np.float32]  # (B, G)


@dataclass(frozen=True)
class Step:
    """What one step of training saw and did. Names follow TRL's GRPO metrics where there is one."""

    step: int  # steps done, 1 after the first; each is epochs x minibatches optimiser updates
    reward: float  # mean over all rollouts of the step
    reward_std: float  # mean over groups of the group's spread
    frac_reward_zero_std: float  # share of groups that tied
    visited: int  # starts sampled
    used: int  # untied groups that carried the update
    entropy: float  # nats, mean over visited states, before the update
    entropy_coef: float
    clip_ratio: float  # share of rollouts whose ratio left the clip range
    grad_norm: float  # before clipping to 1, mean over updates
    learning_rate: float
    groups: Groups  # the untied groups of this step
    tied: Groups  # the tied ones that were kept for their entropy


def advantages(reward: NDArray[np.float32]) -> NDArray[np.float32]:
    """A_i = r_i - mean(r) within each group. reward: (B, G); each row of the result sums to 0."""
    return np.asarray(reward - reward.mean(axis=1, keepdims=True), np.float32)


def credit(reward: NDArray[np.float32], baseline: str) -> NDArray[np.float32]:
    """The advantages under a named baseline: of "none", the rewards themselves (REINFORCE). reward: (B, G)."""
    return advantages(reward) if baseline == "group" else reward


def sample(logp: Tensor, batch: Batch, group_size: int, generator: torch.Generator) -> Tensor:
    """Draw G legal moves for each start, with replacement: (B, G), counted from the start's first move.

    Inverse transform on the running sum of probabilities over the whole batch.
    """
    positions = len(batch.start)
    ends = torch.cumsum(logp.double().exp(), 0)
    begins = torch.cat((torch.zeros(1, dtype=torch.float64), ends))[batch.start]
    last = torch.cat((batch.start[1:], torch.tensor([len(logp)]))) - 1
    spread = ends[last] - begins
    draw = torch.rand((positions, group_size), generator=generator, dtype=torch.float64)
    hit = torch.searchsorted(ends, begins[:, None] + draw * spread[:, None], right=True)
    return torch.minimum(hit, last[:, None]).clamp_min(batch.start[:, None]) - batch.start[:, None]


def objective(logp: Tensor, old_logp: Tensor, advantage: Tensor, config: Config) -> tuple[Tensor, Tensor]:
    """The clipped surrogate of each rollout, and whether its ratio left the range. All (B, G)."""
    ratio = (logp - old_logp).exp()
    clipped = ratio.clamp(1 - config.eps_low, 1 + config.eps_high)
    return torch.minimum(ratio * advantage, clipped * advantage), ratio != clipped


class Trainer:
    """The life of one run: weights, optimiser, random streams. `checkpoint` puts it down and takes it up again."""

    def __init__(self, config: Config, seed: int, table: Table, starts: int | None = None) -> None:
        self.config, self.seed, self.table, self.done = config, seed, table, 0
        self.starts = len(table) if starts is None else starts  # rows that are drawn; later ones only by name
        self.torch_rng = torch.Generator().manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        self.policy = Policy(config.width, config.query_width, self.torch_rng)
        self.optimiser = torch.optim.Adam(self.policy.parameters(), config.learning_rate)
        self.queue = np.empty(0, np.int64)
        self.smooth_entropy = float("nan")

    def tensors(self) -> dict[str, Tensor]:
        """The weights that are saved with a run."""
        return trainable("policy", self.policy)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What the next step depends on beside weights and optimiser: words and arrays."""
        words = {"done": self.done, "rng": self.rng.bit_generator.state, "smooth_entropy": self.smooth_entropy}
        return words, {"torch_rng": self.torch_rng.get_state().numpy(), "queue": self.queue}

    def restore(self, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take up what `state` gave."""
        self.done, self.smooth_entropy = int(words["done"]), float(words["smooth_entropy"])
        self.rng.bit_generator.state = words["rng"]
        self.torch_rng.set_state(torch.from_numpy(arrays["torch_rng"]))
        self.queue = arrays["queue"]

    def step(self, first: int | None = None) -> Step:
        """One GRPO step. `first`, a row of the table, is then the first start visited."""
        config, progress = self.config, self.done / self.config.steps
        rate = config.learning_rate * (1 - 0.98 * progress)
        target = config.entropy_target * min(1.0, (1 - progress) / 0.3)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        useful, tied, rollouts, mean_entropy = self._visit(first)
        self.smooth_entropy = (
            mean_entropy if np.isnan(self.smooth_entropy) else 0.9 * self.smooth_entropy + 0.1 * mean_entropy
        )
        coef = config.entropy_coef * max(0.0, 1 - self.smooth_entropy / target) if target > 0 else 0.0
        clip_ratio, grad_norm = self._update(useful, tied, coef)
        self.done += 1
        visited = len(rollouts)
        return Step(
            step=self.done,
            reward=float(rollouts.mean()),
            reward_std=float(rollouts.std(axis=1).mean()),
            frac_reward_zero_std=float((rollouts.std(axis=1) == 0).mean()),
            visited=visited,
            used=len(useful.index),
            entropy=mean_entropy,
            entropy_coef=coef,
            clip_ratio=clip_ratio,
            grad_norm=grad_norm,
            learning_rate=rate,
            groups=useful,
            tied=tied,
        )

    def _draw(self, count: int) -> NDArray[np.int64]:
        """The next starts: the training positions in a fresh random order each time round."""
        while len(self.queue) < count:
            self.queue = np.concatenate([self.queue, self.rng.permutation(self.starts)])
        drawn, self.queue = self.queue[:count].copy(), self.queue[count:]
        return drawn

    def _visit(self, first: int | None) -> tuple[Groups, Groups, NDArray[np.float32], float]:
        """Sample groups until enough are untied. Returns (untied, tied kept, every reward, mean entropy)."""
        config, untied = self.config, 0
        parts: list[Groups] = []
        entropies: list[NDArray[np.float32]] = []
        while untied < config.groups and sum(len(p.index) for p in parts) < config.visit_limit:
            index = self._draw(config.groups)
            if first is not None:  # once, at the front
                index = np.concatenate([np.full(0 if parts else 1, first), index[index != first]])
            mirror = (self.rng.random(len(index)) < 0.5) & self.table.mirrors[index]
            mirror[index == first] = False
            part, entropy_of = self.rollouts(index, mirror)
            untied += int((part.reward.std(axis=1) > 0).sum())
            parts.append(part)
            entropies.append(entropy_of)
        every = Groups(*(np.concatenate([getattr(p, name) for p in parts]) for name in Groups.__dataclass_fields__))
        spread = every.reward.std(axis=1) > 0
        useful = take(every, np.flatnonzero(spread)[: config.groups])
        tied = take(every, np.flatnonzero(~spread)[: config.tied_kept])
        return useful, tied, every.reward, float(np.concatenate(entropies).mean())

    def rollouts(self, index: NDArray[np.int64], mirror: NDArray[np.bool_]) -> tuple[Groups, NDArray[np.float32]]:
        """Sample and pay one group from each start; also the entropy of each start, (B,)."""
        batch = gather(self.table, index, mirror)
        with torch.no_grad():
            logp = self.policy(batch)
            move = sample(logp, batch, self.config.group_size, self.torch_rng)
            old_logp = logp[batch.start[:, None] + move]
            spread = entropy(logp, batch.owner, len(index))
        played = move.numpy()
        reward = self.table.mates[self.table.move_at[index][:, None] + played].astype(np.float32)
        advantage = credit(reward, self.config.baseline)
        return Groups(index, mirror, played, reward, advantage, old_logp.numpy()), spread.numpy()

    def _update(self, useful: Groups, tied: Groups, coef: float) -> tuple[float, float]:
        """Epochs of minibatch ascent on the clipped objective plus the entropy bonus."""
        config, clipped, norms = self.config, [], []
        both = Groups(*(np.concatenate([getattr(useful, n), getattr(tied, n)]) for n in Groups.__dataclass_fields__))
        scale = config.minibatches / (config.groups * config.group_size)
        for _ in range(config.epochs):
            order = self.rng.permutation(len(both.index))
            for part in np.array_split(order, config.minibatches):
                if len(part) == 0:
                    continue
                groups = take(both, part)
                batch = gather(self.table, groups.index, groups.mirror)
                logp = self.policy(batch)
                taken = logp[batch.start[:, None] + torch.from_numpy(groups.move)]
                advantage = torch.from_numpy(groups.advantage)
                gain, left = objective(taken, torch.from_numpy(groups.old_logp), advantage, config)
                bonus = coef * entropy(logp, batch.owner, len(part)).mean()
                loss = -(gain.sum() * scale + bonus)
                self.optimiser.zero_grad(set_to_none=False)
                loss.backward()  # type: ignore[no-untyped-call]
                norms.append(float(torch.nn.utils.clip_grad_norm_(self.policy.parameters(), 1.0)))
                self.optimiser.step()
                carried = advantage.abs().sum(1) > 0
                clipped.append(float(left[carried].float().mean()) if bool(carried.any()) else 0.0)
        return float(np.mean(clipped)), float(np.mean(norms))


def take(groups: Groups, rows: NDArray[np.int64]) -> Groups:
    """Some groups of many."""
    return Groups(*(getattr(groups, name)[rows] for name in Groups.__dataclass_fields__))


def run(config: Config, seed: int, table: Table) -> Iterator[Step]:
    """Train from random weights, one `Step` at a time."""
    trainer = Trainer(config, seed, table)
    while trainer.done < config.steps:
        yield trainer.step()


def solve_rate(policy: Policy, table: Table, size: int = 512) -> float:
    """Share of positions whose most probable move checkmates."""
    return float(np.mean(best_moves_mate(policy, table, size)))


def best_moves_mate(policy: Policy, table: Table, size: int = 512) -> NDArray[np.bool_]:
    """(N,) whether the policy's most probable move mates."""
    found = []
    for start in range(0, len(table), size):
        index = np.arange(start, min(start + size, len(table)))
        batch = gather(table, index, np.zeros(len(index), np.bool_))
        with torch.no_grad():
            logp = policy(batch).numpy()
        best = [chunk.argmax() for chunk in np.split(logp, batch.start.numpy()[1:])]
        found.append(table.mates[table.move_at[index] + np.array(best)])
    return np.concatenate(found)
