"""The Fourier transform of the scan's page, run by Node.js, against numpy's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

NEAR = 1e-12  # of numbers about one: double precision, and some twenty additions on the way


@pytest.mark.parametrize("shape", [(160, 128), (1, 1), (7, 30), (12, 49)])
@pytest.mark.parametrize("way", ["forward", "inverse"])
def test_it_is_numpys(tmp_path: Path, shape: tuple[int, int], way: str) -> None:
    node = shutil.which("node")
    if not node:
        pytest.skip("node is not installed: apt install nodejs")
    re, im = np.random.default_rng(1).normal(size=(2, *shape))
    file = tmp_path / "plane"
    file.write_bytes(np.stack([re, im]).tobytes())
    script = Path(__file__).parent / "js/fft.mjs"
    subprocess.run([node, script, file, *map(str, shape), way], check=True, timeout=60)
    made = np.fromfile(file).reshape(2, *shape)
    wanted = {"forward": np.fft.fft2, "inverse": np.fft.ifft2}[way](re + 1j * im, norm="ortho")
    assert np.abs(made[0] + 1j * made[1] - wanted).max() < NEAR
