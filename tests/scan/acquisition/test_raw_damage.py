"""Damaged files of measured k-space: each is refused in one line or read as a sound scan, within a gigabyte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("h5py", reason="the extra scan-raw")
pytest.importorskip("ismrmrd", reason="the extra scan-raw")
pytest.importorskip("twixtools", reason="the extra scan-raw")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

from stagelight.engines.scan.acquisition.raw import hdf5  # noqa: E402
from stagelight.engines.scan.acquisition.raw.reading import read  # noqa: E402
from stagelight.render.trials.kspace_files import (  # noqa: E402
    Protocol,
    Readout,
    coil_images,
    readouts_of,
    to_kspace,
    write_bart,
    write_fastmri,
    write_ismrmrd,
    write_npy,
    write_twix,
)

SEEDS = 60


@pytest.mark.slow  # forty processes
def test_no_damage_ends_in_anything_but_a_refusal_or_a_sound_scan(tmp_path: Path) -> None:
    kspace = to_kspace(coil_images((1, 16, 12), 2), (2, 3))
    write_npy(tmp_path / "numpy.npy", kspace, "slice")
    np.savez(tmp_path / "plain.npz", kspace=kspace[:, 0], noise=kspace[:, 0], mask=np.ones((16, 12), bool))
    np.savez_compressed(tmp_path / "packed.npz", kspace=kspace[:, 0])
    write_bart(tmp_path / "bart", kspace, "slice")
    write_fastmri(tmp_path / "fastmri.h5", kspace, kept=8)
    protocol = Protocol(16, 8, 12, centres=(6, 0))
    lines = [Readout(kspace[:, 0, :, 0], 8, use="noise"), *readouts_of(kspace, "slice")]
    write_ismrmrd(tmp_path / "ismrmrd.h5", lines, protocol)
    write_twix(tmp_path / "twix.dat", lines, protocol)
    done = subprocess.run(
        [sys.executable, "-m", "support.raw_damage", str(tmp_path), str(SEEDS)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = {line["file"]: line["counts"] for line in map(json.loads, done.stdout.splitlines())}
    assert len(found) == 8
    for name, counts in found.items():
        assert set(counts) <= {"read", "refused"}, (name, counts)
        assert sum(counts.values()) >= SEEDS // 5
        assert counts.get("refused", 0) >= 2, (name, counts)  # of those that are cut off


def test_a_file_that_ends_the_process_of_hdf5_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "killed.py").write_text("import os, signal\n\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(hdf5, "PROCESS", "killed")
    path = write_fastmri(tmp_path / "scan.h5", to_kspace(coil_images((1, 16, 12), 2), (2, 3)))
    with pytest.raises(ValueError, match=r"scan.h5: HDF5's library failed on it \(status -11\), wanted a whole file"):
        read(path)
