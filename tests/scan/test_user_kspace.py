"""Masks that are written beside pictures of measured k-space."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

from stagelight.engines.scan import user_kspace  # noqa: E402
from stagelight.render.trials.kspace_files import coil_images  # noqa: E402


def test_the_brain_of_a_whole_head_is_found_whichever_way_the_axes_run() -> None:
    shape, radii = (160, 160, 180), (56, 58, 68)  # S from the feet, H from the right, W from the front
    axes = np.meshgrid(*(np.arange(n) - n / 2 for n in shape), indexing="ij")
    away = np.sqrt(sum((a / r) ** 2 for a, r in zip(axes, radii, strict=True)))
    head = np.where(away < 1, 1.0, np.where(away < 1.1, 0.15, np.where(away < 1.25, 1.3, 0.0)))
    head += 0.025 * np.abs(np.random.default_rng(0).standard_normal(head.shape))
    affine = np.array([[0, 1, 0, -75], [0, 0, -1, 85], [1, 0, 0, -70], [0, 0, 0, 1.0]])
    name, found = user_kspace._within(head.astype(np.float32), affine)
    assert name == "brain" and found.shape == shape
    assert 2 * (found * (away < 1)).sum() / (found.sum() + (away < 1).sum()) > 0.95


def test_of_a_slice_the_object_is_found() -> None:
    image = np.abs(coil_images((1, 64, 57), 1))[0]
    name, found = user_kspace._within(image.astype(np.float32), np.diag([5.0, 3, 3, 1]))
    assert name == "object" and found.shape == image.shape
    h, w = np.meshgrid(*(np.arange(n) / n * 2 - 1 for n in image.shape[1:]), indexing="ij")
    inside = (h / 0.8) ** 2 + (w / 0.68) ** 2 < 1
    assert 2 * (found[0] * inside).sum() / (found.sum() + inside.sum()) > 0.95
