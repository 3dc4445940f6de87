"""04: the advantages go back into the network; units recoil, the odds move, the best move is played."""

from __future__ import annotations

from dataclasses import replace

from stagelight.engines.recording import Recording
from stagelight.render.motion import ease, mix
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout import advantage
from stagelight.render.scenes.rollout.data import GROUP_READS, JOLT_READS, NETWORK_READS, STEP_READS, Data
from stagelight.render.scenes.rollout.fan import Fan
from stagelight.render.scenes.rollout.group import Group
from stagelight.render.scenes.rollout.pieces import Pieces
from stagelight.render.scenes.rollout.policy_network import COLUMNS, PolicyNetwork
from stagelight.render.scenes.rollout.sample import NETWORK_ALPHA
from stagelight.render.scenes.rollout.shot import Shot, draw, empty_board
from stagelight.render.scenes.rollout.step import Step
from stagelight.render.wording import percent

# Beats, in seconds.
HIDES, BACK, BACK_FOR = 0.1, 0.3, 0.8  # bars go; rows become lanes again
CREDIT, CREDITS, LANES_GO = 1.1, 1.5, 1.3
HIT = 2.5
KEY, KEY_GOES = 2.7, 6.0
NAMES, SHIFT, SHIFTS = 2.3, 5.9, 0.8
PLAYED, MATED, ANSWERED = 7.7, 8.5, 8.6
LEAVES, NEXT = 9.9, 10.1  # fan and names; the next position
SECONDS = 11.2


@reads(
    *STEP_READS,
    *NETWORK_READS,
    *GROUP_READS,
    *JOLT_READS,
    "arrays.game_advantage",
    "arrays.game_outcome",
    "arrays.game_played",
    "arrays.game_reply",
    "events.training_game.*",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    step = data.step(data.first)
    best = step.rays.order[0]
    before, after = percent(step.rays.before[best]), percent(step.rays.after[best])
    name = step.name(step.rays.uci[best])
    return Section(
        name="update",
        step="04",
        title="Update: credit flows back",
        seconds=SECONDS,
        paint=lambda pen, t: draw(data, pen, shot(data, t)),
        backdrop=empty_board,
        captions=(
            Cue(0.3, 3.8, "Each try pulls on the network: teal towards it, rose away."),
            Cue(4.0, 6.6, "Each unit recoils by how far its weights moved."),
            Cue(
                6.8,
                SECONDS - 0.4,
                f"{step.sentence(step.rays.uci[best])} went from {before} to {after}, and is played.",
            ),
        ),
        marks=(Cue(2.0, 6.0, "jolt"), Cue(0.0, SECONDS, "counter")),
        still=3.05,
        alt="Credit has run back along the rays into the network; its units are thrown back, each by how far its "
        f"weights moved. Then {name} goes from {before} to {after}, and is played.",
    )


def shot(data: Data, t: float) -> Shot:
    """Bars go back as credit; the network recoils; the odds move; the board moves on."""
    step = data.step(data.first)
    follow = data.step(data.second)
    returns = ease(t, BACK, BACK_FOR)
    lights = ease(t, BACK + 0.5, BACK_FOR)
    closes = ease(t, LEAVES, 0.6)
    gone = ease(t, HIDES, 0.35)
    names = ease(t, NAMES, 0.5) * (1 - closes)
    done = t >= SHIFT + SHIFTS / 2
    return Shot(
        data.first,
        f"step {data.first + done}",
        pieces=replace(
            playing(step, ease(t, PLAYED, 0.7), ease(t, MATED, 0.4), ease(t, ANSWERED, 0.6)),
            following=follow.board,
            followed=ease(t, NEXT, 1.0),
        ),
        network=PolicyNetwork(
            alpha=mix(NETWORK_ALPHA * advantage.FAINT, 1.0, lights),
            read=COLUMNS * (1 - closes),
            hit=t - HIT,
            key=ease(t, KEY, 0.4) * (1 - ease(t, KEY_GOES, 0.4)),
        ),
        fan=Fan(
            open=1 - closes, alpha=mix(advantage.FAINT, 1.0, lights), shift=ease(t, SHIFT, SHIFTS), names=names
        ),
        group=Group(
            runs=(2.0,) * len(step.group),
            alpha=1 - ease(t, LANES_GO, 0.8),
            dots=0.0,
            rows=1 - returns,
            bars=1.0,
            mean=1.0,
            rehung=1.0,
            values=1.0,
            total=1.0,
            clear=1 - gone,
            judged=(1.0,) * len(step.group),
            credit=(t - CREDIT) / CREDITS if CREDIT <= t < CREDIT + CREDITS else -1.0,
        ),
    )  # fmt: skip


def playing(step: Step, played: float, mate: float, answered: float) -> Pieces:
    """The step's best move on the board, and what comes of it."""
    return Pieces(played=played, mate=mate if step.mated else 0.0, answered=answered if step.reply else 0.0)
