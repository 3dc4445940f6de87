"""Words that stand outside a scene: quoted code, the time a page takes, the lists of the log and of decisions."""

from __future__ import annotations

import ast
import math
import re
from html import escape
from pathlib import Path

from markdown.extensions.toc import slugify

from stagelight.render.pages.figures import duration
from stagelight.render.pages.markup import el
from stagelight.render.pages.published import fail, pick

WORDS_PER_MINUTE = 220
RECORD = r"# (\d{4}\. .+)\n\n\*\*Status:\*\* (.+?)\.\s"  # how a decision record begins
ENTRY = r"(?m)^## (?=\d{4}-\d\d-\d\d, )"  # the heading of an entry of the log


def code(root: Path, path: str, name: str, page: str) -> str:
    """A function or class of the source, quoted whole, as Markdown."""
    try:
        source = (root / path).read_text(encoding="utf-8")
    except OSError:
        fail(f"docs/{page}: the source {path} does not exist: correct the path on the page")
    nodes = {
        node.name: node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    node = pick(nodes, name, path, page)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    text = "\n".join(source.splitlines()[first - 1 : node.end_lineno])
    fence = "`" * max(4, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    summary = el("summary", {}, "The code that does it: ", el("code", {}, f"{path}, {name}"))
    return f'<details class="fold" markdown>\n{summary}\n\n{fence} python\n{text}\n{fence}\n\n</details>'


def constant(root: Path, path: str, name: str, page: str) -> float:
    """A number that the source gives a name, alone or as one of several: for rules that a run does not record."""
    try:
        tree = ast.parse((root / path).read_text(encoding="utf-8"))
    except OSError:
        fail(f"docs/{page}: the source {path} does not exist: correct the path on the page")
    found: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts, strict=True))
            found |= {left.id: right.value for left, right in pairs
                      if isinstance(left, ast.Name) and isinstance(right, ast.Constant)}  # fmt: skip
    number = pick(found, name, f"{path} (plain numbers)", page)
    if isinstance(number, bool) or not isinstance(number, int | float):
        fail(f"docs/{page}: {path} has {name} = {number!r}, wanted a number: choose another name")
    return number


def reading_time(markdown: str) -> str:
    """The time it takes to read the words of a page, in whole minutes."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?s)<math.*?</math>|\{\{.*?\}\}|<[^>]*>|```.*?```", " ", markdown))
    return duration(60 * max(1, math.ceil(len(words) / WORDS_PER_MINUTE))) if words else "no time"


def log(folder: Path) -> list[dict[str, str]]:
    """The dated entries of the log, newest first: date, title, month, the anchor of its heading, and a summary.

    A month is a page of its own, `2026-11.md`, with its entries in the order of writing. The summary is the first
    sentence.
    """
    months = [(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("[0-9]*.md"))]
    parts = [(month, part) for month, text in months for part in re.split(ENTRY, text)[1:]]
    found = []
    for month, part in parts:
        title, _, body = part.partition("\n")
        words = re.sub(r"\{\{.*?\}\}|<[^>]*>|[*`]|\[(.*?)\]\([^)]*\)", r"\1", body.strip().partition("\n\n")[0])
        found.append(
            {
                **{"date": title[:10], "title": title[12:13].upper() + title[13:]},
                **{"month": month, "anchor": slugify(title, "-")},
                "summary": re.split(r"(?<=[.?]) (?=[A-Z])", " ".join(words.split()))[0].rstrip(":"),
            }
        )
    return sorted(found, key=lambda entry: entry["date"])[::-1]


def log_index(folder: Path) -> str:
    """The entries of the log as a Markdown list, newest first, for the page beside the months."""
    return "\n".join(
        f"- {entry['date']} [{escape(entry['title'], quote=False)}]({entry['month']}.md#{entry['anchor']})"
        for entry in log(folder)
    )


def third_parties(root: Path) -> str:
    """The text of `THIRD_PARTY.md` below its title."""
    try:
        return (root / "THIRD_PARTY.md").read_text(encoding="utf-8").partition("\n")[2].strip()
    except OSError as error:
        fail(f"THIRD_PARTY.md cannot be read ({error}): put it back")


def decisions(docs: Path) -> str:
    """The decision records as a Markdown table, in order: number and title, and the status as the record has it."""
    rows = ["| Decision | Status |", "|---|---|"]
    for path in sorted(docs.glob("decisions/[0-9]*.md")):
        found = re.match(RECORD, path.read_text(encoding="utf-8"))
        if not found:
            fail(f"docs/decisions/{path.name} does not begin as a record; wanted: # {path.name[:4]}. Title, "
                 "an empty line, and: **Status:** accepted 2026-11-22.")  # fmt: skip
        rows.append(f"| [{escape(found[1], quote=False)}]({path.name}) | {found[2]} |")
    return "\n".join(rows)
