"""The scan's recording and scene: from a small patient that was scanned and reconstructed by the real engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stagelight.engines import recording
from stagelight.engines.experiment import weights as sealing
from stagelight.engines.experiment.progress import Interrupted
from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import kcube, kplane, slices
from stagelight.render.scenes.scan import Scan
from stagelight.render.stage import Film
from support.contrast import seen, texts
from support.drawing import SMALL, any_frame_renders_alone, named, spoken, text_is_large_and_on_the_stage, words_fit

pytest.importorskip("torch")
pytest.importorskip("sigpy")

import torch

from stagelight.engines.scan import observers, patient_runs, pictures, record
from stagelight.engines.scan.acquisition import operator
from stagelight.engines.scan.data.patient import Patient
from stagelight.engines.scan.model import denoiser, refiner
from stagelight.engines.scan.model.refiner import Refiner
from stagelight.engines.scan.solvers import misfit

pytestmark = pytest.mark.engine
CONFIG = record.Config(acceleration=4, grid=(2, 4), steps=6, kept=4, samples=2, seen=0, measured=False, dreams=0)
NAMES = ["patient", "undersample", "prior", "diffusion", "consistency", "comparison"]


def somebody() -> Patient:
    """An egg with a dark lesion at its left, (32, 48, 32)."""
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in (32, 48, 32)), indexing="ij", sparse=True)
    brain = x**2 / 0.6 + y**2 / 0.8 + z**2 / 0.7 < 1
    lesion = (x + 0.35) ** 2 + (y - 0.2) ** 2 + (z - 0.1) ** 2 < 0.06
    image = np.where(lesion, 0.15, 0.6 + 0.25 * np.sin(9 * x) * np.cos(8 * y)) * brain
    return Patient("somebody", image.astype(np.float32), brain, lesion & brain, 4.0, "made up")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two untrained networks whose output is not nothing."""
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("weights")
    for name, shape in (("w.safetensors", refiner.PUBLISHED), (denoiser.ALONE.name, refiner.ALONE)):
        model = Refiner(shape)
        torch.nn.init.normal_(model.get_parameter("net.leave.2.weight"), std=0.01)
        denoiser.publish(model, folder / name)
    return folder / "w.safetensors"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


def made(cache: Path, weights: Path, **more: Any) -> Recording:
    return record.make(cache, lambda *_: None, config=CONFIG, weights=weights, shown=somebody(), **more)


