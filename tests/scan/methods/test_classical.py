"""Classical reconstructions of a phantom."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

import sigpy  # noqa: E402
import torch  # noqa: E402

from stagelight.engines.scan import metrics  # noqa: E402
from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.methods import classical  # noqa: E402
from support.paths import ROOT  # noqa: E402
from support.scan import SCAN, phantom  # noqa: E402


@pytest.mark.parametrize("count", [1, 4])
def test_every_classical_method_beats_the_zero_filled_image_of_a_phantom(count: int) -> None:
    x = phantom(0.02)
    scan = operator.simulate(x, operator.Config(acceleration=4, center_fraction=0.04, coils=count), 1)
    reference, inside = operator.volume(x), operator.volume(phantom()) > 0
    setting = classical.Setting(1e-3, 40)

    def db(u: torch.Tensor) -> float:
        return metrics.psnr(operator.volume(u), reference, inside)

    zero = db(classical.zero_filled(scan))
    found = {m.__name__: db(m(scan, setting)) for m in (classical.variation, classical.wavelet)}
    assert found["variation"] > zero + 3
    assert found["wavelet"] > zero + 2
    assert db(classical.quick(scan)) > zero + 2


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_sigpys_wavelets_improve_on_where_they_start() -> None:
    x = phantom(0.02)
    scan = operator.simulate(x, SCAN, 1)
    inside = operator.volume(phantom()) > 0
    sigpy.soft_thresh(0.1, np.ones(3, np.complex64))  # as a complex method does in the same process
    found = classical.wavelet_sigpy(scan, classical.Setting(1e-3, 40))
    pair = (metrics.psnr(operator.volume(u), operator.volume(x), inside) for u in (found, classical.zero_filled(scan)))
    assert next(pair) > next(pair)


def test_stopping_early_is_the_first_part_of_the_whole_course() -> None:
    scan = operator.simulate(phantom(), SCAN, 1)
    seen: dict[int, torch.Tensor] = {}
    classical.variation(scan, classical.Setting(1e-3, 12), lambda k, x: seen.update({k: x.clone()}))
    assert sorted(seen) == list(range(1, 13))
    assert torch.equal(classical.variation(scan, classical.Setting(1e-3, 12, stop=7)), seen[7])
    assert not torch.equal(seen[7], seen[12])


def test_weights_fall_to_the_one_that_was_set() -> None:
    found = classical.weights(classical.Setting(1e-3, 30), scale=2.0)
    assert found[0] == pytest.approx(0.2)
    assert found[-1] == pytest.approx(2e-3)
    assert found == sorted(found, reverse=True)
    assert len(classical.weights(classical.Setting(1e-3, 1), 1.0)) == 1


def test_the_support_holds_the_object_and_leaves_air() -> None:
    x = phantom()
    found = classical.support(operator.simulate(x, SCAN, 0), grow=1)
    assert (found[x > 0] == 1).all()
    assert float(found.mean()) < 1


def test_a_gain_of_the_receiver_changes_nothing_but_the_gain() -> None:
    x = phantom()
    low, high = (
        operator.simulate(g * x, operator.Config(acceleration=4, center_fraction=0.04, sigma=0.01 * g), 1)
        for g in (1, 50)
    )
    a, b = classical.quick(low), classical.quick(high)
    assert torch.allclose(b / 50, a, atol=2e-3)


def test_the_usual_setting_is_what_the_benchmark_found_with_the_reference() -> None:
    """One coil, and four at four times the acceleration, between the two adults."""
    facts = json.loads((ROOT / "site_assets/recordings/scan.json").read_text("utf-8"))["facts"]
    for rate, weight in classical.TUNED:
        found = [facts[f"{adult}.poisson.r{rate:g}.c1.variation.setting.weight"] for adult in ("colin27", "stroke_t1")]
        assert min(found) <= weight <= max(found)
    x = phantom()
    for rate, coils, weight in ((4, 1, 1e-3), (8, 2, 1e-3), (8, 1, 5e-4), (2, 1, 1e-3)):
        scan = operator.simulate(x, operator.Config("density", rate, coils, center_fraction=0.02), 1)
        assert classical.usual(scan).weight == pytest.approx(weight, rel=0.02)
