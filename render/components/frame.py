"""The frame round every section's picture: kicker and headline above, caption and step rail below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from stagelight.render import theme
from stagelight.render.components import upright
from stagelight.render.motion import between, ease, mix, px, py, swing
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section
from stagelight.render.typeset import advance

LEFT, RIGHT = px(4), px(96)
KICKER_Y, HEADLINE_Y = py(6.6), py(13.0)
CAPTION_Y, CAPTION_SIZE = py(88.6), 44
RAIL_Y, RAIL_LABEL_Y = py(93.8), py(97.6)
FIRST_STATION, LAST_STATION = LEFT + 90, RIGHT - 100
SCRIM = 0.88  # of the night behind words
ARRIVES, LEAVES, TRAVELS = 0.35, 0.3, 0.8  # seconds: a header comes, and goes; the rail reaches its station


def framed(section: Section, scene: str, headline: str, labels: Sequence[str], station: int) -> Section:
    """A section within all of it: what stands still lies below its picture, the caption above."""
    kicker = f"{scene} · {section.step} {section.name.upper()}" if section.step else scene

    def backdrop(pen: Pen) -> None:
        header(pen, kicker, headline)
        rail(pen, labels, station)
        section.backdrop(pen)

    def paint(pen: Pen, t: float) -> None:
        section.paint(pen, t)
        section.badge(pen, t)
        caption(pen, section.captions, t)

    return replace(section, backdrop=backdrop, paint=paint)


def flowing(
    section: Section, scene: str, headline: str, labels: Sequence[str], station: int, keys: upright.Keys,
    filled: bool = False,
) -> Section:  # fmt: skip
    """A section in a film without cuts: the header comes and goes, the rail travels on from the station before.

    The last section's header and caption stay. Where the picture fills the whole stage, night is laid over it behind
    the words, and all of the rail is drawn on it. `keys` say what of the picture the upright cut shows.
    """
    kicker = f"{scene} · {section.step} {section.name.upper()}" if section.step else scene
    places, last = _fitted(labels), station == len(labels) - 1

    def stations(pen: Pen) -> None:
        pen.line((places[0], RAIL_Y), (places[-1], RAIL_Y), theme.HAIRLINE, 3)
        for index, (x, label) in enumerate(zip(places, labels, strict=True)):
            pen.disc(x, RAIL_Y, 7, theme.HAIRLINE)
            if index not in {station, station - 1}:
                _station_name(pen, label, x, 0.0)

    def backdrop(pen: Pen) -> None:
        if not filled:
            stations(pen)
        section.backdrop(pen)

    def paint(pen: Pen, t: float) -> None:
        section.paint(pen, t)
        if filled:
            _scrim(pen)
            stations(pen)
        section.badge(pen, t)
        shown = ease(t, 0.05, ARRIVES) * (1.0 if last else 1 - ease(t, section.seconds - LEAVES - 0.05, LEAVES))
        header(pen, kicker, headline, shown)
        caption(pen, _staying(section.captions) if last else section.captions, t)
        _travelled(pen, places, labels, station, ease(t, 0.05, TRAVELS))

    turned = upright.flowing(section, kicker, headline, labels, station, keys)
    return replace(section, backdrop=backdrop, paint=paint, upright=turned)


def _scrim(pen: Pen) -> None:
    """Room for words above and below a picture that fills the stage."""
    for dark, clear in ((py(13.5), py(19)), (py(86), py(81.5))):
        pen.context.rectangle(0, min(dark, clear), theme.WIDTH, abs(clear - dark))
        pen.shade(dark, clear, theme.NIGHT_DEEP, theme.NIGHT_DEEP, SCRIM, 0.0)
    for top, foot in ((0, py(13.5)), (py(86), theme.HEIGHT)):
        pen.context.rectangle(0, top, theme.WIDTH, foot - top)
        pen.fill(theme.NIGHT_DEEP, SCRIM)


def _staying(cues: Sequence[Cue]) -> list[Cue]:
    """Captions of which the last does not go."""
    return [*cues[:-1], *(replace(cue, end=cue.end + 1) for cue in cues[-1:])]


def _travelled(pen: Pen, places: Sequence[float], labels: Sequence[str], station: int, share: float) -> None:
    """The rail up to the current station, which is being reached; its name lights up, the one before it dims."""
    before = max(station - 1, 0)
    x = mix(places[before], places[station], share)
    if x > places[0]:
        pen.beam(partial(pen.curve, swing((places[0], RAIL_Y), (x, RAIL_Y))), theme.ATTENTION, 3, 0.75)
    for place in places[: station + 1]:
        if place <= x + 1:
            pen.disc(place, RAIL_Y, 7, theme.ATTENTION)
    pen.glow(x, RAIL_Y, 46, theme.ATTENTION, 0.75)
    pen.disc(x, RAIL_Y, 10, theme.ATTENTION)
    if station:
        _station_name(pen, labels[before], places[before], 1 - share)
    _station_name(pen, labels[station], places[station], share if station else 1.0)


def _station_name(pen: Pen, label: str, x: float, lit: float) -> None:
    """A station's name, between quiet and lit."""
    pen.text(label, x, RAIL_LABEL_Y, theme.FLOOR, theme.QUIET, anchor="middle", alpha=0.8 * (1 - lit))
    pen.text(label, x, RAIL_LABEL_Y, theme.FLOOR, theme.TEXT, font=theme.SANS_STRONG, anchor="middle", alpha=lit)


