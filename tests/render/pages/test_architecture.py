"""The map of the packages: held to the sources, drawn whole, and the same as the list below it."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagelight.render.pages import architecture, import_graph, packages
from support.paths import ROOT

GRAPH = packages.load(ROOT)


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, set[str]]:
    """A graph without cycles: a name imports later ones alone."""
    names = [f"name_{at}" for at in range(draw(st.integers(0, 9)))]
    return {
        name: draw(st.sets(st.sampled_from(names[at + 1 :]))) if names[at + 1 :] else set()
        for at, name in enumerate(names)
    }


def test_the_map_is_drawn_from_the_imports_of_the_sources() -> None:
    pytest.importorskip("grimp")
    found = runpy.run_path(str(ROOT / ".ci/imports.py"))["imports"]()
    assert packages.load(ROOT) == {name: set(imported) for name, imported in found.items()}, "run python .ci/imports.py"


@given(graphs())
def test_what_is_left_out_is_implied_by_what_is_drawn(graph: dict[str, set[str]]) -> None:
    drawn = import_graph.reduced(graph)
    for name, imported in graph.items():
        assert drawn[name] <= imported
        assert import_graph.reach(drawn, [name]) == import_graph.reach(graph, [name])
        for other in drawn[name]:
            fewer = drawn | {name: drawn[name] - {other}}
            assert other not in import_graph.reach(fewer, [name])


@given(graphs(), st.integers(1, 4))
def test_every_import_leads_down_and_has_a_slot_in_each_row_that_it_passes(
    graph: dict[str, set[str]], most: int
) -> None:
    placed = import_graph.rows(graph, lambda slots: len(slots) <= most)
    row_of = {slot: row for row, slots in enumerate(placed) for slot in slots if isinstance(slot, str)}
    assert row_of.keys() == graph.keys()
    passing = {(name, other, row) for name in graph for other in graph[name]
               for row in range(row_of[name] + 1, row_of[other])}  # fmt: skip
    assert {(*slot, row) for row, slots in enumerate(placed) for slot in slots if isinstance(slot, tuple)} == passing
    assert all(row_of[name] < row_of[other] for name in graph for other in graph[name])
    assert all(sum(isinstance(slot, str) for slot in slots) <= most for slots in placed)


def test_every_package_is_in_one_band_and_data_goes_down() -> None:
    found = packages.bands(GRAPH)
    names = [name for inside in found.values() for name in inside]
    assert sorted(names) == sorted(GRAPH)
    assert set(found["Engines"]) == {name for name in GRAPH if name.startswith("engines.")}
    assert {"render.macros", "render.pages"} <= found["Pages"].keys()
    assert {"render.scenes", "render.components", "render.stage", "render.pipeline"} <= found["Drawing"].keys()
    assert "render.cli" in found["Commands"]
    shared = {"engines.recording", "engines.experiment"}  # of the latter its workers and import closures: no engine
    assert packages.crossing(GRAPH).get(("Drawing", "Engines")) == shared
    pages = {pair: names for pair, names in packages.crossing(GRAPH).items() if "Pages" in pair}
    tried = {("Commands", "Pages"): {"render.pages"}}  # by `click trial`, which gives them bad input
    assert pages == {("Pages", "Engines"): {"engines.recording"}} | tried
    row_of = {name: row for row, names in enumerate(architecture.COLUMN) for name in names}
    assert [(start, end) for start, end in packages.FLOW if row_of[start] >= row_of[end]] == []


def test_nothing_on_the_map_covers_anything_or_leaves_it() -> None:
    drawn = architecture.layout(GRAPH)
    inside = {name: band for band, names in packages.bands(GRAPH).items() for name in names}
    solid = {name: box for name, box in drawn.boxes.items() if name not in packages.BANDS}
    assert solid.keys() >= GRAPH.keys()
    for name, box in drawn.boxes.items():
        outer = (
            drawn.boxes[inside[name]] if name in inside else architecture.Box(180, drawn.height / 2, 360, drawn.height)
        )
        assert outer.left <= box.left < box.right <= outer.right, name
        assert outer.top <= box.top < box.bottom <= outer.bottom, name
    for name, one in solid.items():
        for other, two in solid.items():
            apart = one.right < two.left or two.right < one.left or one.bottom < two.top or two.bottom < one.top
            assert name == other or apart, f"{name} covers {other}"


def test_the_list_has_every_import_and_says_what_each_package_is() -> None:
    made = architecture.figure(ROOT)
    lines = re.findall(r"<li><code>([\w.]+)</code>: (.+?) Imports (.*?)\.</li>", made)
    assert {name: set(re.findall(r"<code>([\w.]+)</code>", imported)) for name, _, imported in lines} == GRAPH
    assert all(words.strip() for _, words, _ in lines)
    assert made.count('class="map__box"') == len(GRAPH)
    assert made.count("→") == len(packages.FLOW)


def test_a_package_without_a_source_ends_the_build_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        packages.summary(tmp_path, "render.gone")
    assert capsys.readouterr().err == (
        "error: docs/imports.json names render.gone, which has no source: run `python .ci/imports.py`\n"
    )


# --- the page ---------------------------------------------------------------------------------------------------

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def test_every_path_that_the_page_names_exists() -> None:
    named = re.findall(r"`((?:engines|render|\.ci|docs)/[\w./]+)`", PAGE)
    assert len(named) > 5
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_a_name_is_explained_in_one_line() -> None:
    entries = re.findall(r"^(\S.*)\n:   (.+)\n(.*)$", PAGE, re.M)
    assert len(entries) > 30
    assert [name for name, words, after in entries if after or not words.endswith(".")] == []
