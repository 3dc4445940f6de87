"""Save and resume a training run: everything a trainer is, in one safetensors file.

Weights, optimiser moments, random streams, whatever else the next step depends on, and the log so far. A resumed run
continues to the bit: killed and resumed, it leaves the recording of one that was not.
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

Log = dict[str, NDArray[Any]]


class Resumable(Protocol):
    """A trainer whose whole state can be saved."""

    @property
    def config(self) -> Any:
        """Its configuration, a dataclass."""

    @property
    def seed(self) -> int:
        """The seed of its random streams."""

    @property
    def optimiser(self) -> torch.optim.Optimizer:
        """The optimiser, whose moments are saved."""

    def tensors(self) -> Mapping[str, Tensor]:
        """The live weights by name, which loading overwrites in place; see `trainable` and `named`."""

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """The rest of what the next step depends on: a JSON object, and arrays."""

    def restore(self, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Set what `state` returned."""


def trainable(prefix: str, network: nn.Module) -> dict[str, Tensor]:
    """The parameters of a network that receive gradients, named `<prefix>.<name>`."""
    return {f"{prefix}.{name}": value for name, value in network.named_parameters() if value.requires_grad}


def named(prefix: str, network: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer of a network, named `<prefix>.<name>`."""
    return {f"{prefix}.{name}": value for name, value in network.state_dict(keep_vars=True).items()}


def write(path: Path, trainer: Resumable, log: Mapping[str, NDArray[Any]]) -> None:
    """Save a run and its log, atomically."""
    words, arrays = trainer.state()
    tensors: dict[str, Tensor] = {f"net.{name}": value.detach() for name, value in trainer.tensors().items()}
    for index, moments in trainer.optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(value) for name, value in moments.items()}
    for prefix, kept in (("state", arrays), ("log", log)):
        tensors |= {f"{prefix}.{name}": torch.from_numpy(np.array(value, order="C")) for name, value in kept.items()}
    text = {"run": json.dumps(_run(trainer)), "state": json.dumps(words)}  # Python's own floats: to the bit, nan too
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        file.write(save({name: value.contiguous().clone() for name, value in tensors.items()}, text))


def read(path: Path, trainer: Resumable) -> Log | None:
    """Load a run into a trainer and return its log; None, with the trainer untouched, where no run can be loaded.

    A damaged file is moved aside to `<name>.damaged`, so that nothing is lost and the run starts again.

    Raises:
        ValueError: the file belongs to another run: another configuration or seed.
    """
    try:
        tensors, words = _open(path)
        found, state = json.loads(words["run"]), json.loads(words["state"])
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, KeyError, ValueError, TypeError):
        _set_aside(path)
        return None
    if found != _run(trainer):
        raise ValueError(f"{path}: of another run, wanted this configuration and seed; delete it and train again")
    kept, mine = _under(tensors, "net."), trainer.tensors()
    if {name: value.shape for name, value in kept.items()} != {name: value.shape for name, value in mine.items()}:
        _set_aside(path)
        return None
    with torch.no_grad():
        for name, parameter in mine.items():
            parameter.copy_(kept[name])
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in _under(tensors, "optimiser.").items():
        index, field = name.split(".")
        moments.setdefault(int(index), {})[field] = value
    trainer.optimiser.load_state_dict({**trainer.optimiser.state_dict(), "state": moments})
    trainer.restore(state, {name: value.numpy() for name, value in _under(tensors, "state.").items()})
    return {name: value.numpy() for name, value in _under(tensors, "log.").items()}


def weights(path: Path, prefix: str) -> dict[str, Tensor]:
    """The weights of one network of a saved run, by its own names.

    Raises:
        ValueError: the file is missing or damaged.
    """
    try:
        return _under(_open(path)[0], f"net.{prefix}.")
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path}: not a saved run ({error}); delete it and train again") from error


def _set_aside(path: Path) -> None:
    if path.is_file():
        path.replace(path.with_name(f"{path.name}.damaged"))


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _run(trainer: Resumable) -> Any:
    return json.loads(json.dumps([asdict(trainer.config), trainer.seed], sort_keys=True))


def _open(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
