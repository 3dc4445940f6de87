"""Volumes in and out: the grid, a reader's own file, the registry, the lesion, and cells that are kept."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from support.paths import RECORDINGS

pytest.importorskip("torch")
ndimage = pytest.importorskip("scipy.ndimage")
nib = pytest.importorskip("nibabel")
pytest.importorskip("pooch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

from stagelight.engines import recording  # noqa: E402
from stagelight.engines.experiment.progress import Interrupted  # noqa: E402
from stagelight.engines.recording import Recording  # noqa: E402
from stagelight.engines.scan import benchmark, benchmark_cells, benchmark_summary, peak_memory, record, user_scan  # noqa: E402
from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.data import grid, leakage_check, lesion, nifti, registry  # noqa: E402
from stagelight.engines.scan.methods import classical  # noqa: E402
from stagelight.engines.scan.methods.protocol import Bench, Case, Method, Result  # noqa: E402
from stagelight.engines.scan.model import denoiser  # noqa: E402

Floats = NDArray[np.float32]
needs_data = pytest.mark.skipif(
    not os.environ.get("STAGELIGHT_DATA"), reason="needs the scans: set STAGELIGHT_DATA to a folder that holds mri/"
)


def brain(shape: tuple[int, int, int] = (100, 120, 90)) -> Floats:
    """An egg of 'tissue' with structure and nothing around it, smooth enough to be resampled."""
    axes = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    inside = (axes[0] / 0.8) ** 2 + (axes[1] / 0.9) ** 2 + (axes[2] / 0.7) ** 2 < 1
    wave = 1 + 0.4 * np.sin(4 * axes[0] + 1) * np.cos(5 * axes[1]) + 0.3 * axes[2]
    return np.where(inside, 300 * wave, 0).astype(np.float32)


def saved(path: Path, raw: NDArray[Any], affine: NDArray[Any] | None = None, dtype: Any = np.float32) -> Path:
    image = nib.Nifti1Image(raw.astype(dtype), np.eye(4) if affine is None else affine)
    nib.save(image, path)
    return path


# The grid


def test_voxels_of_one_millimetre_are_shifted_and_not_changed() -> None:
    raw = brain()
    placed = grid.place(raw, np.eye(4), head=False)
    assert placed.spacing == 1.0
    assert placed.x.shape == grid.SHAPE
    start = placed.affine[:3, 3].astype(int)
    window = placed.x[tuple(slice(max(-a, 0), max(-a, 0) + n) for a, n in zip(start, raw.shape, strict=True))]
    assert np.allclose(window, np.clip(raw / placed.scale, 0, 1) * (window > 0), atol=1e-6)
    assert placed.x.max() == 1
    assert (placed.x[~placed.brain] == 0).all()


def test_a_brain_larger_than_the_grid_is_sampled_more_coarsely_evenly() -> None:
    placed = grid.place(brain((100, 240, 100)), np.eye(4), head=False)
    assert placed.spacing > 1
    assert np.allclose(np.linalg.norm(placed.affine[:3, :3], axis=0), placed.spacing)
    for axis in range(3):
        filled = np.flatnonzero(placed.brain.any(axis=tuple({0, 1, 2} - {axis})))
        assert filled[0] >= 1
        assert filled[-1] <= grid.SHAPE[axis] - 2


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.8, 1.2, 2.0)])
def test_the_grid_keeps_a_place_where_it_is(spacing: tuple[float, float, float]) -> None:
    raw = brain((110, 100, 60))
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = (-40, 20, 7)
    placed = grid.place(raw, affine, head=False)
    center = np.argwhere(placed.brain).mean(0)
    seen = placed.affine @ [*center, 1]
    wanted = affine @ [*np.argwhere(raw > 0).mean(0), 1]
    assert np.allclose(seen, wanted, atol=0.6)


def test_a_brain_is_found_within_a_head() -> None:
    axes = np.meshgrid(*(np.arange(n) - n / 2 for n in (150, 170, 150)), indexing="ij")
    away = np.sqrt(sum((a / r) ** 2 for a, r in zip(axes, (55, 65, 52), strict=True)))
    head = np.where(away < 1, 200.0, np.where(away < 1.1, 30.0, np.where(away < 1.25, 260.0, 0.0)))
    head += 5 * np.random.default_rng(0).standard_normal(head.shape)
    found = grid.brain_of(np.maximum(head, 0).astype(np.float32), np.ones(3))
    both = (found & (away < 1)).sum()
    assert 2 * both / (found.sum() + (away < 1).sum()) > 0.95
    assert not found[away > 1.12].any()


# A reader's own file


@pytest.mark.parametrize("codes", [("R", "A", "S"), ("L", "P", "S"), ("P", "I", "R"), ("A", "S", "L")])
@pytest.mark.parametrize("name", ["own.nii", "own.nii.gz"])
def test_any_orientation_is_the_same_brain_and_comes_back_on_its_own_grid(
    tmp_path: Path, codes: tuple[str, ...], name: str
) -> None:
    image = nib.Nifti1Image(brain(), np.array([[1, 0, 0, -50], [0, 1, 0, -60], [0, 0, 1, -45], [0, 0, 0, 1.0]]))
    upright = nifti.read(saved(tmp_path / "up.nii", np.asarray(image.dataobj), image.affine))
    turn = nib.orientations.ornt_transform(nib.io_orientation(image.affine), nib.orientations.axcodes2ornt(codes))
    turned = image.as_reoriented(turn)
    nib.save(turned, tmp_path / name)
    own = nifti.read(tmp_path / name)
    assert np.array_equal(own.placed.x, upright.placed.x)
    out = tmp_path / f"out_{name}"
    nifti.write(own.placed.x, own, out)
    back = nib.load(out)
    assert back.shape == turned.shape
    assert np.allclose(back.affine, turned.affine)
    raw = np.asarray(turned.dataobj)
    assert np.allclose(np.asarray(back.dataobj), np.minimum(raw, own.placed.scale), atol=1e-2)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float64])
def test_any_datatype_and_scaling(tmp_path: Path, dtype: Any) -> None:
    path = tmp_path / "own.nii.gz"
    image = nib.Nifti1Image((brain() / 3).astype(dtype), np.eye(4))
    image.header.set_slope_inter(2.0, 0.0)
    nib.save(image, path)
    assert nifti.read(path).placed.x.max() == 1


def test_thick_slices_come_back_at_their_own_spacing(tmp_path: Path) -> None:
    affine = np.diag([1.1, 0.9, 2.5, 1.0])
    raw = brain((110, 150, 50))
    own = nifti.read(saved(tmp_path / "own.nii", raw, affine))
    nifti.write(own.placed.x, own, tmp_path / "out.nii")
    back = nib.load(tmp_path / "out.nii")
    assert back.shape == raw.shape
    assert np.allclose(back.affine, affine)
    inner = ndimage.binary_erosion(raw > 0, iterations=4)
    got, wanted = np.asarray(back.dataobj)[inner], np.minimum(raw, own.placed.scale)[inner]
    assert np.corrcoef(got, wanted)[0, 1] > 0.97


def test_a_last_axis_of_one_is_no_fourth_dimension(tmp_path: Path) -> None:
    assert nifti.read(saved(tmp_path / "own.nii", brain()[..., None])).shape == (100, 120, 90)


def _bad(folder: Path) -> dict[str, Path]:
    raw = brain((40, 48, 36))
    spoilt = raw.copy()
    spoilt[5, 5, 5] = np.nan
    whole = saved(folder / "whole.nii.gz", raw).read_bytes()
    plain = saved(folder / "plain.nii", raw).read_bytes()
    made = {
        "2D": saved(folder / "flat.nii", raw[:, :, 10]),
        "4D": saved(folder / "four.nii", np.stack([raw, raw], -1)),
        "file is empty": folder / "empty.nii",
        "not finite": saved(folder / "nan.nii", spoilt),
        "every voxel is 0": saved(folder / "zero.nii", 0 * raw),
        "every voxel is 7": saved(folder / "seven.nii", 0 * raw + 7),
        "along each axis": saved(folder / "thin.nii", raw[:, :, :4]),
        "voxels of 9": saved(folder / "coarse.nii", raw, np.diag([9.0, 9, 9, 1])),
        "no inverse": saved(folder / "singular.nii", raw, np.diag([1.0, 1, 1, 1])),
        "such file": folder / "nowhere.nii",
        "its name does not end in .gz": folder / "hidden.nii",
        "its name ends in .gz": folder / "plain.nii.gz",
        "type": saved(folder / "complex.nii", raw, dtype=np.complex64),
    }
    made["file is empty"].write_bytes(b"")
    made["its name does not end in .gz"].write_bytes(whole)
    made["its name ends in .gz"].write_bytes(plain)
    head = bytearray(plain)
    head[280:328] = bytes(48)  # the rows of its affine
    made["no inverse"].write_bytes(bytes(head))
    for name, content in (
        ("cut.nii.gz", whole[: len(whole) // 2]), ("cut.nii", plain[:5000]), ("text.nii", b"not a scan\n" * 50),
        ("text.nii.gz", gzip.compress(b"not a scan\n" * 50)), ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(600)),
    ):  # fmt: skip
        (folder / name).write_bytes(content)
        made[f"{name}: "] = folder / name
    return made


def test_what_cannot_be_a_brain_is_refused_in_one_line(tmp_path: Path) -> None:
    for words, path in _bad(tmp_path).items():
        with pytest.raises(ValueError, match="wanted one 3D NIfTI") as caught:
            nifti.read(path)
        said = str(caught.value)
        assert words in said
        assert path.name in said
        assert "\n" not in said


def test_a_header_that_promises_too_much_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = saved(tmp_path / "own.nii", brain((40, 48, 36)))
    content = bytearray(path.read_bytes())
    content[42:48] = np.array([1000, 1000, 1000], "<i2").tobytes()
    path.write_bytes(bytes(content))
    with pytest.raises(ValueError, match="too large"):
        nifti.read(path)
    with path.open("r+b") as file:
        file.truncate(nifti.MOST_BYTES + 1)
    with pytest.raises(ValueError, match="at most 512"):
        nifti.read(path)


def test_an_own_volume_is_scanned_reconstructed_measured_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_scan, "SETTING", classical.Setting(1e-3, 12))
    monkeypatch.setattr(denoiser, "WEIGHTS", tmp_path / "none")
    path = saved(tmp_path / "me.nii.gz", brain())
    said: list[Any] = []
    asked = user_scan.Asked(path, acceleration=8.0, prompt="T1-weighted MRI of the brain.")
    facts, paths = user_scan.reconstruct(asked, 0, tmp_path / "out", lambda *a: said.append(a))
    assert [p.name for p in paths] == ["me_zero_filled.nii.gz", "me_mean.nii.gz"]
    assert facts["mean.brain.psnr"] > facts["zero_filled.brain.psnr"] + 2
    assert [line[:3] for line in said] == [("zero_filled", 1, 2), ("mean", 2, 2)]
    back, raw = nib.load(paths[1]), brain()
    assert back.shape == raw.shape
    inner = ndimage.binary_erosion(raw > 0, iterations=3)
    assert np.corrcoef(np.asarray(back.dataobj)[inner], raw[inner])[0, 1] > 0.95
    with pytest.raises(ValueError, match="acceleration 99"):
        user_scan.reconstruct(user_scan.Asked(path, acceleration=99), 0, tmp_path / "no", lambda *a: None)
    assert not (tmp_path / "no").exists()


# Who is who


def test_the_same_head_moved_is_alike_and_another_is_not() -> None:
    rng = np.random.default_rng(0)
    egg = brain((32, 38, 32)) > 0

    def person() -> Floats:
        folds = ndimage.gaussian_filter(rng.standard_normal(egg.shape), 2.5)
        return np.where(egg, 100 + 30 * folds / folds.std(), 0).astype(np.float32)

    one, other = person(), person()
    turned = ndimage.rotate(one, 9, (1, 2), reshape=False, order=1)
    moved = ndimage.shift(turned, (1, -2, 1), order=1) + rng.standard_normal(egg.shape) * egg
    same = leakage_check.likeness(one, moved.astype(np.float32), egg, 3.0)
    assert same > 0.9
    assert leakage_check.likeness(one, other, egg, 3.0) < same - 0.3


# The registry


def test_every_file_of_the_registry_has_its_own_hash_and_says_whose_it_is() -> None:
    scans = registry.SCANS | registry.LABELS
    assert len({scan.sha256 for scan in scans.values()}) == len(scans)
    assert all(len(scan.sha256) == 64 and scan.licence and scan.source for scan in scans.values())
    assert {name for name, scan in scans.items() if scan.held_out} == {
        "stroke_T1", "stroke_T2", "stroke_FLAIR", "colin27"
    }  # fmt: skip
    assert all(url.startswith("https://") for url in (scan.url for scan in scans.values()) if url)


def test_a_missing_or_foreign_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGELIGHT_DATA", str(tmp_path))
    with pytest.raises(ValueError, match="choose one of stroke_T1"):
        registry.path("nobody")
    with pytest.raises(ValueError, match="STAGELIGHT_DATA must name a folder"):
        registry.path("stroke_T1")
    (tmp_path / "mri").mkdir()
    (tmp_path / "mri" / "stroke_T1.nii.gz").write_bytes(b"other")
    with pytest.raises(ValueError, match="SHA-256 differs"):
        registry.path("stroke_T1")
    monkeypatch.delenv("STAGELIGHT_DATA")
    with pytest.raises(ValueError, match="no origin serves it"):
        registry.path("ms_07_T1")


def test_a_scan_within_a_debian_package_is_taken_out(tmp_path: Path) -> None:
    import io
    import tarfile

    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:xz") as archive:
        entry = tarfile.TarInfo("./usr/share/mricron/templates/ch2.nii.gz")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"scan"))
    parts = [(b"debian-binary", b"2.0\n"), (b"control.tar.xz", b"odd"), (b"data.tar.xz", inner.getvalue())]
    package = b"!<arch>\n"
    for name, content in parts:
        package += name.ljust(48) + str(len(content)).encode().ljust(10) + b"`\n" + content + b"\n" * (len(content) % 2)
    (tmp_path / "ch2.nii.gz.deb").write_bytes(package)
    out = registry._unpack(str(tmp_path / "ch2.nii.gz.deb"), "download", None)
    assert Path(out).read_bytes() == b"scan"


@needs_data
def test_the_patient_is_on_the_grid_as_it_was_scanned() -> None:
    patient = registry.load("stroke_T1")
    assert patient.spacing == 1.0
    raw = np.asarray(nib.as_closest_canonical(nib.load(registry.path("stroke_T1"))).dataobj)
    assert patient.x.shape == grid.SHAPE
    assert 1.0e6 < patient.brain.sum() < 1.2e6
    assert np.unique(patient.x).size <= np.unique(raw).size  # nothing was interpolated
    with pytest.raises(ValueError, match="label maps are no scan"):
        registry.load("labels_01")


@needs_data
def test_the_lesion_is_on_the_left_and_dark() -> None:
    patient = registry.load("stroke_T1")
    found = lesion.of_patient(patient)
    assert 10_000 < found.sum() < 60_000
    assert (found & ~patient.brain).sum() == 0
    assert np.argwhere(found)[:, 0].mean() < 0.7 * np.argwhere(patient.brain)[:, 0].mean()
    assert patient.x[found].mean() < patient.x[patient.brain].mean()
    with pytest.raises(ValueError, match="in stroke_T1 only"):
        lesion.of_patient(registry.load("stroke_T2"))


def test_the_rule_of_the_lesion_finds_a_scar_with_its_cavity() -> None:
    rng = np.random.default_rng(0)
    axes = np.meshgrid(*(np.arange(n) - n / 2 for n in (64, 80, 64)), indexing="ij")
    inside = sum((a / r) ** 2 for a, r in zip(axes, (28, 36, 28), strict=True)) < 1
    center = np.sqrt(sum((a - c) ** 2 for a, c in zip(axes, (-14, -10, 0), strict=True)))
    scar, cavity = (center < 8) & (center >= 4), center < 4

    def tissue() -> NDArray[Any]:
        folds = ndimage.gaussian_filter(rng.standard_normal(inside.shape), 2)
        return np.where(inside, 100 + 15 * folds / folds.std(), 0)

    t1, t2, flair = tissue(), tissue(), tissue()
    t1[scar], t2[scar], flair[scar] = 70, 160, 190
    t1[cavity], t2[cavity], flair[cavity] = 20, 260, 30
    found = lesion.mask(t1.astype(np.float32), t2.astype(np.float32), flair.astype(np.float32), inside)
    truth = center < 8
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.75  # smoothing makes it a voxel wider


# Cells


def tiny(case: Case) -> Bench:
    import torch

    x = torch.zeros(16, 32, 24)
    x[4:12, 8:24, 6:18] = 1
    config = operator.Config(case.kind, 4, case.coils, center_fraction=0.05)
    reference = operator.volume(x)
    return Bench(case, operator.simulate(x, config, case.seed), reference, {"brain": reference > 0})


def test_cells_are_measured_once_and_again_only_when_they_must(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    source = tmp_path / "method.py"
    source.write_text("one")

    def make(name: str) -> Method:
        def run(bench: Bench) -> Result:
            counted.append(f"{bench.case.name}.{name}")
            return Result(classical.zero_filled(bench.scan))

        return Method(name, run, operator.__name__, (source,))

    monkeypatch.setattr(benchmark_cells, "ready", tiny)
    chosen = [Case("colin27", "poisson", 4.0, 1), Case("colin27", "density", 4.0, 4)]
    methods = (make("variation"), make("wavelet"))
    folder = tmp_path / "cells"
    said: list[Any] = []

    def run() -> dict[str, float]:
        return benchmark.measure(methods, chosen, folder, lambda *a: said.append(a))

    first = run()
    assert len(counted) == 4
    assert [(what, done, total) for what, done, total, _ in said if "," not in what] == [
        (c.name, n + 1, 2) for n, c in enumerate(chosen)
    ]
    assert first["colin27.poisson.r4.c1.mean.brain.psnr"] == pytest.approx(
        first["colin27.poisson.r4.c1.variation.brain.psnr"], abs=0.05
    )
    assert ("colin27.poisson.r4.c1, wavelet", 0, 2, {}) in said
    again = run()
    assert len(counted) == 4
    assert again == first
    damaged = next(folder.glob("*density*wavelet.????????????????.npz"))
    damaged.write_bytes(damaged.read_bytes()[:100])
    run()
    assert counted[4:] == ["colin27.density.r4.c4.wavelet"]
    source.write_text("two")
    run()
    assert len(counted) == 9


def test_a_score_is_put_down_and_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark_cells, "ready", tiny)
    chosen = [Case("colin27", "poisson", 4.0, 1)]
    method = Method("zero_filled", lambda bench: Result(classical.zero_filled(bench.scan)), operator.__name__)
    elsewhere = Method("nowhere", method.make, operator.__name__, where=lambda case: case.coils == 4)
    with pytest.raises(Interrupted, match="0 of 1"):
        benchmark.measure((method,), chosen, tmp_path, lambda *a: None, deadline=0.0)
    made = benchmark.measure((method, elsewhere), chosen, tmp_path, lambda *a: None)
    assert {name.split(".")[4] for name in made} == {"zero_filled"}
    lines = benchmark.lines({"stroke_t1.poisson.r8.c1.zero_filled.brain.psnr": 1.0})
    assert [line[1] for line in lines] == ["zero_filled"]


def test_what_a_sentence_changes_is_measured_in_noise() -> None:
    import torch

    bench = tiny(Case("colin27", "poisson", 4.0, 1))
    one = torch.zeros(16, 32, 24)
    figures, _ = benchmark_cells._change(one, one + 3 * bench.scan.sigma, bench)
    assert figures["brain.change"] == pytest.approx(3, rel=1e-4)


def test_every_case_has_its_own_name() -> None:
    names = [case.name for case in benchmark.every()]
    assert len(set(names)) == len(names) == 38
    assert {"stroke_t1.poisson_estimated.r16.c1", "colin27.poisson_estimated.r16.c4"} <= set(names)
    assert {"colin27.poisson_falloff_4.r16.c1", "colin27.poisson_3.r4.c1", "stroke_t1.poisson.r8.c4"} <= set(names)
    assert {
        name
        for who in benchmark_summary.PEOPLE
        for rate in benchmark_summary.RATES
        for name in benchmark_summary.draws(who, rate)
    } < set(names)


def test_the_table_is_written_into_a_recording_of_this_engine_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark_cells, "ready", tiny)
    monkeypatch.setattr(benchmark, "every", lambda: [Case("colin27", "poisson", 4.0, 1)])
    method = Method("zero_filled", lambda bench: Result(classical.zero_filled(bench.scan)), operator.__name__)
    monkeypatch.setattr(benchmark, "methods", lambda: (method,))
    before = Recording("scan", 1, {"varies": ["*.seconds"]}, record.version(), {"acceleration": 16}, (), {})
    made = benchmark.compare(before, tmp_path, lambda *a: None)
    assert made.facts["acceleration"] == 16
    assert made.facts["colin27.poisson.r4.c1.zero_filled.brain.psnr"] > 0
    assert made.config["compared"] == {
        "cases": ["colin27.poisson.r4.c1"], "methods": ["zero_filled"], "code_version": benchmark.version(),
    }  # fmt: skip
    recording.save(made, tmp_path)
    with pytest.raises(ValueError, match="run `click record scan` first"):
        benchmark.compare(replace(before, code_version="another"), tmp_path, lambda *a: None)


# What it comes to


def test_the_recorded_summary_is_that_of_the_recorded_figures() -> None:
    facts = recording.load_head(RECORDINGS, "scan")["facts"]
    made = benchmark_summary.facts(facts)
    assert len(made) > 400
    assert {name: facts[name] for name in made} == made


def figures(ours: float, **changed: float) -> dict[str, float]:
    """The patient's at R = 16, three draws; classical 20, 22, 21 dB, and 1 dB more with every draw."""
    found: dict[str, float] = {}
    for more, name in enumerate(benchmark_summary.draws("patient", 16)):
        levels = {"variation": 20.0, "wavelet": 22.0, "mean": 21.0, "ours": ours}
        found |= {f"{name}.{method}.brain.psnr": level + more for method, level in levels.items()}
        found |= {f"{name}.ours.residual": 0.5, f"{name}.ours.seconds": 20.0, f"{name}.ours.peak_mib": 2048.0}
    return found | changed


