"""The leaderboard of the village: scores of the recording's own agents, and of others' from `docs/leaderboard.json`.

An entry of that file is what `village_v0.entry` returns. One that lacks something, or claims what cannot be, ends the
build.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stagelight.render.pages.markup import Html, el, framed
from stagelight.render.pages.scene_files import Scene, fail, read
from stagelight.render.pages.values import number, traced
from stagelight.render.pages.village_tables import AGENTS, HELD_OUT

FILE = "docs/leaderboard.json"
REMEDY = "correct it as docs/leaderboard.md describes"
TEXTS = ("name", "link", "date", "how")
MEASURES = ("return", "score", "score_low", "score_high", "seeds")
IN_TRAINING = {
    "calm": "Calm", "std": "Usual", "windless": "Little wind", "rabbits": "Rabbits", "drought": "Drought",
}  # fmt: skip
WEATHER = {"training": IN_TRAINING, "held out": HELD_OUT}
BOUND = "clairvoyant"  # it knows the weather, and is what a score of one means


class Row(NamedTuple):
    """An agent and its scores."""

    label: Html
    source: str
    scores: dict[str, dict[str, float]]  # by scenario: score, score_low, score_high

    def mean(self, names: Sequence[str]) -> float:
        """The mean score over some scenarios, by which rows are ordered."""
        return sum(self.scores[name]["score"] for name in names) / len(names)


def board(scene: Scene, root: Path, kind: str, page: str) -> Html:
    """Scores with their intervals in the scenarios of a kind, the best first."""
    names = list(WEATHER[kind])
    rows = [*_recorded(scene, names, page), *map(_row, entries(root))]
    body = [
        el("tr", {}, el("th", {"scope": "row"}, row.label), el("td", {}, _written(row.mean(names))),
           *(_cell(row, name) for name in names))
        for row in sorted(rows, key=lambda row: -row.mean(names))
    ]  # fmt: skip
    return framed(
        "scored__frame", "scored", f"Scores, weather {kind}", ["Agent", "Mean", *WEATHER[kind].values()], body
    )


def descriptions(root: Path) -> Html:
    """The date of each entry of the file, and how it was run, in its own words."""
    found = entries(root)
    if not found:
        return el("p", {}, "Nobody has sent an entry yet.")
    parts = [(el("dt", {}, el("a", {"href": one["link"]}, one["name"]), f", {one['date']}"), el("dd", {}, one["how"]))
             for one in found]  # fmt: skip
    return el("dl", {}, *(part for pair in parts for part in pair))


def entries(root: Path) -> list[dict[str, Any]]:
    """The entries of the file, checked."""
    found = read(root / FILE, REMEDY).get("entries")
    if not isinstance(found, list):
        fail(f"{FILE}: no list of entries: {REMEDY}")
    for at, one in enumerate(found):
        if (wrong := _fault(one)) is not None:
            fail(f"{FILE}: entry {at}: {wrong}: {REMEDY}")
    return found


def _fault(one: Any) -> str | None:
    """A defect of an entry, in words; None if there is none."""
    if not isinstance(one, dict) or set(one) != {*TEXTS, "scores"}:
        return f"wanted {', '.join(TEXTS)} and scores"
    if not all(isinstance(one[name], str) and one[name].strip() for name in TEXTS):
        return f"{', '.join(TEXTS)} are texts"
    if not re.fullmatch(r"https://\S+", one["link"]) or not re.fullmatch(r"\d{4}-\d\d-\d\d", one["date"]):
        return "link begins with https://, and date is like 2026-11-30"
    return _fault_of_scores(one["scores"])


def _fault_of_scores(scores: Any) -> str | None:
    wanted = {*IN_TRAINING, *HELD_OUT}
    if not isinstance(scores, dict) or set(scores) != wanted:
        return f"scores are of {', '.join(sorted(wanted))}"
    for name, row in scores.items():
        if not isinstance(row, dict) or set(row) != set(MEASURES):
            return f"{name} has {', '.join(MEASURES)}"
        if not all(type(value) in {int, float} and math.isfinite(value) for value in row.values()):
            return f"{name} has numbers"
        if not row["score_low"] <= row["score"] <= row["score_high"]:
            return f"{name}: the score lies outside its interval"
    return None


def _recorded(scene: Scene, names: Sequence[str], page: str) -> list[Row]:
    """The agents that were run in all of these scenarios."""
    facts, rows = scene.head["facts"], []
    for agent, words in AGENTS.items():
        keys = {name: f"score.{name}.{agent}.score" for name in names}
        if all(key in facts for key in keys.values()):
            scores = {
                name: {part: facts[key] for part in MEASURES[1:4] if (key := f"score.{name}.{agent}.{part}") in facts}
                for name in names
            }
            rows.append(Row(Html(el("span", {}, words)), scene.name, scores))
    if not rows:
        fail(f"docs/{page}: {scene.name}.json has no scores: run `click score {scene.name}`")
    return rows


def _row(one: dict[str, Any]) -> Row:
    return Row(el("a", {"href": one["link"]}, one["name"]), FILE, one["scores"])


def _cell(row: Row, name: str) -> Html:
    """A score, and its interval below."""
    measured = row.scores[name]
    score = traced(row.source, f"{name}, score", measured["score"], _written(measured["score"]))
    if "score_low" not in measured:
        return el("td", {}, score)
    low, high = (_written(measured[key]) for key in ("score_low", "score_high"))
    return el("td", {}, score, el("div", {}, el("small", {}, f"{low} to {high}")))


def _written(score: float) -> str:
    """A score to two digits, zero without a sign."""
    return number(round(score, 2) + 0.0)
