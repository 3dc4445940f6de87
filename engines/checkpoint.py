"""A run put down and taken up again: everything a trainer is, as one safetensors file.

Weights, optimiser moments, whatever else its next step depends on, and the log so far. Resuming continues to the bit:
a run killed and resumed leaves the recording of one that was not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from stagelight.engines.recording import atomic

Arrays = Mapping[str, NDArray[Any]]


class Kept(Protocol):
    """A trainer that can be put down."""

    @property
    def config(self) -> Any:
        """Its configuration, a dataclass."""

    @property
    def seed(self) -> int:
        """The seed of its random numbers."""

    @property
    def policy(self) -> nn.Module:
        """The network that learns; of its parameters those that need a gradient are kept."""

    @property
    def optimiser(self) -> torch.optim.Optimizer:
        """Their moments."""

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """All else that its next step depends on: words for JSON, and arrays."""

    def restore(self, words: Mapping[str, Any], arrays: Arrays) -> None:
        """Take up what `state` gave."""


def write(path: Path, trainer: Kept, log: Arrays) -> None:
    """Put a run down, atomically."""
    words, arrays = trainer.state()
    tensors: dict[str, Tensor] = {f"policy.{name}": value.detach() for name, value in _learning(trainer.policy).items()}
    for index, moments in trainer.optimiser.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{name}": torch.as_tensor(value) for name, value in moments.items()}
    for prefix, kept in (("state", arrays), ("log", log)):
        tensors |= {f"{prefix}.{name}": torch.from_numpy(np.array(value, order="C")) for name, value in kept.items()}
    text = {"run": json.dumps(_run(trainer)), "state": json.dumps(words)}  # Python's own floats: to the bit, nan too
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        file.write(save({name: value.contiguous().clone() for name, value in tensors.items()}, text))


def read(path: Path, trainer: Kept) -> dict[str, NDArray[Any]] | None:
    """Take a run up where it was put down; returns its log, or None where there is nothing usable.

    Raises:
        ValueError: the file is of another run: another configuration or seed.
    """
    try:
        tensors, words = _open(path)
        found, state = json.loads(words["run"]), json.loads(words["state"])
    except (OSError, SafetensorError, KeyError, ValueError, TypeError):
        return None
    if found != _run(trainer):
        raise ValueError(f"{path}: of another run, wanted this configuration and seed; delete it and train again")
    kept, mine = _under(tensors, "policy."), _learning(trainer.policy)
    if {name: value.shape for name, value in kept.items()} != {name: value.shape for name, value in mine.items()}:
        return None
    with torch.no_grad():
        for name, parameter in mine.items():
            parameter.copy_(kept[name])
    adam: dict[int, dict[str, Tensor]] = {}
    for name, value in _under(tensors, "adam.").items():
        index, key = name.split(".")
        adam.setdefault(int(index), {})[key] = value
    trainer.optimiser.load_state_dict({**trainer.optimiser.state_dict(), "state": adam})
    trainer.restore(state, {name: value.numpy() for name, value in _under(tensors, "state.").items()})
    return {name: value.numpy() for name, value in _under(tensors, "log.").items()}


def weights(path: Path) -> dict[str, Tensor]:
    """The weights of a run that was put down.

    Raises:
        ValueError: the file is missing or damaged.
    """
    try:
        return _under(_open(path)[0], "policy.")
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path}: not a run put down ({error}); delete it and train again") from error


def _learning(policy: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that are trained, by name."""
    return {name: value for name, value in policy.named_parameters() if value.requires_grad}


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _run(trainer: Kept) -> Any:
    return json.loads(json.dumps([asdict(trainer.config), trainer.seed], sort_keys=True))


def _open(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
