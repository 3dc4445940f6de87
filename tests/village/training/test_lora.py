"""An adapter of the small model: what it learns, and how it is published."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from stagelight.engines.village.llm.llama import Llama, Shape
from stagelight.engines.village.llm.smollm import ADAPTER, SmolLM, merge
from stagelight.engines.village.llm.types import ModelError
from stagelight.engines.village.training import lora
from support import tiny_smollm

pytest.importorskip("transformers", reason="the extra village-llm")
pytest.importorskip("tokenizers", reason="the extra village-llm")
pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed in v:FutureWarning"),  # peft's
]
CONFIG = lora.Config(rate=2e-2, warm=0.01, rank=4, alpha=8, first_layer=1)
LINES = ("miller mill day1 hour2 next", "baker bakery day3 hour4 coins10 next", "farmer field next")
REASONS = ("coins are 12", "", "the wind is still")


def batch() -> lora.Batch:
    logits = np.full((3, 13), -9.0, np.float32)
    logits[[0, 1, 2], [4, 6, 1]] = 2.0
    logits[2, 2] = 2.0  # two words are as good
    masks = np.ones((3, 13), np.int8)
    masks[0, 12] = 0
    logits[0, 12] = lora.FORBIDDEN
    logp = torch.log_softmax(torch.from_numpy(logits), 1).numpy()
    return lora.Batch(LINES, masks, logp, REASONS)


@pytest.fixture(scope="module")
def taught() -> lora.Learner:
    learner = lora.Learner(CONFIG, 0, tiny_smollm.model())
    for _ in range(240):
        learner.learn(batch(), 0.3)
    return learner


def test_a_fresh_adapter_changes_nothing() -> None:
    model = tiny_smollm.model()
    _, logits = lora.Learner(CONFIG, 0, model).learn(batch(), 0.0)
    np.testing.assert_allclose(logits, model.next_word(LINES), atol=1e-5)


def test_words_and_sentences_are_learnt(taught: lora.Learner, tmp_path: Path) -> None:
    step, logits = taught.learn(batch(), 0.99)
    assert step.loss < 0.05
    assert step.agreement > 0.6
    assert step.words < 0.3
    chances = np.exp(logits - logits.max(1, keepdims=True))
    assert chances[2, 1] == pytest.approx(chances[2, 2], rel=0.3), "the policy's distribution, not its likeliest word"
    model = merged(lora.publish(taught.adapter, tmp_path / "adapter", {}))
    _, said = model.answers(LINES[:2], lambda _: np.array([4, 6]))
    assert said == list(REASONS[:2])


def test_what_is_published_is_the_adapter_here_and_in_peft(taught: lora.Learner, tmp_path: Path) -> None:
    peft = pytest.importorskip("peft", reason="the extra village-llm")
    folder = lora.publish(taught.adapter, tmp_path / "adapter", {"seed": 0})
    rows = taught.model.encode(LINES)
    with torch.no_grad():
        wanted = taught.model.network.hidden(rows, taught.adapter.pairs())
        mine = merged(folder).network
        torch.testing.assert_close(mine.hidden(rows), wanted, atol=5e-2, rtol=1e-2)
        theirs = peft.PeftModel.from_pretrained(tiny_smollm.reference(), str(folder))
        logits = torch.cat([theirs(torch.tensor([row])).logits[0] for row in rows])
        torch.testing.assert_close(mine.logits(mine.hidden(rows)), logits, atol=1e-3, rtol=1e-3)
    assert json.loads((folder / "about.json").read_text()) == {"seed": 0}


def test_what_is_no_adapter_is_refused(taught: lora.Learner, tmp_path: Path) -> None:
    folder = lora.publish(taught.adapter, tmp_path / "adapter", {})
    (folder / "about.json").write_text("{}")
    with pytest.raises(ModelError, match=r"about.json was changed"):
        merge({}, folder)
    (folder / f"{ADAPTER}.sha256").unlink()
    with pytest.raises(ModelError, match="not an adapter"):
        merge({}, folder)


def merged(folder: Path) -> SmolLM:
    tensors = dict(tiny_smollm.reference().state_dict())
    merge(tensors, folder)
    return SmolLM(tiny_smollm.tokenizer(), Llama(tensors, Shape.of(tiny_smollm.config().to_dict()), torch.float32))
