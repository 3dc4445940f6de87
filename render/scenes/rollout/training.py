"""The next step in one breath; then step after step, ever faster; the surest mistake is held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.motion import between, ease, mix
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout import second_step
from stagelight.render.scenes.rollout.data import GROUP_READS, JOLT_READS, NETWORK_READS, STEP_READS, Data
from stagelight.render.scenes.rollout.fan import Fan, Missed
from stagelight.render.scenes.rollout.policy_network import PolicyNetwork
from stagelight.render.scenes.rollout.schedule import SLOWEST, Beat, beats
from stagelight.render.scenes.rollout.shot import Shot, draw, empty_board
from stagelight.render.scenes.rollout.step import Step
from stagelight.render.scenes.rollout.update import playing
from stagelight.render.wording import percent

TURNS, LATER = 3.2, 4.6  # seconds after which the mate is shown that the mistake missed; and what became of it
PLAYS = 0.4  # a step shorter than that is not played out on the board


@reads(
    *STEP_READS,
    *NETWORK_READS,
    *GROUP_READS,
    *JOLT_READS,
    "arrays.game_advantage",
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
    shown = beats(data, second_step.SECONDS)
    seconds = shown[-1].start + shown[-1].seconds if shown else second_step.SECONDS
    final = data.step(shown[-1].step if shown else data.second)
    return Section(
        name="training",
        step=None,
        title="It learns",
        seconds=seconds,
        paint=lambda pen, t: draw(data, pen, shot(data, shown, t)),
        backdrop=empty_board,
        captions=tuple(_captions(data, shown)),
        marks=(Cue(0.0, seconds, "counter"), Cue(0.0, seconds, "ray"), Cue(second_step.HIT, seconds, "jolt")),
        still=seconds - 0.5,
        alt=f"After {final.index + 1} steps one ray has most of the width: a move at "
        f"{percent(final.likeliest.after.max())}. Its units' weights moved {100 * final.change.max():.1f} % at most.",
    )


def _captions(data: Data, shown: list[Beat]) -> Iterator[Cue]:
    """The stages of the second step; the run; the mistake."""
    step = data.step(data.second)
    yield from second_step.captions(step)
    held = next((beat for beat in shown if beat.mistake), None)
    start = second_step.SECONDS + 0.1
    ends = min(held.start if held else shown[-1].start if shown else start, start + 5)
    if ends - start > 2.5:
        yield Cue(start, ends, "Every move of this game is one step of training.")
    if held:
        yield from _mistake_words(data.step(held.step), _mistake(data), held)


def _mistake_words(step: Step, mistake: Mapping[str, Any], held: Beat) -> Iterator[Cue]:
    """The move it was sure of, and the mate it missed."""
    sure, mate = (step.sentence(step.turned(mistake[which])) for which in ("uci", "best_uci"))
    yield Cue(
        held.start + 0.2,
        held.start + TURNS - 0.1,
        f"It is {percent(mistake['probability'])} sure of {sure.lower()}. That is no mate.",
    )
    yield Cue(
        held.start + TURNS,
        held.start + held.seconds - 0.1,
        f"{mate} is mate. In the end it gets {percent(mistake['best_final'])}.",
    )


def _mistake(data: Data) -> Mapping[str, Any]:
    assert data.mistake is not None, "a beat is a mistake only where there is one"
    return data.mistake


def shot(data: Data, shown: list[Beat], t: float) -> Shot:
    """The second step, or the one that is shown at a time."""
    if t < second_step.SECONDS or not shown:
        return second_step.shot(data, data.step(shown[0].step if shown else data.second), t)
    at = max(place for place, beat in enumerate(shown) if beat.start <= t + 1e-9)
    return _quick(data, shown, at, t - shown[at].start)


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
        pieces=men,
        network=PolicyNetwork(hit=t - 0.2 * seconds, pace=0.36 * min(seconds, SLOWEST)),
        fan=Fan(
            open=1.0 if at else ease(t, 0.0, 0.3 * seconds),
            shift=shift,
            few=tuple(_odds(data, step, early, shift, t / seconds)),
            names=1.0 if at else ease(t, 0.1, 0.2),
            named=3 if beat.mistake or seconds > PLAYS else 1,
            wrong=wrong,
            missed=_missed(data, step, beat, t) if beat.mistake else None,
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
    mistake = _mistake(data)
    wrong, right = (step.turned(mistake[which]) for which in ("uci", "best_uci"))
    turned = t >= TURNS
    alpha = between(t, TURNS, beat.seconds - 0.3, 0.4) if turned else between(t, 0.5, TURNS, 0.4)
    return {"arrows": ((right if turned else wrong, alpha),), "colour": theme.ATTENTION if turned else theme.LOST}


def _missed(data: Data, step: Step, beat: Beat, t: float) -> Missed:
    """The mate that it missed, how likely that was, and how likely it is in the end."""
    mistake = _mistake(data)
    name = step.turned(mistake["best_san"]).rstrip("#")
    now, final = percent(mistake["best_probability"]), percent(mistake["best_final"])
    return Missed(name, now, final, between(t, TURNS, beat.seconds - 0.3, 0.4), ease(t, LATER, 0.5))
