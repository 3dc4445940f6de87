"""The gates of a small model's sentences, on models whose sentences are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from stagelight.engines.village import constants as r
from stagelight.engines.village.evaluation import metrics
from stagelight.engines.village.training.lm_evaluation import evaluate
from stagelight.engines.village.training.networks import Policy

pytestmark = pytest.mark.engine


class Hunter:
    """Guards where its line has rabbits and farms where it has none; says what it is told to say."""

    def __init__(self, says: str) -> None:
        self.says = says

    def next_word(self, lines: Sequence[str]) -> Any:
        logits = np.zeros((len(lines), 13), np.float32)
        for row, line in zip(logits, lines, strict=True):
            row[r.FARM if "rabbits0" in line else r.GUARD] = 1
        return logits

    def answers(self, lines: Sequence[str], choose: Any) -> Any:
        said = [self.says.format(line.split("rabbits")[1][0]) if "miller" in line[:6] else "" for line in lines]
        return choose(self.next_word(lines)), said


@pytest.mark.parametrize(
    ("says", "true", "flips"),
    [("rabbits in the field are {}", 1.0, True), ("the level is 9", 0.0, False), ("I like it here", 0.0, False)],
)
def test_sentences_are_held_to_the_line_and_to_the_choice(says: str, true: float, flips: bool) -> None:
    policy = Policy(16, torch.Generator().manual_seed(0))
    model: Any = Hunter(says)
    found = evaluate(model, policy, metrics.tapes("plague", [1, 2]), asked=200)
    assert 0.1 < found["said"] < 0.9
    assert found["true"] == true
    assert (found["flip"] > 0.2) == flips
    assert 0 <= found["agreement"] <= 1
    assert 0 < found["commonest"] <= 1
