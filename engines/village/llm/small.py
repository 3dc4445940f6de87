"""A small language model that runs on this machine: SmolLM2-135M, as it comes or with an adapter from the village.

Its choices are valid by construction. An action is decoded under the constraint that it is one of those allowed: at
every token only those that go on with an allowed name compete,

    P(name) = prod over its tokens of p(token | prompt, earlier tokens) / sum of p over the tokens that may stand there

and what surrounds it in the reply's JSON is written by us. The reason is the model's own greedy words, cut at a quote,
a line's end or a bound; it may make little sense and is not mended. The key-value cache of what prompts have in common
is kept, so that the rules, the longer part of a prompt, are read once.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.experiment import weights
from stagelight.engines.village.llm import smollm
from stagelight.engines.village.llm.prompt import WORDS
from stagelight.engines.village.llm.types import Messages, ModelError, Reply, Schema

END = -1  # in place of a token: the name ends here


class Small:
    """The model, loaded."""

    def __init__(
        self,
        cache: Path | None = None,
        adapter: Path | None = None,
        reason_tokens: int = 24,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Load it.

        Args:
            cache: folder for the unpacked weights; the user's cache if None.
            adapter: folder of a LoRA adapter, as peft writes it, sealed.
            reason_tokens: of a reason, at most; 0 for none.
            dtype: to compute in.

        Raises:
            ModelError: it, or what runs it, is not installed; or the adapter is not one for it.
        """
        folder = smollm.unpacked(cache)
        from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
        self.name = smollm.NAME
        if adapter is not None:
            self.model = _adapted(self.model, adapter)
            self.name += f" + {adapter.name}"
        self.reason_tokens = reason_tokens
        self.words = torch.tensor([self._one_token(f" {word}") for word in WORDS])  # (13,)
        self._prefix: tuple[list[int], Any] = ([], None)  # tokens, and their cache

    def ask(self, messages: Messages, schema: Schema) -> Reply:
        """A choice: a reason in the model's words, and the likeliest of the schema's actions."""
        names = list(schema["properties"]["action"]["enum"])
        prompt = self.tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True)
        tokens = self._encode(prompt + '{"reason": "')
        cache = self._read(tokens[:-1])
        reason, unread = self._speak(cache, tokens[-1:])
        action, written = self._decode(cache, [*unread, *self._encode('", "action": "')], names)
        text = json.dumps({"reason": reason, "action": action, "message": "", "note": ""})
        return Reply(text, len(tokens), len(self._encode(reason)) + written)

    @torch.no_grad()
    def next_word(self, prompts: Sequence[str]) -> NDArray[np.float32]:
        """(N, 13) logits of the thirteen action words as the word that follows each prompt."""
        hidden = last_hidden(self.model, self.tokenizer, prompts)
        found: NDArray[np.float32] = (hidden @ self.head().T).numpy()
        return found

    def length(self, text: str) -> int:
        """How many tokens a text has."""
        return len(self._encode(text))

    def head(self) -> Tensor:
        """(13, D) the output embeddings of the action words."""
        found: Tensor = self.model.get_output_embeddings().weight[self.words].float()
        return found

    def _one_token(self, word: str) -> int:
        tokens = self._encode(word)
        if len(tokens) != 1:
            raise ModelError(f"{word!r} is {len(tokens)} tokens of {smollm.NAME}, wanted one; choose another word")
        return tokens[0]

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    @torch.no_grad()
    def _read(self, tokens: list[int]) -> Any:
        """A key-value cache of some tokens, which was computed from where they first differ from those before."""
        known, cache = self._prefix
        shared = 0
        while shared < min(len(known), len(tokens)) and known[shared] == tokens[shared]:
            shared += 1
        if cache is None:
            cache = self._empty()
        _cut(cache, shared)
        if shared < len(tokens):
            self.model(torch.tensor([tokens[shared:]]), cache=cache, use_cache=True, logits_to_keep=1)
        self._prefix = (tokens, cache)
        return copy.deepcopy(cache)

    def _empty(self) -> Any:
        from transformers import DynamicCache  # noqa: PLC0415

        return DynamicCache()

    @torch.no_grad()
    def _logits(self, cache: Any, tokens: list[int]) -> Tensor:
        """(V,) logits of what follows, having read some more tokens into the cache."""
        found: Tensor = self.model(torch.tensor([tokens]), cache=cache, use_cache=True, logits_to_keep=1).logits
        return found[0, -1]

    def _speak(self, cache: Any, unread: list[int]) -> tuple[str, list[int]]:
        """Greedy words up to a quote; returns them, and the tokens not read into the cache yet."""
        said: list[int] = []
        while len(said) < self.reason_tokens:
            token = int(self._logits(cache, unread).argmax())
            unread = []
            if token == self.tokenizer.eos_token_id or any(
                mark in self.tokenizer.decode([token]) for mark in '"\n{}\\'
            ):
                break
            said.append(token)
            unread = [token]
        return self.tokenizer.decode(said).strip(), unread

    def _decode(self, cache: Any, unread: list[int], names: list[str]) -> tuple[str, int]:
        """The likeliest name, by constrained probability; and how many tokens it has."""
        spelt = {name: [*self._encode(name), END] for name in names}
        quote = self._encode('"')[0]
        chances = dict.fromkeys(names, 0.0)
        level: list[tuple[list[int], Tensor]] = [([], self._logits(cache, unread))]
        length = cache.get_seq_length()
        while level:
            begun, logits = level.pop()
            following = {name: word[len(begun)] for name, word in spelt.items() if word[: len(begun)] == begun}
            tokens = sorted(set(following.values()))
            logp = torch.log_softmax(logits[[quote if token == END else token for token in tokens]].float(), 0)
            for token, chance in zip(tokens, logp.tolist(), strict=True):
                names_on = [name for name, follows in following.items() if follows == token]
                for name in names_on:
                    chances[name] += chance
                if len(names_on) > 1:
                    _cut(cache, length)
                    level.append(([*begun, token], self._logits(cache, [*begun, token])))
        best = max(names, key=lambda name: chances[name])
        return best, len(spelt[best]) - 1


