"""Noise of measured k-space, whitening and virtual coils."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.acquisition import noise  # noqa: E402
from stagelight.render.trials.kspace_files import coil_images, to_kspace  # noqa: E402

MIX = np.array([[1, 0.3j, 0, 0], [0, 2, 0.4, 0], [0, 0, 1, 0.5], [0, 0, 0, 0.7]])  # of the coils' noise


def _noise(count: int, seed: int = 0) -> noise.Complex:
    rng = np.random.default_rng(seed)
    white = rng.standard_normal((4, count)) + 1j * rng.standard_normal((4, count))
    return np.asarray(MIX @ white, np.complex64)


def test_whitened_noise_has_unit_spread_in_each_part_and_no_correlation() -> None:
    matrix = noise.whitening(noise.covariance(_noise(20000)))
    white = noise.mixed(matrix, _noise(20000, 1))
    assert np.allclose(noise.covariance(white), 2 * np.eye(4), atol=0.1)
    with pytest.raises(ValueError, match="3 samples of noise"):
        noise.covariance(_noise(3))
    with pytest.raises(ValueError, match="leave those coils out"):
        noise.whitening(np.zeros((2, 2), np.complex128))


@pytest.mark.parametrize("share", [1.0, 0.2])
def test_the_edge_of_kspace_tells_the_noise_under_what_signal_there_is(share: float) -> None:
    rng = np.random.default_rng(2)
    signal = to_kspace(coil_images((1, 96, 80)), (2, 3))
    level = 0.004 * np.abs(signal).max()
    kspace = signal + level * _noise(96 * 80).reshape(signal.shape)
    mask = rng.random((1, 96, 80)) < share
    found = noise.at_edge(np.asarray(kspace, np.complex64)[:, noise.edge(mask, len(kspace))])
    true = 2 * level**2 * MIX @ MIX.conj().T
    assert 0.8 < np.trace(found).real / np.trace(true).real < 1.35
    assert np.abs(found - true).max() < 0.4 * np.abs(true).max()


def test_few_virtual_coils_hold_the_signal_of_many() -> None:
    many = to_kspace(coil_images((1, 48, 40), coils=12), (2, 3))
    matrix, share = noise.compression(many[:, :, 16:32, 12:28], 6)
    assert matrix.shape == (6, 12) and share > 0.99
    assert np.allclose(matrix @ matrix.conj().T, np.eye(6), atol=1e-4)  # noise stays white
    few = noise.mixed(matrix, many)
    assert np.vdot(few, few).real > 0.99 * np.vdot(many, many).real
    assert noise.compression(many[:3], 6)[0].shape == (3, 3)
