"""Reconstruction of measured k-space, of a head whose images are known."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan import reconstruct  # noqa: E402
from stagelight.engines.scan.acquisition import masks, operator  # noqa: E402
from stagelight.render.trials.kspace_files import coil_images, to_kspace  # noqa: E402

SIDES = (64, 57)


def _scan(slices: int = 1, coils: int = 6, noise: float = 0.0005, rate: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Undersampled k-space (C, S, H, W), and the true root of the sum of squares (S, H, W)."""
    rng = np.random.default_rng(0)
    images = coil_images((slices, *SIDES), coils)
    kspace = to_kspace(images, (2, 3))
    kspace += (
        noise * np.abs(kspace).max() * (rng.standard_normal(kspace.shape) + 1j * rng.standard_normal(kspace.shape))
    )
    mask = masks.make(masks.Config("density", rate, 0.09), SIDES, rng)
    return np.asarray(kspace * mask, np.complex64), np.sqrt((np.abs(images) ** 2).sum(0))


def _off(image: np.ndarray, truth: np.ndarray) -> float:
    """Of a modulus, brought to the truth's scale, as a part of it."""
    found = np.abs(image)
    found *= float((found * truth).sum() / (found**2).sum())
    return float(np.sqrt(((found - truth) ** 2).sum() / (truth**2).sum()))


@pytest.mark.parametrize("method", ["classical", "sigpy"])
@pytest.mark.parametrize("slices", [1, 3])
def test_a_head_comes_back_from_a_third_of_its_kspace(method: str, slices: int) -> None:
    kspace, truth = _scan(slices)
    level = 0.0005 * float(np.abs(to_kspace(coil_images((slices, *SIDES), 6), (2, 3))).max())
    found = reconstruct.reconstruct(kspace, sigma=level, method=method)
    parts = [part.scan for part in reconstruct.prepare(kspace).parts]
    aliased = np.concatenate([operator.A_adjoint(scan.y, scan.acquisition).numpy() for scan in parts])
    assert found.image.shape == truth.shape and found.image.dtype == np.complex64
    assert _off(found.image, truth) < 0.8 * _off(aliased, truth)
    assert 0.6 < found.misfit < 1.4
    assert 0.7 < found.held_out < 4


def test_a_volume_is_transformed_along_its_readout() -> None:
    images = coil_images((6, *SIDES))
    whole = to_kspace(images, (1, 2, 3))
    one = reconstruct.prepare(np.asarray(whole / np.sqrt(6), np.complex64), sigma=1.0, kind="volume")
    two = reconstruct.prepare(to_kspace(images, (2, 3)), sigma=1.0)
    (volume,) = one.parts
    y = torch.cat([part.scan.y for part in two.parts], 1).abs()
    assert np.allclose(volume.scan.y.abs(), y, atol=1e-3 * float(y.max()))


def test_many_coils_are_compressed_and_noise_is_estimated() -> None:
    kspace, truth = _scan(coils=12, noise=0.01)
    ready = reconstruct.prepare(kspace, coils=5)
    assert ready.parts[0].scan.y.shape[0] == 5 and ready.share > 0.97
    assert any("12 coils compressed to 5" in note for note in ready.notes)
    level = 0.01 * np.abs(to_kspace(coil_images((1, *SIDES), 12), (2, 3))).max()
    assert 0.7 < ready.sigma / level < 1.5
    known = reconstruct.prepare(kspace, sigma=float(level))
    assert known.sigma == pytest.approx(level)
    assert truth.shape == (1, *SIDES)


def test_points_that_are_held_out_are_neither_shown_nor_in_the_centre() -> None:
    (part,) = reconstruct.prepare(_scan()[0]).parts
    kept, apart = reconstruct.held_out(part, 3)
    mask = part.scan.acquisition.mask
    assert not (kept.acquisition.mask & apart.acquisition.mask).any()
    assert ((kept.acquisition.mask | apart.acquisition.mask) == mask).all()
    assert float((kept.y * apart.acquisition.mask).abs().max()) == 0
    assert 0.02 < float(apart.acquisition.mask.sum() / mask.sum()) < 0.11
    again = reconstruct.held_out(part, 3)[1]
    assert (again.acquisition.mask == apart.acquisition.mask).all()


