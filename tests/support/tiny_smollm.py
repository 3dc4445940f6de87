"""A language model like SmolLM2, with two layers of random weights and a token for each word and digit."""

from __future__ import annotations

import re
from typing import Any

import torch

from stagelight.engines.village import constants as r
from stagelight.engines.village.llm import facts, smollm
from stagelight.engines.village.llm.llama import Llama, Shape

PIECES = r" ?[a-z]+|\d|\n|[^a-z\d\n]"
LINE = (
    " day hour level ripe cut rabbits wheat flour wind stall oven bread square meals mouths bank coins enough short "
    "price others did next road field mill bakery granary market square"
)


def config() -> Any:
    """Of the network, as transformers has it."""
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=len(vocabulary()), hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=6,
        num_key_value_heads=2, rms_norm_eps=1e-5, rope_theta=10_000.0, tie_word_embeddings=True, initializer_range=0.3,
    )  # fmt: skip


def reference() -> Any:
    """The network as transformers runs it, in float32."""
    from transformers import LlamaForCausalLM

    torch.manual_seed(0)
    return LlamaForCausalLM(config()).eval()


def network(dtype: torch.dtype = torch.float32) -> Llama:
    """The same network as this project runs it."""
    return Llama(reference().state_dict(), Shape.of(config().to_dict()), dtype)


def vocabulary() -> dict[str, int]:
    """Every piece that a line or an answer can have."""
    texts = [
        LINE, "0123456789.:,\n ", *(f" {word}" for word in facts.WORDS), *r.AGENTS, *(f" {name}" for name in r.AGENTS),
        *(f" {fact.template}" for fact in facts.FACTS), *(f" {w}" for fact in facts.FACTS for w in fact.words),
        f" {smollm.BECAUSE} {facts.GONE}",
    ]  # fmt: skip
    pieces = {piece for text in texts for piece in re.findall(PIECES, text)}
    return {piece: number for number, piece in enumerate(["?", smollm.EOS, *sorted(pieces)])}


def tokenizer() -> Any:
    """The tokenizer."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    found = Tokenizer(models.WordLevel(vocabulary(), "?"))
    found.pre_tokenizer = pre_tokenizers.Split(Regex(PIECES), "isolated")
    found.decoder = decoders.Fuse()
    return found


def model() -> smollm.SmolLM:
    """The language model."""
    return smollm.SmolLM(tokenizer(), network())
