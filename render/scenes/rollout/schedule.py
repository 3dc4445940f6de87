"""Which steps of the training game are shown, and for how long: each at first, then fewer and fewer, ever faster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stagelight.render.scenes.rollout.data import Data

# Seconds of the first step that is not shown in full; of each, relative to the one before; at least. All get RUN_FOR.
SLOWEST, QUICKER, FASTEST = 0.95, 0.88, 0.22
RUN_FOR = 6.8
HELD, RESTS = 6.8, 1.9  # seconds of the mistake; at least, of the last step
LEAST = 30  # steps that are passed, at least, where there are as many
SURE = 0.9  # of its move, at the last of them


@dataclass(frozen=True)
class Beat:
    """A step that is shown, from `start` on."""

    step: int
    start: float
    seconds: float
    mistake: bool = False


def last_step(data: Data) -> int:
    """The step at which the training game is left.

    By then training has begun to start further back and the mistake, if there is one, was made; from there on it is the
    first step that ends in a mate of which the network is nine tenths sure, if there is one.
    """
    deeper = [int(event["step"]) - 1 for event in data.events("frontier") if event["depth"] > 1]
    least = min(data.second + LEAST, data.last)
    made = int(data.mistake["step"]) if data.mistake else 0
    enough = min(max(least, deeper[0] if deeper else data.last, made), data.last)
    mates = (data.array("game_outcome") == 1) & (data.array("game_after").max(axis=1) >= SURE)
    return next((int(step) for step in np.flatnonzero(mates) if step >= enough), enough)


def beats(data: Data, start: float) -> list[Beat]:
    """The shown steps after the first two, from a time on."""
    first, last = data.second + 1, last_step(data)
    made = int(data.mistake["step"]) - 1 if data.mistake else -1
    lengths = [SLOWEST]
    while sum(lengths) < RUN_FOR:
        lengths.append(max(SLOWEST * QUICKER ** len(lengths), FASTEST))
    steps = _spaced(first, last, min(len(lengths), max(last - first + 1, 0)))
    steps = sorted({*steps, made}) if made >= first else steps
    scale = RUN_FOR / max(sum(lengths[: len(steps)]), RUN_FOR / 2)
    shown, now = list[Beat](), start
    for place, step in enumerate(steps):
        seconds = HELD if step == made else scale * lengths[min(place, len(lengths) - 1)]
        if place == len(steps) - 1:  # it ends on a tenth of a second
            seconds = round(now + max(seconds, RESTS), 1) - now
        shown.append(Beat(step, now, seconds, step == made))
        now += seconds
    return shown


def _spaced(first: int, last: int, count: int) -> list[int]:
    """Steps from first to last, the pitch growing: every one of them where there is time for it."""
    steps = [first + k for k in range(count)]
    if count and steps[-1] < last:
        grown = np.rint(first + np.geomspace(1, last - first + 1, count) - 1).astype(int)
        steps = [max(step, int(far)) for step, far in zip(steps, grown, strict=True)]
    return steps
