"""Numbers and words of a run as a page writes them: each carries its name, and a number its exact value."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Callable, Sequence

from stagelight.render.pages.markup import Html, el, inert
from stagelight.render.pages.quantities import finite, value
from stagelight.render.pages.scene_files import Scene, fail, pick


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


def fact(scene: Scene, quantity: str, style: str, digits: int | None, page: str) -> Html:
    """A quantity of the run, carrying its exact value and its name; `pm` adds the fact `quantity.sd` as a spread."""
    names = [quantity, f"{quantity}.sd"] if style == "pm" else [quantity]
    return _written(scene, quantity, [value(scene, name, page) for name in names], style, digits, page)


def setting(scene: Scene, name: str, style: str, digits: int | None, page: str) -> Html:
    """A number of the run's configuration, carrying its exact value and its name: `eps_low`, `rule.passed`."""
    where, config = f"site_assets/recordings/{scene.name}.json (config)", scene.head["config"]
    *outer, last = name.split(".")
    for part in outer:
        config = pick(config, part, where, page)
    return _written(scene, name, [finite(config, last, where, page)], style, digits, page)


def recorded(scene: Scene, pattern: str) -> str:
    """Something if the run has a fact, or a kind of event, of a name such as `outside.*`; else nothing."""
    names = [*scene.head["facts"], *(event["kind"] for event in scene.head["events"])]
    return next(iter(fnmatch.filter(names, pattern)), "")


def _written(scene: Scene, name: str, numbers: Sequence[float], style: str, digits: int | None, page: str) -> Html:
    write = pick({**STYLES, "pm": percent}, style, "the list of number styles", page)
    try:
        texts = [write(number) if digits is None else write(number, digits) for number in numbers]
    except (TypeError, ValueError) as error:
        fail(f"docs/{page}: {name} cannot be written as {style} ({error}): choose another style")
    text = "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}".join(texts).replace("%\N{NO-BREAK SPACE}±", "\N{NO-BREAK SPACE}±")
    return traced(scene.name, name, numbers[0], text)


def traced(source: str, name: str, number: float, words: str) -> Html:
    """A number as it is written, carrying its exact value, its source and its name there."""
    return el("data", {"class": "fact", "value": number, "title": f"{source}: {name}"}, words)


def constant(path: str, name: str, number: float, style: str, digits: int | None, page: str) -> Html:
    """A number of the source code, carrying its exact value and its name there."""
    write = pick(STYLES, style, "the list of number styles", page)
    text = write(number) if digits is None else write(number, digits)
    return traced(path, name, number, text)


def event(scene: Scene, kind: str, key: str, style: str | None, page: str) -> Html:
    """Words of the run's first event of a kind; several are joined by "or".

    A number among the words is written in a `style`, as `fact` does.
    """
    where = f"site_assets/recordings/{scene.name}.json (events)"
    events = {entry["kind"]: entry for entry in reversed(scene.head["events"])}
    content = pick(pick(events, kind, where, page), key, f"{where}, {kind}", page)
    if style:
        content = pick(STYLES, style, "the list of number styles", page)(content)
    words = " or ".join(map(str, content)) if isinstance(content, list) else str(content)
    return el("span", {"class": "fact", "title": f"{scene.name}: {kind}, {key}"}, inert(words))


def clock(seconds: float) -> str:
    """75.4 -> 1:15."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def size(count: int) -> str:
    """4200000 -> 4.2 MB."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"
