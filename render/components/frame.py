"""The frame round every section's picture: kicker and headline above, caption and step rail below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from stagelight.render import theme
from stagelight.render.motion import between, mix, px, py, swing
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section

LEFT, RIGHT = px(4), px(96)
KICKER_Y, HEADLINE_Y = py(6.6), py(13.0)
CAPTION_Y, CAPTION_SIZE = py(88.6), 44
RAIL_Y, RAIL_LABEL_Y = py(93.8), py(97.6)
FIRST_STATION, LAST_STATION = LEFT + 90, RIGHT - 100


def framed(section: Section, scene: str, headline: str, labels: Sequence[str], station: int) -> Section:
    """A section within all of it: what stands still lies below its picture, the caption above."""
    kicker = f"{scene} · {section.step} {section.name.upper()}" if section.step else scene

    def backdrop(pen: Pen) -> None:
        header(pen, kicker, headline)
        rail(pen, labels, station)
        section.backdrop(pen)

    def paint(pen: Pen, t: float) -> None:
        section.paint(pen, t)
        caption(pen, section.captions, t)

    return replace(section, backdrop=backdrop, paint=paint)


def header(pen: Pen, kicker: str, headline: str) -> None:
    """Draw the kicker, which names the scene and its step, and the headline, which is one sentence."""
    pen.text(kicker, LEFT, KICKER_Y, theme.FLOOR, theme.ATTENTION, font=theme.MONO)
    pen.text(headline, LEFT, HEADLINE_Y, theme.HEADLINE, theme.TEXT, font=theme.SANS_STRONG)


def caption(pen: Pen, cues: Sequence[Cue], t: float) -> None:
    """The words that hold now, faded in and out."""
    for cue in cues:
        if cue.start <= t <= cue.end:
            pen.text(cue.text, LEFT, CAPTION_Y, CAPTION_SIZE, theme.TEXT, alpha=between(t, cue.start, cue.end, 0.3))


def rail(pen: Pen, labels: Sequence[str], current: int) -> None:
    """The sections as stations on a line, travelled up to the current one."""
    places = [mix(FIRST_STATION, LAST_STATION, index / (len(labels) - 1)) for index in range(len(labels))]
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
