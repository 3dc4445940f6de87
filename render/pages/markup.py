"""Markup: elements, with everything in them escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

VOID = {"img", "input", "source", "track"}


class Html(str):
    """Markup that `el` has made: everything in it is escaped already."""

    __slots__ = ()


def el(name: str, attributes: Mapping[str, object], *children: str) -> Html:
    """One element. Attribute values and plain strings are escaped; True is a bare attribute, None is left out."""
    bare = "".join(f" {key}" for key, value in attributes.items() if value is True)
    pairs = {key: value for key, value in attributes.items() if not (value is None or isinstance(value, bool))}
    opening = f"<{name}{bare}" + "".join(f' {key}="{escape(str(value))}"' for key, value in pairs.items()) + ">"
    return Html(opening if name in VOID else f"{opening}{join(children)}</{name}>")


def join(children: Iterable[str], between: str = "") -> Html:
    """Children side by side, with what is not markup yet escaped."""
    return Html(between.join(child if isinstance(child, Html) else escape(child, quote=False) for child in children))


def framed(frame: str, kind: str, named: str, columns: Iterable[str], rows: Iterable[Html]) -> Html:
    """A table whose frame scrolls by itself and can be reached by keyboard; both bear its name.

    `frame` and `kind` are the classes of the two.
    """
    head = el("tr", {}, *(el("th", {"scope": "col"}, words) for words in columns))
    whole = el("table", {"class": kind, "aria-label": named}, el("thead", {}, head), el("tbody", {}, *rows))
    return el("div", {"class": frame, "tabindex": "0", "role": "region", "aria-label": named}, whole)


def fold(title: str, *children: str, kind: str = "fold") -> Html:
    """Something that is closed until it is asked for, under a title that says what it is."""
    return el("details", {"class": kind}, el("summary", {}, title), *children)


def inert(words: str) -> Html:
    """Words for the middle of a Markdown paragraph, where `*` or `_` would otherwise mean something."""
    return Html("".join(escape(each) if each.isalnum() or each in " <>&\"'" else f"&#{ord(each)};" for each in words))
