"""A place where words come up, as a bench: each of the hostile words by hand, and drawn ones together."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from html.parser import HTMLParser

from stagelight.render.trials.answers import Bench, Case, Wrong
from stagelight.render.trials.surfaces.words import WORDS, drawn

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # controls, directions, halves of pairs, private, ends of lines


def bench(answer: Callable[[str], str]) -> Bench:
    """Tries an answer to hostile words: it says whether they were refused or read, or raises `Wrong`."""

    def mutated(seed: int, number: int) -> Case:
        name, words = drawn(seed, number)
        return Case(name, partial(answer, words))

    return Bench(mutated, tuple(Case(name, partial(answer, words)) for name, words in WORDS.items()))


def seen(text: str, most: int, where: str) -> None:
    """Hold a text that is shown to what can be seen of it: lines of printable characters, not too many.

    Raises:
        Wrong: it holds something else.
    """
    if len(text) > most:
        raise Wrong(f"{where}: more than {most} characters", ascii(text[:120]))
    if odd := next((each for each in text if each != "\n" and unicodedata.category(each) in HIDDEN), ""):
        raise Wrong(f"{where}: a character that acts and is not seen", f"{odd!a} in {text[:120]!a}")


class Elements(HTMLParser):
    """Markup as a browser reads it: its elements with the names of their attributes, and its text."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.found.append(" ".join([tag, *(name for name, _ in attrs)]))
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action"}]

    def handle_data(self, data: str) -> None:
        """Text."""
        self.text += data

    def handle_comment(self, data: str) -> None:
        """No page has one of ours."""
        self.found.append("!--")


def same_elements(made: Callable[[str], str], words: str) -> Iterator[Elements]:
    """The page made with plain words, then the one made with hostile words.

    Raises:
        Wrong: the second has other elements or leads elsewhere.
    """
    plain, hostile = Elements(made("plain words")), Elements(made(words))
    if plain.found != hostile.found:
        other = [each for each in hostile.found if each not in plain.found]
        raise Wrong("words that became markup", ", ".join(other)[:200] or "elements that are gone")
    if any("javascript:" in link or "example.invalid" in link for link in hostile.links):
        raise Wrong("words that became a link", ", ".join(hostile.links)[:200])
    yield plain
    yield hostile
