"""A run of whole games put down and taken up again, as one safetensors file. Resuming continues to the bit.

Chance needs no place in it: a step's depends on the seed and the step's number only.
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
from engines.rollout.games.curriculum import Frontier
from engines.rollout.games.policy import Policy
from engines.rollout.games.train import Trainer

AGAIN = "delete it and train again"


def write(path: Path, trainer: Trainer) -> None:
    """Put a run down, atomically."""
    tensors: dict[str, Tensor] = {f"policy.{name}": value for name, value in trainer.policy.state_dict().items()}
    for index, state in trainer.optimiser.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{name}": torch.as_tensor(value) for name, value in state.items()}
    words = {
        "config": json.dumps(asdict(trainer.config)),
        "seed": str(trainer.seed),
        "done": str(trainer.done),
        "frontier": json.dumps(asdict(trainer.frontier)),
        "smooth_entropy": float(trainer.smooth_entropy).hex(),
    }
    with atomic(path) as file:
        file.write(save({name: value.contiguous().clone() for name, value in tensors.items()}, words))


def read(path: Path, trainer: Trainer) -> None:
    """Take a run up where it was put down.

    Raises:
        ValueError: the file is missing, damaged, or of a run with another config or seed.
    """
    tensors, words = _open(path)
    for name, wanted in (("config", json.dumps(asdict(trainer.config))), ("seed", str(trainer.seed))):
        if words.get(name) != wanted:
            raise ValueError(f"{path}: {name} is {words.get(name)}, wanted {wanted}; {AGAIN}")
    adam: dict[int, dict[str, Tensor]] = {}
    for name, value in _under(tensors, "adam.").items():
        index, key = name.split(".")
        adam.setdefault(int(index), {})[key] = value
    trainer.policy.load_state_dict(_under(tensors, "policy."))
    trainer.optimiser.load_state_dict({**trainer.optimiser.state_dict(), "state": adam})
    trainer.done, trainer.frontier = int(words["done"]), Frontier(**json.loads(words["frontier"]))
    trainer.smooth_entropy = float.fromhex(words["smooth_entropy"])


def policy(path: Path) -> Policy:
    """The policy of a run that was put down.

    Raises:
        ValueError: the file is missing or damaged.
    """
    tensors, words = _open(path)
    config = json.loads(words["config"])
    found = Policy(config["width"], config["rank"], torch.Generator())
    found.load_state_dict(_under(tensors, "policy."))
    return found


def _open(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path}: not a run of whole games ({error}); {AGAIN}") from error


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
