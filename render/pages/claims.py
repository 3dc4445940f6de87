"""Claims: comparisons and superlatives in a page's prose, recomputed from the facts they rest on at every build.

A claim gives its words and the relations that make them true:

    {{ holds("does better", "scan", "diffusion.brain.psnr > sample.brain.psnr") }}
    {{ holds("gains nothing", "scan", "headline.gain.*.r4 <= 0") }}                      for every fact that fits
    {{ holds("leads", "village", "score.*.policy.return > score.*.stock.return") }}      in each kind of weather
    {{ holds("leads all", "village", "score.*.policy.return >= score.*.*.return") }}     and over each agent
    {{ holds("as often", "rollout", "krk.reinforce.win_rate ~ krk.win_rate") }}          within the spread

`~` holds where the two intervals of value and spread (the fact of the same name and `.sd`) overlap. Quantities are
those of `quantities`. A superlative that is itself a number needs no words:

    {{ best("village", "calm.reserve_*.return") }}     the text for `*` in the largest of them

Where a run may turn out either way, the page gives words for both, and those that are true are written:

    {{ either("nearer", "no nearer", "scan", "diffusion.brain.psnr > mean.brain.psnr") }}

A claim that does not hold, a tie of the best, or a fact that is missing or not finite ends the build in one line.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence

from stagelight.render.pages.markup import Html, el, inert
from stagelight.render.pages.quantities import Binding, bindings, fill, value
from stagelight.render.pages.scene_files import Scene, fail
from stagelight.render.pages.values import traced

SIGN = re.compile(r" (>=|<=|>|<|=|~) ")
COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "=": operator.eq,
}  # fmt: skip


def holds(scene: Scene, words: str, relations: Sequence[str], page: str) -> Html:
    """The words of a claim, marked with the relations they rest on; one that does not hold ends the build."""
    for untrue in _untrue(scene, words, relations, page):
        fail(
            f'docs/{page}: "{words}" no longer holds: {untrue} (site_assets/recordings/{scene.name}.json): '
            "change the sentence, or record the run again"
        )
    return el("span", {"class": "fact", "title": f"{scene.name}: {'; '.join(relations)}"}, inert(words))


def either(scene: Scene, words: str, otherwise: str, relations: Sequence[str], page: str) -> Html:
    """The first words where every relation holds, else the others; marked with what they rest on."""
    untrue = list(_untrue(scene, words, relations, page))
    title = f"{scene.name}: {'not ' * bool(untrue)}{'; '.join(relations)}"
    return el("span", {"class": "fact", "title": title}, inert(otherwise if untrue else words))


def _untrue(scene: Scene, words: str, relations: Sequence[str], page: str) -> Iterator[str]:
    """Each comparison that does not hold, of all that the relations' wildcards stand for."""
    if not relations:
        fail(f'docs/{page}: "{words}" names no relation, wanted at least one such as "a > b"')
    for relation in relations:
        parts = SIGN.split(relation)
        if len(parts) < 3 or not all(part.strip() for part in parts):
            fail(
                f'docs/{page}: "{words}" rests on {relation!r}, wanted quantities with one of > < >= <= = ~ between '
                "them"
            )
        for binding in bindings(scene, parts[::2], page):
            quantities = [fill(part, binding) for part in parts[::2]]
            for left, sign, right in zip(quantities, parts[1::2], quantities[1:], strict=False):
                if not _true(scene, left, sign, right, page):
                    first, second = (_named(each, value(scene, each, page)) for each in (left, right))
                    yield f"{first} {sign} {second}"


def best(scene: Scene, pattern: str, page: str) -> Html:
    """The text that the wildcard stands for in the largest of the facts that fit; a tie ends the build."""
    texts: list[Binding] = bindings(scene, [pattern], page)
    if len(texts) < 2:
        fail(f"docs/{page}: {pattern} fits {len(texts)} fact of {scene.name}, wanted two or more to find the best of")
    ranked = sorted(((value(scene, fill(pattern, text), page), text) for text in texts), reverse=True)
    (largest, first), (second, other) = ranked[:2]
    if largest == second:
        fail(
            f"docs/{page}: the best of {pattern} is a tie of {first[0]} and {other[0]} at {largest:g} "
            f"(site_assets/recordings/{scene.name}.json): say so on the page"
        )
    return traced(scene.name, f"best of {pattern}", largest, first[0])


def _true(scene: Scene, left: str, sign: str, right: str, page: str) -> bool:
    first, second = (value(scene, quantity, page) for quantity in (left, right))
    if sign != "~":
        return COMPARE[sign](first, second)
    spread = sum(value(scene, f"{quantity}.sd", page) for quantity in (left, right))
    return abs(first - second) <= spread


def _named(quantity: str, number: float) -> str:
    """A quantity with its value, unless it is a number already."""
    return quantity if quantity == f"{number:g}" else f"{quantity} = {number:.6g}"
