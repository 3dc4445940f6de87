"""SmolLM2-135M as it comes, asked for JSON as a model behind an endpoint would be.

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
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stagelight.engines.village.llm import smollm
from stagelight.engines.village.llm.types import Messages, Reply, Schema

END = -1  # in place of a token: the name ends here


class Small:
    """The model, loaded."""

    def __init__(self, cache: Path | None = None, reason_tokens: int = 24, dtype: torch.dtype | None = None) -> None:
        """Load it.

        Args:
            cache: folder for the unpacked weights; the user's cache if None.
            reason_tokens: of a reason, at most; 0 for none.
            dtype: to compute in; the faster one on this processor if None.

        Raises:
            ModelError: it, or what runs it, is not installed.
        """
        folder = smollm.unpacked(cache)
        from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype or smollm.fast_dtype()).eval()
        self.name = smollm.NAME
        self.reason_tokens = reason_tokens
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
