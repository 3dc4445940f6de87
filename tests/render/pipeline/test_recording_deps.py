"""A section is drawn again if a part of the recording that it reads has changed: no less, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.render.pipeline import cache, encode, make, manifest, parts, plan
from stagelight.render.pipeline.load import load_scene
from stagelight.render.pipeline.plan import Places
from support.pair_scene import ARRAYS, EVENTS, made, part
from support.tiny_scene import TINY, Inline, published, unwatched


def listed(run: Recording, folder: Path) -> dict[str, str]:
    recording.save(run, folder)
    return parts.parts(recording.load_head(folder, run.name))


# --- parts ----------------------------------------------------------------------------------------------


def test_every_change_of_a_recording_is_a_change_of_a_part_and_of_no_other(tmp_path: Path) -> None:
    before = listed(made(), tmp_path)
    arrays, facts = ARRAYS, dict(made().facts)
    moved: dict[str, tuple[dict[str, Any], set[str]]] = {
        "seed": ({"seed": 8}, {"seed"}),
        "code": ({"code_version": "w"}, {"code_version"}),
        "a value of the configuration": ({"config": {"size": 4, "deep": {"x": [1]}}}, {"config.size"}),
        "deep in it": ({"config": {"size": 3, "deep": {"x": [1, 2]}}}, {"config.deep"}),
        "its order": ({"config": {"deep": {"x": [1]}, "size": 3}}, {"config"}),
        "an array": ({"arrays": arrays | {"b": np.arange(3)}}, {"arrays.b"}),
        "its type": ({"arrays": arrays | {"a": np.arange(3, dtype=np.int8)}}, {"arrays.a"}),
        "one more": ({"arrays": arrays | {"e": np.arange(3)}}, {"arrays", "arrays.e"}),
        "a fact": ({"facts": facts | {"rate": 0.6}}, {"facts.rate"}),
        "an event's words": ({"events": (*EVENTS[:2], {**EVENTS[2], "words": "c"})}, {"events.said.1"}),
        "an event gone": ({"events": EVENTS[:2]}, {"events", "events.said.1"}),
        "an event's step": ({"events": (*EVENTS[:2], {**EVENTS[2], "step": 3})}, {"events", "events.said.1"}),
    }
    for what, (changes, wanted) in moved.items():
        after = listed(made(**changes), tmp_path)
        names = before.keys() | after.keys()
        assert {name for name in names if before.get(name) != after.get(name)} == wanted, what


def test_an_observed_recording_reads_like_the_recording() -> None:
    plain, seen = made(), parts.observed(made())
    assert isinstance(seen, Recording)
    assert (seen.name, seen.seed, seen.code_version) == (plain.name, plain.seed, plain.code_version)
    assert dict(seen.config) == plain.config
    assert list(seen.facts.items()) == list(plain.facts.items())
    assert [dict(event) for event in seen.events] == list(EVENTS)
    assert seen.events[-1]["words"] == "b"
    assert len(seen.events[:2]) == 2
    assert seen.arrays["c"] is not None
    assert seen.arrays.get("z") is None
    assert seen.fact("rate.fast") == 1
    with pytest.raises(recording.RecordingError, match=r"no fact 'none'; it has rate, rate\.fast"):
        seen.fact("none")


READS: dict[str, Callable[[Recording], Any]] = {
    "arrays.a": lambda run: run.arrays["a"],
    "arrays.z": lambda run: run.arrays.get("z"),
    "arrays.z?": lambda run: "z" in run.arrays,
    "arrays": lambda run: sorted(run.arrays),
    "facts.rate": lambda run: run.fact("rate"),
    "facts": lambda run: len(run.facts),
    "config.size": lambda run: run.config.get("size"),
    "seed": lambda run: run.seed,
    "code_version": lambda run: run.code_version,
    "events": lambda run: [event["kind"] for event in run.events],
    "events.said.1": lambda run: [event for event in run.events if event["kind"] == "said"][1]["words"],
}


@pytest.mark.parametrize("name", READS)
def test_a_read_is_noted_under_its_name(name: str) -> None:
    seen = parts.observed(made())
    with parts.reading("nowhere", "one", frozenset()) as names:
        READS[name](seen)
    assert names == ({name, "events"} if name.startswith("events") else {name})
    READS[name](seen)
    assert len(names) <= 2, "nothing is noted after the end"


STEPS = st.sampled_from(sorted(READS))
CHANGES = st.sampled_from(
    [
        {},
        {"seed": 8},
        {"code_version": "w"},
        {"arrays": {"a": np.arange(4), "z": np.arange(2)}},
        {"arrays": {name: np.arange(3) + k for k, name in enumerate("abc")}},
        {"facts": {"rate": 0.6}},
        {"config": {}},
        {"events": EVENTS[::2]},
        {"events": (EVENTS[0], EVENTS[1], {**EVENTS[2], "words": "c"})},
    ]
)


@given(st.lists(STEPS, min_size=1, max_size=6), CHANGES)
def test_where_the_noted_parts_are_the_same_the_outcome_is(steps: list[str], change: dict[str, Any]) -> None:
    """The law that the cache rests on, for programs whose later reads depend on what the earlier ones gave."""

    def program(run: Recording) -> list[str]:
        told: list[str] = []
        for step in steps:
            turn = (len(steps[0]) + len("".join(told))) % 3  # which read comes next hangs on all that was read
            name = sorted(READS)[(sorted(READS).index(step) + turn) % len(READS)]
            told.append(repr(READS[name](run)))
        return told

    one, other = made(), made(**change)
    with parts.reading("nowhere", "one", frozenset()) as names:
        outcome = program(parts.observed(one))
    before, after = (parts.parts(_head(run)) for run in (one, other))
    if all(parts.look(before, name) == parts.look(after, name) for name in names):
        assert program(other) == outcome


def _head(run: Recording) -> dict[str, Any]:
    head = {"seed": run.seed, "code_version": run.code_version, "config": run.config, "facts": run.facts}
    return {**head, "events": list(run.events), "arrays": {n: recording._describe(a) for n, a in run.arrays.items()}}


# --- a scene of two sections, each in its module ------------------------------------------------------------


def render(places: Places) -> str:
    return make.render(places, plan.inputs(places, "pair"), TINY, Inline(), unwatched)


def drawn_for(places: Places, **changes: Any) -> set[str]:
    """Record with some changes; which sections are then drawn, as `plan` foretells and `render` does."""
    recording.save(made(**changes), places.recordings)
    found = plan.inputs(places, "pair")
    foretold = {name for name, state in make.outlook(places, found, TINY) if state != "cached"}
    told = render(places)
    assert told.startswith(f"pair: drew {len(foretold)} of 2 sections")
    assert manifest.current(places, plan.inputs(places, "pair"), TINY)
    return foretold


def test_a_changed_part_redraws_its_readers_alone(pair: Places) -> None:
    assert drawn_for(pair) == {"one", "two"}
    arrays = ARRAYS
    assert drawn_for(pair, arrays=arrays | {"c": arrays["c"] + 2}) == {"two"}, "read as the section is made"
    assert drawn_for(pair, arrays=arrays | {"b": arrays["b"] * 2}) == {"one", "two"}, "read as it is painted, too"
    assert drawn_for(pair, arrays=arrays | {"a": arrays["a"] * 3 + 1}) == {"one", "two"}, "read for both"


def test_what_no_section_reads_redraws_nothing_and_is_told_in_the_manifest(pair: Places) -> None:
    drawn_for(pair)
    before = published_of(pair)
    other = {
        "arrays": ARRAYS | {"d": np.arange(9), "e": np.arange(2)},
        "facts": {"rate": 0.75},
        "seed": 8,
        "events": EVENTS[1:],
        "config": {"size": 4},
        "code_version": "w",
    }
    assert not manifest.current(pair, replace(plan.inputs(pair, "pair"), head_sha256="other"), TINY)
    assert drawn_for(pair, **other) == set()
    after = published_of(pair)
    assert after["provenance"]["seed"] == 8
    assert after["provenance"]["recording_sha256"] != before["provenance"]["recording_sha256"]
    assert (after["video"], after["sections"]) == (before["video"], before["sections"])


def published_of(places: Places) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(places.manifest("pair").read_bytes())
    assert manifest.read(places, "pair") == found
    return found


def test_the_manifest_says_what_each_section_reads(pair: Places) -> None:
    render(pair)
    found = {section["name"]: section["reads"] for section in published_of(pair)["sections"]}
    assert found == {"one": ["arrays.a", "arrays.b"], "two": ["arrays.a", "arrays.b", "arrays.c"]}


def test_the_outlook_names_the_part_that_changed(pair: Places) -> None:
    render(pair)
    recording.save(made(arrays=ARRAYS | {"c": np.arange(5)}), pair.recordings)
    outlook = dict(make.outlook(pair, plan.inputs(pair, "pair"), TINY))
    assert outlook == {"one": "cached", "two": "to draw: the recording's arrays.c changed"}


@pytest.mark.parametrize("where", ["built", "painted"])
def test_what_another_section_left_in_what_they_share_is_read_for_both(
    pair: Places, tmp_path: Path, where: str
) -> None:
    """Section one asks for a value that is computed once; section two is handed the same value."""
    for name, text in (
        ("one", part("one", "b", "b", "shown.scene.lazy")),
        ("two", part("two", "c", "b", "shown.scene.lazy")),
    ):
        other = "paint(shown, built, pen, t):\n    shown.scene.lazy" if where == "built" else "section(shown):"
        kept = text.replace(other, other.replace("    shown.scene.lazy", "    pass"))
        if where == "painted":
            kept = text.replace("    shown.scene.lazy\n    return", "    pass\n    return")
        assert kept != text
        (tmp_path / "tinyscenes" / "pair" / f"{name}.py").write_text(kept)
    render(pair)
    for section in published_of(pair)["sections"]:
        assert "arrays.d" in section["reads"]


def test_one_worker_that_draws_both_sections_notes_what_the_first_left(pair: Places, tmp_path: Path) -> None:
    for name, built in (("one", "b"), ("two", "c")):
        text = part(name, built, "b", "shown.scene.lazy").replace("    shown.scene.lazy\n    return", "    return")
        (tmp_path / "tinyscenes" / "pair" / f"{name}.py").write_text(text)
    found = plan.inputs(pair, "pair")
    for name in ("one", "two"):
        slot = make.slot(pair, found, name, TINY, ())
        unit = encode.Unit(pair, "pair", name, TINY, 5, slot, 0)
        assert "arrays.d" in make.draw(frozenset({"one", "two"}), unit, lambda _: None).reads, name


def test_a_section_whose_module_another_imports_is_read_for_both(pair: Places, tmp_path: Path) -> None:
    own = part("two", "c", "b")
    helper = "\n\ndef size(shown):\n    return float(shown.recording.arrays['d'][0])\n"
    (tmp_path / "tinyscenes" / "pair" / "two.py").write_text(own + helper)
    text = "from tinyscenes.pair import two\n" + part("one", "b", "b", "two.size(shown)")
    (tmp_path / "tinyscenes" / "pair" / "one.py").write_text(text)
    render(pair)
    found = {section["name"]: section["reads"] for section in published_of(pair)["sections"]}
    assert "arrays.d" in found["one"]


def test_a_section_that_was_never_drawn_is_drawn(pair: Places) -> None:
    render(pair)
    for path in (pair.cache / "pair" / TINY.name).glob("one-*.json"):
        path.unlink()
    assert "drew 1 of 2" in render(pair)


def test_what_is_drawn_is_kept_under_the_key_of_what_it_read_and_nothing_else_stays(pair: Places) -> None:
    render(pair)
    found, told = plan.inputs(pair, "pair"), published_of(pair)
    for section in told["sections"]:
        assert section["key"] == found.key(section["name"], TINY, section["reads"])
        place = cache.Slot(pair.cache / "pair" / TINY.name, section["name"], section["key"])
        assert cache.find(place)
    kept = {path.stem.split(".")[0] for path in (pair.cache / "pair" / TINY.name).iterdir()}
    assert kept == {f"{section['name']}-{section['key']}" for section in told["sections"]}


def test_one_section_whose_name_begins_another_is_not_taken_for_it(tmp_path: Path) -> None:
    segment = cache.Segment(0, (), {}, {}, ("seed",))
    for name in ("one", "one-more"):
        place = cache.Slot(tmp_path, name, "0" * 16)
        cache.admit(place, place, replace(segment, reads=(name,)), {})
    assert [before.reads for before in cache.drawn_before(tmp_path, "one")] == [("one",)]


def test_a_new_poster_is_drawn_again_for_its_preview(places: Places, tmp_path: Path) -> None:
    """The poster was section one; now it is section two, whose own sources say nothing of it."""
    again = partial(make.render, places, quality=TINY, executor=Inline(), watching=unwatched)
    again(found=plan.inputs(places, "tiny"))
    preview = next((places.cache / "tiny" / "tiny").glob("one-*.preview.webp"))
    sidecar = next((places.cache / "tiny" / "tiny").glob("one-*.json"))
    told = json.loads(sidecar.read_bytes())
    del told["files"]["preview.webp"]
    sidecar.write_text(json.dumps(told))
    preview.unlink()
    places.manifest("tiny").unlink()
    assert "drew 1 of 3" in again(found=plan.inputs(places, "tiny"))
    assert published(places)["preview"]["bytes"] > 0


# --- the real scene --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_each_array_of_the_rollout_is_of_the_sections_that_show_it(tmp_path: Path) -> None:
    places = replace(Places(), cache=tmp_path)
    found = plan.inputs(places, "rollout")
    apart = frozenset(name for name, _ in found.apart)
    quality = replace(TINY, fps=2)
    reads = {}
    for section in load_scene(places, "rollout").sections():
        slot = make.slot(places, found, section.name, quality, ())
        unit = encode.Unit(places, "rollout", section.name, quality, section.frames(quality), slot, 0)
        reads[section.name] = set(make.draw(apart, unit, lambda _: None).reads)
    assert {"position", "sample", "reward", "advantage", "update", "learns", "slides"} == set(reads)

    def readers(name: str) -> set[str]:
        return {section for section, names in reads.items() if name in names}

    assert readers("arrays.public_board") == readers("facts.opening.mate_rate") == {"slides"}
    assert readers("arrays.watch_edge_change") == {"update"}
    assert readers("arrays.watch_before") == set(reads)
    assert readers("arrays.kbnk_seconds") == readers("facts.throughput.env") == set(), "a timing redraws nothing"
