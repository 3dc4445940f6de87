"""03: what each try was paid becomes a bar; the mean is drawn; the bars re-hang from it."""

from __future__ import annotations

from stagelight.engines.recording import Recording
from stagelight.render.motion import ease, mix
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout import reward
from stagelight.render.scenes.rollout.data import GROUP_READS, NETWORK_READS, STEP_READS, Data
from stagelight.render.scenes.rollout.fan import Fan
from stagelight.render.scenes.rollout.group import Group
from stagelight.render.scenes.rollout.policy_network import PolicyNetwork
from stagelight.render.scenes.rollout.sample import NETWORK_ALPHA
from stagelight.render.scenes.rollout.shot import Shot, draw, empty_board
from stagelight.render.wording import in_words

# Beats, in seconds.
ROWS, SLIDE = 0.2, 1.0
BARS, GROW = 1.3, 0.8
MEAN, DRAWN = 2.5, 0.9
REHANG, REHANGS = 4.5, 1.1
VALUES, TOTAL = 5.7, 7.4
SECONDS = 9.8
FAINT = 0.0  # of network and fan, meanwhile


@reads(*STEP_READS, *NETWORK_READS, *GROUP_READS, "arrays.game_advantage", "events.training_game.*")
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    step = data.step(data.first)
    size, paid = in_words(len(step.group)), int((step.reward > 0).sum())
    tied = len(set(step.reward.tolist())) == 1
    return Section(
        name="advantage",
        step="03",
        title="Advantage: better than the group?",
        seconds=SECONDS,
        paint=lambda pen, t: draw(data, pen, shot(data, t)),
        backdrop=empty_board,
        captions=(
            Cue(0.3, 4.2, f"{in_words(paid).capitalize()} of {size} paid. The line is the group's mean."),
            Cue(4.4, 7.0, "Each bar now hangs from that line."),
            Cue(7.2, SECONDS, "All were paid the same, so nothing is learnt." if tied
                else "To its right: do that more. To its left: less."),
        ),
        marks=(Cue(REHANG, SECONDS, "bar"),),
        still=SECONDS - 0.6,
        alt=f"{size.capitalize()} bars hang from a line at the group's mean, {paid} of {len(step.group)}. "
        + ("All are flat: the rewards tie, and nothing is to be learnt." if tied else
           "What was paid reaches to its right, in teal; the rest hangs to its left, in dashed rose. All add up to 0."),
    )  # fmt: skip


def shot(data: Data, t: float) -> Shot:
    """Group become rows, rewards bars; the mean is drawn through them; they re-hang."""
    step = data.step(data.first)
    faint = mix(reward.FAINT, FAINT, ease(t, ROWS, 0.6))
    count = len(step.group)
    return Shot(
        data.first,
        f"step {data.first}",
        network=PolicyNetwork(alpha=NETWORK_ALPHA * faint),
        fan=Fan(open=1, alpha=faint),
        group=Group(
            runs=(2.0,) * count,
            dots=reward.FAINT * (1 - ease(t, ROWS, 0.4)),
            judged=(1.0,) * count,
            rows=ease(t, ROWS, SLIDE),
            bars=ease(t, BARS, GROW),
            mean=ease(t, MEAN, DRAWN),
            rehung=ease(t, REHANG, REHANGS),
            values=ease(t, VALUES, 0.5),
            total=ease(t, TOTAL, 0.5),
        ),
    )
