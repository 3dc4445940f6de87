"""The U-Net and its preconditioning."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.model import unet  # noqa: E402


@given(st.floats(1e-3, 50), st.floats(0.01, 1))
def test_preconditioning_is_edms(sigma: float, spread: float) -> None:
    s, d = torch.tensor([sigma], dtype=torch.float64), torch.full((1, 1, 1, 1), spread, dtype=torch.float64)
    skip, out, scale, noise = (float(v) for v in unet.precondition(s, d, 2))
    variance = sigma**2 + spread**2
    assert math.isclose(scale**2 * variance, 1, rel_tol=1e-9)  # the input has unit variance
    # and so has the target (x - c_skip (x + n)) / c_out, which is what eqs. 131 to 138 ask
    assert math.isclose(((1 - skip) ** 2 * spread**2 + skip**2 * sigma**2) / out**2, 1, rel_tol=1e-6)
    assert math.isclose(float(unet.weight(s, d, 2)) * out**2, 1, rel_tol=1e-9)
    assert math.isclose(noise, math.log(sigma) / 4, abs_tol=1e-9)
