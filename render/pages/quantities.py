"""Quantities: the numbers of a recording that a page may write or compare.

A quantity is a number, the name of a fact or of a setting, or a difference or a ratio of two of them:

    0.5
    diffusion.brain.psnr
    diffusion.brain.psnr - variation.brain.psnr
    score.calm.roles.return / score.calm.clairvoyant.return

In a name, `*` stands for one part between two dots, or a piece of one, and `{a,b}` for either of two.
"""

from __future__ import annotations

import difflib
import itertools
import math
import re
from collections.abc import Sequence
from typing import Any

from stagelight.render.pages.scene_files import Scene, fail, pick

Binding = tuple[str, ...]  # the text that each wildcard of a name stands for, in order

WILDCARD = re.compile(r"\*|\{([^}]*)\}")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def value(scene: Scene, quantity: str, page: str) -> float:
    """The number that a quantity without wildcards comes to; one that is missing or not finite ends the build."""
    left, sign, right = _split(quantity)
    first = _term(scene, left, page)
    if not sign:
        return first
    second = _term(scene, right, page)
    if sign == "/" and not second:
        fail(f"docs/{page}: {quantity} of {_head(scene)} divides by {right} = 0: choose another quantity")
    return first / second if sign == "/" else first - second


def finite(options: dict[str, Any], name: str, where: str, page: str) -> float:
    """A finite number by name."""
    number = pick(options, name, where, page)
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        fail(f"docs/{page}: {where} has {name} = {number!r}, wanted a finite number: record the run again")
    return number


def fill(quantity: str, binding: Binding) -> str:
    """A quantity with the wildcards of each of its names replaced, the n-th by the n-th text."""
    left, sign, right = _split(quantity)
    filled = [_fill(name, binding) for name in (left, right)]
    return f"{filled[0]} {sign} {filled[1]}" if sign else filled[0]


def bindings(scene: Scene, quantities: Sequence[str], page: str) -> list[Binding]:
    """All that the wildcards of some quantities stand for, by the facts that fit the name with the most of them.

    A name with fewer has the same ones at its beginning. Without wildcards there is one binding, which is empty.
    """
    names = [name for quantity in quantities for name in _split(quantity)[::2]]
    longest = max(names, key=lambda name: len(_wildcards(name)))
    wildcards = _wildcards(longest)
    for name in names:
        if _wildcards(name) != wildcards[: len(_wildcards(name))]:
            fail(f"docs/{page}: the wildcards of {name} and {longest} differ: write the same ones, or two relations")
    return _matches(scene, longest, page) if wildcards else [()]


def _fill(name: str, binding: Binding) -> str:
    texts = iter(binding)
    return WILDCARD.sub(lambda _: next(texts), name)


def _wildcards(name: str) -> list[str]:
    return [match[0] for match in WILDCARD.finditer(name)]


def _matches(scene: Scene, name: str, page: str) -> list[Binding]:
    """The texts of a name's wildcards, once for each fact that fits; every alternative of `{a,b}` has to fit one."""
    facts = list(scene.head["facts"])
    choices = [choice.split(",") if choice else ["*"] for choice in WILDCARD.findall(name)]
    texts_of_fits: list[Binding] = []
    for texts in itertools.product(*choices):
        parts = WILDCARD.split(_fill(name, texts))[::2]
        pattern = re.compile("([^.]*)".join(map(re.escape, parts)))
        fits = [match.groups() for fact in facts if (match := pattern.fullmatch(fact))]
        if not fits:
            near = difflib.get_close_matches(name, facts, 3, 0.4) or sorted(facts)[:6]
            fail(f"docs/{page}: {_head(scene)} has no fact like {_fill(name, texts)}, but {', '.join(near)}")
        for groups in fits:
            stars = iter(groups)
            texts_of_fits.append(tuple(next(stars) if text == "*" else text for text in texts))
    return texts_of_fits


def _split(quantity: str) -> tuple[str, str, str]:
    """`a - b` -> its two terms and the sign between them; the last two are empty where there is one term."""
    left, sign, right = [*re.split(r" ([-/]) ", quantity, maxsplit=1), "", ""][:3]
    return left, sign, right


def _term(scene: Scene, name: str, page: str) -> float:
    if NUMBER.fullmatch(name):
        return float(name)
    kind = "config" if name in scene.head["config"] and name not in scene.head["facts"] else "facts"
    return finite(scene.head[kind], name, f"{_head(scene)} ({kind})", page)


def _head(scene: Scene) -> str:
    return f"site_assets/recordings/{scene.name}.json"