def _cut(cache: Any, length: int) -> None:
    """Forget what a cache holds beyond some tokens."""
    beyond = cache.get_seq_length() - length
    if beyond > 0:
        cache.crop(-beyond)


def last_hidden(model: Any, tokenizer: Any, prompts: Sequence[str]) -> Tensor:
    """(N, D) the state from which the word after each prompt is predicted, float32. Prompts are padded on the left."""
    rows = [list(tokenizer(prompt, add_special_tokens=False)["input_ids"]) for prompt in prompts]
    longest = max(map(len, rows))
    tokens = torch.zeros(len(rows), longest, dtype=torch.long)
    mask = torch.zeros(len(rows), longest, dtype=torch.long)
    for index, row in enumerate(rows):
        tokens[index, longest - len(row) :] = torch.tensor(row)
        mask[index, longest - len(row) :] = 1
    trunk = model.get_base_model().model if hasattr(model, "get_base_model") else model.model
    places = (mask.cumsum(1) - 1).clamp(min=0)
    found: Tensor = trunk(input_ids=tokens, attention_mask=mask, position_ids=places, use_cache=False).last_hidden_state
    return found[:, -1].float()


def _adapted(model: Any, adapter: Path) -> Any:
    try:
        weights.check(adapter / smollm.ADAPTER)
        from peft import PeftModel  # noqa: PLC0415

        return PeftModel.from_pretrained(model, str(adapter)).eval()
    except ImportError as error:
        raise ModelError(f"peft is missing; get it with `{smollm.INSTALL}`") from error
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        why = " ".join(str(error).split())[:200]
        raise ModelError(f"{adapter}: not an adapter of {smollm.NAME} ({why}); give the folder peft wrote") from error
