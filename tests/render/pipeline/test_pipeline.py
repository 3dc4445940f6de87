"""From a recording to a published scene: keys, frames, bytes, tracks, and what is left after a kill."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stagelight.render.pipeline import (
    InputError,
    RenderError,
    cache,
    document,
    encode,
    make,
    manifest,
    plan,
)
from stagelight.render.pipeline.load import load_scene
from stagelight.render.pipeline.plan import Places
from stagelight.render.pipeline.unit import Unit
from stagelight.render.stage import Film
from support.commands import drive, finish, group_is_gone, until
from support.tiny_scene import DRAFT, READS, SCENE, TINY, Inline, files, published, record, render, unwatched, whole

# --- what a picture depends on ------------------------------------------------------------------------


def test_the_closure_holds_what_a_scene_imports_and_nothing_else(places: Places) -> None:
    found = plan.closure("tinyscenes.tiny", "stagelight.render.pipeline.encode")
    assert {
        "tinyscenes",
        "tinyscenes._colours",
        "stagelight.render.stage",
        "stagelight.render.theme",
        "stagelight.engines.recording",
    } <= set(found)
    assert "stagelight.render.cli" not in found
    assert "stagelight.render.pipeline.publish" not in found
    assert not [name for name in found if name.startswith(("stagelight.engines.rollout", "manim", "numpy"))]


def test_a_key_changes_with_all_a_picture_depends_on_and_with_nothing_else(places: Places, tmp_path: Path) -> None:
    before = plan.inputs(places, "tiny")
    assert before.key("one", TINY, READS) == plan.inputs(places, "tiny").key("one", TINY, READS)
    assert len({before.key(name, TINY, READS) for name in ("open", "one", "two")}) == 3
    others = [
        *(replace(TINY, width=320), replace(TINY, height=192), replace(TINY, fps=12), replace(TINY, crf=1)),
        *(replace(TINY, preset="fast"), replace(TINY, name="other")),
    ]
    assert len({before.key("one", quality, READS) for quality in (TINY, *others)}) == 7
    assert len({before.key("one", TINY, reads) for reads in ((), READS[:1], READS)}) == 3
    (tmp_path / "tinyscenes" / "_other.py").write_text("1")
    (tmp_path / "tinyscenes" / "other.py").write_text("1")
    assert plan.inputs(places, "tiny") == before
    keys = {before.key("one", TINY, READS)}
    (tmp_path / "tinyscenes" / "_colours.py").write_text('DOT = "#FFFFFF"\n')
    keys.add(plan.inputs(places, "tiny").key("one", TINY, READS))
    record(places, seed=8)
    keys.add(plan.inputs(places, "tiny").key("one", TINY, READS))
    keys.add(replace(before, versions=(("manim", "0"),)).key("one", TINY, READS))
    keys.add(replace(before, fonts_sha256="").key("one", TINY, READS))
    assert len(keys) == 5
    assert replace(before, render_version="").key("one", TINY, READS) == before.key("one", TINY, READS)


def test_a_section_depends_on_its_own_module_and_not_on_its_siblings(places: Places, tmp_path: Path) -> None:
    package = tmp_path / "tinyscenes" / "tiny"
    package.mkdir()
    (tmp_path / "tinyscenes" / "tiny.py").unlink()
    top = SCENE + "\nfrom tinyscenes.tiny import one, two, open\nPARTS = (one, two.section)\n"
    (package / "__init__.py").write_text(top)
    for name in ("one", "two", "open"):
        (package / f"{name}.py").write_text("A = 1\n\n\ndef section() -> None: ...\n")

    def moved(file: str, text: str) -> set[str]:
        before = plan.inputs(places, "tiny")
        (package / file).write_text(text)
        after = plan.inputs(places, "tiny")
        return {name for name in ("open", "one", "two") if before.key(name, TINY, ()) != after.key(name, TINY, ())}

    own = "A = 2\n\n\ndef section() -> None: ...\n"
    assert moved("one.py", own) == {"one"}
    assert moved("two.py", "from tinyscenes.tiny import one\n" + own) == {"two"}
    assert moved("one.py", own + "B = 1\n") == {"one", "two"}
    assert moved("__init__.py", top + "FAR = open.A\n") == {"open", "one", "two"}
    assert moved("open.py", own) == {"open", "one", "two"}


def test_the_outlook_says_what_is_cached_and_what_made_the_rest_stale(places: Places, tmp_path: Path) -> None:
    def states() -> set[str]:
        return {state for _, state in make.outlook(places, plan.inputs(places, "tiny"), TINY)}

    assert states() == {"to draw: not drawn yet"}
    render(places)
    assert states() == {"cached"}
    next((places.cache / "tiny" / TINY.name).glob("one-*.mp4")).write_bytes(b"")
    assert states() == {"cached", "to draw: its files are missing or damaged"}
    (tmp_path / "tinyscenes" / "_colours.py").write_text('DOT = "#FFFFFF"\n')
    record(places, seed=8)
    changed = states().pop()
    assert "tinyscenes._colours" in changed
    assert "the recording's seed" in changed


def test_imports_inside_functions_and_relative_ones_are_followed(places: Places, tmp_path: Path) -> None:
    package = tmp_path / "tinyscenes"
    (package / "deep").mkdir()
    (package / "deep" / "__init__.py").write_text("from .. import _far\n")
    (package / "_far.py").write_text("def f():\n    import tinyscenes._late as late\n    return late\n")
    (package / "_late.py").write_text("from .deep import *\n")
    (package / "tiny.py").write_text(SCENE + "\nimport tinyscenes.deep\n")
    found = plan.closure("tinyscenes.tiny")
    assert {"tinyscenes.deep", "tinyscenes._far", "tinyscenes._late"} <= set(found)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('("two", "02", 2.0)', r"sections \['open', 'one', 'one'\]"),
        ('0.9, f"{name}', "its still is at 9 s of 2 s"),
        ("Cue(0.8, 2.0,", "'a --> b' lasts from 0.8 to 7 s"),
        ('Cue(0.5, 1.0, "dot")', "nought is not in the legend"),
        ('"tiny", "A tiny', "the scene is called 'huge', wanted 'tiny'"),
        ('("open", None, 2.0)', "section 'Not good'"),
        ("legend = (Mark", "the poster is section 'three', wanted one of open, one, two"),
    ],
)
def test_a_scene_that_contradicts_itself_is_refused(places: Places, tmp_path: Path, wrong: str, said: str) -> None:
    right = {
        '("two", "02", 2.0)': '("one", "02", 2.0)',
        '0.9, f"{name}': '9, f"{name}',
        "Cue(0.8, 2.0,": "Cue(0.8, 7.0,",
        'Cue(0.5, 1.0, "dot")': 'Cue(0.5, 1.0, "nought")',
        '"tiny", "A tiny': '"huge", "A tiny',
        '("open", None, 2.0)': '("Not good", None, 2.0)',
        "legend = (Mark": 'poster = "three"\n    legend = (Mark',
    }
    assert SCENE.count(wrong) == 1
    (tmp_path / "tinyscenes" / "tiny.py").write_text(SCENE.replace(wrong, right[wrong]))
    with pytest.raises(RenderError, match=said):
        load_scene(places, "tiny")


# --- what is published --------------------------------------------------------------------------------


def test_the_manifest_says_what_there_is(places: Places) -> None:
    assert "drew 3 of 3 sections" in render(places)
    found = published(places)
    told = document.describe(load_scene(places, "tiny"), TINY.fps)
    assert set(found) == {
        *told,
        "quality",
        "fps",
        "width",
        "height",
        "video",
        "av1",
        "glimpse",
        "slow",
        "upright",
        "tracks",
        "provenance",
    }
    for part, entry in zip(told["sections"], found["sections"], strict=True):
        assert {**entry, **part} == {**entry, "still": part["still"]}, "the document's words, to the letter"
        assert set(entry) == {*part, "loops", "frames", "frame_hash", "key", "reads"}
        assert entry["reads"] == ["config.fail", "config.sleep", "seed"]
        assert entry["still"].items() >= part["still"].items()
    assert json.loads((places.assets / found["tracks"]["scene"]).read_text(encoding="utf-8")) == told
    assert set(found["provenance"]) == {
        *("recording", "recording_sha256", "head_sha256", "seed", "code_version", "render_version", "versions"),
    }
    assert set(found["provenance"]["versions"]) == {
        *("manim", "pycairo", "av", "uharfbuzz", "numpy", "pillow", "imageio", "python", "cairo", "processor"),
    }
    assert found["duration"] == 6.5
    assert [(entry["name"], entry["start"], entry["frames"]) for entry in found["sections"]] == [
        ("open", 0, 20),
        ("one", 2, 25),
        ("two", 4.5, 20),
    ]
    assert found["sections"][1]["still"]["time"] == 2.9
    assert found["sections"][1]["marks"][1] == {"start": 2.5, "end": 3.0, "id": "dot"}
    assert [words["text"] for words in found["sections"][0]["captions"]] == ["Dots & <b>boxes</b>", "a --> b"]
    still = (places.assets / found["sections"][1]["still"]["file"]).read_bytes()
    assert (places.assets / found["poster"]["file"]).read_bytes() == still, "the first step's, small as it is"
    assert [found["poster"][side] for side in ("width", "height")] == [found["width"], found["height"]]
    assert (places.assets / found["poster"]["file"]).stat().st_size == found["poster"]["bytes"] <= encode.STILL_BYTES
    assert manifest.damaged(places, found) == []
    on_disk = {name for name in files(places.assets) if not name.startswith("recordings/")}
    assert on_disk == {*manifest.named(found), "videos/tiny.json"}


def test_every_digest_is_of_its_frame_alone(places: Places) -> None:
    film = Film(load_scene(places, "tiny").sections()[0], TINY)
    forwards = [digest for _, digest in encode.hashed(film, range(20))]
    backwards = [digest for _, digest in encode.hashed(film, range(19, -1, -1))]
    assert forwards == backwards[::-1]
    assert len(set(forwards)) == 11, "the dot stands still in the second half"
    assert encode.digests(_unit(places, "open"), lambda _: None) == forwards


def _unit(places: Places, section: str) -> Unit:
    slot = make.slot(places, plan.inputs(places, "tiny"), section, TINY, ())
    return Unit(places, "tiny", section, TINY, 20, slot, 0)


def test_a_still_fits_its_size() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (360, 640, 4), np.uint8)
    assert 1000 < len(encode.webp(noise)) <= encode.STILL_BYTES


def test_final_stills_are_no_wider_than_they_are_shown(places: Places) -> None:
    film = Film(load_scene(places, "tiny").sections()[0], replace(TINY, width=3840, height=2160))
    assert encode.picture(film, 0.5).shape == (1080, 1920, 4)


# --- the cache ----------------------------------------------------------------------------------------


def test_what_is_cached_and_whole_is_used_and_nothing_else(places: Places) -> None:
    render(places)
    first = files(places.assets)
    folder = places.cache / "tiny" / "tiny"
    (places.manifest("tiny")).unlink()
    assert "drew 0 of 3 sections" in render(places)
    assert files(places.assets) == first
    one, two, three = sorted(path for path in folder.glob("*.mp4") if ".loop." not in path.name)
    one.write_bytes(one.read_bytes()[:-100])
    data = bytearray(two.read_bytes())
    data[len(data) // 2] ^= 1
    two.write_bytes(data)
    three.with_suffix(".json").write_text('{"frames": 1')
    places.manifest("tiny").unlink()
    assert "drew 3 of 3 sections" in render(places)
    assert files(places.assets) == first


def test_one_section_alone_publishes_when_it_was_the_last(places: Places) -> None:
    assert "tiny still lacks open, two" in render(places, only="one")
    assert not places.manifest("tiny").exists()
    render(places, only="two")
    assert "drew 1 of 3 sections" in render(places, only="open")
    assert published(places)["duration"] == 6.5
    record(places, seed=8)
    with pytest.raises(InputError, match=r"no section of tiny 'opem'; did you mean open\? There is: open, one, two"):
        render(places, only="opem")


def test_what_is_no_longer_named_goes_and_the_rest_stays(places: Places) -> None:
    render(places)
    before = set(manifest.named(published(places)))
    others = [places.assets / name for name in ("videos/tinyother.aaaaaaaa.mp4", "videos/other.json", "stills/x.webp")]
    stale = [places.assets / name for name in ("videos/tiny.00000000.mp4", "captions/.tiny.x.part")]
    for path in (*others, *stale):
        path.write_bytes(b"x")
    record(places, seed=8)
    render(places)
    after = set(manifest.named(published(places)))
    assert all(path.exists() for path in others)
    assert not any(path.exists() for path in stale)
    assert not any((places.assets / file).exists() for file in before - after)
    assert len(list((places.cache / "tiny" / "tiny").iterdir())) == 12, "four files a section"


def test_current_means_that_rendering_would_change_nothing(places: Places) -> None:
    found = plan.inputs(places, "tiny")
    assert not manifest.current(places, found, TINY)
    render(places)
    assert manifest.current(places, found, TINY)
    assert not manifest.current(places, found, DRAFT)
    assert not manifest.current(places, replace(found, render_version="other"), TINY)
    assert not manifest.current(places, replace(found, recording_sha256="other"), TINY)
    for file in manifest.named(published(places)):
        path = places.assets / file
        data = path.read_bytes()
        path.write_bytes(data[:-1])
        assert not manifest.current(places, found, TINY), file
        path.unlink()
        assert not manifest.current(places, found, TINY), file
        path.write_bytes(data)
    assert manifest.current(places, found, TINY)
    places.manifest("tiny").write_text("[]")
    assert not manifest.current(places, found, TINY)


def test_only_one_process_draws_at_a_time(tmp_path: Path) -> None:
    waited = []
    code = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from stagelight.render.pipeline import cache
        with cache.lock(Path(sys.argv[1]), lambda: None):
            print("held", flush=True)
            time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"

        def on_wait() -> None:
            waited.append(1)
            other.kill()

        with cache.lock(tmp_path, on_wait):
            assert waited == [1]


# --- failures -----------------------------------------------------------------------------------------


def test_a_failure_names_scene_section_and_frame_in_one_line(places: Places) -> None:
    record(places, fail=1.25)
    with pytest.raises(RenderError) as caught:
        render(places)
    assert str(caught.value) == "tiny, section one, frame 13: ZeroDivisionError: as told to"
    assert not places.manifest("tiny").exists()


def test_a_source_that_changes_while_it_is_drawn_is_not_cached(places: Places) -> None:
    found = plan.inputs(places, "tiny")
    record(places, seed=8)
    with pytest.raises(RenderError, match="changed while it was drawn"):
        make.render(places, found, TINY, Inline(), unwatched)
    assert not list(places.cache.rglob("*.json"))


@pytest.mark.parametrize("writes", [0, 2, 5, 9, 11, 14, 17])
def test_a_full_disk_leaves_the_old_scene_whole(places: Places, monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    render(places)
    before = published(places)
    record(places, seed=8)
    left, sync = [writes], os.fsync

    def fsync(file: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        sync(file)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises((OSError, RenderError), match="No space left on device"):
        render(places)
    monkeypatch.undo()
    assert published(places) == before
    assert manifest.damaged(places, before) == []
    assert not list(places.assets.rglob("*.part")) + list(places.cache.rglob("*.part"))


# --- worker processes ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_job_or_two_give_the_same_bytes_and_a_second_run_does_nothing(places: Places, tmp_path: Path) -> None:
    out, err = finish(drive(tmp_path, "render", "tiny", "--quality", "draft", "--jobs", "1"))
    assert "drew 3 of 3 sections" in out
    assert "tiny/one: done" in err
    one = files(places.assets)
    started = time.monotonic()
    out, err = finish(drive(tmp_path, "render", "all", "--quality", "draft"))
    assert time.monotonic() - started < 3
    assert (out, err) == ("tiny: nothing to do, draft is up to date\n", "")
    finish(drive(tmp_path, "clean"))
    assert (
        list(files(places.assets)) == ["recordings/tiny.json", "recordings/tiny.npz"] or len(files(places.assets)) == 2
    )
    finish(drive(tmp_path, "render", "tiny", "--quality", "draft", "--jobs", "2"))
    assert files(places.assets) == one
    out, _ = finish(drive(tmp_path, "check", "tiny"))
    assert "different" not in out


@pytest.mark.slow
def test_a_worker_that_fails_or_dies_is_one_line(places: Places, tmp_path: Path) -> None:
    record(places, fail=1.0)
    _, err = finish(drive(tmp_path, "render", "tiny", "--quality", "draft", "--jobs", "1"), 1)
    assert err.splitlines()[-1] == "error: tiny, section one, frame 15: ZeroDivisionError: as told to"
    text = SCENE.replace(
        'raise ZeroDivisionError("as told\\n to")', "__import__('os').kill(__import__('os').getpid(), 9)"
    )
    assert text != SCENE
    (tmp_path / "tinyscenes" / "tiny.py").write_text(text)
    _, err = finish(drive(tmp_path, "render", "tiny", "--quality", "draft", "--jobs", "1"), 1)
    assert re.fullmatch(r"error: tiny, section one, frame 15: a worker was killed.*", err.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["parent", "group"])
def test_ctrl_c_stops_at_once(places: Places, tmp_path: Path, whom: str) -> None:
    record(places, sleep=0.2)
    process = drive(tmp_path, "render", "tiny", "--quality", "draft", "--jobs", "2")
    assert process.stderr is not None
    assert "started" in process.stderr.readline()
    (os.kill if whom == "parent" else os.killpg)(process.pid, signal.SIGINT)
    pressed = time.monotonic()
    _, err = finish(process, 130)
    assert time.monotonic() - pressed < 2
    assert [line for line in err.splitlines() if line and not line.startswith("tiny/")] == [
        "error: stopped; what was finished is kept"
    ]
    assert group_is_gone(process.pid)


@pytest.mark.slow
def test_workers_end_with_a_parent_that_is_killed(places: Places, tmp_path: Path) -> None:
    record(places, sleep=0.2)
    process = drive(tmp_path, "render", "tiny", "--quality", "draft", "--jobs", "2")
    assert process.stderr is not None
    assert "started" in process.stderr.readline()
    process.kill()
    process.communicate(timeout=30)
    assert group_is_gone(process.pid)


@pytest.mark.slow
def test_after_every_kill_the_next_run_goes_on(places: Places, tmp_path: Path) -> None:
    record(places, sleep=0.02)
    folder = places.cache / "tiny" / "draft"
    moments: list[Callable[[], bool]] = [
        places.cache.exists,
        lambda: any(folder.glob("*.mp4")),
        lambda: len(list(folder.glob("[a-z]*.json"))) >= 2,
        lambda: any(places.assets.glob("videos/tiny.*.mp4")),
        lambda: any(places.assets.glob("captions/tiny.legend*")),
    ]
    for seen in moments:
        process = drive(tmp_path, "render", "tiny", "--quality", "draft", "--jobs", "1")
        until(seen, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
        whole(places)
    finished = whole(places)
    out, _ = finish(drive(tmp_path, "render", "tiny", "--quality", "draft"))
    assert f"drew {3 - finished} of 3" in out or "nothing to do" in out
    before = published(places)
    record(places, seed=8)
    process = drive(tmp_path, "render", "tiny", "--quality", "draft", "--jobs", "1")
    until(lambda: len(list(places.assets.glob("videos/tiny.*.mp4"))) == 2, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    whole(places)
    assert published(places)["provenance"]["seed"] in {7, 8}
    finish(drive(tmp_path, "render", "tiny", "--quality", "draft"))
    whole(places)
    assert published(places)["provenance"]["seed"] == 8
    assert before["video"] != published(places)["video"]
    assert not list(places.assets.rglob("*.part")) + list(places.cache.rglob("*.part"))
    named = {*manifest.named(published(places)), "videos/tiny.json"}
    assert {name for name in files(places.assets) if not name.startswith("recordings/")} == named
