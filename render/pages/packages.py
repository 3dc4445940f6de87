"""The project's packages: what each is for, what it imports, and the way that data takes through them.

What imports what is read from `docs/imports.json`, which `.ci/imports.py` writes. What a package is, is read from the
first line of its docstring.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from stagelight.render.pages.import_graph import Graph, reach, within
from stagelight.render.pages.markup import Html, el, join
from stagelight.render.pages.scene_files import fail, read

REMEDY = "run `python .ci/imports.py`"
BANDS = {
    "Commands": "start everything below",
    "Engines": "run a system and record it",
    "Drawing": "turns a recording into films",
    "Pages": "put words around all of it",
}
ROOTS = {"Pages": ("render.macros",), "Drawing": ("render.scenes", "render.pipeline")}  # with all that they import
RECORDINGS, ASSETS, TEXT, SITE = "site_assets/recordings", "films, stills, captions", "docs/*.md", "site"
FLOW = [("Engines", RECORDINGS), (RECORDINGS, "Drawing"), ("Drawing", ASSETS), (ASSETS, "Pages"), (TEXT, "Pages"),
        (RECORDINGS, "Pages"), ("Pages", SITE)]  # fmt: skip


def load(root: Path) -> dict[str, set[str]]:
    """Read what each package imports."""
    return {name: set(imported) for name, imported in read(root / "docs/imports.json", REMEDY).items()}


def bands(graph: Graph) -> dict[str, Graph]:
    """The packages by what they are for, each band with the imports inside it.

    Commands are what is left: whatever neither draws nor writes pages is there for a command alone.
    """
    parts = {"Engines": {name for name in graph if name.startswith("engines.")}}
    for band, starts in ROOTS.items():
        parts[band] = reach(graph, starts) - set().union(*parts.values())
    parts["Commands"] = set(graph) - set().union(*parts.values())
    return {band: within(graph, parts[band]) for band in BANDS}


def crossing(graph: Graph) -> dict[tuple[str, str], set[str]]:
    """For each two bands of which one imports the other, what it imports there."""
    band_of = {name: band for band, names in bands(graph).items() for name in names}
    found: dict[tuple[str, str], set[str]] = {}
    for name, imported in graph.items():
        for other in imported:
            if band_of[name] != band_of[other]:
                found.setdefault((band_of[name], band_of[other]), set()).add(other)
    return dict(sorted(found.items()))


def listed(root: Path, graph: Graph) -> Iterator[Html]:
    """Every package with what it is and all that it imports, then the way of the data."""
    for band, inside in bands(graph).items():
        yield el("p", {}, el("strong", {}, band), f" {BANDS[band]}.")
        lines = [(el("code", {}, name), f": {summary(root, name)} ", _imports(graph, name)) for name in inside]
        yield el("ul", {}, *(el("li", {}, *line) for line in lines))
    yield el("p", {}, el("strong", {}, "Data"), " goes one way.")
    yield el("ul", {}, *(el("li", {}, f"{start} → {end}") for start, end in FLOW))


def _imports(graph: Graph, name: str) -> Html:
    names = join((el("code", {}, other) for other in sorted(graph[name])), ", ")
    return join(["Imports ", names or "none of the others", "."])


def summary(root: Path, name: str) -> str:
    """The first line of a package's docstring."""
    path = root / name.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    try:
        words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    except OSError:
        fail(f"docs/imports.json names {name}, which has no source: {REMEDY}")
    return (words or "").partition("\n")[0]
