"""The course of the small model, run for real on a tiny one with random weights."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stagelight.engines.experiment.progress import Interrupted
from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels
from stagelight.engines.village.training import distillation, lora
from stagelight.engines.village.training.demonstrations import logp
from stagelight.engines.village.training.networks import Policy
from support import tiny_smollm

pytest.importorskip("transformers", reason="the extra village-llm")
pytest.importorskip("tokenizers", reason="the extra village-llm")
pytestmark = pytest.mark.engine
CONFIG = distillation.Config(
    examples=64, batch=8, seeds=1, cohorts=2, villages=2, led=0.5, lora=lora.Config(rate=5e-3, rank=2, first_layer=1)
)


def policy() -> Policy:
    return Policy(16, torch.Generator().manual_seed(1))


def test_a_course_that_is_interrupted_goes_on_to_the_bit(tmp_path: Path) -> None:
    for _ in range(3):
        with pytest.raises(Interrupted):
            distillation.teach(policy(), tiny_smollm.model(), tmp_path, CONFIG, deadline=time.monotonic())
    told: list[int] = []
    again = distillation.teach(
        policy(), tiny_smollm.model(), tmp_path, CONFIG, progress=lambda _, done, *__: told.append(done)
    )
    assert told[-1] == CONFIG.updates == 8
    assert len(told) < 8, "what was done is not done again"
    whole = distillation.teach(policy(), tiny_smollm.model(), tmp_path / "whole", CONFIG)
    for one, other in zip(again.tensors().values(), whole.tensors().values(), strict=True):
        assert torch.equal(one, other)
    for mine, theirs in zip(again.rooms, whole.rooms, strict=True):
        np.testing.assert_array_equal(mine.villages.numbers, theirs.villages.numbers)
        np.testing.assert_array_equal(mine.villages.known, theirs.villages.known)
    assert any(value.abs().max() > 0 for value in whole.learner.adapter.b), "something was learnt"


@pytest.mark.parametrize("led", [1e-9, 1e9])
def test_the_pupil_acts_in_its_villages_once_it_is_no_longer_led(led: float, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher, config = policy(), replace(CONFIG, led=led)
    trainer = distillation.Trainer(config, 0, teacher, tiny_smollm.model(), distillation.shown(teacher, 1))
    trainer.done = 2
    room = trainer.rooms[0]
    monkeypatch.setattr(distillation, "pick", lambda logits, masks: np.full(len(masks), r.BUY))
    seen, rows, workers = room.lessons()
    wanted = logp(teacher, seen.teacher).argmax(1)
    trainer.step()
    begun = np.array(
        [room.villages.workers[row, kernels.DOES + worker] for row, worker in zip(rows, workers, strict=True)]
    )
    assert len(begun) > 0
    if led < 1:
        assert (begun == r.BUY).all()
    else:
        slow = begun >= 0  # what takes one tick is over
        np.testing.assert_array_equal(begun[slow], wanted[slow])
