"""The command line: help that teaches, and errors that are one line with a way out."""

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import pytest
from PIL import Image

from stagelight.engines import installation, recording
from stagelight.engines.recording import Recording
from stagelight.render import cli, theme
from stagelight.render.cli import doctor
from stagelight.render.cli.record import run_again
from stagelight.render.pipeline import cache, manifest
from stagelight.render.pipeline.plan import Places
from support.commands import Call
from support.paths import PACKAGE, ROOT
from support.tiny_scene import files, render

# --- help ---------------------------------------------------------------------------------------------


def commands(command: click.Command, path: str = "click") -> Iterator[tuple[str, click.Command]]:
    """A command and all below it."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{path} {name}")


COMMANDS = list(commands(cli.cli))


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_every_command_and_option_teaches(path: str, command: click.Command) -> None:
    assert command.help, f"{path} has no help"
    assert re.search(r"Examples?:", command.help), f"{path} has no example"
    assert f"{path}" in command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            said = parameter.help or ""
            assert len(said) > 20, f"{path} {parameter.opts[0]} has no help"
            assert "Example: " in said, f"{path} {parameter.opts[0]} has no example"
            assert parameter.opts[-1] in said.partition("Example: ")[2], f"{path} {parameter.opts[0]}: {said}"
        else:
            assert parameter.human_readable_name.upper() in command.help, f"{path} does not explain its argument"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["render", "--help"], ["check", "-h"], ["--version"]])
def test_help_is_shown(call: Call, arguments: list[str]) -> None:
    code, out, err = call(*arguments)
    assert (code, err) == (0, "")
    assert out


def test_both_names_are_the_same_command_line() -> None:
    """In an environment that `.ci/setup` has made; a wheel takes the name `stagelight` alone."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert scripts == {"stagelight": "stagelight.render.cli:main"}
    assert "ln -sf stagelight .venv/bin/click" in (ROOT / ".ci" / "setup").read_text("utf-8")


