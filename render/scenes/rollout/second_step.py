"""The second step, at less than half the time: sample, reward, advantage and update in one breath."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from stagelight.render.motion import between, ease, mix
from stagelight.render.scene import Cue
from stagelight.render.scenes.rollout.data import Data
from stagelight.render.scenes.rollout.fan import Fan
from stagelight.render.scenes.rollout.group import Group
from stagelight.render.scenes.rollout.policy_network import COLUMNS, PolicyNetwork
from stagelight.render.scenes.rollout.shot import Shot
from stagelight.render.scenes.rollout.step import Step
from stagelight.render.scenes.rollout.update import playing
from stagelight.render.wording import in_words

# Beats, in seconds.
READ, READING, OPENS = 0.1, 0.7, 0.5
RUNS, RUNS_FOR, TRAVEL = 0.9, 0.8, 0.7  # the first try leaves, the last one so much later
SWEEP, SWEEPS = 2.7, 1.2
ROWS, BARS, MEAN, REHANG, VALUES = 4.3, 4.7, 5.1, 5.5, 5.9
BACK, CREDIT, CREDITS, HIT, PACE = 6.9, 7.2, 0.7, 7.8, 0.6
SHIFT, PLAYED, ANSWERED, NEXT = 8.3, 8.9, 9.4, 9.9
SECONDS = 10.6


def captions(step: Step) -> Iterator[Cue]:
    """A sentence for each stage."""
    yield Cue(0.2, 2.5, f"Another board gets {in_words(len(step.group))} tries, too.")
    yield Cue(2.6, 4.2, "The rules pay the mates.")
    yield Cue(4.3, 6.8, "Each try is held against the mean.")
    yield Cue(6.9, SECONDS - 0.3, "The network shifts, and its best move is played.")


def shot(data: Data, follow: Step, t: float) -> Shot:
    """All four stages in one breath; `follow` is the step that is shown next."""
    step = data.step(data.second)
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
        f"step {round(mix(data.first + 1, step.index, ease(t, 0.0, READING))) + (t >= SHIFT + 0.25)}",
        pieces=replace(
            playing(step, ease(t, PLAYED, 0.5), ease(t, PLAYED + 0.5, 0.3), ease(t, ANSWERED, 0.4)),
            following=follow.board,
            followed=ease(t, NEXT, 0.6),
        ),
        network=PolicyNetwork(
            alpha=lit,
            read=COLUMNS * ease(t, READ, READING) * (1 - closes) + COLUMNS * closes,
            hit=t - HIT,
            pace=PACE,
            over=0.6 * between(t, READ, READ + 1.0, 0.4),
        ),
        fan=Fan(open=opened, alpha=lit, shift=ease(t, SHIFT, 0.5), names=ease(t, SHIFT - 0.3, 0.3) * (1 - closes)),
        group=Group(
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
