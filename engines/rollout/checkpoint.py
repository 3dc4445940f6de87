"""A run put down and taken up again: everything a `Trainer` is, as one safetensors file.

Weights, optimiser moments, both random streams, the queue of starts and the log so far. Resuming continues
to the bit: a run killed and resumed leaves the recording of one that was not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from engines.recording import atomic
from engines.rollout.grpo import Trainer

Log = Mapping[str, NDArray[Any]]


def write(path: Path, trainer: Trainer, log: Log) -> None:
    """Put a run down, atomically."""
    tensors: dict[str, Tensor] = {f"policy.{name}": value for name, value in trainer.policy.state_dict().items()}
    for index, state in trainer.optimiser.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"adam.{index}.{name}"] = torch.as_tensor(value)
    tensors["torch_rng"] = trainer.torch_rng.get_state()
    tensors["queue"] = torch.from_numpy(trainer.queue.copy())
    tensors |= {f"log.{name}": torch.from_numpy(np.array(value, order="C")) for name, value in log.items()}
    words = {
        "done": str(trainer.done),
        "rng": json.dumps(trainer.rng.bit_generator.state),
        "smooth_entropy": float(trainer.smooth_entropy).hex(),
    }
    with atomic(path) as file:
        file.write(save({name: value.contiguous().clone() for name, value in tensors.items()}, words))


def read(path: Path, trainer: Trainer) -> dict[str, NDArray[Any]] | None:
    """Take a run up where it was put down; returns its log, or None where there is nothing usable."""
    try:
        with safe_open(path, "pt") as file:
            words = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        done, smooth = int(words["done"]), float.fromhex(words["smooth_entropy"])
        stream = json.loads(words["rng"])
        trainer.policy.load_state_dict(_under(tensors, "policy."))
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError, TypeError):
        return None
    adam: dict[int, dict[str, Tensor]] = {}
    for name, value in _under(tensors, "adam.").items():
        index, key = name.split(".")
        adam.setdefault(int(index), {})[key] = value
    state = trainer.optimiser.state_dict()
    trainer.optimiser.load_state_dict({**state, "state": adam})
    trainer.torch_rng.set_state(tensors["torch_rng"])
    trainer.rng.bit_generator.state = stream
    trainer.queue, trainer.done, trainer.smooth_entropy = tensors["queue"].numpy(), done, smooth
    return {name: value.numpy() for name, value in _under(tensors, "log.").items()}


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
