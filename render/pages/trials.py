"""The outcome of the attempts to break the project, from `docs/trials.json`, which `click trial` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stagelight.render.pages.markup import Html, el, framed
from stagelight.render.pages.scene_files import fail, read
from stagelight.render.pages.values import integer, traced

FILE = "docs/trials.json"
REMEDY = "run `click trial KIND --out docs/trials.json`"
COUNTS = ("cases", "answered", "seconds", "peak_mb", "seed")


def table(root: Path, kind: str, page: str) -> Html:
    """The parts of a kind: their cases, how many were answered as they should be, and how."""
    found = _kind(root, kind, page)
    rows = [
        el("tr", {}, el("th", {"scope": "row"}, name),
           *(el("td", {}, _count(kind, f"{name}, {what}", part.get(what, 0)))
             for what in ("cases", "refused", "read", "answered")))
        for name, part in found["parts"].items()
    ]  # fmt: skip
    return framed(
        "scored__frame", "scored", f"Cases of {kind}", ["Where", "Cases", "Refused", "Read as meant", "Answered"], rows
    )


def total(root: Path, kind: str, what: str, page: str) -> Html:
    """A count of a kind: one of `COUNTS`."""
    found = _kind(root, kind, page)
    if what not in COUNTS:
        fail(f"docs/{page}: no count {what!r} of a trial: choose {', '.join(COUNTS)}")
    return _count(kind, what, found[what])


def about(root: Path, kind: str, page: str) -> Html:
    """The day and the machine of a run."""
    found = _kind(root, kind, page)
    return el("span", {}, f"{found['date']}, on {found['machine']}")


def failures(root: Path, kind: str, page: str) -> Html:
    """Each way in which a case failed, if any did."""
    found = _kind(root, kind, page)["failures"]
    if not found:
        return el("p", {}, "No case failed.")
    return el("ul", {}, *(
        el("li", {}, f"{one['part']}: {one['kind']}, {one['count']} times; ", el("code", {}, one["example"]))
        for one in found
    ))  # fmt: skip


def _kind(root: Path, kind: str, page: str) -> dict[str, Any]:
    """The outcome of a kind, checked."""
    kinds = read(root / FILE, REMEDY).get("kinds")
    named = [one for one in kinds if isinstance(one, dict) and one.get("kind") == kind] if kinds else []
    if not named:
        fail(f"docs/{page}: {FILE} has no {kind!r}: {REMEDY}")
    if wrong := _faults(named[0]):
        fail(f"{FILE}: {kind}: {wrong[0]}: {REMEDY}")
    return named[0]


def _faults(one: dict[str, Any]) -> list[str]:
    """The faults of a result, in words."""
    parts, failed = one.get("parts"), one.get("failures")
    if not (isinstance(parts, dict) and all(isinstance(part, dict) for part in parts.values())):
        return ["no parts"]
    if not (isinstance(failed, list) and all(isinstance(each, dict) for each in failed)):
        return ["no list of failures"]
    if not all(type(one.get(name)) is int and one[name] >= 0 for name in COUNTS):
        return [f"{', '.join(COUNTS)} are whole numbers"]
    sums = {name: sum(part.get(name, 0) for part in parts.values()) for name in ("cases", "answered")}
    wrong = [f"the parts' {name} do not add up to {one[name]}" for name, found in sums.items() if found != one[name]]
    if sum(each.get("count", 0) for each in failed) != one["cases"] - one["answered"]:
        wrong.append("its failures are not those that were not answered")
    return wrong + [f"{name} is a text" for name in ("date", "machine") if not isinstance(one.get(name), str)]


def _count(kind: str, name: str, value: int) -> Html:
    return traced(FILE, f"{kind}, {name}", value, integer(value))
