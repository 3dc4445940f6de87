"""01: bread reaches the square and children play; beside it the same days, in which nobody works."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.motion import between, ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.village import camera, dawn, town
from stagelight.render.scenes.village.data import DAY, FED, KEPT, Data, Run, run_reads
from stagelight.render.wording import MINUS, with_minus

# Beats, in seconds.
SECONDS = camera.SECONDS["goal"]
ARRIVES = 1.6  # of the camera, in the square
SHARES, SHARED = 3.4, 4.4  # the other village comes in
PARTS, PARTED = 11.4, 12.4  # and goes
PAID = 7.0  # what the days pay is told from here on
SLOW = 9.0  # the clock to which it is slow
DAYS = (3, 5)  # that are seen: the least and the most
HALF_TICK = 0.5
RESTED = 0.05  # hunger at dawn
NAME_Y, REWARD_Y, RULE_Y, INSET = py(23.5), py(32.5), py(38.5), 4.0


@reads(*camera.READS, *camera.MEALS, *run_reads("idle", *town.BUILDING_ARRAYS, *town.WORKER_ARRAYS, "eaten", "missed"))
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    works, idles = (reward(run, ends(data) - 1) for run in (data.main, data.idle))
    return Section(
        name="goal",
        step="01",
        title="A shared goal",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        badge=partial(camera.dial, data, partial(clock, data)),
        captions=(
            Cue(0.2, 3.2, "Twice a day the village eats."),
            Cue(3.4, 6.8, "The same days, if nobody works."),
            Cue(6.9, 9.95, "Eaten: plus 1. Missing: minus 2."),
            Cue(10.1, SECONDS - 0.1, "All three share that reward."),
        ),
        marks=(Cue(0.0, SECONDS, "posture"),),
        still=10.8,
        alt="The square of two villages side by side. Where three work, children stand and hop, and the first "
        f"{round(ends(data) / DAY)} days pay {_words(works)}. Where nobody works they are curled up, and the same days "
        f"pay {_words(idles)}.",
    )


@lru_cache(KEPT)
def ends(data: Data) -> float:
    """The clock at the end: night after the first day on which everyone was fed and nobody was hungry from before.

    Like all of these ends it lies within a tick, so that nothing changes hands there.
    """
    rested = data.main.column("hunger")[:-1:DAY] < RESTED
    first = int(np.argmax((data.main.daily_fed >= FED) & rested))
    return DAY * min(max(first + 1, DAYS[0]), DAYS[1]) - HALF_TICK


def clock(data: Data, t: float) -> float:
    """Ticks at a time: the first day slowly, then day after day."""
    last = ends(data)
    times, clocks = (0.0, SHARES, SHARED, PARTS, SECONDS), (dawn.ENDS, SLOW, SLOW + 0.6, last - 0.6, last)
    return camera.ticks("goal", t, times, clocks)


def reward(run: Run, clock: float) -> float:
    """The sum of rewards from the first dawn to a clock."""
    tick = run.tick(clock)
    return float(run.eaten[: tick + 1].sum() - 2 * run.missed[: tick + 1].sum())


def _words(value: float) -> str:
    return with_minus(f"{value:+.0f}")


def paint(data: Data, pen: Pen, t: float) -> None:
    """The square, near; then two of them at one time."""
    now = clock(data, t)
    view = camera.looking(((0.0, camera.WIDE), (ARRIVES, camera.SQUARE)), t)
    share = between(t, SHARES, PARTED, SHARED - SHARES)
    camera.shared(pen, data, data.idle, now, camera.film("goal", t), view, share)
    edge, alpha = mix(100.0, 50.0, share), between(t, SHARED - 0.3, PARTS + 0.3, 0.4)
    _counts(pen, data.main, now, "three work", INSET, t, alpha)
    _counts(pen, data.idle, now, "nobody works", edge + INSET, t, alpha)


def _counts(pen: Pen, run: Run, now: float, name: str, x: float, t: float, alpha: float) -> None:
    """A village's name and what its days have paid so far."""
    value = reward(run, now)
    sign, colour = ("+", theme.KEPT) if value > 0 else (MINUS, theme.LOST) if value < 0 else ("", theme.TEXT)
    pen.panel(px(x - 1), py(18), px(19), py(23), 0.8 * alpha)
    pen.text(name, px(x), NAME_Y, theme.MUST_READ, theme.TEXT, font=theme.SANS_STRONG, alpha=alpha)
    told = alpha * ease(t, PAID, 0.5)
    pen.text(f"{sign}{abs(value):.0f}", px(x), REWARD_Y, theme.HERO, colour, font=theme.MONO_BOLD, alpha=told)
    pen.text("reward so far", px(x), RULE_Y, theme.FLOOR, theme.TEXT, alpha=told)