def _fitted(labels: Sequence[str]) -> list[float]:
    """Stations so spaced that the gaps between their names are equal."""
    widths = [advance(label, theme.SANS_STRONG) * theme.FLOOR for label in labels]
    gap = (RIGHT - LEFT - sum(widths)) / (len(labels) - 1)
    return [LEFT + sum(widths[:index]) + gap * index + width / 2 for index, width in enumerate(widths)]


def _stations(labels: Sequence[str]) -> list[float]:
    return [mix(FIRST_STATION, LAST_STATION, index / (len(labels) - 1)) for index in range(len(labels))]


def header(pen: Pen, kicker: str, headline: str, alpha: float = 1.0) -> None:
    """Draw the kicker, which names the scene and its step, and the headline, which is one sentence."""
    pen.text(kicker, LEFT, KICKER_Y, theme.FLOOR, theme.ATTENTION, font=theme.MONO, alpha=alpha)
    pen.text(headline, LEFT, HEADLINE_Y, theme.HEADLINE, theme.TEXT, font=theme.SANS_STRONG, alpha=alpha)


def caption(pen: Pen, cues: Sequence[Cue], t: float) -> None:
    """The words that hold now, faded in and out."""
    for cue in cues:
        if cue.start <= t <= cue.end:
            pen.text(cue.text, LEFT, CAPTION_Y, CAPTION_SIZE, theme.TEXT, alpha=between(t, cue.start, cue.end, 0.3))


def rail(pen: Pen, labels: Sequence[str], current: int) -> None:
    """The sections as stations on a line, travelled up to the current one."""
    places = _stations(labels)
    pen.line((places[0], RAIL_Y), (places[-1], RAIL_Y), theme.HAIRLINE, 3)
    if current:
        travelled = partial(pen.curve, swing((places[0], RAIL_Y), (places[current], RAIL_Y)))
        pen.beam(travelled, theme.ATTENTION, 3, 0.75)
    for index, (x, label) in enumerate(zip(places, labels, strict=True)):
        here = index == current
        if here:
            pen.glow(x, RAIL_Y, 46, theme.ATTENTION, 0.75)
        pen.disc(x, RAIL_Y, 10 if here else 7, theme.ATTENTION if index <= current else theme.HAIRLINE)
        pen.text(label, x, RAIL_LABEL_Y, theme.FLOOR, theme.TEXT if here else theme.QUIET,
                 font=theme.SANS_STRONG if here else theme.SANS, anchor="middle", alpha=1 if here else 0.8)  # fmt: skip


def counter(pen: Pen, words: str, alpha: float = 1.0) -> None:
    """The progress of the run, at the right of the kicker."""
    pen.text(words, RIGHT, KICKER_Y, theme.FLOOR, theme.TEXT, font=theme.MONO_BOLD, anchor="end", alpha=alpha)


def label(pen: Pen, words: str, x: float, y: float, alpha: float = 1.0) -> None:
    """A quiet name for a part of the picture."""
    pen.text(words, x, y, theme.FLOOR, theme.QUIET, alpha=alpha)


def exhibit(pen: Pen, t: float) -> None:
    """A section's frame, half-way through its scene."""
    header(pen, "SCENE · 02 STEP", "One sentence says what is seen")
    label(pen, "the picture goes here", px(50) - 170, py(50))
    rail(pen, ("Start", "01 First", "02 Step", "03 Third", "End"), 2)
    caption(pen, (Cue(0.2, 4.0, "A caption holds for as long as it takes to read."),), t)
