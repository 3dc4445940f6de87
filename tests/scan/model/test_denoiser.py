"""The network on a whole volume: guidance, slabs, and weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.model import denoiser  # noqa: E402
from stagelight.engines.scan.model.refiner import Refiner  # noqa: E402
from support.scan import small_prior  # noqa: E402


def test_guidance_of_one_is_conditional_of_nought_is_not() -> None:
    _, ready = small_prior()
    x = ready.mean + 0.1
    told, untold = ready.denoise(x, 0.1, "T1"), ready.denoise(x, 0.1, "")
    assert not torch.equal(told, untold)
    assert torch.equal(ready.denoise(x, 0.1, "T1", guidance=0), untold)
    double = ready.denoise(x, 0.1, "T1", guidance=2.0)
    assert torch.allclose(double, 2 * told - untold, atol=1e-5)


@given(st.integers(8, 200), st.integers(0, 20))
def test_slabs_cover_every_slice(total: int, shift: int) -> None:
    starts = denoiser.cuts(total, 8, shift)
    assert {i for s in starts for i in range(s, s + 8)} == set(range(total))
    assert len(starts) <= total // 8 + 2


def test_weights_come_back_and_others_are_refused(tmp_path: Path) -> None:
    from stagelight.engines.experiment import weights

    torch.manual_seed(0)
    model = Refiner()
    path = tmp_path / "unrolled.safetensors"
    denoiser.publish(model, path)
    assert path.stat().st_size < 10_000_000
    loaded = denoiser.load(path)
    for name, value in model.state_dict().items():
        assert torch.allclose(loaded.state_dict()[name], value, atol=1e-3), name
    path.write_bytes(b"not weights")
    with pytest.raises(ValueError, match=r"not weights of this network \(unrolled.safetensors was changed"):
        denoiser.load(path)
    weights.seal(path)
    with pytest.raises(ValueError, match="not weights of this network"):
        denoiser.load(path)
