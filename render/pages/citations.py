"""Citations: numbers in the text, and the list they lead to, from `docs/references.bib`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pybtex.database import BibliographyData, Entry, parse_file
from pybtex.scanner import PybtexError

from stagelight.render.pages.markup import Html, el, join
from stagelight.render.pages.scene_files import fail, pick

MOST_NAMED = 3  # authors; of more, the first alone is named


class Citations:
    """The works that the pages cite, and those that each page has cited so far, in order."""

    def __init__(self, path: Path) -> None:
        """Read the file of references; one that cannot be read ends the build."""
        try:
            library: BibliographyData = parse_file(str(path), bib_format="bibtex")
        except (OSError, PybtexError) as error:
            fail(f"docs/{path.name} cannot be read ({' '.join(str(error).split())}): correct the file")
        self.works: Mapping[str, Entry] = dict(library.entries)
        self.cited: dict[str, dict[str, int]] = {}  # page -> key -> how often

    def cite(self, keys: tuple[str, ...], page: str) -> Html:
        """The numbers of some works, each a link to its entry; a first mention gives the next number."""
        cited = self.cited.setdefault(page, {})
        links = []
        for key in keys:
            work = pick(self.works, key, "docs/references.bib", page)
            cited[key] = cited.get(key, 0) + 1
            number = [*cited].index(key) + 1
            name = f"cite-{key}" + (f"-{cited[key]}" if cited[key] > 1 else "")
            links.append(
                el(
                    "a",
                    {"href": f"#ref-{key}", "id": name, "title": f"{names(work)}, {work.fields['year']}"},
                    str(number),
                )
            )
        return el("span", {"class": "cite"}, "[", join(links, ", "), "]")

    def sources(self, notes: Mapping[str, str], page: str) -> Html:
        """Everything the page has cited, in the order of its numbers; `notes` say what was taken from a work."""
        cited = self.cited.get(page, {})
        for key in notes:
            pick(cited, key, "what the page cites", page)
        entries = [_entry(key, self.works[key], notes.get(key, ""), count, page) for key, count in cited.items()]
        return el("ol", {"class": "sources"}, *entries)


def _entry(key: str, work: Entry, note: str, count: int, page: str) -> Html:
    """One work, its address, and links back to its mentions."""
    label, address = _address(key, work, page)
    venue = work.fields.get("booktitle") or " ".join(
        work.fields[part] for part in ("journal", "volume") if part in work.fields
    )
    back = [
        el("a", {"href": f"#cite-{key}" + (f"-{at}" if at > 1 else ""), "class": "sources__back",
                 "aria-label": f"Back to mention {at} of {names(work)}"}, "\N{LEFTWARDS ARROW WITH HOOK}")
        for at in range(1, count + 1)
    ]  # fmt: skip
    return el(
        "li", {"id": f"ref-{key}"},
        f"{names(work)}, ", el("cite", {}, work.fields["title"]), f", {venue}" if venue else "",
        f", {work.fields['year']}, ", el("a", {"href": address}, label), ". ", f"{note} " if note else "",
        join(back, " "),
    )  # fmt: skip


def _address(key: str, work: Entry, page: str) -> tuple[str, str]:
    """The label of a work's identifier, and its address."""
    kinds = {"eprint": ("arXiv:", "https://arxiv.org/abs/"), "doi": ("doi:", "https://doi.org/"), "url": ("", "")}
    field = next((kind for kind in kinds if kind in work.fields), None)
    if field is None:
        fail(f"docs/{page}: docs/references.bib has no eprint, doi or url for {key}: add one")
    label, before = kinds[field]
    return label + work.fields[field], before + work.fields[field]


def names(work: Entry) -> str:
    """Williams; Salimans and Chen; Shao and others."""
    people: list[Any] = list(work.persons["author"])
    last = [" ".join([*person.prelast_names, *person.last_names]) for person in people]
    if "others" in last or len(last) > MOST_NAMED:
        return f"{last[0]} and others"
    return " and ".join([", ".join(last[:-1]), last[-1]] if len(last) > 1 else last)
