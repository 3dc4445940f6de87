"""Text from outside a scene: quoted code, constants, reading time, citations, the lists of the log and of decisions."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

import yaml
from markdown.extensions.toc import slugify

from stagelight.render.pages.markup import el, fold
from stagelight.render.pages.scene_files import fail, pick
from stagelight.render.pages.values import duration

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
    """A number of the source code, or the length of a tuple, for rules that a run does not record.

    `name` is a name of the module, or `Class.field` for the default of a field.
    """
    try:
        tree = ast.parse((root / path).read_text(encoding="utf-8"))
    except OSError:
        fail(f"docs/{page}: the source {path} does not exist: correct the path on the page")
    number = pick(dict(_literals(tree.body)), name, f"{path} (plain numbers and tuples)", page)
    if isinstance(number, bool) or not isinstance(number, int | float):
        fail(f"docs/{page}: {path} has {name} = {number!r}, wanted a number or a tuple: choose another name")
    return number


def _literals(body: Iterable[ast.stmt], prefix: str = "") -> Iterator[tuple[str, object]]:
    """The literals that a module and its classes name, alone or several at once; of a tuple its length."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _literals(node.body, f"{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=True))
            for left, right in pairs:
                if isinstance(left, ast.Name) and isinstance(right, ast.Constant | ast.Tuple):
                    yield prefix + left.id, right.value if isinstance(right, ast.Constant) else len(right.elts)


def reading_time(markdown: str) -> str:
    """The time it takes to read a page, in whole minutes, without what is folded away."""
    unread = r"(?s)<details.*?</details>|<math.*?</math>|\{\{.*?\}\}|<[^>]*>|```.*?```"
    words = re.findall(r"[^\W\d_]+", re.sub(unread, " ", markdown))
    return duration(60 * max(1, math.ceil(len(words) / WORDS_PER_MINUTE))) if words else "no time"


def log(folder: Path) -> list[dict[str, str]]:
    """The dated entries of the log, newest first: date, title, month, the anchor of its heading, and a summary.

    A month is a page of its own, `2026-11.md`, with its entries in the order of writing. The summary is the first
    sentence.
    """
    months = [(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("[0-9]*.md"))]
    parts = [(month, part) for month, text in months for part in re.split(ENTRY, text)[1:]]
    entries = []
    for month, part in parts:
        title, _, body = part.partition("\n")
        words = re.sub(r"\{\{.*?\}\}|<[^>]*>|[*`]|\[(.*?)\]\([^)]*\)", r"\1", body.strip().partition("\n\n")[0])
        entries.append(
            {
                **{"date": title[:10], "title": title[12:13].upper() + title[13:]},
                **{"month": month, "anchor": slugify(title, "-")},
                "summary": re.split(r"(?<=[.?]) (?=[A-Z])", " ".join(words.split()))[0].rstrip(":"),
            }
        )
    return sorted(entries, key=lambda entry: entry["date"])[::-1]


def log_index(folder: Path) -> str:
    """The entries of the log as a Markdown list, newest first, for the page beside the months."""
    return "\n".join(
        f"- {entry['date']} [{escape(entry['title'], quote=False)}]({entry['month']}.md#{entry['anchor']})"
        for entry in log(folder)
    )


def citation(root: Path, title: str, key: str, address: str) -> str:
    """A page as others may cite it, by what `CITATION.cff` says of the whole: a sentence, and BibTeX to copy."""
    path = root / "CITATION.cff"
    try:
        whole = yaml.safe_load(path.read_text(encoding="utf-8"))
        authors = [str(author["name"]) for author in whole["authors"]]
        site, version, date = whole["title"].partition(":")[0], str(whole["version"]), str(whole["date-released"])
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        fail(f"CITATION.cff cannot be read ({error!r}), wanted title, authors, version and date-released: mend it")
    fields = {
        **{"author": " and ".join(f"{{{name}}}" for name in authors), "title": f"{{{title}}}"},
        **{"howpublished": f"{site}, version {version}", "date": date, "year": date[:4], "url": address},
    }
    entry = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    sentence = el("p", {"class": "citation"}, f"{', '.join(authors)}: ", el("cite", {}, title),
                  f". {site}, version {version}, {date}. ", el("a", {"href": address}, address))  # fmt: skip
    return el("div", {}, sentence, fold("BibTeX", el("pre", {}, el("code", {}, f"@misc{{{key},\n{entry}}}"))))


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
        record = re.match(RECORD, path.read_text(encoding="utf-8"))
        if not record:
            fail(f"docs/decisions/{path.name} does not begin as a record; wanted: # {path.name[:4]}. Title, "
                 "an empty line, and: **Status:** accepted 2026-11-22.")  # fmt: skip
        rows.append(f"| [{escape(record[1], quote=False)}]({path.name}) | {record[2]} |")
    return "\n".join(rows)
