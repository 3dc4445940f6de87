"""01: every legal move is a ray, wide as it is likely; tries run along the rays into lanes."""

from __future__ import annotations

from stagelight.engines.recording import Recording
from stagelight.render.motion import between, ease
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout.data import GROUP_READS, NETWORK_READS, STEP_READS, Data
from stagelight.render.scenes.rollout.fan import Fan
from stagelight.render.scenes.rollout.group import Group
from stagelight.render.scenes.rollout.pieces import Pieces
from stagelight.render.scenes.rollout.policy_network import PolicyNetwork
from stagelight.render.scenes.rollout.shot import Shot, draw, empty_board
from stagelight.render.scenes.rollout.step import Step
from stagelight.render.wording import in_words, percent

# Beats, in seconds.
OPENS, OPENING = 0.3, 1.3
SLOW, SLOW_LEAVES, SLOW_PITCH, SLOW_TRAVEL = 2, 2.6, 1.55, 1.3  # tries that are followed one by one
FAST_LEAVES, FAST_FOR, FAST_TRAVEL = 5.6, 1.9, 0.8  # the others: when the first leaves, the last one so much later
SECONDS = 9.2
NETWORK_ALPHA = 0.6  # in the end


@reads(*STEP_READS, *NETWORK_READS, *GROUP_READS, "events.training_game.*")
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    step = data.step(data.first)
    tries = in_words(len(step.group))
    lanes = ", ".join(
        f"{step.name(step.rays.uci[m])} at {percent(step.rays.before[m])}" for m in dict.fromkeys(step.group)
    )
    return Section(
        name="sample",
        step="01",
        title="Sample: a group of tries",
        seconds=SECONDS,
        paint=lambda pen, t: draw(data, pen, shot(data, t)),
        backdrop=empty_board,
        captions=(
            Cue(0.3, 4.1, f"{len(step.rays)} legal moves. The wider a ray, the likelier its move."),
            Cue(4.3, SECONDS, f"It makes {tries} tries, drawn by these chances."),
        ),
        marks=(Cue(0.0, SECONDS, "ray"),),
        still=SECONDS - 0.4,
        alt=f"A fan of {len(step.rays)} rays, one a legal move. {tries.capitalize()} beads have run along them into "
        f"lanes: {lanes}.",
    )


def shot(data: Data, t: float) -> Shot:
    """The fan opens; two tries are followed, the others come quickly."""
    step = data.step(data.first)
    runs = tuple(_run(draw_, len(step.group), t) for draw_ in range(len(step.group)))
    slow = next((draw_ for draw_ in range(SLOW) if 0 < runs[draw_] < 2), None)
    return Shot(
        data.first,
        f"step {data.first}",
        pieces=Pieces(
            arrows=tuple((_move(step, draw_), _shown(draw_, len(runs), t)) for draw_ in range(len(runs))),
            trial=() if slow is None else (_move(step, slow),),
            tried=0.0 if slow is None else 0.999 * between(t, *_there_and_back(slow, len(runs)), 0.55),
        ),
        network=PolicyNetwork(alpha=1 - (1 - NETWORK_ALPHA) * ease(t, SLOW_LEAVES, 1.0)),
        fan=Fan(open=ease(t, OPENS, OPENING)),
        group=Group(runs=runs),
    )


def _move(step: Step, draw_: int) -> str:
    return step.rays.uci[step.group[step.draws.index(draw_)]]


def _leaves(draw_: int, count: int) -> tuple[float, float]:
    """The time at which a try leaves, and its duration."""
    if draw_ < SLOW:
        return SLOW_LEAVES + SLOW_PITCH * draw_, SLOW_TRAVEL
    return FAST_LEAVES + FAST_FOR * (draw_ - SLOW) / max(count - SLOW - 1, 1), FAST_TRAVEL


def _there_and_back(draw_: int, count: int) -> tuple[float, float]:
    """The times at which a slow try's piece leaves, and is back."""
    leaves, _ = _leaves(draw_, count)
    return leaves, leaves + 1.4


def _run(draw_: int, count: int, t: float) -> float:
    start, travel = _leaves(draw_, count)
    return 2 * ease(t, start, travel)


def _shown(draw_: int, count: int, t: float) -> float:
    """The opacity of a try's arrow on the board."""
    start, travel = _leaves(draw_, count)
    return 0.9 * between(t, start, start + travel + 0.25, 0.3)
