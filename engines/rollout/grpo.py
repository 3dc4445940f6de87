"""Group relative policy optimisation, from random weights to whole games of chess, paid by mate alone.

One step, after DeepSeekMath (arXiv:2402.03300, section 4.1):

1. sample    from each start play a group of G games to mate, a draw, or the end of the budget
2. reward    r = discount ** (moves beyond the needed) if the learner mates within the budget, 0 otherwise
3. advantage A_i = r_i - mean(r), the same for each move of a rollout; no division by the group's spread (Dr. GRPO,
             arXiv:2503.20783), which is an option here
4. update    ascend E[min(rho A, clip(rho, 1 - eps_low, 1 + eps_high) A)], rho = pi(a|s) / pi_old(a|s), over all moves,
             for `epochs` passes; the mean is over the moves that have an advantage, the same for each of a short and
             of a long rollout (Dr. GRPO, DAPO), in fixed shares for mates, endings and games

Groups whose rewards all tie have no advantage; they are counted, and some of their positions join the update for their
entropy. An entropy bonus acts on all positions whenever the smoothed entropy is below its target; without it the
policy collapses. There is no KL term: there is no reference policy, the run starts from random weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.experiment.checkpoint import trainable
from stagelight.engines.rollout.curriculum import FAMILY, Curriculum, Rule
from stagelight.engines.rollout.policy import Policy
from stagelight.engines.rollout.rollouts import Minibatch, Visits, minibatches, play
from stagelight.engines.rollout.starts import CELLS, Batch, Starts, discount, join
from stagelight.engines.rollout.training_game import TrainingGame

ADVANTAGES = ("mean", "spread", "leave_one_out", "none", "value")


@dataclass(frozen=True)
class Config:
    """One run. The defaults are the published one."""

    boards: int = 96_000_000  # positions reached, by the learner and its opponents: the run's length in compute
    group_size: int = 16  # G, rollouts of one start
    draws: int = 48  # cells drawn in a step, at most: the first step draws two, and one more every `growth` steps
    growth: int = 4
    positions_of_draw: int = 96  # a drawn cell gives as many starts as lead to so many distinct positions, on average
    # "mean": r - mean(r); "spread" divides that by std + 0.05; "leave_one_out": r - mean of the others (RLOO); "none":
    # r itself (REINFORCE); "value": r - V(s), with V learnt (PPO), see `ppo`
    advantage: str = "mean"
    epochs: int = 2  # passes over a step's moves, so that clipping acts
    minibatch: int = 1024  # positions of an optimiser update, at most
    idle: int = 512  # positions without an advantage that join a pass for their entropy
    eps_low: float = 0.2
    eps_high: float = 0.28
    learning_rate: float = 1e-3  # falls to a fiftieth
    entropy_coef: float = 0.5
    entropy_target: float = 0.8  # nats; falls to 0
    fall: float = 0.5  # the last share of the run, over which both fall along a line
    flags: bool = True  # whether the policy is told what a move's check, attack and defence flags say
    width: int = 256
    rank: int = 64  # of the scores of move features other than piece-to and from
    rule: Rule = field(default_factory=Rule)


@dataclass(frozen=True)
class Step:
    """One step of training. Names follow TRL's GRPO metrics where there is one."""

    step: int  # steps done, 1 after the first; each is some optimiser updates
    boards: int  # positions reached so far, by the learner and by its opponents; the run ends at `Config.boards`
    reward: float  # mean over all rollouts of the step
    reward_std: float  # mean over groups of the group's spread
    frac_reward_zero_std: float  # share of groups that tied
    clip_ratio: float  # share of moves whose ratio left the clip range
    entropy: float  # nats, mean over positions, before the update
    entropy_coef: float
    grad_norm: float  # before clipping to 1, mean over updates
    learning_rate: float
    mean_length: float  # the learner's moves in a rollout
    cell: NDArray[np.int64]  # (groups,) index into `starts.CELLS`
    rewards: NDArray[np.float32]  # (groups, G)
    advantages: NDArray[np.float32]  # (groups, G)
    visits: Visits
    game: Mapping[str, NDArray[Any]]  # of the game in public, if there is one; see `training_game`


