"""The small language model, taught in the village: a LoRA adapter that says the right one of thirteen words.

    L = -log softmax over the allowed words of the logits after the prompt, at the expert's word

Loss on the decision's token alone, over the words that compete there: everything else a language model knows stays as
it was. Whose choices are imitated, an expert's or those of its own best villages, is `school`'s to say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from stagelight.engines.experiment import weights
from stagelight.engines.experiment.checkpoint import trainable
from stagelight.engines.recording import atomic
from stagelight.engines.village.llm import smollm
from stagelight.engines.village.llm.small import Small, last_hidden
from stagelight.engines.village.training.lessons import Lessons, balanced


@dataclass(frozen=True)
class Config:
    """The published run."""

    examples: int = 10_000  # shown altogether
    batch: int = 8
    rate: float = 1e-3  # of AdamW; rises over the first twentieth, then falls to nothing along a line
    rank: int = 8  # r
    alpha: int = 16
    first_layer: int = 10  # of 30; those before it stay as they are, and cost no backward pass
    modules: tuple[str, ...] = ("q_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Step:
    """One update."""

    done: int
    loss: float  # nats
    agreement: float  # share of the batch whose likeliest word is the expert's


class Trainer:
    """A run that can be put down and taken up."""

    def __init__(self, config: Config, seed: int, small: Small, lessons: Lessons, policy: Any = None) -> None:
        """Begin.

        Args:
            config: of this run.
            seed: of the adapter and of the order of lessons.
            small: who is taught.
            lessons: what is shown, drawn as `balanced` does.
            policy: that model with an adapter which an earlier run has taught; None: a fresh one.
        """
        self.config, self.seed, self.small, self.lessons, self.done = config, seed, small, lessons, 0
        self.policy = adapted(small, config, seed) if policy is None else policy
        learning = [value for value in self.policy.parameters() if value.requires_grad]
        self.optimiser = torch.optim.AdamW(learning, lr=config.rate, weight_decay=0.0)
        self.order = balanced(lessons, config.examples, np.random.default_rng(seed))

    @property
    def updates(self) -> int:
        """How many there are in all."""
        return self.config.examples // self.config.batch

    def step(self) -> Step:
        """Show a batch, and learn from it."""
        progress = self.done / self.updates
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.rate * min(1.0, 20 * progress + 0.05, (1 - progress) / 0.95)
        index = self.order[self.done * self.config.batch : (self.done + 1) * self.config.batch]
        logp = self.logp([self.lessons.prompts[i] for i in index], self.lessons.masks[index])
        wanted = torch.from_numpy(self.lessons.actions[index])
        loss = -logp.gather(1, wanted[:, None]).mean()
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([value for value in self.policy.parameters() if value.requires_grad], 1.0)
        self.optimiser.step()
        self.done += 1
        return Step(self.done, float(loss.detach()), float((logp.argmax(1) == wanted).float().mean()))

    def logp(self, prompts: list[str], masks: NDArray[np.int8]) -> torch.Tensor:
        """(N, 13) log-probabilities of the words, those not allowed at about -1e9."""
        logits = last_hidden(self.policy, self.small.tokenizer, prompts) @ self.small.head().T
        return torch.log_softmax(logits.masked_fill(torch.from_numpy(masks) == 0, -1e9), 1)

    def agreement(self, lessons: Lessons, count: int, batch: int = 32) -> float:
        """How often the likeliest word is the expert's, over the first lessons of an unseen set."""
        right = 0
        with torch.no_grad():
            for start in range(0, count, batch):
                span = slice(start, min(start + batch, count))
                logp = self.logp(list(lessons.prompts[span]), lessons.masks[span])
                right += int((logp.argmax(1).numpy() == lessons.actions[span]).sum())
        return right / count

    def tensors(self) -> dict[str, torch.Tensor]:
        """The adapter's weights, which are saved with a run."""
        return trainable("policy", self.policy)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What else the next step depends on."""
        return {"done": self.done}, {}

    def restore(self, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take up what `state` gave."""
        self.done = int(words["done"])


def adapted(small: Small, config: Config, seed: int) -> Any:
    """The model with a fresh adapter, which at first changes nothing."""
    from peft import LoraConfig, get_peft_model  # noqa: PLC0415  # the extra village-llm

    torch.manual_seed(seed)  # peft draws the adapter from torch's own generator
    layers = list(range(config.first_layer, small.model.config.num_hidden_layers))
    form = LoraConfig(
        r=config.rank, lora_alpha=config.alpha, target_modules=list(config.modules), layers_to_transform=layers,
        lora_dropout=0.0, task_type="CAUSAL_LM",
    )  # fmt: skip
    return get_peft_model(small.model, form)


def publish(trainer: Trainer, folder: Path, about: Mapping[str, Any]) -> Path:
    """Write the adapter in half precision beside its configuration, as peft reads it, and what is to be known of it.

    One seal covers all three files.

    Args:
        trainer: a run that is done.
        folder: made if it is not there.
        about: written to `about.json`.
    """
    from peft import get_peft_model_state_dict  # noqa: PLC0415  # the extra village-llm

    folder.mkdir(parents=True, exist_ok=True)
    form = trainer.policy.peft_config["default"]
    form = replace(
        form, base_model_name_or_path=smollm.NAME, inference_mode=True, target_modules=sorted(form.target_modules)
    )
    form.save_pretrained(str(folder))
    with atomic(folder / "about.json") as file:
        file.write((json.dumps(about, indent=1) + "\n").encode())
    learnt = {name: value.half() for name, value in sorted(get_peft_model_state_dict(trainer.policy).items())}
    weights.write(folder / smollm.ADAPTER, learnt, others=("adapter_config.json", "about.json"))
    return folder