@pytest.fixture(scope="module")
def recorded(cache: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("recordings")
    recording.save(made(cache, weights), folder)
    return recording.load(folder, "scan")


@pytest.fixture(scope="module")
def scene(recorded: Recording) -> Scan:
    return Scan(recorded)


# --- whom and where -----------------------------------------------------------------------------------


def test_the_planes_go_through_the_lesion_and_the_ring_holds_it() -> None:
    shown = somebody()
    assert shown.lesion[shown.at]
    assert shown.side == "left"
    across, down, radius = shown.ring
    picture = pictures.planes(shown.lesion, shown.at)["axial"]
    rows, columns = np.nonzero(picture)
    height, width = picture.shape
    away = np.hypot(columns + 0.5 - across * width, rows + 0.5 - down * height)
    assert (away <= radius * width).mean() > 0.9
    assert shown.millilitres == pytest.approx(shown.lesion.sum() * 64 / 1000)


def test_planes_are_turned_as_the_components_turn_them() -> None:
    volume = np.random.default_rng(0).random((4, 5, 6))
    for one, two in zip(pictures.planes(volume, (1, 2, 3)).values(), slices.planes(volume, (1, 2, 3)), strict=True):
        assert np.array_equal(one, two)


# --- what is recorded ---------------------------------------------------------------------------------


def test_the_mask_is_the_scanners_and_k_space_is_dark_elsewhere(recorded: Recording) -> None:
    scan = operator.simulate(operator.slices(somebody().x), operator.Config(acceleration=4), 1)
    mask = recorded.arrays["mask"]
    assert np.array_equal(np.fft.ifftshift(mask), scan.acquisition.mask.numpy())
    assert recorded.fact("acceleration") == pytest.approx(4, rel=0.01)
    assert not recorded.arrays["kplane_measured"][~mask.T[::-1]].any()


def test_consistency_brings_estimates_to_the_data(recorded: Recording) -> None:
    a = recorded.arrays
    for run in ("", "guided_"):
        before, after = a[f"{run}misfit_before"], a[f"{run}misfit_after"]
        assert len(before) == CONFIG.kept
        assert (after <= before * 1.001).all()
    assert recorded.fact("guided.residual") < 0.2 * recorded.fact("stranger.residual")
    assert (np.diff(a["sigma"]) < 0).all()


def test_the_stranger_accepts_what_was_measured_and_keeps_the_rest(recorded: Recording) -> None:
    """Measured points of its k-plane end where the measurement is; the others stay (but for a mirror image's share)."""
    a, measured = recorded.arrays, recorded.arrays["mask"].T[::-1]
    told = a["kplane_measured"].astype(int)
    off = {when: np.abs(a[f"kplane_{when}"].astype(int) - told)[measured].mean() for when in ("stranger", "accepted")}
    assert off["accepted"] < 0.35 * off["stranger"]


def test_figures_are_those_of_the_pictures(recorded: Recording) -> None:
    """PSNR in the axial slice, computed from what was stored, orders the methods as the facts do."""
    reference, inside = recorded.arrays["reference_axial"] / 255, recorded.arrays["reference_axial"] > 0

    def near(name: str) -> float:
        return float(-10 * np.log10(np.mean((recorded.arrays[f"{name}_axial"] / 255 - reference)[inside] ** 2)))

    assert near("variation") > near("zero_filled") > near("stranger")
    for name in ("zero_filled", "ours"):
        error = recorded.arrays[f"error_{name}"] / 127 * patient_runs.ERROR_MOST
        shown = recorded.arrays[f"{name}_axial"] / 255 - reference
        picture = recorded.arrays[f"{name}_axial"]
        told = (np.abs(shown) < patient_runs.ERROR_MOST - 0.01) & (picture > 0) & (picture < 255)  # not cut off
        assert told.sum() > 300
        assert np.abs(error - shown)[told].max() < 0.01


def test_a_word_gets_a_share_of_attention(recorded: Recording) -> None:
    attention, rest = recorded.arrays["attention"], recorded.arrays["attention_rest"]
    words = next(event for event in recorded.events if event["kind"] == "prompt")["words"]
    assert attention.shape == (CONFIG.kept, len(words))
    assert (attention > 0).all()
    assert np.allclose(attention.sum(1) + rest, 1, atol=1e-5)


def test_words_are_made_of_their_tokens() -> None:
    words, spans = observers.words_of("An axial T1-weighted image, hyperintensities.")
    assert words == ["An", "axial", "T1-weighted", "image", "hyperintensities"]
    assert [len(span) for span in spans][:4] == [1, 1, 4, 1]
    assert len({k for span in spans for k in span}) == sum(map(len, spans))


def test_thinned_steps_hold_both_ends() -> None:
    assert observers.thinned(40, 14)[0] == 1
    assert observers.thinned(40, 14)[-1] == 40
    assert len(observers.thinned(40, 14)) == 14
    assert observers.thinned(3, 14) == [1, 2, 3]


@pytest.mark.slow
def test_the_same_run_gives_the_same_recording(recorded: Recording, weights: Path, tmp_path: Path) -> None:
    assert recording.same(recorded, made(tmp_path, weights)) == []


def test_what_is_finished_is_kept_and_what_was_cut_off_is_made_again(
    recorded: Recording, cache: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Interrupted, match="sample 1"):
        made(tmp_path, weights, deadline=0.0)
    for path in cache.glob("*.npz"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    whole = next(tmp_path.glob("stranger*.npz"))
    whole.write_bytes(whole.read_bytes()[:1000])
    sampled: list[int] = []
    plain = observers.sample
    monkeypatch.setattr(observers, "sample", lambda *a: sampled.append(1) or plain(*a))  # type: ignore[func-returns-value]
    assert recording.same(recorded, made(tmp_path, weights)) == []
    assert len(sampled) == 1


def test_wrong_weights_are_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"nothing")
    sealing.seal(tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match=r"w\.safetensors: not weights of this network"):
        made(tmp_path, tmp_path / "w.safetensors")


def test_accepting_is_nearly_a_projection() -> None:
    shown = somebody()
    scan = operator.simulate(operator.slices(shown.x), operator.Config(acceleration=4), 1)
    ready = denoiser.ready(Refiner().eval(), scan)
    x = torch.zeros(32, 32, 48)
    once = observers.accept(ready, x)
    assert misfit(once, ready.scan) < 0.1 * misfit(x, ready.scan)
    assert float((observers.accept(ready, once) - once).norm() / once.norm()) < 0.05


# --- the scene ----------------------------------------------------------------------------------------


def test_sections_are_the_storyboards(scene: Scan) -> None:
    sections = scene.sections()
    assert [s.name for s in sections] == NAMES
    assert [s.step for s in sections] == [None, "01", "02", "03", "04", None]
    assert 75 <= sum(s.seconds for s in sections) <= 90


def test_what_is_said_of_the_prior_alone_goes_by_what_was_measured(recorded: Recording) -> None:
    """A dream that is no brain is not called a stranger; a guided run that helps nobody is not played."""

    def told(**facts: float) -> tuple[str, str]:
        changed = {name.replace("__", "."): value for name, value in facts.items()}
        sections = Scan(replace(recorded, facts={**recorded.facts, **changed})).sections()
        words = [" ".join(cue.text for cue in sections[k].captions) for k in (2, 4)]
        return words[0], words[1]

    far = told(stranger__contrast=1.1, guided__brain__psnr=5.0, zero_filled__brain__psnr=20.0)
    between = told(stranger__contrast=2.0, guided__brain__psnr=5.0, zero_filled__brain__psnr=20.0)
    near = told(stranger__contrast=8.0, guided__brain__psnr=25.0, zero_filled__brain__psnr=20.0)
    assert "no brain" in far[0]
    assert "stranger" not in far[1]
    assert "conditioned on the scan" in far[1]
    assert "has filled" not in far[1]  # in that run the lesion is there from the first step
    assert "outline of a head" in between[0]
    assert "stranger" not in between[1]
    assert "Plausible" in near[0]
    assert "stranger" in near[1]
    assert "Nothing else tells it" in near[1]
    assert "has filled" in near[1]


def test_where_no_lesion_is_known_none_is_spoken_of(recorded: Recording) -> None:
    scene = Scan(replace(recorded, facts={**recorded.facts, "ring.radius": 0.0}))
    for section in scene.sections():
        told = " ".join([section.alt, *(cue.text for cue in section.captions)])
        assert "ring" not in told.replace("measuring", "")
        assert "stroke" not in told
        Film(section, SMALL).at(section.still)


def test_a_head_is_brighter_than_air_and_noise_is_not(recorded: Recording) -> None:
    assert 0 < recorded.fact("stranger.contrast") < 3


def test_words_fit_their_time(recorded: Recording) -> None:
    """Whatever the prior is like, and whatever is therefore said of it."""
    for contrast, guided in ((1.0, 5.0), (9.0, 99.0)):
        words_fit(Scan(replace(recorded, facts={**recorded.facts, "stranger.contrast": contrast,
                                                  "guided.brain.psnr": guided})))  # fmt: skip


def test_every_entry_of_the_legend_is_in_play_and_drawn(scene: Scan) -> None:
    used = {cue.text for section in scene.sections() for cue in section.marks}
    assert used == {mark.id for mark in scene.legend}
    for mark in scene.legend:
        assert (theme.ASSETS / "img" / "marks" / f"{mark.id}.svg").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_text_is_large_enough_and_stays_on_the_stage(monkeypatch: pytest.MonkeyPatch, scene: Scan, name: str) -> None:
    text_is_large_and_on_the_stage(monkeypatch, scene, name)


@pytest.mark.parametrize("name", NAMES)
def test_text_can_be_read(scene: Scan, name: str) -> None:
    section = next(s for s in scene.sections() if s.name == name)
    frame, said = texts(section, section.still)
    assert said
    for each in said:
        assert seen(frame, each) >= each.wanted, each


@pytest.mark.parametrize("name", NAMES)
def test_any_frame_renders_alone(scene: Scan, name: str) -> None:
    any_frame_renders_alone(named(scene, name), 37)


@pytest.mark.parametrize(
    ("array", "name", "t"),
    [
        ("volume", "patient", 2.0),
        ("reference_axial", "patient", 10.0),
        ("mask", "undersample", 6.0),
        ("zero_filled_axial", "undersample", 9.0),
        ("attention", "prior", 4.0),
        ("stranger_axial", "prior", 12.0),
        ("noisy_axial", "diffusion", 3.0),
        ("after_axial", "diffusion", 12.0),
        ("kplane_stranger", "consistency", 3.0),
        ("kplane_accepted", "consistency", 7.0),
        ("after_axial", "consistency", 12.6),
        ("error_ours", "comparison", 8.0),
        ("uncertainty_axial", "comparison", 8.0),
    ],
)
def test_the_picture_follows_the_recording(recorded: Recording, scene: Scan, array: str, name: str, t: float) -> None:
    """Change one recorded array, and the section that shows it changes."""
    other = Scan(replace(recorded, arrays={**recorded.arrays, array: recorded.arrays[array][..., ::-1].copy()}))
    frames = [Film(s.sections()[NAMES.index(name)], SMALL).at(t).copy() for s in (scene, Scan(recorded), other)]
    assert np.array_equal(frames[0], frames[1])
    assert not np.array_equal(frames[0], frames[2])


def test_printed_numbers_are_recorded_ones(monkeypatch: pytest.MonkeyPatch, recorded: Recording, scene: Scan) -> None:
    said = {words for words, *_ in spoken(monkeypatch, scene, "comparison", 7.5)}
    for name in ("zero_filled", "variation", "mean", "ours", "samples"):
        assert f"{recorded.fact(f'{name}.brain.psnr'):.1f}" in said
    count = int(recorded.arrays["mask"].sum())
    said = {words for words, *_ in spoken(monkeypatch, scene, "undersample", 8.0)}
    assert f"{count:,} of {recorded.arrays['mask'].size:,} lines" in said


# --- what it is drawn with ----------------------------------------------------------------------------


def test_a_fitted_box_has_the_pictures_shape() -> None:
    box = slices.fitted(np.zeros((3, 160, 128), np.uint8), 100, 100, 400, 320)
    assert box.width / box.height == pytest.approx(128 / 160)
    assert (box.y, box.height) == (100, 320)
    assert box.x + box.width / 2 == pytest.approx(300)


def test_a_crop_is_square_and_inside() -> None:
    picture = np.arange(48 * 40, dtype=np.int64).reshape(48, 40)
    part = slices.crop(picture, (0.02, 0.5), 0.2)  # type: ignore[arg-type]
    assert part.shape == (16, 16)
    assert part[0, 0] == picture[16, 0]


def test_recorded_brightness_is_the_planes() -> None:
    assert kplane.brightness(np.array([0, 255], np.uint8)).tolist() == pytest.approx([0, kplane.BRIGHTEST])


def test_rods_ignite_where_they_are_measured() -> None:
    lit = kcube.outward((9, 9), 0.6, 0.0, 1.0)
    assert lit[4, 4] == 1
    assert lit[0, 0] == 0
