"""PPO with action masks in one file, after CleanRL's: the vector environment, the documented shaping, and torch.

    python -m stagelight.engines.village.examples.ppo --minutes 20 --seed 0

One network chooses for each worker who is free, by the rows of all three; the critic is another. Villages come in
groups that are spread evenly over the year, so that a batch holds every season. The learning curve, on development
seeds, is written to ppo-SEED.csv, the weights to ppo-SEED.pt. `load` gives the agent that `village_v0.evaluate` takes.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stagelight import village_v0
from stagelight.engines.village import constants as r
from stagelight.engines.village.wrappers import VectorShapedReward

GROUPS, VILLAGES, LENGTH = 5, 16, 96  # groups, villages of each, ticks collected for an update
EPOCHS, MINIBATCH, RATE = 2, 1024, 1e-3
GAMMA, LAMBDA, CLIP, ENTROPY = 0.999, 0.95, 0.2, 0.01
UNIT = 24.0  # of reward, so that its size suits the critic
EVALUATIONS = 20  # points of the learning curve
TRAINING_SEED = 10_000_000  # tapes of training come from here on; what is scored lies below

CHOICES, ROW = len(r.ACTIONS), 44
WORDS = ((r.ROLE, 3, 0), (r.PLACE, 7, 1), (r.ACTION, 14, 1), (r.TICK, 12, 0))  # index, values, offset: one-hot
INPUTS = 3 * (ROW + sum(count for _, count, _ in WORDS))


def encode(rows: NDArray[np.float32]) -> Tensor:
    """(B, 3, 44) observations as (B, 3, INPUTS): each worker's own row first, then the others'."""
    x = torch.from_numpy(np.ascontiguousarray(rows))
    parts = [x.sign() * x.abs().log1p() / 2]
    parts += [nn.functional.one_hot(x[..., at].long() + offset, count).float() for at, count, offset in WORDS]
    each = torch.cat(parts, 2)
    return torch.cat([each, each.roll(-1, 1), each.roll(-2, 1)], 2)


def layers(outputs: int, last: float, width: int = 128) -> nn.Sequential:
    """A network of two hidden layers."""
    sizes, gains = (INPUTS, width, width, outputs), (2**0.5, 2**0.5, last)
    found: list[nn.Module] = []
    for before, after, gain in zip(sizes[:-1], sizes[1:], gains, strict=True):
        layer = nn.Linear(before, after)
        nn.init.orthogonal_(layer.weight, gain)
        nn.init.zeros_(layer.bias)
        found += [layer, nn.ReLU()]
    return nn.Sequential(*found[:-1])


class Agent(nn.Module):
    """Actor and critic; called as `village_v0.evaluate` calls an agent, it takes the likeliest actions."""

    def __init__(self) -> None:
        super().__init__()
        self.actor, self.critic = layers(CHOICES, 0.01), layers(1, 1.0)

    def logp(self, x: Tensor, masks: Tensor) -> Tensor:
        """(..., 13) log-probabilities of the actions, of which the masks forbid some."""
        return torch.log_softmax(self.actor(x).masked_fill(masks == 0, -1e9), -1)

    def value(self, x: Tensor) -> Tensor:
        """(...) of a village, seen by its farmer."""
        found: Tensor = self.critic(x)[..., 0]
        return found

    @torch.no_grad()
    def forward(self, observations: NDArray[np.float32], masks: NDArray[np.int8]) -> NDArray[np.int64]:
        """(B, 3) the likeliest actions."""
        found: NDArray[np.int64] = self.logp(encode(observations), torch.from_numpy(masks)).argmax(-1).numpy()
        return found


class Groups:
    """Groups of villages, each at another time of the year, as one batch of B."""

    def __init__(self, scenarios: Sequence[str], seed: int, rng: np.random.Generator) -> None:
        """Villages that have been run at random to where each group begins."""
        self.groups = []
        for group in range(GROUPS):
            villages = gymnasium.make_vec(
                "stagelight.village_v0:Village-v0", num_envs=VILLAGES, scenario=tuple(scenarios)
            )
            self.groups.append(VectorShapedReward(villages, GAMMA))
            _, infos = self.groups[-1].reset(seed=TRAINING_SEED * (1 + seed) + group * VILLAGES)
            for _ in range(group * r.TICKS // GROUPS):
                masks = infos["action_mask"]
                *_, infos = self.groups[-1].step((masks * rng.random(masks.shape)).argmax(-1))
        self.over = np.zeros(GROUPS * VILLAGES, np.bool_)
        found = [group.step(np.zeros((VILLAGES, 3), np.int64)) for group in self.groups]
        self._take(found)

    def step(self, actions: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """One tick: (B,) rewards and ends."""
        parts = zip(self.groups, actions.reshape(GROUPS, VILLAGES, 3), strict=True)
        return self._take([group.step(part) for group, part in parts])

    def _take(self, found: list[Any]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        self.observations = np.concatenate([one[0] for one in found]).reshape(-1, 3, ROW)
        self.masks = np.concatenate([one[4]["action_mask"] for one in found])
        self.over = np.concatenate([one[3] for one in found])
        return np.concatenate([one[1] for one in found]), self.over


def collect(agent: Agent, villages: Groups) -> dict[str, Tensor]:
    """LENGTH ticks (T, B, ...) of every village, with advantages and targets of the critic."""
    kept: dict[str, list[Tensor]] = {
        name: [] for name in ("x", "masks", "actions", "logp", "value", "reward", "going", "valid")
    }
    for _ in range(LENGTH):
        x, masks = encode(villages.observations), torch.from_numpy(villages.masks)
        with torch.no_grad():
            logp, value = agent.logp(x, masks), agent.value(x[:, 0])
        actions = torch.multinomial(logp.exp().flatten(0, 1), 1).view(len(x), 3, 1)
        valid = torch.from_numpy(~villages.over)  # the step after an end begins an episode, whatever is done
        reward, over = villages.step(actions[..., 0].numpy())
        found = (x, masks, actions, logp.gather(2, actions)[..., 0], value,
                 torch.from_numpy(UNIT * reward).float(), torch.from_numpy(~over).float(), valid)  # fmt: skip
        for name, one in zip(kept, found, strict=True):
            kept[name].append(one)
    batch = {name: torch.stack(parts) for name, parts in kept.items()}
    with torch.no_grad():
        after = torch.cat([batch["value"], agent.value(encode(villages.observations)[:, 0])[None]])
    advantage, last = torch.empty_like(batch["reward"]), torch.zeros(len(villages.over))
    for tick in range(LENGTH - 1, -1, -1):
        going = batch["going"][tick]
        delta = batch["reward"][tick] + GAMMA * going * after[tick + 1] - after[tick]
        last = delta + GAMMA * LAMBDA * going * last
        advantage[tick] = last
    return batch | {"advantage": advantage, "target": advantage + batch["value"]}


def learn(agent: Agent, optimiser: torch.optim.Optimizer, batch: dict[str, Tensor], left: float) -> None:
    """Some epochs over a batch; `left` falls from 1 to 0 over the run."""
    for group in optimiser.param_groups:
        group["lr"] = RATE * max(0.1, left)
    free = batch["valid"][..., None] & (batch["masks"].sum(-1) > 1)  # (T, B, 3) who had something to choose
    x, masks, actions, old = (batch[name][free] for name in ("x", "masks", "actions", "logp"))
    paid = batch["advantage"][..., None].expand(free.shape)[free]
    paid = (paid - paid.mean()) / (paid.std() + 1e-6)
    seen, target = batch["x"][:, :, 0][batch["valid"]], batch["target"][batch["valid"]]
    parts = max(1, len(x) // MINIBATCH)
    for _ in range(EPOCHS):
        for mine, whole in zip(
            torch.randperm(len(x)).chunk(parts), torch.randperm(len(seen)).chunk(parts), strict=True
        ):
            logp = agent.logp(x[mine], masks[mine])
            ratio = (logp.gather(1, actions[mine])[:, 0] - old[mine]).exp()
            gain = torch.min(ratio * paid[mine], ratio.clamp(1 - CLIP, 1 + CLIP) * paid[mine]).mean()
            entropy = -(logp.exp() * logp).sum(1).mean()
            error = (agent.value(seen[whole]) - target[whole]).square().mean()
            optimiser.zero_grad()
            (-gain - ENTROPY * left * entropy + error / 2).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(agent.parameters(), 1.0)
            optimiser.step()


def load(path: str | Path) -> Agent:
    """A trained agent, for `village_v0.evaluate`."""
    agent = Agent()
    agent.load_state_dict(torch.load(path, weights_only=True))
    return agent


def train(scenarios: Sequence[str], minutes: float, seed: int, folder: Path) -> Agent:
    """Train, and write the learning curve and the weights."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    agent, villages = Agent(), Groups(scenarios, seed, np.random.default_rng(seed))
    optimiser = torch.optim.Adam(agent.parameters(), RATE, eps=1e-5)
    start, ticks, points = time.process_time(), 0, 0
    with (folder / f"ppo-{seed}.csv").open("w", encoding="utf-8", newline="") as file:
        curve = csv.writer(file)
        curve.writerow(("minutes", "ticks", "scenario", "return", "score"))
        while True:
            done = min(1.0, (time.process_time() - start) / (60 * minutes))
            if done >= points / EVALUATIONS:
                points = int(done * EVALUATIONS) + 1
                for name in scenarios:
                    found = village_v0.evaluate(agent, name)
                    curve.writerow((f"{done * minutes:.3f}", ticks, name, f"{found.mean:.4f}", f"{found.score:.4f}"))
                    sys.stdout.write(f"{done * minutes:6.2f} of {minutes:g} minutes, {ticks:,} ticks; {found}\n")
                file.flush()
                sys.stdout.flush()
            if done == 1:
                break
            learn(agent, optimiser, collect(agent, villages), 1 - done)
            ticks += LENGTH * GROUPS * VILLAGES
    torch.save(agent.state_dict(), folder / f"ppo-{seed}.pt")
    return agent


def main() -> None:
    """Train as the command line asks."""
    asked = argparse.ArgumentParser(description="Train the three workers of a village with PPO.")
    asked.add_argument("--minutes", type=float, default=20.0, help="of one processor core")
    asked.add_argument("--seed", type=int, default=0, help="of weights, choices and tapes")
    asked.add_argument("--scenario", nargs="+", default=["std"], help="one or several, taken in turn by the villages")
    asked.add_argument("--out", type=Path, default=Path(), help="folder of what is written; default: this one")
    given = asked.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    train(given.scenario, given.minutes, given.seed, given.out)


if __name__ == "__main__":
    main()
