"""02: wheat, flour and bread pass from hand to hand, threads tell who waits; then one worker tries it all alone."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.render import theme
from stagelight.render.motion import between, ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.village import town
from stagelight.render.scenes.village.shown import DAY, Shown
from stagelight.render.stage import Cue, Section

SECONDS, TURN = 17.0, 11.6  # the end; when the lone worker takes over
SHOWN, BEGIN = 22, 0.8  # ticks of the relay that are seen; seconds before it starts
HAUL_WHEAT = 3
ALONE = (2 * DAY, 7 * DAY)  # the ticks of the lone run that are seen
ZOOM = 1.1


def first_tick(shown: Shown) -> int:
    """The tick at which the farmer first takes sheaves to the mill after the first day: the relay begins here."""
    begins = np.flatnonzero(shown.main.a["chosen"][DAY:, 0] == HAUL_WHEAT)
    return DAY + int(begins[0]) if len(begins) else DAY


def section(shown: Shown) -> Section:
    """Build the section: its captions, marks, still and description."""
    three, one = (f"{run.fact('fed'):.0%}" for run in (shown.main, shown.alone))
    return Section(
        name="relay",
        step="02",
        title="Divide & relay",
        seconds=SECONDS,
        paint=partial(paint, shown),
        backdrop=lambda pen: None,
        captions=(
            Cue(0.2, 3.6, "The farmer brings wheat to the mill."),
            Cue(3.8, 7.6, "Wind makes flour of it, the baker bread."),
            Cue(7.8, 11.5, "A taut thread: waiting for the one before."),
            Cue(11.8, SECONDS, "One worker doing every job, at half skill, is too slow."),
        ),
        marks=(Cue(0.0, TURN, "thread"), Cue(0.0, SECONDS, "blades"), Cue(TURN, SECONDS, "posture")),
        still=8.0,
        alt="Workers on the paths between field, mill, bakery and square, goods in their hands, with threads from the "
        f"baker to the miller and from the miller to the farmer. Together they meet {three} of the need; one "
        f"worker alone meets {one}.",
    )


def clock(shown: Shown, t: float) -> float:
    """Ticks of the run that is seen at a time."""
    if t < TURN:
        start = first_tick(shown)
        return float(np.interp(t, (BEGIN, TURN - 0.3), (start, start + SHOWN)))
    return float(np.interp(t, (TURN, SECONDS - 1.0), ALONE))


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """The town, seen closer and followed from field to square; then the lone run, wide."""
    together = t < TURN
    run, now = (shown.main if together else shown.alone), clock(shown, t)
    zoom = mix(1.0, ZOOM, ease(t, 0.3, 2.0)) if together else 1.0
    middle = mix(0.0, 1.0, ease(t, 2.0, 8.5)) * theme.WIDTH
    town.land(pen, now, paths=False)
    across = round(middle * (1 - zoom))  # whole pixels, which no video has to send
    with pen.moved(across, py(84) * (1 - zoom), zoom):
        town.trodden(pen)
        town.town(pen, shown, run, now, t, first_tick(shown) + SHOWN if together else ALONE[1], priced=not together)
        if together:
            town.threads(pen, run, now, ease(t, 0.8, 0.8))
    if not together:
        _compared(shown, pen, ease(t, TURN + 0.6, 0.6))
    pen.context.rectangle(0, 0, theme.WIDTH, theme.HEIGHT)
    pen.fill(theme.NIGHT_DEEP, 0.9 * between(t, TURN - 0.35, TURN + 0.35, 0.35))
    shown.counter(pen, now)


def _compared(shown: Shown, pen: Pen, alpha: float) -> None:
    """Draw the share of the bread needed that three workers bring, and that one alone brings."""
    left, wide = px(66), px(19)
    pen.panel(px(49), py(16), px(47), py(17), 0.9 * alpha)
    rows = (("three together", shown.main, theme.KEPT), ("one, every job", shown.alone, theme.LOST))
    for row, (name, run, colour) in enumerate(rows):
        y, share = py(22.6 + 6.6 * row), run.fact("fed")
        pen.text(name, px(51), y, theme.FLOOR, theme.TEXT, alpha=alpha)
        pen.box(left, y - 24, wide, 22, 11)
        pen.fill(theme.HAIRLINE, 0.6 * alpha)
        pen.box(left, y - 24, wide * share, 22, 11)
        pen.fill(colour, alpha)
        pen.text(f"{share:.0%} fed", px(95), y, theme.FLOOR, colour, font=theme.MONO_BOLD, anchor="end", alpha=alpha)
