"""Numbers and words of a run: each carries its name, and a number its exact value."""

from __future__ import annotations

import math
from collections.abc import Callable

from stagelight.render.pages.markup import Html, el, inert
from stagelight.render.pages.published import Scene, fail, pick


def percent(value: float, digits: int = 1) -> str:
    """0.803 -> 80.3%, and 0.99996 -> >99.9%: never a rounded-up certainty."""
    words = number(100 * value, digits)
    if value < 1 and words == number(100.0, digits):
        return f">{number(100 - 10.0**-digits, digits)}%"
    return words + "%"


def probability(value: float, digits: int = 1) -> str:
    """As `percent`, but never 100%: a softmax does not reach certainty, though its stored value may round to 1."""
    return percent(min(value, math.nextafter(1.0, 0.0)), digits)


def number(value: float, digits: int = 2) -> str:
    """-0.25 -> −0.25, with a real minus sign and thousands apart."""
    return f"{value:,.{digits}f}".replace("-", "−")


def integer(value: float) -> str:
    """40000 -> 40,000."""
    if value != round(value):
        raise ValueError(f"{value} is not a whole number")
    return number(value, 0)


def signed(value: float, digits: int = 2) -> str:
    """0.25 -> +0.25."""
    return ("+" if value >= 0 else "") + number(value, digits)


def duration(value: float) -> str:
    """840 -> 14 minutes."""
    for size, unit in ((3600, "hour"), (60, "minute"), (1, "second")):
        if value >= 1.5 * size or size == 1:
            count = round(value / size)
            return f"{count}\N{NO-BREAK SPACE}{unit}{'' if count == 1 else 's'}"
    raise AssertionError("unreachable")


STYLES: dict[str, Callable[..., str]] = {
    "percent": percent,
    "probability": probability,
    "number": number,
    "integer": integer,
    "signed": signed,
    "duration": duration,
}


def fact(scene: Scene, kind: str, name: str, style: str, digits: int | None, page: str) -> Html:
    """A number of the run, carrying its exact value and its name; `pm` adds the entry `name.sd` as a spread.

    `kind` is the part of the recording's head it stands in: "facts" (measured) or "config" (chosen).
    """
    where = f"site_assets/recordings/{scene.name}.json ({kind})"
    write = pick({**STYLES, "pm": percent}, style, "the list of number styles", page)
    values = []
    for key in [name, f"{name}.sd"] if style == "pm" else [name]:
        value = pick(scene.head[kind], key, where, page)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            fail(f"docs/{page}: {where} has {key} = {value!r}, wanted a finite number: record the run again")
        values.append(value)
    try:
        shown = [write(value) if digits is None else write(value, digits) for value in values]
    except (TypeError, ValueError) as error:
        fail(f"docs/{page}: {name} cannot be written as {style} ({error}): choose another style")
    text = "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}".join(shown).replace("%\N{NO-BREAK SPACE}±", "\N{NO-BREAK SPACE}±")
    return traced(scene.name, name, values[0], text)


def traced(source: str, name: str, value: float, words: str) -> Html:
    """A number as it is written, carrying its exact value and where it stands under which name."""
    return el("data", {"class": "fact", "value": value, "title": f"{source}: {name}"}, words)


def constant(path: str, name: str, value: float, style: str, digits: int | None, page: str) -> Html:
    """A number of the source, carrying its exact value and where it stands."""
    write = pick(STYLES, style, "the list of number styles", page)
    text = write(value) if digits is None else write(value, digits)
    return traced(path, name, value, text)


def event(scene: Scene, kind: str, key: str, style: str | None, page: str) -> Html:
    """A word the run wrote down, from its first event of a kind; several are joined by "or".

    A number among the words is written in a `style`, as `fact` does.
    """
    where = f"site_assets/recordings/{scene.name}.json (events)"
    events = {entry["kind"]: entry for entry in reversed(scene.head["events"])}
    found = pick(pick(events, kind, where, page), key, f"{where}, {kind}", page)
    if style:
        found = pick(STYLES, style, "the list of number styles", page)(found)
    words = " or ".join(map(str, found)) if isinstance(found, list) else str(found)
    return el("span", {"class": "fact", "title": f"{scene.name}: {kind}, {key}"}, inert(words))


def clock(seconds: float) -> str:
    """75.4 -> 1:15."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def size(count: int) -> str:
    """4200000 -> 4.2 MB."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"
