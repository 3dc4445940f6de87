"""The next step at twice the pace, every stage of it; then step after step, ever faster; the surest mistake is held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.motion import between, ease, mix
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout.data import GROUP_READS, JOLT_READS, STEP_READS, WEB_READS, Data, Step
from stagelight.render.scenes.rollout.fan import Fan
from stagelight.render.scenes.rollout.lanes import Lanes
from stagelight.render.scenes.rollout.men import Men
from stagelight.render.scenes.rollout.shot import Shot, draw, empty_board
from stagelight.render.scenes.rollout.update import playing
from stagelight.render.scenes.rollout.web import COLUMNS, Web
from stagelight.render.wording import in_words, percent

# Beats of the second step, in seconds.
READ, READING, OPENS = 0.1, 0.7, 0.5
RUNS, RUNS_FOR, TRAVEL = 0.9, 0.8, 0.7  # the first try leaves, the last one so much later
SWEEP, SWEEPS = 2.7, 1.2
ROWS, BARS, MEAN, REHANG, VALUES = 4.3, 4.7, 5.1, 5.5, 5.9
BACK, CREDIT, CREDITS, HIT, PACE = 6.9, 7.2, 0.7, 7.8, 0.6
SHIFT, PLAYED, ANSWERED, NEXT = 8.3, 8.9, 9.4, 9.9
SECOND = 10.6  # the second step is over

# The steps that follow.
SLOWEST, QUICKER, FASTEST = 0.95, 0.88, 0.24  # seconds of the first; of each, relative to the one before; at least
PLAYS = 0.4  # a step shorter than that is not played out on the board
RUN_FOR = 7.0  # seconds for all of them
HELD, TURNS = 6.4, 2.9  # the mistake; when the mate that it missed is shown
RESTS = 2.0  # at the last of them
SURE = 0.9  # of its move, at the last of them
LEAST = 30  # steps that are passed, at least, where there are as many
SLOTS = 8


@dataclass(frozen=True)
class Beat:
    """A step that is shown, from `start` on."""

    step: int
    start: float
    seconds: float
    mistake: bool = False


def last_step(data: Data) -> int:
    """The step at which this section ends.

    By then training has begun to start further back and the mistake, if there is one, was made; from there on it is the
    first step that ends in a mate of which the network is nine tenths sure, if there is one.
    """
    deeper = [int(event["step"]) - 1 for event in data.events("frontier") if event["depth"] > 1]
    least = min(data.first + LEAST, data.last)
    made = int(data.mistake["step"]) if data.mistake else 0
    enough = min(max(least, deeper[0] if deeper else data.last, made), data.last)
    mates = (data.array("game_outcome") == 1) & (data.array("game_after").max(axis=1) >= SURE)
    return next((int(step) for step in np.flatnonzero(mates) if step >= enough), enough)


def beats(data: Data) -> list[Beat]:
    """The shown steps after the second one: each of them at first, then fewer and fewer."""
    first, last, mistake = data.first + 2, last_step(data), data.mistake
    lengths, total = [], 0.0
    while total < RUN_FOR:
        lengths.append(max(SLOWEST * QUICKER ** len(lengths), FASTEST))
        total += lengths[-1]
    count = min(len(lengths), max(last - first + 1, 0))
    steps = _spaced(first, last, count)
    made = int(mistake["step"]) - 1 if mistake else -1
    if made >= first:
        steps = sorted({*steps, made})
    shown, now = [], SECOND
    for place, step in enumerate(steps):
        seconds = HELD if step == made else lengths[min(place, len(lengths) - 1)]
        seconds = max(seconds, RESTS) if place == len(steps) - 1 else seconds
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


@reads(
    *STEP_READS,
    *WEB_READS,
    *GROUP_READS,
    *JOLT_READS,
    "arrays.game_advantage",
    "arrays.curve_mate_in_one",
    "arrays.game_after",
    "arrays.game_before",
    "arrays.game_outcome",
    "arrays.game_played",
    "arrays.game_reply",
    "events.frontier.*",
    "events.surest_mistake.0",
    "events.training_game.*",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    shown = beats(data)
    seconds = shown[-1].start + shown[-1].seconds if shown else SECOND
    final = data.step(shown[-1].step if shown else data.first + 1)
    solved = data.array("curve_mate_in_one")
    return Section(
        name="training",
        step=None,
        title="It learns",
        seconds=seconds,
        paint=lambda pen, t: draw(data, pen, shot(data, shown, t)),
        backdrop=empty_board,
        captions=tuple(_captions(data, shown, seconds)),
        marks=(Cue(0.0, seconds, "counter"), Cue(0.0, seconds, "ray"), Cue(HIT, seconds, "jolt")),
        still=seconds - 0.5,
        alt=f"After {final.index + 1} steps one ray has most of the width: a move at "
        f"{percent(final.likeliest.after.max())}. Mates in one that it never saw: {solved[0]:.0%} solved before, "
        f"{solved[-1]:.0%} at the end.",
    )


def _captions(data: Data, shown: list[Beat], seconds: float) -> Iterator[Cue]:
    """The stages of the second step; the run; the mistake."""
    step = data.step(min(data.first + 1, data.last))
    yield Cue(0.2, 2.5, f"The next board gets {in_words(len(step.group))} tries, too.")
    yield Cue(2.6, 4.2, "The rules pay the mates.")
    yield Cue(4.3, 6.8, "Each try is held against the mean.")
    yield Cue(6.9, SECOND - 0.3, "The network shifts, and its best move is played.")
    held = next((beat for beat in shown if beat.mistake), None)
    start = SECOND + 0.1
    if held:
        mistake = data.mistake
        assert mistake is not None
        if held.start - start > 2.5:
            yield Cue(start, min(held.start - 0.1, start + 5), "Every move of this game is one step of training.")
        yield from _mistake_words(data.step(held.step), mistake, held)
        start = held.start + held.seconds + 0.1
    if seconds - start > 2.2:
        yield Cue(start, seconds, "The odds grow surer, the jolts smaller.")


def _mistake_words(step: Step, mistake: Any, held: Beat) -> Iterator[Cue]:
    """What it was sure of, and what it missed."""
    sure, mate = (step.sentence(step.turned(mistake[which])) for which in ("uci", "best_uci"))
    yield Cue(
        held.start + 0.2,
        held.start + TURNS - 0.1,
        f"{percent(mistake['probability'])} sure of {sure.lower()}. That is no mate.",
    )
    yield Cue(
        held.start + TURNS,
        held.start + held.seconds - 0.1,
        f"{mate} is mate. In the end it gets {percent(mistake['best_final'])}.",
    )


def shot(data: Data, shown: list[Beat], t: float) -> Shot:
    """The second step, or the one that is shown at a time."""
    if t < SECOND or not shown:
        return _second(data, shown, t)
    at = max(place for place, beat in enumerate(shown) if beat.start <= t + 1e-9)
    return _quick(data, shown, at, t - shown[at].start)


def _second(data: Data, shown: list[Beat], t: float) -> Shot:
    """All four stages in one breath."""
    step = data.step(min(data.first + 1, data.last))
    follow = data.step(shown[0].step if shown else step.index)
    count = len(step.group)
    back, hung = ease(t, BACK, 0.5), ease(t, ROWS, 0.5)
    rows = hung * (1 - back)
    closes = ease(t, NEXT - 0.1, 0.4)
    opened = ease(t, OPENS, 0.5) * (1 - closes)
    faint = 1 - 0.7 * ease(t, SWEEP - 0.2, 0.4) - 0.3 * ease(t, ROWS, 0.4)
    lit = max(faint, back)
    lane = (count - 1) * min(max((t - SWEEP) / SWEEPS, 0.0), 1.0)
    return Shot(
        step.index,
        f"step {step.index + (t >= SHIFT + 0.25)}",
        men=replace(
            playing(step, ease(t, PLAYED, 0.5), ease(t, PLAYED + 0.5, 0.3), ease(t, ANSWERED, 0.4)),
            following=follow.board,
            followed=ease(t, NEXT, 0.6),
        ),
        web=Web(
            alpha=lit,
            read=COLUMNS * ease(t, READ, READING) * (1 - closes) + COLUMNS * closes,
            hit=t - HIT,
            pace=PACE,
            over=0.6 * between(t, READ, READ + 1.0, 0.4),
        ),
        fan=Fan(open=opened, alpha=lit, shift=ease(t, SHIFT, 0.5), names=ease(t, SHIFT - 0.3, 0.3) * (1 - closes)),
        lanes=Lanes(
            runs=tuple(2 * ease(t, RUNS + RUNS_FOR * k / count, TRAVEL) for k in range(count)),
            alpha=1 - ease(t, CREDIT + 0.2, 0.5),
            dots=faint * (1 - hung),
            judged=tuple(ease(t, SWEEP + SWEEPS * k / max(count - 1, 1), 0.2) for k in range(count)),
            disc=(lane, between(t, SWEEP - 0.3, SWEEP + SWEEPS + 0.3, 0.25)),
            rows=rows,
            bars=ease(t, BARS, 0.4),
            mean=ease(t, MEAN, 0.4),
            rehung=ease(t, REHANG, 0.5),
            values=ease(t, VALUES, 0.3),
            clear=1 - ease(t, BACK - 0.2, 0.3),
            credit=(t - CREDIT) / CREDITS if CREDIT <= t < CREDIT + CREDITS else -1.0,
        ),
    )


def _quick(data: Data, shown: list[Beat], at: int, t: float) -> Shot:
    """One step of many: its board, the fan on its way, the jolt, its move."""
    beat, step = shown[at], data.step(shown[at].step)
    follow = data.step(shown[at + 1].step) if at + 1 < len(shown) else None
    seconds = min(beat.seconds, SLOWEST)
    early = shown[at - 1].step if at else None
    shift = ease(t, 0.3 * seconds, 0.3 * seconds)
    plays = seconds >= PLAYS and not beat.mistake
    leaves = beat.seconds - 0.28 * seconds
    men = playing(
        step,
        ease(t, 0.48 * seconds, 0.2 * seconds) if plays else 0.0,
        ease(t, 0.6 * seconds, 0.1 * seconds) if plays else 0.0,
        ease(t, 0.62 * seconds, 0.12 * seconds) if plays else 0.0,
    )
    if follow is not None:
        men = replace(men, following=follow.board, followed=ease(t, leaves, 0.27 * seconds))
    if beat.mistake:
        men = replace(men, **_mistaken(data, step, beat, t))
    wrong = between(t, 0.5, beat.seconds - 0.3, 0.4) if beat.mistake else 0.0
    return Shot(
        step.index,
        f"step {step.index + (shift > 0.5)}",
        men=men,
        web=Web(hit=t - 0.2 * seconds, pace=0.36 * min(seconds, SLOWEST)),
        fan=Fan(
            open=1.0 if at else ease(t, 0.0, 0.3 * seconds),
            shift=shift,
            few=tuple(_odds(data, step, early, shift, t / seconds)),
            names=1.0 if at else ease(t, 0.1, 0.2),
            named=3 if beat.mistake or seconds > PLAYS else 1,
            wrong=wrong,
            missed=_missed(data, step, between(t, TURNS, beat.seconds - 0.3, 0.4)) if beat.mistake else None,
        ),
    )


def _odds(data: Data, step: Step, early: int | None, shift: float, share: float) -> list[float]:
    """Probabilities by rank: from the step before to this one's before and on to its after."""
    rays = step.likeliest
    before, after = rays.before[rays.order], rays.after[rays.order]
    start = before
    if early is not None:
        old = data.step(early).likeliest
        start = np.zeros(len(rays))
        ranked = old.after[old.order][: len(rays)]
        start[: len(ranked)] = ranked
    came = ease(share, 0.0, 0.25)
    return [mix(mix(float(a), float(b), came), float(c), shift) for a, b, c in zip(start, before, after, strict=True)]


def _mistaken(data: Data, step: Step, beat: Beat, t: float) -> dict[str, Any]:
    """Arrows on the board: the move that it is sure of, then the mate that it misses."""
    mistake = data.mistake
    assert mistake is not None
    wrong, right = (step.turned(mistake[which]) for which in ("uci", "best_uci"))
    turned = t >= TURNS
    alpha = between(t, TURNS, beat.seconds - 0.3, 0.4) if turned else between(t, 0.5, TURNS, 0.4)
    return {"arrows": ((right if turned else wrong, alpha),), "colour": theme.ATTENTION if turned else theme.LOST}


def _missed(data: Data, step: Step, alpha: float) -> tuple[str, str, float]:
    """The mate that it missed, and how likely that was."""
    mistake = data.mistake
    assert mistake is not None
    return step.turned(mistake["best_san"]).rstrip("#"), percent(mistake["best_probability"]), alpha