def test_a_gain_is_over_the_best_classical_method_and_the_mean_of_three_masks() -> None:
    found = benchmark_summary.facts(figures(22.5))
    assert found["gain.patient.r16"] == pytest.approx(0.5)
    assert found["gain.patient.r16.sd"] == pytest.approx(0)
    assert found["draws.patient.r16.wavelet.brain.psnr"] == pytest.approx(23)
    assert found["peak_memory_gb"] == 2
    worse = benchmark_summary.facts(figures(22.5, **{"stroke_t1.poisson_2.r16.c1.mean.brain.psnr": 23.6}))
    assert worse["gain.patient.r16"] == pytest.approx((0.5 - 0.1 + 0.5) / 3)
    assert worse["gain.patient.r16.draw_2"] == pytest.approx(-0.1)


def test_the_residual_of_a_sample_is_told_beside_that_of_the_rounds() -> None:
    some = {
        f"{benchmark_summary.case(who, 16)}.sample.residual": value
        for who, value in (("patient", 0.9), ("colin27", 1.0))
    }
    some |= {
        f"{name}.ours.residual": 0.3 for who in benchmark_summary.PEOPLE for name in benchmark_summary.draws(who, 16)
    }
    found = benchmark_summary.facts(some)
    assert found["consistency.residual_over_noise.r16"] == pytest.approx(0.95)
    assert found["consistency.residual_over_noise.ours.r16"] == pytest.approx(0.3)
    assert "consistency.residual_over_noise.mean.r16" not in found


def test_what_was_not_measured_is_not_told() -> None:
    some = figures(22.5)
    del some["stroke_t1.poisson_3.r16.c1.ours.brain.psnr"]
    found = benchmark_summary.facts(some)
    assert "gain.patient.r16" not in found
    assert "seconds.r16" not in found  # the other adult is missing
    assert "gain.colin27.r16" not in found


def test_what_words_do_is_told_with_its_sign() -> None:
    name = benchmark_summary.case("patient", 8)
    found = benchmark_summary.facts({f"{name}.ours.lesion.psnr": 25.0, f"{name}.wrong_side.lesion.psnr": 25.5,
                        f"{name}.wrong_side.lesion.change": 0.4})  # fmt: skip
    assert found == {"words.patient.lesion.wrong_side.r8": -0.5, "wrong_prompt.lesion_change.r8": 0.4}


def test_peak_memory_is_of_the_work_within() -> None:
    with peak_memory.peak() as most:
        before = most()
        held = np.ones(400 << 20, np.uint8)  # much: meanwhile a busy system takes other pages away
        after = most()
    assert held.sum() > 0
    assert np.isnan(after) or after > before + 100