def advantages(reward: NDArray[np.float32], kind: str = "mean") -> NDArray[np.float32]:
    """A_i = r_i - mean(r) within each group, (B, G): each row sums to 0. kind: see `Config.advantage`."""
    if kind not in ADVANTAGES:
        raise ValueError(f"advantage is {kind!r}, wanted one of {', '.join(ADVANTAGES)}")
    if kind in {"none", "value"}:
        return reward
    centred = reward - reward.mean(axis=1, keepdims=True)
    if kind == "leave_one_out":
        centred = centred * (reward.shape[1] / (reward.shape[1] - 1))
    if kind == "spread":
        centred = centred / (reward.std(axis=1, keepdims=True) + 0.05)
    return np.asarray(centred, np.float32)


def clipped_objective(logp: Tensor, batch: Minibatch, config: Config) -> tuple[Tensor, Tensor]:
    """min(rho A, clip(rho) A) of each move of a minibatch, and whether its ratio rho left the clip range; (n,) each."""
    ratio = (logp[batch.move] - batch.old_logp).exp()
    clipped = ratio.clamp(1 - config.eps_low, 1 + config.eps_high)
    return torch.minimum(ratio * batch.weight, clipped * batch.weight), ratio.detach() != clipped.detach()


class Trainer:
    """The life of one run, with a game in public or without. `experiment.checkpoint` saves and restores it."""

    def __init__(self, config: Config, seed: int, starts: Starts, game: TrainingGame | None = None) -> None:
        self.config, self.seed, self.starts, self.game = config, seed, starts, game
        self.steps, self.done, self.smooth_entropy = 0, 0, float("nan")
        self.policy = Policy(config.width, config.rank, torch.Generator().manual_seed(seed), config.flags)
        self.optimiser = torch.optim.Adam(self.policy.parameters(), config.learning_rate)
        self.curriculum = Curriculum(config.rule)
        # (C,) moving average of the distinct positions of a group; at first as many as there can be
        self.reach = np.array([1 + config.group_size * (cell.most_moves - 1.0) for cell in CELLS])

    def step(self) -> Step:
        """One GRPO step; its chance depends on the seed and its number only."""
        config, rng = self.config, np.random.default_rng((self.seed, self.steps))
        fade = min(1.0, max(0.0, 1 - self.done / config.boards) / config.fall)
        for group in self.optimiser.param_groups:
            group["lr"] = rate = config.learning_rate * max(fade, 0.02)
        cell, batch = self._draw(rng)
        visits = play(
            self.policy,
            batch.environment.repeat(config.group_size, int(rng.integers(2**62))),
            batch.budget.repeat(config.group_size),
        )
        reward = rewards(visits, batch.needed)
        advantage = advantages(reward, config.advantage)
        coef = self._entropy_coef(float(visits.entropy.mean()), config.entropy_target * fade)
        before = self.game.probe(self.policy) if self.game else None
        weight = self._balance(cell, visits, self._credit(visits, advantage))
        clip_ratio, grad_norm = self._update(visits, weight, coef, rng)
        shown = self.game.record(before, self.policy, visits, reward[0], advantage[0]) if self.game and before else {}
        self._observe(cell, visits)
        spread = reward.std(axis=1)
        return Step(
            self.steps, self.done, float(reward.mean()), float(spread.mean()), float((spread == 0).mean()), clip_ratio,
            float(visits.entropy.mean()), coef, grad_norm, rate, float(visits.moves.mean()), cell, reward, advantage,
            visits, shown,
        )  # fmt: skip

    def _draw(self, rng: np.random.Generator) -> tuple[NDArray[np.int64], Batch]:
        """The starts of a step, the game in public first, and the cell of each."""
        draws = min(self.config.draws, 2 + self.steps // self.config.growth)
        cells, times = np.unique(self.curriculum.draw(draws, rng), return_counts=True)
        wanted = times * self.config.positions_of_draw / self.reach[cells]
        counts = np.floor(wanted + rng.random(len(cells))).astype(np.int64)  # rounded by chance: right on average
        cells, counts = (cells[counts > 0], counts[counts > 0]) if counts.any() else (cells[:1], np.ones(1, np.int64))
        drawn = [self.starts.draw(CELLS[cell], count, rng) for cell, count in zip(cells, counts, strict=True)]
        if self.game is None:
            return cells.repeat(counts), join(drawn)
        frontier = CELLS.index(self.curriculum.frontier)
        shown = self.game.enter(frontier, self.starts.draw(CELLS[frontier], 1, rng))
        return np.concatenate([[self.game.cell], cells.repeat(counts)]), join([shown, *drawn])

    def _credit(self, visits: Visits, advantage: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N,) the weight of each move: the advantage of its rollout. advantage: (groups, G)."""
        return advantage.ravel()[visits.rollout]

    def _balance(self, cell: NDArray[np.int64], visits: Visits, weight: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scale the weights, (N,), so that each family of starts has its share of the moves that have one."""
        family, useful = FAMILY[cell][visits.rollout // self.config.group_size], weight != 0
        count = np.bincount(family[useful], minlength=3)
        share = np.where(count > 0, self.config.rule.shares, 0.0)
        if not count.any():
            return weight
        factor = share / share.sum() * count.sum() / np.maximum(count, 1)
        return np.asarray(weight * factor[family], np.float32)

    def _update(
        self, visits: Visits, weight: NDArray[np.float32], coef: float, rng: np.random.Generator
    ) -> tuple[float, float]:
        """Passes of minibatch ascent. weight: (N,). Returns (clip ratio, gradient norm)."""
        config, clipped, norms = self.config, [0.0], [0.0]
        scale = 1 / max(1, int(np.count_nonzero(weight)))
        for _ in range(config.epochs):
            for batch, share in minibatches(visits, weight, config.minibatch, config.idle, rng):
                logp = self.policy(batch.observation)
                gain, left = clipped_objective(logp, batch, config)
                entropy = -(logp.exp() * logp).sum() / len(batch.observation)
                self.optimiser.zero_grad(set_to_none=False)
                (-(scale / share * gain.sum() + coef * entropy)).backward()
                norms.append(float(torch.nn.utils.clip_grad_norm_(self.policy.parameters(), 1.0)))
                self.optimiser.step()
                clipped.append(float(left.float().mean()) if len(left) else 0.0)
        updates = max(1, len(norms) - 1)
        return float(np.sum(clipped) / updates), float(np.sum(norms) / updates)

    def _entropy_coef(self, entropy: float, target: float) -> float:
        """The weight of the entropy bonus: in proportion to what the smoothed entropy lacks of its target."""
        fresh = np.isnan(self.smooth_entropy)
        self.smooth_entropy = entropy if fresh else 0.5 * self.smooth_entropy + 0.5 * entropy
        return self.config.entropy_coef * max(0.0, 1 - self.smooth_entropy / target) if target > 0 else 0.0

    def _observe(self, cell: NDArray[np.int64], visits: Visits) -> None:
        """Count the step, and note what happened in each cell; the game in public is no fair draw of its own."""
        self.steps, self.done = self.steps + 1, self.done + visits.boards
        mated, reach = visits.mated.reshape(len(cell), -1).mean(axis=1), visits.distinct(self.config.group_size)
        if self.game is not None:
            cell, mated, reach = cell[1:], mated[1:], reach[1:]
        self.curriculum.observe(cell, mated)
        for index in np.unique(cell):
            self.reach[index] += 0.2 * (float(reach[cell == index].mean()) - self.reach[index])

    def tensors(self) -> dict[str, Tensor]:
        """The weights that are saved with a run."""
        return trainable("policy", self.policy)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """The state that the next step depends on beside weights and optimiser: words and arrays."""
        words = {"steps": self.steps, "done": self.done, "entropy": self.smooth_entropy}
        arrays = {"success": self.curriculum.success, "open": self.curriculum.open, "reach": self.reach}
        if self.game is None:
            return words, arrays
        game, boards = self.game.state()
        return words | {"game": game}, arrays | boards

    def restore(self, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Set what `state` returned."""
        self.steps, self.done, self.smooth_entropy = words["steps"], words["done"], words["entropy"]
        self.curriculum.success, self.curriculum.open = arrays["success"].copy(), arrays["open"].copy()
        self.reach = arrays["reach"].copy()
        if self.game is not None:
            self.game.restore(words["game"], arrays)


def rewards(visits: Visits, needed: NDArray[np.int64]) -> NDArray[np.float32]:
    """(B, G) what the verifier pays: discount ** (moves beyond the needed) for mate, else 0. needed: (B,)."""
    moves, mated = (each.reshape(len(needed), -1) for each in (visits.moves, visits.mated))
    excess = np.maximum(moves - needed[:, None], 0)
    return np.asarray(mated * discount(needed)[:, None] ** excess, np.float32)


def run(config: Config, seed: int) -> Iterator[Step]:
    """Train from random weights on the committed positions and games, one `Step` at a time."""
    trainer = Trainer(config, seed, Starts(held_out=False))
    while trainer.done < config.boards:
        yield trainer.step()
