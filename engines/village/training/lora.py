"""Training of a LoRA adapter on choices and their reasons.

    L = -sum_a pi(a) log softmax over the allowed words of the logits after the line
        + `words` times the mean of -log p over the tokens of the reason, each after those before it

pi is the policy's distribution. Both parts come from one forward pass, and nothing else is learnt. The adapter is kept
in float32 and used in the network's own precision; projections of the same input share their A.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stagelight.engines.experiment import weights
from stagelight.engines.recording import atomic
from stagelight.engines.village.llm import smollm
from stagelight.engines.village.llm.llama import FUSED, PLACE, Adapter, Llama, Pair
from stagelight.engines.village.llm.smollm import SmolLM

FORBIDDEN = -1e9  # logit of what may not be chosen


@dataclass(frozen=True)
class Config:
    """An adapter, and how it is taught."""

    rate: float = 1e-3  # of AdamW
    warm: float = 0.03  # share of the updates in which the rate rises; then it falls to nothing along a line
    rank: int = 16
    alpha: int = 32
    first_layer: int = 10  # of 30; those before it stay as they are, and cost no backward pass
    words: float = 0.3  # weight of the reasons' tokens


@dataclass(frozen=True)
class Batch:
    """N examples."""

    lines: Sequence[str]
    masks: NDArray[np.int8]  # (N, 13) what was allowed
    logp: NDArray[np.float32]  # (N, 13) of the policy
    reasons: Sequence[str]  # of its likeliest action; empty where it has none


@dataclass(frozen=True)
class Step:
    """One update."""

    loss: float  # nats by which the words differ from the policy's: its own entropy is taken off
    agreement: float  # share of the examples whose likeliest word is the policy's
    words: float  # nats a token of the reasons


class LoRA(nn.Module):
    """An adapter for the fused projections of the upper layers, which at first changes nothing."""

    def __init__(self, network: Llama, config: Config, seed: int) -> None:
        super().__init__()
        self.network, self.config = network, config
        self.numbers = range(config.first_layer, network.shape.layers)
        generator = torch.Generator().manual_seed(seed)
        self.a, self.b = nn.ParameterList(), nn.ParameterList()
        for number in self.numbers:
            for weight in network.layers[number].weights:
                most = 1 / math.sqrt(weight.shape[1])
                a = torch.empty(config.rank, weight.shape[1]).uniform_(-most, most, generator=generator)
                self.a.append(nn.Parameter(a))
                self.b.append(nn.Parameter(torch.zeros(weight.shape[0], config.rank)))

    def pairs(self) -> Adapter:
        """As the network takes it."""
        scale, dtype, size = self.config.alpha / self.config.rank, self.network.dtype, len(FUSED)
        found: dict[int, list[Pair]] = {}
        for at, number in enumerate(self.numbers):
            span = slice(at * size, (at + 1) * size)
            parts = zip(self.a[span], self.b[span], self.network.layers[number].gains, strict=True)
            found[number] = [
                ((a if gain is None else a * gain).to(dtype), (scale * b).to(dtype)) for a, b, gain in parts
            ]
        return found

    def tensors(self) -> dict[str, Tensor]:
        """By the names that peft gives them."""
        found: dict[str, Tensor] = {}
        fused = [(number, place) for number in self.numbers for place in range(len(FUSED))]
        for (number, place), a, b in zip(fused, self.a, self.b, strict=True):
            for name, part in zip(FUSED[place], b.split(self.network.rows[place]), strict=True):
                prefix = f"base_model.model.model.layers.{number}.{PLACE[name]}.{name}"
                found |= {f"{prefix}.lora_A.weight": a, f"{prefix}.lora_B.weight": part}
        return found


class Learner:
    """A small model, its adapter, and the optimiser."""

    def __init__(self, config: Config, seed: int, model: SmolLM) -> None:
        """A pupil who has learnt nothing yet.

        Args:
            config: of the adapter.
            seed: of the adapter.
            model: who is taught; it stays as it is.
        """
        self.config, self.model = config, model
        self.adapter = LoRA(model.network, config, seed)
        self.optimiser = torch.optim.AdamW(self.adapter.parameters(), lr=config.rate, weight_decay=0.0)

    def learn(self, batch: Batch, progress: float) -> tuple[Step, NDArray[np.float32]]:
        """One update; returns the words' logits (N, 13) before it too.

        Args:
            batch: what is learnt from.
            progress: share of the updates done before.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.rate * min(1.0, (progress + 1e-3) / self.config.warm, (1 - progress) / 0.95)
        network, chosen = self.model.network, batch.logp.argmax(1)
        lines, said = self.model.encode(batch.lines), self._said(batch.reasons)
        read = [[*line, int(self.model.words[word])] for line, word in zip(lines, chosen, strict=True)]
        rows = [[*begun, *rest[:-1]] for begun, rest in zip(read, said, strict=True)]
        hidden = network.hidden(rows, self.adapter.pairs())

        ends = np.cumsum([len(row) for row in rows])
        spoken = np.concatenate([np.arange(end - len(rest), end) for end, rest in zip(ends, said, strict=True)])
        before = ends - [len(rest) + 1 for rest in said]
        logits = network.logits(hidden[torch.from_numpy(before)], self.model.words)
        logp = torch.log_softmax(logits.masked_fill(torch.from_numpy(batch.masks) == 0, FORBIDDEN), 1)
        target = torch.from_numpy(batch.logp)
        loss = (target.exp() * (target - logp)).sum(1).mean()
        following = torch.tensor([token for rest in said for token in rest])
        words = nn.functional.cross_entropy(network.logits(hidden[torch.from_numpy(spoken)]), following)

        self.optimiser.zero_grad()
        (loss + self.config.words * words).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.adapter.parameters(), 1.0)
        self.optimiser.step()
        agreement = float((logp.argmax(1).numpy() == chosen).mean())
        return Step(float(loss.detach()), agreement, float(words.detach())), logits.detach().numpy()

    def _said(self, reasons: Sequence[str]) -> list[list[int]]:
        """The tokens that follow each action."""
        return self.model.encode(
            [f" {smollm.BECAUSE} {reason}{smollm.END}" if reason else smollm.END for reason in reasons]
        )


def publish(adapter: LoRA, folder: Path, about: Mapping[str, Any]) -> Path:
    """Write the adapter in half precision beside its configuration, as peft reads it, and what is to be known of it.

    One seal covers all three files.

    Args:
        adapter: taught.
        folder: made if it is not there.
        about: written to `about.json`.
    """
    form = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": smollm.NAME, "inference_mode": True,
        "r": adapter.config.rank, "lora_alpha": adapter.config.alpha, "lora_dropout": 0.0, "bias": "none",
        "target_modules": sorted(PLACE), "layers_to_transform": list(adapter.numbers),
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in {"adapter_config.json": form, "about.json": about}.items():
        with atomic(folder / name) as file:
            file.write((json.dumps(value, indent=1) + "\n").encode())
    learnt = {name: value.half() for name, value in sorted(adapter.tensors().items())}
    weights.write(folder / smollm.ADAPTER, learnt, others=("adapter_config.json", "about.json"))
    return folder