def test_slices_of_a_stack_are_measured_at_points_of_their_own() -> None:
    """Each comes out as it does alone, but for the maps' and the noise's common estimates."""
    kspace, truth = _scan(3)
    rng, level = np.random.default_rng(1), 0.0005 * float(np.abs(kspace).max())
    own = np.stack([masks.make(masks.Config("density", 2.0, 0.09), SIDES, rng) for _ in range(3)])
    whole = to_kspace(coil_images((3, *SIDES), 6), (2, 3)) * own
    found = reconstruct.reconstruct(whole, sigma=level)
    assert _off(found.image, truth) < 0.9 * _off(reconstruct.reconstruct(kspace, sigma=level).image, truth)
    middle = reconstruct.reconstruct(whole[:, 1], sigma=level).image
    scale = np.abs(found.image[1]).max() / np.abs(middle).max()
    assert np.abs(found.image[1] / scale - middle[0]).max() < 0.02
    with pytest.raises(ValueError, match="one mask for all"):
        reconstruct.reconstruct(whole, own, sigma=level, kind="volume")
    own[2] = False
    with pytest.raises(ValueError, match="1 of 3 slices without"):
        reconstruct.reconstruct(whole * own, own, sigma=level)


def test_a_second_set_of_maps_sees_what_folds_over() -> None:
    """A head of 78 voxels in a field of view of 56."""
    images, narrow = coil_images((1, 64, 96), 6), 56
    folded = np.zeros((6, 1, 64, narrow), np.complex64)
    for x in range(96):
        folded[..., (x - 20) % narrow] += images[..., x]
    rng, kspace = np.random.default_rng(0), to_kspace(folded, (2, 3))
    level = 0.0005 * float(np.abs(kspace).max())
    kspace = kspace + level * (rng.standard_normal(kspace.shape) + 1j * rng.standard_normal(kspace.shape))
    mask = masks.make(masks.Config("density", 2.0, 0.12), (64, narrow), rng)
    one, two = (reconstruct.reconstruct(kspace * mask, sets=sets) for sets in (1, 2))
    truth = np.sqrt((np.abs(folded) ** 2).sum(0))
    assert one.folded is None and two.folded is not None
    assert _off(np.hypot(np.abs(two.image), np.abs(two.folded)), truth) < 0.95 * _off(one.image, truth)
    assert two.misfit < 0.8 * one.misfit
    assert two.held_out < 0.9 * one.held_out
    assert reconstruct.prepare(kspace * mask).parts[0].second is not None  # found without being asked for
    assert reconstruct.prepare(_scan()[0]).parts[0].second is None
    with pytest.raises(ValueError, match="given maps are one set"):
        reconstruct.reconstruct(kspace, maps=kspace, sets=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kspace": np.zeros((2, 32, 32), np.complex64)}, "every sample is 0"),
        ({"kspace": np.ones((4,), np.complex64)}, "shape 4, wanted"),
        ({"kspace": np.full((2, 32, 32), np.nan, np.complex64)}, "not finite"),
        ({"kind": "spiral"}, "kind 'spiral'"),
        ({"method": "magic"}, "method 'magic', wanted one of"),
        ({"sigma": -1.0}, "sigma -1"),
        ({"sets": 3}, "3 sets of maps"),
        ({"prompt": "T1-weighted"}, "hears no words"),
        ({"mask": np.eye(64, 57, dtype=np.bool_)}, "fully sampled centre of"),
    ],
)
def test_what_cannot_be_reconstructed_is_refused_in_one_line(change: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"kspace": _scan()[0], **change}
    with pytest.raises(ValueError, match=message) as refused:
        reconstruct.reconstruct(**given)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


@pytest.mark.skipif(
    not os.environ.get("STAGELIGHT_DATA"), reason="needs the scans: set STAGELIGHT_DATA to a folder that holds mri/"
)
def test_a_real_head_is_predicted_better_than_by_sigpy() -> None:
    kspace = np.load(Path(os.environ["STAGELIGHT_DATA"]) / "mri/raw/sigpy_brain_8ch_poisson_r8.npy")
    ours, peer = (reconstruct.reconstruct(kspace, method=method) for method in ("classical", "sigpy"))
    assert 0.8 < ours.misfit < 1.2
    assert ours.held_out < 0.97 * peer.held_out
