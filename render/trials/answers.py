"""A reader's answer to bad input: refused in one line by its documented error, or read with a meaning that holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
REFUSED, READ = "refused", "read"
LONGEST = 800  # characters of a refusal


class Wrong(Exception):  # noqa: N818  # a finding, not a fault of the trial
    """An answer that is none; `kind` says in which way, and the message gives an example."""

    def __init__(self, kind: str, example: str) -> None:
        super().__init__(example)
        self.kind = kind


@dataclass(frozen=True)
class Case:
    """One bad input, and the reader that is given it."""

    name: str  # of the damage
    answer: Callable[[], str]  # REFUSED or READ; raises `Wrong`


@dataclass(frozen=True)
class Reader:
    """A reader, and the bad input that it is tried with."""

    name: str
    share: int  # of all mutations, beside those of the others
    begin: Callable[[Path], Bench]  # in each worker: makes good files in a folder and reads each of them once
    checked: bool = False  # compiled with every index checked
    seconds: float = 5.0  # of processor time that a case may take


@dataclass(frozen=True)
class Bench:
    """A reader at work: its mutations by number, the same for the same seed, and its input made by hand."""

    mutated: Callable[[int, int], Case]  # seed, number
    by_hand: tuple[Case, ...] = ()


def answered(
    read: Callable[[], T],
    errors: tuple[type[BaseException], ...],
    sound: Callable[[T], bool] = lambda _: True,
    naming: str = "",
) -> str:
    """Give a reader its input.

    Args:
        read: the reader, with its input.
        errors: what it may raise.
        sound: whether what was read is what may be read from this input.
        naming: what a refusal has to name.

    Raises:
        Wrong: the refusal is not one readable line, or what was read is not sound.
    """
    try:
        found = read()
    except errors as error:
        one_line(str(error), naming)
        return REFUSED
    if not sound(found):
        raise Wrong("accepted with another meaning", repr(found)[:200])
    return READ


def one_line(words: str, naming: str = "") -> None:
    """Hold a refusal to one printable line that is not too long.

    Raises:
        Wrong: it is not.
    """
    if not words.strip():
        raise Wrong("an empty refusal", repr(words))
    if len(words) > LONGEST:
        raise Wrong("a refusal of more than 800 characters", ascii(words[:200]))
    if not words.isprintable():
        raise Wrong("a refusal that is not one printable line", ascii(words[:300]))
    if naming and naming not in words:
        raise Wrong("a refusal that does not name its file", ascii(words[:300]))
