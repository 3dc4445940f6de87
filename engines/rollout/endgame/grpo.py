"""GRPO on whole endings, each game against a defender that never errs.

One step:

1. sample    from each of B starts G games, each to mate, draw or its budget of moves
2. reward    discount^(moves beyond the distance to mate) for a mate, 0 otherwise
3. advantage A_i = r_i - mean(r), over the group's spread if so configured; it counts for each move of the game
4. update    ascend the clipped surrogate, see `stagelight.engines.rollout.grpo`, plus an entropy bonus

Games of a step share positions. All visits of one move of one position have the same ratio rho, so the sum over
them is P min(rho, 1 + eps_high) + N max(rho, 1 - eps_low), with P and N the sums of their positive and negative
advantages: the network sees each position once, and the objective is exactly that of all the visits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.experiment.checkpoint import trainable
from stagelight.engines.rollout.endgame import curriculum, environment
from stagelight.engines.rollout.endgame.curriculum import Frontier, Starts
from stagelight.engines.rollout.endgame.geometry import compiled
from stagelight.engines.rollout.endgame.policy import Batch, Policy, batch, entropy, join, take
from stagelight.engines.rollout.endgame.tables import MATED, solve


@dataclass(frozen=True)
class Config:
    """One run."""

    ending: str = "krk"  # of tables.ENDINGS
    budget: int = 4_000_000  # distinct states learnt from, summed over steps: the run's length in compute
    starts: str = "curriculum"  # of curriculum.MODES
    baseline: str = "group"  # or "none": REINFORCE
    normalise: str = "std"  # or "none"
    groups: int = 32  # B, starts in a step
    group_size: int = 32  # G, games from each
    epochs: int = 2  # passes over a step's states, so that clipping acts
    eps_low: float = 0.2
    eps_high: float = 0.28
    discount: float = 0.95
    move_limit: int = 50  # a game's budget is 2 * distance + 4 moves, at most this
    learning_rate: float = 1e-3  # falls to a fiftieth over the last 30 % of the run
    entropy_coef: float = 0.2  # at first; x 1.02 or x 0.98 a step, towards the target
    entropy_floor: float = 0.02  # least coefficient
    entropy_target: float = 0.8  # nats over visited states; falls to 0 over the last 30 %
    advance: float = 0.7  # smoothed success at which the frontier moves on
    patience: int = 200  # steps at one frontier before it steps back
    width: int = 256


@dataclass(frozen=True)
class Step:
    """What one step saw and did. Names follow TRL's GRPO metrics where there is one."""

    step: int  # steps done, 1 after the first
    learnt: int  # distinct states learnt from so far; the run ends at the budget
    visited: int  # moves played in this step's games
    distinct: int  # states the network saw
    depth: int  # the frontier, moves to mate; longest + 1 when passed
    success: float  # smoothed success at the frontier, nan just after it moved
    mated: float  # share of games that ended in mate
    reward: float  # mean over games
    reward_std: float  # mean over groups of the group's spread
    frac_reward_zero_std: float  # share of groups that tied
    mean_length: float  # moves a game
    entropy: float  # nats, mean over visited states, before the update
    entropy_coef: float
    clip_ratio: float  # share of visits whose ratio left the clip range, mean over epochs
    grad_norm: float  # before clipping to 1, mean over epochs
    learning_rate: float
    start: NDArray[np.int64]  # (B,) codes
    rewards: NDArray[np.float32]  # (B, G)
    advantage: NDArray[np.float32]  # (B, G)


@dataclass(frozen=True)
class Games:
    """The games of a step, in the order played. V visits in all."""

    states: NDArray[np.int64]  # (S,) distinct, in the order first met
    inputs: Batch  # of those states
    logp: Tensor  # (S, A) as they were played from
    row: NDArray[np.int64]  # (V,) which state
    action: NDArray[np.int64]  # (V,)
    game: NDArray[np.int64]  # (V,)
    moves: NDArray[np.int64]  # (games,) length
    mated: NDArray[np.bool_]  # (games,)


@compiled
def _pick(rows: NDArray[np.int64], probability: NDArray[np.float32], draw: NDArray[np.float64]) -> NDArray[np.int64]:
    """An action for each row by inverse transform."""
    actions = np.zeros(len(rows), np.int64)
    for i, row in enumerate(rows):
        left = draw[i] * np.float64(probability[row].sum())
        for action in range(probability.shape[1]):
            if probability[row, action] > 0:
                actions[i] = action
                left -= probability[row, action]
                if left < 0:
                    break
    return actions


