"""A run put down and taken up again: everything a `Trainer` is, as one safetensors file.

Weights, optimiser moments, the frontier, the entropy controller, the random stream. A run killed and resumed goes
on to the bit as one that was not, on the same machine.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from engines.recording import atomic
from engines.rollout.endgame.curriculum import Frontier
from engines.rollout.endgame.grpo import Trainer


def write(path: Path, trainer: Trainer) -> None:
    """Put a run down, atomically."""
    tensors: dict[str, Tensor] = {f"policy.{name}": value for name, value in trainer.policy.state_dict().items()}
    for index, state in trainer.optimiser.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{name}": torch.as_tensor(value) for name, value in state.items()}
    words = {
        "run": json.dumps([asdict(trainer.config), trainer.seed], sort_keys=True),
        "done": str(trainer.done),
        "learnt": str(trainer.learnt),
        "frontier": json.dumps(asdict(trainer.frontier)),  # Python's own floats: to the bit, nan included
        "entropy": json.dumps([trainer.coef, trainer.smooth_entropy]),
        "rng": json.dumps(trainer.rng.bit_generator.state),
    }
    with atomic(path) as file:
        file.write(save({name: value.contiguous().clone() for name, value in tensors.items()}, words))


def read(path: Path, trainer: Trainer) -> bool:
    """Take a run up where it was put down; False, and the trainer untouched, where there is nothing usable.

    Raises ValueError if the file is of another run: another configuration or seed.
    """
    try:
        with safe_open(path, "pt") as file:
            words = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        done, learnt, frontier = int(words["done"]), int(words["learnt"]), Frontier(**json.loads(words["frontier"]))
        coef, smooth_entropy = json.loads(words["entropy"])
        stream, found = json.loads(words["rng"]), json.loads(words["run"])
    except (OSError, SafetensorError, KeyError, ValueError, TypeError):
        return False
    if found != [asdict(trainer.config), trainer.seed]:
        raise ValueError(f"{path}: found a checkpoint of another run, wanted this configuration and seed: remove it")
    adam: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("adam."):
            _, index, key = name.split(".")
            adam.setdefault(int(index), {})[key] = value
    weights = {name.removeprefix("policy."): value for name, value in tensors.items() if name.startswith("policy.")}
    trainer.policy.load_state_dict(weights)
    trainer.optimiser.load_state_dict({**trainer.optimiser.state_dict(), "state": adam})
    trainer.done, trainer.learnt, trainer.frontier = done, learnt, frontier
    trainer.coef, trainer.smooth_entropy = coef, smooth_entropy
    trainer.rng.bit_generator.state = stream
    return True
