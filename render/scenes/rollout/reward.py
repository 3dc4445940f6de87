"""02: the rules, as a glass disc, look at where each try ends: checkmate is paid 1, all else 0."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from stagelight.engines.recording import Recording
from stagelight.render.motion import between, ease, mix
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout.data import GROUP_READS, NETWORK_READS, STEP_READS, Data
from stagelight.render.scenes.rollout.fan import Fan
from stagelight.render.scenes.rollout.group import Group
from stagelight.render.scenes.rollout.pieces import Pieces
from stagelight.render.scenes.rollout.policy_network import PolicyNetwork
from stagelight.render.scenes.rollout.sample import NETWORK_ALPHA
from stagelight.render.scenes.rollout.shot import Shot, draw, empty_board
from stagelight.render.scenes.rollout.step import Step
from stagelight.render.wording import in_words

# Beats, in seconds.
DIMS = 0.1
ARRIVES = 0.2  # the disc
UNPAID, PAID = 1.1, 3.5  # the disc rests on a try that is not paid; on one that is
MOVES, RINGED, JUDGED = 0.7, 0.85, 1.0  # from then on: the try is played, ringed, judged
UNPAID_BACK, PAID_BACK, BACK = 1.9, 2.6, 0.4  # and taken back
SWEEP, SWEEPS = 6.3, 1.9  # the disc passes all of them
SECONDS = 9.0
FAINT = 0.3  # of network and fan, meanwhile


@reads(*STEP_READS, *NETWORK_READS, *GROUP_READS, "arrays.watch_line", "events.training_game.*")
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    step = data.step(data.first)
    size, paid = in_words(len(step.group)), int((step.reward > 0).sum())
    how_many = in_words(paid).capitalize() if paid else "None"
    return Section(
        name="reward",
        step="02",
        title="Reward: only checkmate pays",
        seconds=SECONDS,
        paint=lambda pen, t: draw(data, pen, shot(data, t)),
        backdrop=empty_board,
        captions=(
            *_verdicts(step),
            Cue(6.5, SECONDS, f"{how_many} of the {size} {'was' if paid == 1 else 'were'} paid."),
        ),
        marks=(Cue(1.0, SECONDS, "ring"),),
        still=5.4 if paid else 8.6,
        alt=f"{size.capitalize()} tries in lanes. "
        + (f"{step.name(step.rays.uci[step.group[step.first_paid]])} is checkmate: ringed in amber, 1. "
           if step.first_paid is not None else "None is mate. ")
        + "Tries that do not mate get 0.",
    )  # fmt: skip


def _verdicts(step: Step) -> Iterator[Cue]:
    """The rules' word on the two tries that are played."""
    for lane, start, end in ((step.first_unpaid, 0.3, 3.2), (step.first_paid, 3.4, 6.3)):
        if lane is not None:
            move = step.sentence(step.rays.uci[step.group[lane]])
            verdict = "is checkmate: the rules pay 1" if step.reward[lane] > 0 else "does not mate: the rules pay 0"
            yield Cue(start, end, f"{move} {verdict}.")


def shot(data: Data, t: float) -> Shot:
    """One try that fails and one that mates are played; then the disc passes all of them."""
    step = data.step(data.first)
    faint = mix(1.0, FAINT, ease(t, DIMS, 0.6))
    return Shot(
        data.first,
        f"step {data.first}",
        pieces=_men(step, t),
        network=PolicyNetwork(alpha=NETWORK_ALPHA * faint),
        fan=Fan(open=1, alpha=faint),
        group=Group(
            runs=(2.0,) * len(step.group),
            dots=faint,
            judged=tuple(_judged(step, lane, t) for lane in range(len(step.group))),
            disc=(_disc(step, t), ease(t, ARRIVES, 0.5) * (1 - ease(t, SWEEP + SWEEPS, 0.4))),
        ),
    )


def _men(step: Step, t: float) -> Pieces:
    """The try under the disc, played on the board and taken back."""
    for lane, at, back in ((step.first_unpaid, UNPAID, UNPAID_BACK), (step.first_paid, PAID, PAID_BACK)):
        if lane is not None and at <= t < at + back + BACK:
            line = step.line(lane)
            tried = len(line) * ease(t, at, MOVES) * (1 - ease(t, at + back, BACK))
            ringed = between(t, at + RINGED, at + back, 0.3) if step.reward[lane] > 0 else 0.0
            return Pieces(trial=line, tried=tried, paid=ringed)
    return Pieces()


def _rests(step: Step) -> list[tuple[float, float]]:
    """The disc's path: (time, lane), eased between."""
    last = len(step.group) - 1
    unpaid = 0 if step.first_unpaid is None else step.first_unpaid
    paid = unpaid if step.first_paid is None else step.first_paid
    return [(ARRIVES, unpaid - 1.5), (UNPAID, unpaid), (PAID - 0.6, unpaid), (PAID, paid), (SWEEP - 0.7, paid),
            (SWEEP, 0), (SWEEP + SWEEPS, last)]  # fmt: skip


def _disc(step: Step, t: float) -> float:
    """The lane on which the disc is, between two where it moves."""
    rests = _rests(step)
    lane = float(rests[0][1])
    for (start, a), (end, b) in pairwise(rests):
        if end == SWEEP + SWEEPS:
            lane = mix(lane, b, min(max((t - start) / (end - start), 0.0), 1.0))
        else:
            lane += (b - a) * ease(t, start, end - start)
    return lane


def _judged(step: Step, lane: int, t: float) -> float:
    """The opacity of a lane's verdict: from when the disc has looked at it."""
    at = SWEEP + SWEEPS * lane / max(len(step.group) - 1, 1)
    if lane == step.first_unpaid:
        at = UNPAID + JUDGED
    if lane == step.first_paid:
        at = PAID + JUDGED
    return ease(t, at, 0.3)