@pytest.mark.parametrize("name", ["stagelight", "click"])
def test_help_and_errors_call_the_program_by_the_name_it_was_called_by(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("from stagelight.render.cli import main\nmain()\n")
    said = []
    for arguments in (["render", "--help"], ["render"], ["record", "rolout"], ["check", "nothing"]):
        command = [sys.executable, str(tmp_path / name), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said.append(done.stdout + done.stderr)
    others = {"stagelight", "click"} - {name}
    assert f"Usage: {name} render" in said[0]
    assert f"    {name} render all" in said[0]
    assert f"See `{name} render --help`" in said[1]
    assert not any(f"{other} {word}" in text for other in others for text in said for word in ("render", "record"))


def test_the_command_line_is_read_without_what_draws_and_learns() -> None:
    code = (
        "import sys, stagelight.render.cli; "
        "print(*(n for n in ('manim', 'torch', 'chess', 'av', 'cairo') if n in sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == ""


def test_python_m_stagelight_is_the_command_line() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "stagelight", "--version"], capture_output=True, text=True, check=True
    )
    assert re.search(r"\d+\.\d+", found.stdout)


# --- what was asked for is not there ------------------------------------------------------------------

WRONG: dict[str, tuple[list[str], str]] = {
    "an unknown scene": (["render", "tony"], r"no scene 'tony'; did you mean tiny\? There is: tiny"),
    "an unlike scene": (["render", "village"], "no scene 'village'; there is: tiny"),
    "a path for a scene": (["render", "../tiny"], "no scene '../tiny'"),
    "an unknown section": (["render", "tiny", "--section", "tow"], r"no section of tiny 'tow'; did you mean two\?"),
    "a still of an unknown section": (["render", "tiny", "--still", "1", "--section", "x"], "no section of tiny 'x'"),
    "a still after the end": (["render", "tiny", "--still", "99"], "99 s is after the end; tiny lasts 6.5 s"),
    "a still after the section": (["render", "tiny", "--still", "2.1", "--section", "two"], "two lasts 2 s"),
    "a still of another kind": (["render", "tiny", "--still", "1", "--out", "x.gif"], "ends in .png or .webp"),
    "a still of all": (["render", "all", "--still", "1"], "--still wants one scene"),
    "a section of all": (["render", "all", "--section", "one"], "--section wants one scene"),
    "out without still": (["render", "tiny", "--out", "x.png"], "--out goes with --still"),
    "an unknown quality": (["render", "tiny", "--quality", "webb"], "'webb' is not one of"),
    "no jobs": (["render", "tiny", "--jobs", "0"], "0 is not in the range"),
    "no scene": (["render"], "Missing argument 'SCENE'. See `click render --help`"),
    "an unknown option": (["render", "tiny", "--sections", "one"], "No such option"),
    "an unknown command": (["rendr", "tiny"], "No such command 'rendr'"),
    "an unknown engine": (["record", "rolout"], r"no engine 'rolout'; did you mean rollout\?"),
    "nothing published": (["check", "tiny"], "nothing is published of tiny; run `click render tiny`"),
    "an unknown scene to check": (["check", "tino"], r"did you mean tiny\?"),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_one_line_and_exit_code_2(call: Call, arguments: list[str], said: str) -> None:
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert re.search(said, err), err


@pytest.mark.parametrize("command", [["render", "tiny"], ["render", "all"], ["render", "tiny", "--still", "1"]])
@pytest.mark.parametrize("kind", ["npz", "json"])
def test_a_bad_recording_is_one_line_and_exit_code_2(call: Call, places: Places, command: list[str], kind: str) -> None:
    path = places.recordings / f"tiny.{kind}"
    path.write_bytes(path.read_bytes()[:-30])
    code, _, err = call(*command)
    assert code == 2
    assert f"tiny.{kind}: not a recording" in err
    assert "click record tiny" in err
    path.unlink()
    code, _, err = call(*command)
    assert code == 2
    assert "missing; make it with `click record tiny`" in err


def test_a_file_that_cannot_be_written_is_exit_code_1(call: Call, places: Places) -> None:
    places.cache.parent.mkdir(exist_ok=True)
    places.cache.write_text("in the way")
    code, _, err = call("render", "tiny")
    assert code == 1
    assert err == f"error: File exists: {places.cache}\n"


def test_debug_shows_where(places: Places) -> None:
    with pytest.raises(Exception, match="no scene 'tony'"):
        cli.run(["--debug", "render", "tony"], places)


# --- render -------------------------------------------------------------------------------------------


def test_a_still_is_the_frame(call: Call, places: Places, tmp_path: Path) -> None:
    code, out, _ = call("render", "tiny", "--still", "2.5", "--quality", "draft")
    assert code == 0
    found = np.asarray(Image.open(out.strip()))
    assert found.shape == (360, 640, 3)
    code, out, _ = call("render", "tiny", "--still", "0.5", "--section", "one", "--quality", "draft",
                        "--out", str(tmp_path / "new" / "x.png"))  # fmt: skip
    assert out.strip() == str(tmp_path / "new" / "x.png")
    np.testing.assert_array_equal(found, np.asarray(Image.open(out.strip())))


def test_the_same_quality_is_the_published_one(call: Call, places: Places) -> None:
    render(places, theme.QUALITIES["draft"])
    assert call("render", "tiny", "--quality", "same")[1] == "tiny: nothing to do, draft is up to date\n"


def test_an_unknown_section_is_refused_even_where_nothing_is_to_be_done(call: Call, places: Places) -> None:
    render(places, theme.QUALITIES["draft"])
    started = time.monotonic()
    assert call("render", "all", "--quality", "draft")[1] == "tiny: nothing to do, draft is up to date\n"
    assert time.monotonic() - started < 3
    code, _, err = call("render", "tiny", "--quality", "draft", "--section", "tow")
    assert code == 2
    assert "did you mean two?" in err


# --- record -------------------------------------------------------------------------------------------


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """An engine in place of rollout's: three seeds, a checkpoint, and a start it may not like."""
    asked = SimpleNamespace(SEEDS=(0, 1, 2), seen=[])

    def make(
        checkpoints: Path,
        report: Callable[..., None],
        *,
        seeds: tuple[int, ...] = (0, 1, 2),
        start: str | None = None,
        policy: Path | None = None,
    ) -> Recording:
        asked.seen.append((seeds, start, [path.name for path in checkpoints.iterdir()]))
        if start == "bad":
            raise ValueError("--start 'bad': not a FEN")
        report("training", 1, 2, {"loss": 0.5})
        (checkpoints / "half").write_text("")
        return Recording("tiny", seeds[0], {"start": start}, "v", {}, (), {"a": np.arange(3)})

    asked.make = make
    monkeypatch.setitem(sys.modules, "stagelight.engines.rollout.record", asked)
    return asked


def test_record_runs_the_engine_and_keeps_what_it_gives(
    call: Call, places: Places, engine: SimpleNamespace, tmp_path: Path
) -> None:
    code, out, err = call("record", "rollout", "--seed", "5", "--start", "fen", "--out", str(tmp_path / "mine"))
    assert code == 0
    assert out.splitlines() == [str(tmp_path / "mine" / f"tiny.{kind}") for kind in ("npz", "json")]
    assert err == "training: 1 of 2, loss 0.5\n"
    assert recording.load(tmp_path / "mine", "tiny").config == {"start": "fen"}
    call("record", "rollout")
    call("record", "rollout", "--fresh")
    assert engine.seen == [((5, 6, 7), "fen", []), ((0, 1, 2), None, ["half"]), ((0, 1, 2), None, [])]
    assert recording.load(places.recordings, "tiny").seed == 0


def test_a_start_the_engine_refuses_is_exit_code_2(call: Call, engine: SimpleNamespace) -> None:
    code, _, err = call("record", "rollout", "--start", "bad")
    assert (code, err) == (2, "error: --start 'bad': not a FEN\n")


def test_an_option_the_engine_does_not_have_is_exit_code_2(call: Call, engine: SimpleNamespace) -> None:
    engine.make = lambda checkpoints, report: None
    code, _, err = call("record", "rollout", "--start", "fen")
    assert code == 2
    assert "rollout takes no --start" in err
    assert "rollout takes no --minutes" in call("record", "rollout", "--minutes", "1")[2]


@pytest.mark.parametrize("package", ["torch", "chess"])
def test_a_missing_extra_says_how_to_get_it(call: Call, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    pytest.importorskip("stagelight.engines.rollout.record")  # what engines share, and libraries, with the real torch
    for name in [name for name in sys.modules if name.startswith("stagelight.engines.rollout")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("torch", "chess"):
        monkeypatch.setitem(sys.modules, name, None if name == package else SimpleNamespace())
    code, _, err = call("record", "rollout")
    assert code == 1
    assert err == f"error: {package} is missing; get it with `{installation.install('engines')}`\n"


@pytest.mark.engine
def test_a_wrong_fen_is_one_line(call: Call) -> None:
    code, _, err = call("record", "rollout", "--start", "not a fen")
    assert code == 2
    assert "not a FEN" in err


# --- check, doctor, clean -----------------------------------------------------------------------------


@pytest.mark.slow
def test_check_compares_frames_files_and_the_run(call: Call, places: Places, engine: SimpleNamespace) -> None:
    render(places, theme.QUALITIES["draft"])
    code, out, _ = call("check", "tiny", "--sections", "one,two", "--every", "5", "--jobs", "1")
    assert code == 0
    assert re.findall(r"^(\w+) +((?:one|two)(?: upright)?):", out, re.MULTILINE) == [
        ("same", f"{part}{cut}") for cut in ("", " upright") for part in ("one", "two")
    ]
    assert call("check", "tiny", "--quality", "web")[0] == 2
    name = places.manifest("tiny")
    name.write_text(name.read_text("utf-8").replace('"frame_hash": "', '"frame_hash": "0', 1), "utf-8")
    code, out, err = call("check", "tiny", "--sections", "open", "--jobs", "1")
    assert code == 1
    assert "different  open" in out
    assert re.search(r"1 of \d+ differ; `click render tiny` publishes what is right now", err)
    assert "other bits, though no picture looks different" in out
    assert Path(out.partition("open: ")[2].split("\n")[0].rpartition(": ")[2]).is_file()


def test_check_direction_lists_what_to_look_at_and_takes_no_other_option(call: Call) -> None:
    code, out, err = call("check", "tiny", "--direction")
    assert "open: “Dots" not in out
    assert "0:01.0, 1.0 s" not in out, "a second of rest is no fault"
    assert re.search(r"pixels, of which 9 can be read: open [\d.]+, one [\d.]+, two [\d.]+", out)
    assert (code, err) == (0, "")
    code, _, err = call("check", "tiny", "--direction", "--jobs", "1")
    assert code == 2
    assert "takes no other option" in err


def test_check_record_runs_the_engine_afresh(
    places: Places, engine: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording.save(Recording("rollout", 4, {"start": "fen"}, "v", {}, (), {"a": np.arange(4)}), places.recordings)
    assert run_again(places, "rollout") == ["name", "arrays.a"]
    assert engine.seen == [((4, 5, 6), "fen", [])]


def test_doctor_says_what_is_missing_and_how_to_get_it(
    call: Call, places: Places, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(installation, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["click>=8", "nosuchpackage<2"]\n')
    (tmp_path / "constraints.txt").write_text("click==0.1\nnosuchpackage==1\nother-package==2\n")
    (places.recordings / "tiny.npz").unlink()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    code, out, err = call("doctor")
    assert code == 1
    for line in (
        rf"MISSING +click +{re.escape(str(doctor.installed('click')))}, pinned 0.1 +-> +pip install click==0.1",
        rf"MISSING +nosuchpackage +missing +-> +{re.escape(installation.install(''))}",
        r"MISSING +recording tiny .* -> +click record tiny",
        r"absent +Stockfish, to record and score chess +missing +-> +apt-get install stockfish",
        r"ok +Python",
        r"ok +cores",
    ):
        assert re.search(line, out), line
    assert "other-package" not in out
    assert "click, nosuchpackage, recording tiny" in err


def test_doctor_is_content_where_all_is_there(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, places: Places
) -> None:
    monkeypatch.setattr(installation, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["click"]\n')
    (tmp_path / "constraints.txt").write_text(f"click=={doctor.installed('click')}\n")
    code, out, _ = call("doctor")
    assert "1 of 1 pins installed, all in the pinned version" in out
    assert code == (1 if "MISSING" in out else 0)


def test_clean_leaves_the_recordings(call: Call, places: Places) -> None:
    before = files(places.recordings)
    render(places, theme.QUALITIES["draft"])
    assert manifest.read(places, "tiny")
    assert call("clean")[0] == 0
    assert set(files(places.assets)) == {f"recordings/{name}" for name in before}
    assert set(files(places.cache)) == {"lock"}


def test_a_second_command_says_that_it_waits(places: Places, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{PACKAGE}"}
    with cache.lock(places.cache, lambda: None):
        command = [sys.executable, str(tmp_path / "driver.py"), "clean"]
        second = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        assert second.stderr is not None
        assert second.stderr.readline() == "another command draws here; waiting for it to end\n"
        assert second.poll() is None
    assert second.wait(30) == 0
    second.stderr.close()


def test_all_leaves_out_a_scene_without_a_recording(places: Places, call: Callable[..., tuple[int, str, str]]) -> None:
    """A scene may be written before its recording is made; the others are drawn meanwhile."""
    package = next(path.parent for path in places.assets.parent.rglob("*.py") if path.parent.name.endswith("scenes"))
    (package / "unmade.py").write_text('"""A scene that waits for its recording."""\n')
    code, out, err = call("render", "plan")
    assert code == 0
    assert "unmade" not in out
    assert "unmade: no recording yet" in err
    assert call("render", "unmade")[0] == 2
