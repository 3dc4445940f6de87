"""A table of facts. A cell whose fact was not measured says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stagelight.render.pages.markup import Html, el, framed
from stagelight.render.pages.scene_files import Scene, fail
from stagelight.render.pages.values import STYLES, traced


class Cell(NamedTuple):
    """A number of the recording and its style."""

    fact: str
    style: str = "number"
    digits: int = 2


def table(scene: Scene, page: str, title: str, head: Sequence[str], rows: Sequence[tuple[str, Sequence[Cell]]]) -> Html:
    """Rows of facts, each under its label; where none of them was measured the build ends."""
    facts = scene.head["facts"]
    if not any(cell.fact in facts for _, cells in rows for cell in cells):
        fail(f"docs/{page}: {scene.name}.json has no {rows[0][1][0].fact}: run `click score {scene.name}`")
    body = [el("tr", {}, el("th", {"scope": "row"}, name), *(_written(scene, cell) for cell in cells))
            for name, cells in rows]  # fmt: skip
    return framed("scored__frame", "scored", title, head, body)


def _written(scene: Scene, cell: Cell) -> Html:
    value = scene.head["facts"].get(cell.fact)
    if value is None:
        return el("td", {"class": "scored__absent"}, "not run")
    return el("td", {}, traced(scene.name, cell.fact, value, STYLES[cell.style](value, cell.digits)))
