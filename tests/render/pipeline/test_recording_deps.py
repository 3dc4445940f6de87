"""A section is drawn again if a part of the recording that it declares has changed, and can read no other part."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagelight.engines import npz, recording
from stagelight.engines.recording import Recording
from stagelight.render.pipeline import RenderError, cache, make, manifest, plan
from stagelight.render.pipeline.load import load_scene
from stagelight.render.pipeline.plan import Places
from stagelight.render.recording_deps import Excerpt, UndeclaredReadError, declared_parts, parts
from support.pair_scene import ARRAYS, EVENTS, made, part
from support.tiny_scene import TINY, Inline, unwatched

EVERYTHING = ("arrays.*", "facts.*", "config.*", "events.*", "seed", "code_version")


def excerpt(*reads: str, **changes: Any) -> Excerpt:
    return Excerpt(made(**changes), reads, "it")


def listed(run: Recording, folder: Path) -> dict[str, str]:
    recording.save(run, folder)
    return parts(recording.load_head(folder, run.name))


# --- parts ----------------------------------------------------------------------------------------------


def test_every_change_of_a_recording_is_a_change_of_a_part_and_of_no_other(tmp_path: Path) -> None:
    before = listed(made(), tmp_path)
    arrays, facts = ARRAYS, dict(made().facts)
    moved: dict[str, tuple[dict[str, Any], set[str]]] = {
        "seed": ({"seed": 8}, {"seed"}),
        "code": ({"code_version": "w"}, {"code_version"}),
        "a value of the configuration": ({"config": {"size": 4, "deep": {"x": [1]}}}, {"config.size"}),
        "deep in it": ({"config": {"size": 3, "deep": {"x": [1, 2]}}}, {"config.deep"}),
        "its order, which no excerpt has": ({"config": {"deep": {"x": [1]}, "size": 3}}, set()),
        "an array": ({"arrays": arrays | {"b": np.arange(3)}}, {"arrays.b"}),
        "its type": ({"arrays": arrays | {"a": np.arange(3, dtype=np.int8)}}, {"arrays.a"}),
        "one more": ({"arrays": arrays | {"e": np.arange(3)}}, {"arrays.e"}),
        "a fact": ({"facts": facts | {"rate": 0.6}}, {"facts.rate"}),
        "an event's words": ({"events": (*EVENTS[:2], {**EVENTS[2], "words": "c"})}, {"events.said.1"}),
        "an event gone": ({"events": EVENTS[:2]}, {"events.said.1"}),
        "an event's step": ({"events": (*EVENTS[:2], {**EVENTS[2], "step": 3})}, {"events.said.1"}),
    }
    for what, (changes, wanted) in moved.items():
        after = listed(made(**changes), tmp_path)
        names = before.keys() | after.keys()
        assert {name for name in names if before.get(name) != after.get(name)} == wanted, what


def test_declared_names_stand_for_parts(tmp_path: Path) -> None:
    recorded = listed(made(), tmp_path)
    found = declared_parts(recorded, ("arrays.a", "arrays.z", "arrays.b?", "arrays.z?", "facts.rate*", "events.no.*"))
    assert found == {
        "arrays.a": recorded["arrays.a"],
        "arrays.z": "none",
        "arrays.b?": "there",
        "arrays.z?": "none",
        "facts.rate": recorded["facts.rate"],
        "facts.rate.fast": recorded["facts.rate.fast"],
        "events.no.*": "none",
    }


# --- excerpts -------------------------------------------------------------------------------------------


def test_an_excerpt_reads_like_the_recording() -> None:
    plain, seen = made(), excerpt(*EVERYTHING)
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
    "facts.rate": lambda run: run.fact("rate"),
    "config.size": lambda run: run.config.get("size"),
    "seed": lambda run: run.seed,
    "code_version": lambda run: run.code_version,
}
LISTS: dict[str, Callable[[Recording], Any]] = {
    "arrays": lambda run: sorted(run.arrays),
    "facts": lambda run: len(run.facts),
    "events": lambda run: [event["kind"] for event in run.events],
    "events.said": lambda run: [event["words"] for event in run.events if event["kind"] == "said"],
}


@pytest.mark.parametrize("name", READS)
def test_a_part_is_read_where_it_is_declared_and_refused_where_it_is_not(name: str) -> None:
    assert excerpt(name).unread() == [name]
    seen = excerpt(name)
    READS[name](seen)
    assert seen.unread() == []
    words = f'it reads {name}, which it does not declare: add "{name}" to its reads'
    with pytest.raises(UndeclaredReadError, match=f"^{re.escape(words)}$"):
        READS[name](excerpt("arrays.b", "arrays.c*", "facts.rate.fast", "config.deep"))


@pytest.mark.parametrize(
    ("declared", "allowed"),
    [
        ("arrays.z", {"arrays.z", "arrays.z?"}),
        ("arrays.z?", {"arrays.z?"}),
        ("arrays.*", {"arrays.a", "arrays.z", "arrays.z?"}),
        ("facts.ra*", {"facts.rate"}),
        ("seed", {"seed"}),
    ],
)
def test_a_declared_name_allows_these_reads(declared: str, allowed: set[str]) -> None:
    found = set()
    for name, read in READS.items():
        try:
            read(excerpt(declared))
            found.add(name)
        except UndeclaredReadError:
            pass
    assert found == allowed


def test_lists_hold_what_is_declared_and_nothing_else() -> None:
    seen = excerpt("arrays.b", "arrays.c", "arrays.d?", "arrays.z", "facts.rate", "events.said.1")
    assert list(seen.arrays) == ["b", "c"]
    assert len(seen.facts) == 1
    assert [event["words"] for event in seen.events] == ["b"]


def test_what_an_excerpt_of_an_excerpt_declares_is_added() -> None:
    inner = Excerpt(excerpt("arrays.a"), ("arrays.b",), "inner")
    assert inner.reads == ("arrays.a", "arrays.b")
    assert list(inner.arrays) == ["a", "b"]


STEPS = st.sampled_from(sorted(READS | LISTS))
DECLARED = st.sets(
    st.sampled_from([*READS, *EVERYTHING, "arrays.b", "facts.rate.fast", "events.said.0", "events.said.1"])
)
CHANGES = st.sampled_from(
    [
        {},
        {"seed": 8},
        {"code_version": "w"},
        {"arrays": {"a": np.arange(4), "z": np.arange(2)}},
        {"arrays": {name: np.arange(3) + k for k, name in enumerate("abc")}},
        {"facts": {"rate": 0.6}},
        {"config": {}},
        {"config": {"deep": {"x": [1]}, "size": 3}},
        {"events": EVENTS[::2]},
        {"events": EVENTS[::-1]},
        {"events": (EVENTS[0], EVENTS[1], {**EVENTS[2], "words": "c"})},
    ]
)


@given(st.lists(STEPS, min_size=1, max_size=6), DECLARED, CHANGES)
def test_where_the_declared_parts_are_the_same_the_outcome_is(
    steps: list[str], declared: set[str], change: dict[str, Any]
) -> None:
    """The law that the cache rests on, for programs whose later reads depend on what the earlier ones gave."""

    def program(run: Recording) -> list[str]:
        told: list[str] = []
        for step in steps:
            turn = (len(steps[0]) + len("".join(told))) % 3  # which read comes next hangs on all that was read
            names = sorted(READS | LISTS)
            name = names[(names.index(step) + turn) % len(names)]
            try:
                told.append(repr((READS | LISTS)[name](run)))
            except (UndeclaredReadError, recording.RecordingError) as error:
                told.append(str(error))
        return told

    reads = sorted(declared)
    before, after = (declared_parts(parts(_head(run)), reads) for run in (made(), made(**change)))
    if before == after:
        assert program(excerpt(*reads)) == program(excerpt(*reads, **change))


def _head(run: Recording) -> dict[str, Any]:
    head = {"seed": run.seed, "code_version": run.code_version, "config": run.config, "facts": run.facts}
    return {**head, "events": list(run.events), "arrays": {n: npz.describe(a) for n, a in run.arrays.items()}}


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


@pytest.mark.parametrize(
    ("built", "painted", "where"),
    [("d", "b", r"tinyscenes\.pair, .*one\.py line \d+"), ("b", "d", "pair, section one, frame 0")],
)
def test_a_section_that_reads_more_than_it_declares_is_refused_in_a_line(
    pair: Places, tmp_path: Path, built: str, painted: str, where: str
) -> None:
    text = part("one", built, painted, reads='"arrays.b"')
    (tmp_path / "tinyscenes" / "pair" / "one.py").write_text(text)
    said = 'tinyscenes.pair.one.section reads arrays.d, which it does not declare: add "arrays.d" to its reads'
    with pytest.raises(RenderError, match=rf"^{where}: UndeclaredReadError: {said}$"):
        render(pair)


def test_a_scene_that_reads_more_than_it_declares_is_refused_in_a_line(pair: Places, tmp_path: Path) -> None:
    path = tmp_path / "tinyscenes" / "pair" / "__init__.py"
    path.write_text(path.read_text().replace("return one", "self.recording.seed\n        return one"))
    said = 'tinyscenes.pair.Pair reads seed, which it does not declare: add "seed" to its reads'
    with pytest.raises(RenderError, match=rf"__init__\.py line \d+: UndeclaredReadError: {said}$"):
        render(pair)


def test_what_the_scene_declares_is_read_for_every_section(pair: Places, tmp_path: Path) -> None:
    """A value that one section computes and leaves with the scene is of parts that both declare."""
    path = tmp_path / "tinyscenes" / "pair" / "__init__.py"
    path.write_text(path.read_text().replace('("arrays.a",)', '("arrays.a", "arrays.d")'))
    render(pair)
    for section in published_of(pair)["sections"]:
        assert "arrays.d" in section["reads"]
    assert drawn_for(pair, arrays=ARRAYS | {"d": np.arange(9)}) == {"one", "two"}


def test_a_section_reads_through_another_ones_module_what_it_declares_itself(pair: Places, tmp_path: Path) -> None:
    folder = tmp_path / "tinyscenes" / "pair"
    helper = "\n\ndef size(recording):\n    return float(recording.arrays['d'][0])\n"
    (folder / "two.py").write_text(part("two", "c", "b") + helper)
    text = "from tinyscenes.pair import two\n" + part("one", "b", "b")
    (folder / "one.py").write_text(text.replace("    built =", "    two.size(recording)\n    built ="))
    with pytest.raises(RenderError, match=r"reads arrays\.d, which it does not declare"):
        render(pair)


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
    for name in ("one", "one-more"):
        cache.admit(cache.Slot(tmp_path, name, "0" * 16), cache.Segment(0, (), {}, {}), {"section": name})
    assert cache.last_made_of(tmp_path, "one") == {"section": "one"}


# --- the real scene --------------------------------------------------------------------------------------------


def test_each_array_of_the_rollout_is_of_the_sections_that_show_it() -> None:
    scene = load_scene(Places(), "rollout")
    reads = {section.name: set(scene.reads_of(section)) for section in scene.sections()}
    assert {"position", "sample", "reward", "advantage", "update", "training", "curriculum", "game"} == set(reads)

    def readers(name: str) -> set[str]:
        return {section for section, names in reads.items() if name in names}

    assert readers("events.showcase.0") == {"game"}
    assert readers("events.rewind.0") == {"curriculum", "game"}
    assert readers("arrays.game_advantage") == {"advantage", "update", "training"}
    assert readers("arrays.curve_seconds") == readers("facts.throughput.positions_per_second") == set(), (
        "a timing redraws nothing"
    )


def test_a_declared_event_that_is_not_recorded_is_not_unread() -> None:
    whole = Recording("tiny", 0, {}, "v", {}, ({"kind": "seen", "step": 0, "value": 1},), {})
    excerpt = Excerpt(whole, ("events.seen.0", "events.missing.0"), "reader")
    assert excerpt.unread() == ["events.seen.0"]
    assert excerpt.events[0]["value"] == 1
    assert excerpt.unread() == []
