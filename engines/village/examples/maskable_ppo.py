"""MaskablePPO of sb3-contrib on the vector environment with the documented shaping.

    pip install 'stagelight[village-sb3]'
    python -m stagelight.engines.village.examples.maskable_ppo --minutes 20 --seed 0

The learning curve, on development seeds, is written to maskable_ppo-SEED.csv; the model and the means that its inputs
are normalised by to maskable_ppo-SEED.zip and .pkl.
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
from sb3_contrib import MaskablePPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecNormalize

from stagelight import village_v0
from stagelight.engines.village.adapters.sb3_village import VillageVecEnv
from stagelight.engines.village.wrappers import VectorShapedReward

VILLAGES, LENGTH = 64, 120  # and ticks collected for an update
GAMMA = 0.999
UNIT = 24.0  # of reward, so that its size suits the critic
EVALUATIONS = 20  # points of the learning curve
TRAINING_SEED = 10_000_000  # tapes of training come from here on; what is scored lies below
FOREVER = 10**12  # ticks; the callback stops the run when its time is up


class Controller:
    """A model as `village_v0.evaluate` takes it: the likeliest actions."""

    def __init__(self, model: MaskablePPO, normal: VecNormalize) -> None:
        self.model, self.normal = model, normal

    def __call__(self, observations: NDArray[np.float32], masks: NDArray[np.int8]) -> NDArray[np.int64]:
        """(B, 3) actions."""
        rows = self.normal.normalize_obs(observations.reshape(len(observations), -1))
        actions, _ = self.model.predict(rows, deterministic=True, action_masks=masks.reshape(len(masks), -1))
        return np.asarray(actions, np.int64)


class Curve(BaseCallback):
    """Writes the learning curve, and stops when the time is up."""

    def __init__(self, file: Any, scenarios: Sequence[str], minutes: float, normal: VecNormalize) -> None:
        super().__init__()
        self.curve, self.file, self.scenarios, self.minutes, self.normal = (
            csv.writer(file),
            file,
            scenarios,
            minutes,
            normal,
        )
        self.curve.writerow(("minutes", "ticks", "scenario", "return", "score"))
        self.start, self.points, self.done = time.process_time(), 0, 0.0

    def _on_step(self) -> bool:
        self.done = min(1.0, (time.process_time() - self.start) / (60 * self.minutes))
        if self.done >= self.points / EVALUATIONS:
            self.points = int(self.done * EVALUATIONS) + 1
            for name in self.scenarios:
                found = village_v0.evaluate(Controller(self.model, self.normal), name)
                minutes = f"{self.done * self.minutes:.3f}"
                self.curve.writerow((minutes, self.num_timesteps, name, f"{found.mean:.4f}", f"{found.score:.4f}"))
                sys.stdout.write(f"{minutes} of {self.minutes:g} minutes, {self.num_timesteps:,} ticks; {found}\n")
            self.file.flush()
            sys.stdout.flush()
        return self.done < 1


def train(scenarios: Sequence[str], minutes: float, seed: int, folder: Path) -> Controller:
    """Train, and write the learning curve and the model."""
    torch.set_num_threads(1)
    made = gymnasium.make_vec("stagelight.village_v0:Village-v0", num_envs=VILLAGES, scenario=tuple(scenarios))
    shaped = gymnasium.wrappers.vector.TransformReward(VectorShapedReward(made, GAMMA), lambda reward: UNIT * reward)
    villages = VecNormalize(VillageVecEnv(shaped), norm_reward=False)
    model = MaskablePPO(
        "MlpPolicy", villages, learning_rate=5e-4, n_steps=LENGTH, batch_size=1024, n_epochs=2, gamma=GAMMA,
        gae_lambda=0.95, clip_range=0.2, ent_coef=0.005, max_grad_norm=1.0, seed=seed, device="cpu",
        policy_kwargs={"net_arch": [128, 128], "activation_fn": torch.nn.ReLU},
    )  # fmt: skip
    villages.seed(TRAINING_SEED * (1 + seed))  # the model gave them its own
    with (folder / f"maskable_ppo-{seed}.csv").open("w", encoding="utf-8", newline="") as file:
        model.learn(FOREVER, callback=Curve(file, scenarios, minutes, villages))
    model.save(folder / f"maskable_ppo-{seed}.zip")
    villages.save(str(folder / f"maskable_ppo-{seed}.pkl"))
    return Controller(model, villages)


def main() -> None:
    """Train as the command line asks."""
    asked = argparse.ArgumentParser(description="Train the three workers of a village with MaskablePPO.")
    asked.add_argument("--minutes", type=float, default=20.0, help="of one processor core")
    asked.add_argument("--seed", type=int, default=0, help="of weights, choices and tapes")
    asked.add_argument("--scenario", nargs="+", default=["std"], help="one or several, taken in turn by the villages")
    asked.add_argument("--out", type=Path, default=Path(), help="folder of what is written; default: this one")
    given = asked.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    train(given.scenario, given.minutes, given.seed, given.out)


if __name__ == "__main__":
    main()