def advantages(reward: NDArray[np.float32], baseline: str, normalise: str) -> NDArray[np.float32]:
    """(B, G) -> (B, G): each row sums to 0 under the group baseline."""
    centred = reward - reward.mean(axis=1, keepdims=True) if baseline == "group" else reward
    spread = reward.std(axis=1, keepdims=True) + 0.05 if normalise == "std" else 1.0
    return np.asarray(centred / spread, np.float32)


def surrogate(logp: Tensor, old_logp: Tensor, gain: Tensor, loss: Tensor, config: Config) -> Tensor:
    """The clipped objective summed over all visits of each move. gain >= 0 >= loss: summed advantages."""
    ratio = (logp - old_logp).exp()
    return gain * ratio.clamp(max=1 + config.eps_high) + loss * ratio.clamp(min=1 - config.eps_low)


class Trainer:
    """The life of one run: weights, optimiser, frontier, random stream."""

    def __init__(self, config: Config, seed: int) -> None:
        choices = {"starts": curriculum.MODES, "baseline": ("group", "none"), "normalise": ("std", "none")}
        for name, allowed in choices.items():
            if getattr(config, name) not in allowed:
                raise ValueError(f"{name} is {getattr(config, name)!r}: choose one of {', '.join(allowed)}")
        self.config, self.seed, self.done, self.learnt = config, seed, 0, 0
        self.ending = solve(config.ending)
        self.starts, self.held_out = Starts(self.ending), curriculum.held_out(self.ending)
        self.rng = np.random.default_rng(seed)
        self.policy = Policy(self.ending.planes, config.width, torch.Generator().manual_seed(seed))
        self.optimiser = torch.optim.Adam(self.policy.parameters(), config.learning_rate)
        self.frontier = Frontier()
        self.coef, self.smooth_entropy = config.entropy_coef, float("nan")
        self._slot = np.full(len(self.ending.white), -1, np.int32)  # a state's row among this step's; scratch

    def tensors(self) -> dict[str, Tensor]:
        """The weights that are saved with a run."""
        return trainable("policy", self.policy)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What the next step depends on beside weights and optimiser: words and arrays."""
        return {
            "done": self.done, "learnt": self.learnt, "frontier": asdict(self.frontier), "coef": self.coef,
            "smooth_entropy": self.smooth_entropy, "rng": self.rng.bit_generator.state,
        }, {}  # fmt: skip

    def restore(self, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take up what `state` gave."""
        self.done, self.learnt, self.frontier = words["done"], words["learnt"], Frontier(**words["frontier"])
        self.coef, self.smooth_entropy = words["coef"], words["smooth_entropy"]
        self.rng.bit_generator.state = words["rng"]

    @property
    def finished(self) -> bool:
        """Whether the budget is spent."""
        return self.learnt >= self.config.budget

    def step(self) -> Step:
        """One GRPO step."""
        config = self.config
        left = min(1.0, max(0.0, 1 - self.learnt / config.budget) / 0.3)
        rate = config.learning_rate * (0.02 + 0.98 * left)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        start = self.starts.draw(self.rng, config.groups, config.starts, self.frontier.depth)
        games = self.play(np.repeat(start, config.group_size))
        distance = np.repeat(self.ending.white[start].astype(np.int64), config.group_size)
        paid = np.where(games.mated, config.discount ** (games.moves - distance), 0).astype(np.float32)
        reward = paid.reshape(config.groups, config.group_size)
        advantage = advantages(reward, config.baseline, config.normalise)
        depth = self.frontier.depth
        spread = float(entropy(games.logp).mean())
        self._damp(spread, left)
        clip_ratio, grad_norm, used = self._update(games, advantage.ravel()[games.game])
        if config.starts == "curriculum":
            share = games.mated[: len(games.mated) // 2].mean()
            self.frontier.observe(float(share), self.ending.longest, config.advance, config.patience)
        self.done, self.learnt = self.done + 1, self.learnt + used
        return Step(
            step=self.done, learnt=self.learnt, visited=len(games.row), distinct=len(games.states), depth=depth,
            success=self.frontier.success, mated=float(games.mated.mean()), reward=float(reward.mean()),
            reward_std=float(reward.std(axis=1).mean()),
            frac_reward_zero_std=float((reward.std(axis=1) == 0).mean()), mean_length=float(games.moves.mean()),
            entropy=spread, entropy_coef=self.coef, clip_ratio=clip_ratio, grad_norm=grad_norm, learning_rate=rate,
            start=start, rewards=reward, advantage=advantage,
        )  # fmt: skip

    def _damp(self, spread: float, left: float) -> None:
        """Steer the entropy coefficient, slowly, by a smoothed entropy."""
        config, old = self.config, self.smooth_entropy
        self.smooth_entropy = spread if np.isnan(old) else 0.9 * old + 0.1 * spread
        target = config.entropy_target * left
        self.coef *= 1.02 if self.smooth_entropy < target else 0.98
        self.coef = min(max(self.coef, config.entropy_floor * left), 1.0)

    def play(self, start: NDArray[np.int64]) -> Games:
        """One game from each start. The network sees each state once, however many games pass through it."""
        state, slot = start.copy(), self._slot
        budget = np.minimum(2 * self.ending.white[start].astype(np.int64) + 4, self.config.move_limit)
        moves, mated, alive = np.zeros(len(start), np.int64), np.zeros(len(start), np.bool_), np.arange(len(start))
        met: list[NDArray[np.int64]] = []
        parts: list[tuple[Batch, Tensor]] = []
        visits: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
        probability, count = np.empty((0, self.ending.planes * 64), np.float32), 0
        while len(alive):
            fresh = np.unique(state[alive][slot[state[alive]] < 0])
            if len(fresh):
                slot[fresh] = np.arange(count, count + len(fresh))
                inputs = batch(self.ending, fresh)
                with torch.no_grad():
                    logp = self.policy(inputs)
                while len(probability) < count + len(fresh):
                    probability = np.concatenate(
                        [probability, np.empty((4096 + count, probability.shape[1]), np.float32)]
                    )
                probability[count : count + len(fresh)] = logp.exp().numpy()
                count += len(fresh)
                met.append(fresh)
                parts.append((inputs, logp))
            rows = slot[state[alive]].astype(np.int64)
            action = _pick(rows, probability, self.rng.random(len(alive)))
            visits.append((rows, action, alive))
            after = environment.play(self.ending, state[alive], action)
            moves[alive] += 1
            mated[alive] = after == MATED
            state[alive] = after
            alive = alive[(after >= 0) & (moves[alive] < budget[alive])]
        states = np.concatenate(met)
        slot[states] = -1
        row, action, game = (np.concatenate(column) for column in zip(*visits, strict=True))
        return Games(
            states, join([p[0] for p in parts]), torch.cat([p[1] for p in parts]), row, action, game, moves, mated
        )

    def _update(self, games: Games, advantage: NDArray[np.float32]) -> tuple[float, float, int]:
        """Epochs of ascent; held-out states take no part. Returns clip ratio, gradient norm, states learnt from."""
        config, width = self.config, games.logp.shape[1]
        kept = np.flatnonzero(~self.held_out[games.states])
        place = np.full(len(games.states), -1)
        place[kept] = np.arange(len(kept))
        own = place[games.row] >= 0
        pair, inverse = np.unique(place[games.row[own]] * width + games.action[own], return_inverse=True)
        credit = advantage[own].astype(np.float64)
        gain = torch.from_numpy(np.bincount(inverse, np.maximum(credit, 0), len(pair))).float()
        loss = torch.from_numpy(np.bincount(inverse, np.minimum(credit, 0), len(pair))).float()
        weight = torch.from_numpy(np.bincount(inverse, minlength=len(pair))).float()
        index = torch.from_numpy(pair)
        inputs = take(games.inputs, torch.from_numpy(kept))
        old = games.logp[torch.from_numpy(kept)].flatten()[index]
        clipped, norms = [], []
        for _ in range(config.epochs):
            logp = self.policy(inputs)
            taken = logp.flatten()[index]
            objective = surrogate(taken, old, gain, loss, config).sum() / len(games.row)
            self.optimiser.zero_grad(set_to_none=False)
            (-objective - self.coef * entropy(logp).mean()).backward()  # type: ignore[no-untyped-call]
            norms.append(float(torch.nn.utils.clip_grad_norm_(self.policy.parameters(), 1.0)))
            self.optimiser.step()
            ratio = (taken.detach() - old).exp()
            outside = (ratio < 1 - config.eps_low) | (ratio > 1 + config.eps_high)
            clipped.append(float((weight * outside).sum() / weight.sum()))
        return float(np.mean(clipped)), float(np.mean(norms)), len(kept)


def run(config: Config, seed: int) -> Iterator[Step]:
    """Train from random weights, one `Step` at a time."""
    trainer = Trainer(config, seed)
    while not trainer.finished:
        yield trainer.step()
