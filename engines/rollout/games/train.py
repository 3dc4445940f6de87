"""GRPO over whole rollouts: a group of games from each start, paid by mate alone.

1. sample    from each start play a group of G games to mate, a draw, or the end of the budget
2. reward    gamma ** (moves beyond those the start needs) if the learner mates, 0 otherwise
3. advantage A_i = r_i - mean(r), by default over std(r) + 0.05 (DeepSeekMath, arXiv:2402.03300); the same for each
             move of a rollout
4. update    ascend E[min(rho A, clip(rho, 1 - eps_low, 1 + eps_high) A)] over all moves, for two epochs

Positions that several rollouts share are read by the network once. Groups whose rewards all tie have no
advantage; they are counted, and some of their positions join the update for their entropy. An entropy bonus acts on all
positions whenever the smoothed entropy is below its target. No KL term: there is no reference policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.experiment.checkpoint import trainable
from stagelight.engines.rollout import grpo
from stagelight.engines.rollout.games.arena import repeat
from stagelight.engines.rollout.games.attacks import CASTLING
from stagelight.engines.rollout.games.corpus import Games, load
from stagelight.engines.rollout.games.curriculum import Frontier, arena_of, choose, moved
from stagelight.engines.rollout.games.opponents import FROZEN, RUNGS
from stagelight.engines.rollout.games.policy import Policy, ranges, take
from stagelight.engines.rollout.games.public import Public
from stagelight.engines.rollout.games.rollouts import Played, play
from stagelight.engines.rollout.games.rules import MATE


@dataclass(frozen=True)
class Config:
    """One run. The defaults are the published one."""

    budget: int = 8_000_000  # boards reached, by the learner and its opponents: the run's length in compute
    starts: str = "curriculum"  # or "uniform", "opening_only"
    # Opponents, in the order of how often an earlier run mated them from the opening.
    ladder: tuple[str, ...] = ("random", "greedy", "material_1", "careful", "frozen", "material_2")
    groups: int = 32  # starts of a step
    group_size: int = 16  # G, rollouts of one start
    gamma: float = 0.97  # for each move beyond those needed
    most_moves: int = 50  # the learner's, in a rollout
    baseline: str = "group"  # what a reward is compared with; "none" is REINFORCE
    standardise: bool = True  # divide advantages by std + 0.05
    epochs: int = 2
    minibatches: int = 2
    tied_kept: int = 512  # positions of tied groups that join the update for their entropy, at most
    eps_low: float = 0.2
    eps_high: float = 0.28
    learning_rate: float = 1e-3  # falls to a fiftieth over the last 30 % of the run
    entropy_coef: float = 0.2
    entropy_target: float = 0.8  # nats; falls to 0 over the last 30 % of the run
    threshold: float = 0.7  # success at the frontier that moves it
    patience: int = 60  # steps after which a frontier that is stuck moves, either way
    width: int = 256
    rank: int = 64  # of the scores of move features other than piece-to and from


@dataclass(frozen=True)
class Step:
    """What one step of training saw and did. Names follow TRL's GRPO metrics where there is one."""

    step: int  # steps done
    frontier: Frontier  # of the rollouts of this step
    reward: float
    reward_std: float  # mean over groups of the group's spread
    frac_reward_zero_std: float  # share of groups that tied
    clip_ratio: float  # share of moves whose ratio left the clip range
    entropy: float  # nats, mean over positions, before the update
    entropy_coef: float
    kl: float  # 0: there is no reference
    grad_norm: float  # before clipping to 1, mean over updates
    learning_rate: float
    mean_length: float  # the learner's moves in a rollout
    positions: int  # boards reached so far, by the learner and by its opponents; the run ends at the budget
    depth: NDArray[np.int64]  # (groups,) plies from mate of each start
    rung: NDArray[np.int64]  # (groups,) its opponent
    rewards: NDArray[np.float32]  # (groups, G)
    advantages: NDArray[np.float32]  # (groups, G)
    public: Mapping[str, NDArray[Any]]  # of the game in public, if there is one; see `games.public`


