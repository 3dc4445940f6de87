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
from support.drawing import (
    SMALL,
    any_frame_renders_alone,
    named,
    no_cut,
    nothing_stands_still,
    read_on_a_telephone,
    spoken,
    text_is_large_and_on_the_stage,
    words_fit,
)
from support.scan import untrained

pytest.importorskip("torch")
pytest.importorskip("sigpy")

from stagelight.engines.scan import observers, patient_runs, pictures, record
from stagelight.engines.scan.acquisition import operator
from stagelight.engines.scan.data.patient import Patient
from stagelight.engines.scan.model import denoiser

pytestmark = pytest.mark.engine
CONFIG = record.Config(acceleration=4, grid=(2, 4), steps=6, kept=6, samples=2, seen=0, measured=False, dreams=0)
NAMES = ["patient", "undersample", "prior", "diffusion", "consistency", "measured", "comparison"]


def somebody() -> Patient:
    """An egg with a dark lesion at its left, (32, 48, 32)."""
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in (32, 48, 32)), indexing="ij", sparse=True)
    brain = x**2 / 0.6 + y**2 / 0.8 + z**2 / 0.7 < 1
    lesion = (x + 0.35) ** 2 + (y - 0.2) ** 2 + (z - 0.1) ** 2 < 0.06
    image = np.where(lesion, 0.15, 0.6 + 0.25 * np.sin(9 * x) * np.cos(8 * y)) * brain
    return Patient("somebody", image.astype(np.float32), brain, lesion & brain, 4.0, "made up")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three untrained networks whose output is not nothing."""
    folder = tmp_path_factory.mktemp("weights")
    untrained(folder)
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


def made(cache: Path, weights: Path, **more: Any) -> Recording:
    return record.make(cache, lambda *_: None, config=CONFIG, weights=weights, shown=somebody(), **more)


@pytest.fixture(scope="module")
def recorded(cache: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("recordings")
    recording.save(with_head(made(cache, weights)), folder)
    return recording.load(folder, "scan")


def with_head(found: Recording) -> Recording:
    """A recording with a measured head that nobody measured."""
    rng = np.random.default_rng(0)
    arrays = {"coil_axial": rng.integers(0, 256, (8, 46, 36), np.uint8)}
    arrays |= {name: rng.integers(0, 256, (46, 36), np.uint8) for name in ("head_zero", "head_axial")}
    return replace(
        found,
        config={**found.config, "measured": True},
        facts={**found.facts, "raw.coils": 8, "raw.acceleration": 8.04},
        arrays={**found.arrays, **arrays},
    )


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
    assert len(a["misfit_before"]) == CONFIG.kept
    assert (a["misfit_after"] <= a["misfit_before"] * 1.001).all()
    assert recorded.fact("sample.residual") < 0.2 * recorded.fact("free.residual")
    assert recorded.fact("alone.residual") < 0.2 * recorded.fact("dream.residual")
    assert (np.diff(a["sigma"]) < 0).all()


def test_measured_points_end_where_the_measurement_is(recorded: Recording) -> None:
    """Of the sample's last step; the others stay a belief (but for a mirror image's share)."""
    a, measured = recorded.arrays, recorded.arrays["mask"].T[::-1]
    told = a["kplane_measured"].astype(int)
    off = {when: np.abs(a[f"kplane_{when}"][0].astype(int) - told)[measured].mean() for when in ("before", "after")}
    assert off["after"] < 0.5 * off["before"]


def test_both_runs_begin_alike_and_part(recorded: Recording) -> None:
    a = recorded.arrays
    assert np.array_equal(a["free_before_axial"][0], a["before_axial"][0])
    assert not np.array_equal(a["free_before_axial"][-1], a["before_axial"][-1])


def test_a_picture_grows_to_the_whole_as_k_space_is_read(recorded: Recording) -> None:
    a = recorded.arrays
    off = [np.abs(each.astype(int) - a["reference_axial"]).mean() for each in a["growing_axial"]]
    assert off[-1] <= 1
    assert off[0] > 5
    assert (np.diff(a["growing_radius"]) > 0).all()


def test_figures_are_those_of_the_pictures(recorded: Recording) -> None:
    """PSNR in the axial slice, computed from what was stored, orders the methods as the facts do."""
    reference, inside = recorded.arrays["reference_axial"] / 255, recorded.arrays["reference_axial"] > 0

    def near(name: str) -> float:
        return float(-10 * np.log10(np.mean((recorded.arrays[f"{name}_axial"] / 255 - reference)[inside] ** 2)))

    assert near("variation") > near("zero_filled") > near("dream")
    for name in ("zero_filled", "diffusion"):
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
    assert recording.same(recorded, with_head(made(tmp_path, weights))) == []


def test_what_is_finished_is_kept_and_what_was_cut_off_is_made_again(
    recorded: Recording, cache: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Interrupted, match="sample 1"):
        made(tmp_path, weights, deadline=0.0)
    for path in cache.glob("*.npz"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    whole = next(tmp_path.glob("dream*.npz"))
    whole.write_bytes(whole.read_bytes()[:1000])
    sampled: list[int] = []
    plain = observers.observe
    monkeypatch.setattr(observers, "observe", lambda *a: sampled.append(1) or plain(*a))  # type: ignore[func-returns-value]
    assert recording.same(recorded, with_head(made(tmp_path, weights))) == []
    assert len(sampled) == 1


def test_wrong_weights_are_refused_in_a_line(weights: Path, tmp_path: Path) -> None:
    for each in weights.iterdir():
        (tmp_path / each.name).write_bytes(each.read_bytes())
    (tmp_path / denoiser.FINE.name).write_bytes(b"nothing")
    sealing.seal(tmp_path / denoiser.FINE.name)
    with pytest.raises(ValueError, match=r"fine\.safetensors: not weights of the fine network"):
        made(tmp_path, tmp_path)


# --- the scene ----------------------------------------------------------------------------------------


def test_sections_are_the_storyboards(scene: Scan) -> None:
    sections = scene.sections()
    assert [s.name for s in sections] == NAMES
    assert [s.step for s in sections] == [None, "01", "02", "03", "04", "05", None]
    assert 80 <= sum(s.seconds for s in sections) <= 95


def test_there_is_no_cut(scene: Scan) -> None:
    no_cut(scene)


def test_the_upright_cut_is_read_on_a_telephone(scene: Scan) -> None:
    read_on_a_telephone(scene)


def test_nothing_stands_still(scene: Scan) -> None:
    nothing_stands_still(scene)


def test_a_readers_own_volume_has_no_measured_head(recorded: Recording) -> None:
    scene = Scan(replace(recorded, config={**recorded.config, "measured": False}))
    assert [section.name for section in scene.sections()] == [name for name in NAMES if name != "measured"]


def test_what_is_said_goes_by_what_was_measured(recorded: Recording) -> None:
    """A dream that is no head is not called the outline of one; a run that did as well unheld is not blamed."""

    def told(**facts: float) -> tuple[str, ...]:
        changed = {name.replace("__", "."): value for name, value in facts.items()}
        sections = Scan(replace(recorded, facts={**recorded.facts, **changed})).sections()
        return tuple(" ".join(cue.text for cue in sections[k].captions) for k in (2, 4, 6))

    near = told(dream__contrast=8.0, sample__lesion__psnr=25.0, free__lesion__psnr=15.0, diffusion__brain__nrmse=0.01)
    far = told(dream__contrast=1.1, sample__lesion__psnr=15.0, free__lesion__psnr=15.0, diffusion__brain__nrmse=0.99)
    assert "outline of a head" in near[0]
    assert "no head" in far[0]
    assert "drifts away" in near[1]
    assert "drifts away" not in far[1]
    assert "Off by less" in near[2]
    assert "Off by more" in far[2]


def test_where_no_lesion_is_known_none_is_spoken_of(recorded: Recording) -> None:
    scene = Scan(replace(recorded, facts={**recorded.facts, "ring.radius": 0.0}))
    for section in scene.sections():
        told = " ".join([section.alt, *(cue.text for cue in section.captions)])
        assert "ring" not in told.replace("brings", "").replace("A ring of four", "")
        assert "stroke" not in told
        Film(section, SMALL).at(section.still)


def test_words_fit_their_time(recorded: Recording) -> None:
    """Whatever the prior is like, and whatever is therefore said of it."""
    for contrast, free in ((1.0, 99.0), (9.0, 1.0)):
        words_fit(Scan(replace(recorded, facts={**recorded.facts, "dream.contrast": contrast,
                                                  "free.lesion.psnr": free})))  # fmt: skip


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
        ("reference_axial", "patient", 7.5),
        ("growing_axial", "undersample", 5.0),
        ("kplane_full", "undersample", 9.0),
        ("mask", "undersample", 14.0),
        ("zero_filled_axial", "undersample", 15.0),
        ("attention", "prior", 4.0),
        ("dream_step_axial", "prior", 11.0),
        ("noisy_axial", "diffusion", 3.0),
        ("free_before_axial", "diffusion", 8.0),
        ("kplane_after", "consistency", 6.2),
        ("after_axial", "consistency", 16.0),
        ("coil_axial", "measured", 3.0),
        ("head_axial", "measured", 10.0),
        ("diffusion_axial", "comparison", 6.0),
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
    best = min(recorded.fact(f"{name}.brain.nrmse") for name in ("variation", "wavelet", "mean"))
    for value in (best, recorded.fact("diffusion.brain.nrmse")):
        assert f"{100 * value:.1f} %" in said
    count = int(recorded.arrays["mask"].sum())
    said = {words for words, *_ in spoken(monkeypatch, scene, "undersample", 15.0)}
    assert f"{count:,} of {recorded.arrays['mask'].size:,} lines" in said


# --- what it is drawn with ----------------------------------------------------------------------------


def test_a_fitted_box_has_the_pictures_shape() -> None:
    box = slices.fitted(np.zeros((3, 160, 128), np.uint8), 100, 100, 400, 320)
    assert box.width / box.height == pytest.approx(128 / 160)
    assert (box.y, box.height) == (100, 320)
    assert box.x + box.width / 2 == pytest.approx(300)


def test_recorded_brightness_is_the_planes() -> None:
    assert kplane.brightness(np.array([0, 255], np.uint8)).tolist() == pytest.approx([0, kplane.BRIGHTEST])


def test_rods_ignite_where_they_are_measured() -> None:
    lit = kcube.outward((9, 9), 0.6, 0.0, 1.0)
    assert lit[4, 4] == 1
    assert lit[0, 0] == 0
