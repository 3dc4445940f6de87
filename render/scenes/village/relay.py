"""02: wheat, flour and bread pass from hand to hand; the camera goes to whoever says why they do what they do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.motion import between, ease
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.village import camera, goal, speech
from stagelight.render.scenes.village.camera import View
from stagelight.render.scenes.village.data import AGENTS, DAY, KEPT, Data
from stagelight.render.scenes.village.paths import position

# Beats, in seconds.
SECONDS = camera.SECONDS["relay"]
BEGIN, EACH, TRAVELS = 0.2, 4.6, 1.2  # the first beat; each of them; the camera's way in it
HEARD = 2.2  # in a beat: what is said reaches another
BACK = BEGIN + 3 * EACH  # the camera draws back
SLOW = 1.1  # ticks that pass while somebody's words are read
APART = 2  # ticks at least between two that are shown
BEFORE = 5  # days before the wind drops at which they end
ZOOM, RISE = 1.9, 7.0  # how near; percent above a speaker's feet that the camera looks at


@reads(*camera.READS, *camera.MEALS, *camera.WORDS, "events.swayed.*")
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    spoken = voices(data)
    who = str(spoken[0]["author"]) if spoken else "script"
    told = "; ".join(f"the {event['agent']}: {speech.words(event)}" for event in spoken if speech.words(event))
    return Section(
        name="relay",
        step="02",
        title="Divide & relay",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        badge=partial(camera.dial, data, partial(clock, data)),
        captions=(
            Cue(0.2, 4.4, f"Each is a {who}."),
            Cue(4.6, 8.6, "Its own words: the fact that decides."),
            Cue(8.8, 13.6, "The others hear this, and nothing else."),
        ),
        marks=(Cue(0.0, SECONDS, "thread"), Cue(0.0, SECONDS, "bubble"), Cue(0.0, SECONDS, "blades")),
        still=BEGIN + HEARD + 1.6,
        alt=f"Workers on the paths between field, mill, bakery and square, goods in their hands. In bubbles, {told}.",
    )


@lru_cache(KEPT)
def voices(data: Data) -> list[Mapping[str, Any]]:
    """One choice of each worker, in order: the first that says why and changes what another does.

    Of a worker who has none of these the first that says why; the thing spoken of is one that can be drawn.
    """
    first, last = goal.ends(data) + 1, (data.shock.drops - BEFORE) * DAY
    why = [e for e in data.said if e.get("reason") and speech.drawn(e.get("fact")) and first <= e["step"] < last]
    found: list[Mapping[str, Any]] = []
    for name in AGENTS:
        own = [
            event for event in why
            if event["agent"] == name and all(abs(event["step"] - other["step"]) >= APART for other in found)
        ]  # fmt: skip
        found += [max(own, key=lambda event: bool(data.swayed_by(event)))] if own else []
    return sorted(found, key=lambda event: int(event["step"]))


def ends(data: Data) -> float:
    """The clock at the end."""
    return clock(data, SECONDS)


def clock(data: Data, t: float) -> float:
    """Ticks at a time: slow while somebody speaks, and fast between."""
    times, ticks = [0.0], [goal.ends(data)]
    for order, event in enumerate(voices(data)):
        start = BEGIN + EACH * order
        times += [start + TRAVELS, start + EACH]
        ticks += [event["step"] + 0.1, event["step"] + 0.1 + SLOW]
    return camera.ticks("relay", t, [*times, SECONDS], [*ticks, np.floor(ticks[-1]) + 2.5])


def view(data: Data, t: float) -> View:
    """From speaker to speaker, and back to the whole town."""
    keys = [(0.0, camera.SQUARE)]
    for order, event in enumerate(voices(data)):
        start = BEGIN + EACH * order
        keys += [(start, keys[-1][1]), (start + TRAVELS, _near(data, event)), (start + EACH, _near(data, event))]
    return camera.looking([*keys, (BACK, keys[-1][1]), (SECONDS, camera.WIDE)], t)


def _near(data: Data, event: Mapping[str, Any]) -> View:
    (x, y), *_ = position(data.main, AGENTS.index(event["agent"]), event["step"] + 0.1 + SLOW / 2)
    x, y = 100 * x / theme.WIDTH, 100 * y / theme.HEIGHT - RISE
    return View(min(max(x, 26.0), 78.0), y, ZOOM)


def paint(data: Data, pen: Pen, t: float) -> None:
    """Three at work, the camera with whoever speaks."""
    run, now, seen = data.main, clock(data, t), view(data, t)
    camera.shot(pen, data, run, now, camera.film("relay", t), seen, threads=ease(t, 1.0, 0.8) * (1 - ease(t, BACK)))
    for order, event in enumerate(voices(data)):
        start = BEGIN + EACH * order
        for other in data.swayed_by(event)[:1]:
            speech.heard(pen, run, event, other, now, seen, between(t, start + HEARD, start + EACH - 0.1, 0.4))
        speech.says(pen, run, event, now, seen, between(t, start + TRAVELS - 0.2, start + EACH - 0.1, 0.3))