class Trainer:
    """The life of one run, with a game in public if asked for. `checkpoint` puts it down and takes it up again."""

    def __init__(self, config: Config, seed: int, games: Games, public: bool = False) -> None:
        self.config, self.seed, self.games, self.done, self.positions = config, seed, games, 0, 0
        self.policy = Policy(config.width, config.rank, torch.Generator().manual_seed(seed))
        self.optimiser = torch.optim.Adam(self.policy.parameters(), config.learning_rate)
        self.frontier, self.smooth_entropy = Frontier(), float("nan")
        self._kinds = np.array([RUNGS[name] for name in config.ladder], np.int8)
        self._rival = deepcopy(self.policy)  # a copy from when the frontier came to face one
        self._clip = grpo.Config(eps_low=config.eps_low, eps_high=config.eps_high)
        self.public = Public(config.most_moves) if public else None

    def tensors(self) -> dict[str, Tensor]:
        """The weights that are saved with a run."""
        return trainable("policy", self.policy)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What the next step depends on beside weights and optimiser: words and arrays."""
        words = {
            "done": self.done,
            "positions": self.positions,
            "frontier": asdict(self.frontier),
            "entropy": self.smooth_entropy,
        }
        rival = {f"rival_{name}": value.numpy() for name, value in self._rival.state_dict().items()}
        if self.public is None:
            return words, rival
        public, arrays = self.public.state()
        return words | {"public": public}, rival | arrays

    def restore(self, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take up what `state` gave."""
        self.done, self.positions, self.smooth_entropy = words["done"], words["positions"], words["entropy"]
        self.frontier = Frontier(**words["frontier"])
        self._rival.load_state_dict(
            {name: torch.from_numpy(arrays[f"rival_{name}"]) for name in self._rival.state_dict()}
        )
        if self.public is not None:
            self.public.restore(words["public"], arrays)

    @property
    def finished(self) -> bool:
        """Whether the budget is spent."""
        return self.positions >= self.config.budget

    def step(self) -> Step:
        """One GRPO step; its chance depends on the seed and its number only."""
        config, frontier, rng = self.config, self.frontier, np.random.default_rng((self.seed, self.done))
        fade = min(1.0, max(0.0, 1 - self.positions / config.budget) / 0.3)
        rate = config.learning_rate * max(fade, 0.02)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        depth, rung, at = choose(frontier, config.starts, len(config.ladder), config.groups, rng)
        public = self.public
        if public is not None and public.going:
            at[0], rung[0] = False, public.rung
        played, true = self._play(depth, rung, rng)
        shown = public.look(self.policy) if public is not None else None
        rewards = self._rewards(played, true)
        advantages = grpo.credit(rewards, config.baseline)
        if config.standardise:
            advantages /= rewards.std(axis=1, keepdims=True) + 0.05
        coef = self._entropy_coef(float(played.entropy.mean()), config.entropy_target * fade)
        clip_ratio, grad_norm = self._update(played, advantages.ravel(), coef, rng)
        self.done, self.positions = self.done + 1, self.positions + played.positions
        kept: dict[str, NDArray[Any]] = {}
        if public is not None and shown is not None:
            kept = public.follow(shown, public.look(self.policy), self._rival)
            first = played.seen.code[played.move[: config.group_size]]  # every rollout's first move, in order
            kept |= {"public_drawn": first, "public_reward": rewards[0], "public_advantage": advantages[0]}
        if config.starts == "curriculum":
            success = float((rewards[at] > 0).mean())
            self.frontier = moved(frontier, success, len(config.ladder), config.threshold, config.patience)
            if self.frontier.rung > frontier.rung and self._kinds[self.frontier.rung] == FROZEN:
                self._rival.load_state_dict(self.policy.state_dict())
        return Step(
            self.done, frontier, float(rewards.mean()), float(rewards.std(axis=1).mean()),
            float((rewards.std(axis=1) == 0).mean()), clip_ratio, float(played.entropy.mean()), coef, 0.0, grad_norm,
            rate, float(played.moves.mean()), self.positions, true, rung, rewards, advantages, kept,
        )  # fmt: skip

    def _play(
        self, depth: NDArray[np.int64], rung: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[Played, NDArray[np.int64]]:
        config = self.config
        arena, true = arena_of(self.games, depth, self._kinds[rung], rng)
        if self.public is not None:
            self.public.enter(arena, int(true[0]), int(rung[0]))
            true[0] = self.public.left
        arena = repeat(arena, config.group_size, int(rng.integers(2**62)))
        mirror = np.repeat(rng.random(len(depth)) < 0.5, config.group_size) & (arena.boards[:, CASTLING] == 0)
        if self.public is not None:
            mirror[: config.group_size] = False  # it is shown as it stands
        budget = np.minimum(2 * true + 4, config.most_moves).repeat(config.group_size)
        return play(self.policy, arena, mirror, budget, self._rival), true

    def _rewards(self, played: Played, depth: NDArray[np.int64]) -> NDArray[np.float32]:
        """(groups, G)"""
        needed = (np.minimum(depth, self.config.most_moves) + 1) // 2
        excess = np.maximum(played.moves.reshape(len(depth), -1) - needed[:, None], 0)
        won = (played.outcome == MATE).reshape(excess.shape)
        return np.asarray(won * self.config.gamma**excess, np.float32)

    def _entropy_coef(self, entropy: float, target: float) -> float:
        fresh = np.isnan(self.smooth_entropy)
        self.smooth_entropy = entropy if fresh else 0.9 * self.smooth_entropy + 0.1 * entropy
        return self.config.entropy_coef * max(0.0, 1 - self.smooth_entropy / target) if target > 0 else 0.0

    def _update(
        self, played: Played, advantage: NDArray[np.float32], coef: float, rng: np.random.Generator
    ) -> tuple[float, float]:
        """Epochs of minibatch ascent. advantage: (R,). Returns (clip ratio, gradient norm)."""
        config, clipped, norms = self.config, [], []
        carried = np.flatnonzero(advantage[played.rollout])
        useful = np.unique(played.position[carried])
        idle = np.setdiff1d(np.arange(len(played.seen)), useful, assume_unique=True)
        kept = np.concatenate([useful, rng.permutation(idle)[: config.tied_kept]])
        order = carried[np.argsort(played.position[carried], kind="stable")]
        starts = np.searchsorted(played.position[order], np.arange(len(played.seen) + 1))
        scale = config.minibatches / max(1, len(carried))
        for _ in range(config.epochs):
            for part in np.array_split(rng.permutation(kept), config.minibatches):
                if len(part) == 0:
                    continue
                seen = take(played.seen, part)
                inner, ends = ranges(starts, part)
                made = order[inner]
                offset = seen.move_at[:-1] - played.seen.move_at[part]
                at = played.move[made] + offset.repeat(np.diff(ends))
                logp = self.policy(seen)
                taken, old = logp[torch.from_numpy(at)], torch.from_numpy(played.old_logp[made])
                gain, left = grpo.objective(taken, old, torch.from_numpy(advantage[played.rollout[made]]), self._clip)
                bonus = -coef * (logp.exp() * logp).sum() / len(part)
                self.optimiser.zero_grad(set_to_none=False)
                (-(gain.sum() * scale + bonus)).backward()
                norms.append(float(torch.nn.utils.clip_grad_norm_(self.policy.parameters(), 1.0)))
                self.optimiser.step()
                clipped.append(float(left.float().mean()) if len(made) else 0.0)
        return float(np.mean(clipped)), float(np.mean(norms))


def run(config: Config, seed: int) -> Iterator[Step]:
    """Train from random weights on the committed corpus, one `Step` at a time."""
    trainer = Trainer(config, seed, load().train)
    while not trainer.finished:
        yield trainer.step()
