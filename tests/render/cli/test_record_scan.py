"""`click record scan --volume`: options that are not used are refused, and figures come with files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stagelight.render.trials.kspace_files import coil_images, to_kspace
from support.commands import Call


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("scan --acceleration 8", "--acceleration needs --volume FILE or --kspace FILE"),
        ("scan --no-head", "--head needs --volume FILE or --kspace FILE"),
        ("scan --recording", "--recording needs --volume FILE or --kspace FILE"),
        ("rollout --volume me.nii", "rollout takes no --volume"),
        ("village --force", "village takes no --force"),
        ("scan --volume me.nii --jobs 2", "A scan of --volume takes no --jobs"),
        ("scan --volume me.nii --start fen", "A scan of --volume takes no --start"),
        ("scan --volume me.nii --budget 5", "A scan of --volume takes no --budget"),
        ("scan --kspace k.npy --minutes 5", "A scan of --kspace takes no --minutes"),
        ("scan --samples 0", "--samples needs --volume FILE or --kspace FILE"),
    ],
)
def test_an_option_that_is_not_used_is_refused(call: Call, arguments: str, said: str) -> None:
    code, out, err = call("record", *arguments.split())
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {said}")
    assert len(err.splitlines()) == 1


@pytest.mark.engine
def test_what_cannot_be_scanned_is_one_line(call: Call, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    for arguments, said in (
        (["--volume", str(tmp_path / "nowhere.nii")], "nowhere.nii: no such file; wanted one 3D volume of a brain"),
        (["--volume", "me.nii", "--acceleration", "99"], "acceleration 99, wanted 1 to 40"),
        (["--volume", "me.nii", "--samples", "3"], "3 samples, wanted an even number"),
        (["--volume", "me.nii", "--recording", "--sigma", "0.02"], "--recording has the published noise"),
    ):
        code, out, err = call("record", "scan", *arguments)
        assert (code, out) == (2, "")
        assert said in err
        assert len(err.splitlines()) == 1


@pytest.mark.engine
def test_figures_and_files_come_together_and_the_same_command_resumes(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("torch", "sigpy", "nibabel", "tokenizers"):
        pytest.importorskip(name)
    from stagelight.engines.scan.data import grid
    from stagelight.engines.scan.methods import classical
    from stagelight.engines.scan.model import denoiser
    from support.scan import grainy, saved

    monkeypatch.setattr(classical, "ITERATIONS", 4)
    monkeypatch.setattr(grid, "SHAPE", (16, 16, 16))
    monkeypatch.setattr(denoiser, "FINE", tmp_path / "none")
    path = saved(tmp_path / "me.nii.gz", grainy((40, 48, 36)) - 7, np.diag([2.5, 2.5, 2.5, 1]))
    command = ["record", "scan", "--volume", str(path), "--acceleration", "2", "--out", str(tmp_path / "out")]
    code, out, err = call(*command)
    assert code == 0
    assert f"{path}: brain of 0.26 litres with nothing around it; histogram of a magnitude image shifted by -7" in out
    assert "note: -7 is taken for 0" in err
    lines = out.splitlines()
    assert "reference: the ideal result, the volume as scanned, has" in out
    rows = [line.split()[0] for line in lines if line.endswith(" s")]
    assert rows == ["zero_filled", "variation", "wavelet", "mean"]
    written = [Path(line.strip()) for line in lines if line.startswith("  ")]
    assert all(each.is_file() for each in written)
    assert {each.name for each in written} >= {"me_reference.nii.gz", "me_brain.nii.gz", "me_mean.nii.gz"}
    assert not list((tmp_path / "out").glob("scan.*"))
    again = call(*command)
    assert again[1] == out
    assert "wavelet" not in again[2]
    assert "wavelet" in call(*command, "--fresh")[2]
    code, _, err = call(*command, "--fresh", "--minutes", "0")
    assert code == 1
    assert "time is up; the same command resumes" in err


@pytest.mark.engine
def test_measured_kspace_gives_figures_files_and_a_report(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from stagelight.engines.scan.model import denoiser

    monkeypatch.setattr(denoiser, "FINE", tmp_path / "none")
    kspace = to_kspace(coil_images((1, 48, 40)), (2, 3))[:, 0]
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(kspace.shape) + 1j * rng.standard_normal(kspace.shape)
    mask = (rng.random((48, 40)) < 0.4) | (np.hypot(*np.ogrid[-24:24, -20:20]) < 7)
    file = tmp_path / "<b>k.npy"
    np.save(file, ((kspace + 0.002 * np.abs(kspace).max() * noise) * mask).astype(np.complex64))
    given = ("record", "scan", "--kspace", str(file), "--out", str(tmp_path / "out"))
    code, out, _ = call(*given)
    assert code == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == sorted(
        [
            "<b>k_report.html",
            "<b>k_object.nii.gz",
            *(f"<b>k_{m}{kind}.nii.gz" for m in ("sigpy", "classical") for kind in ("", "_complex")),
        ]
    )
    assert all(name in out for name in names)
    report = (tmp_path / "out" / "<b>k_report.html").read_text()
    assert "&lt;b&gt;k.npy" in report and "<b>" not in report
    assert "No reference exists" in report and report.count("data:image/png") == 2
    assert call(*given)[1] == out  # from what was kept
    code, _, err = call("record", "scan", "--kspace", str(file), "--acceleration", "8")
    assert code == 2 and err.startswith("error: --kspace takes no --acceleration: nothing is simulated.")
    code, _, err = call("record", "scan", "--kspace", str(file), "--prompt", "a head")
    assert code == 2 and err.startswith("error: --kspace takes no --prompt")
    (tmp_path / "k.npy").write_bytes(b"nothing")
    code, out, err = call("record", "scan", "--kspace", str(tmp_path / "k.npy"))
    assert code == 2 and len(err.splitlines()) == 1 and "wanted measured k-space" in err
