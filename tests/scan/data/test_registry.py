"""The registry of scans: hashes, origins, and files that are missing or foreign."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")
nib = pytest.importorskip("nibabel")
pytest.importorskip("pooch")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.data import grid, registry  # noqa: E402
from support.scan import needs_data  # noqa: E402


def test_every_file_of_the_registry_has_its_own_hash_and_says_whose_it_is() -> None:
    scans = registry.SCANS | registry.LABELS | registry.MEASURED
    assert len({scan.sha256 for scan in scans.values()}) == len(scans)
    assert all(len(scan.sha256) == 64 and scan.licence and scan.source for scan in scans.values())
    assert {name for name, scan in scans.items() if scan.held_out} == {
        "stroke_T1", "stroke_T2", "stroke_FLAIR", "colin27", "head_8_coils"
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
