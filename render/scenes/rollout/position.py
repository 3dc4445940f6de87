"""A board, one move from mate, is assembled; the network beside it reads it, layer by layer."""

from __future__ import annotations

from stagelight.engines.recording import Recording
from stagelight.render.motion import between, ease
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout.data import NETWORK_READS, STEP_READS, Data
from stagelight.render.scenes.rollout.pieces import Pieces
from stagelight.render.scenes.rollout.policy_network import COLUMNS, PolicyNetwork
from stagelight.render.scenes.rollout.shot import Shot, draw, empty_board
from stagelight.render.wording import counted

# Beats, in seconds.
PIECES, ASSEMBLES = 0.2, 2.2
NETWORK = 2.4
READ, READING = 3.6, 3.2  # the board runs through the network
OVER, OVER_ENDS = 3.4, 6.4  # threads over the board
SECONDS = 7.6


@reads(*STEP_READS, *NETWORK_READS)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    step = data.step(data.first)
    known = "Its weights are still random" if data.first == 0 else f"It was trained for {counted(data.first, 'step')}"
    return Section(
        name="position",
        step=None,
        title=f"A position, {step.distance} from mate",
        seconds=SECONDS,
        paint=lambda pen, t: draw(data, pen, shot(data, t)),
        backdrop=empty_board,
        captions=(
            Cue(0.4, 3.7, f"White can mate in {step.distance}. Nobody says how."),
            Cue(3.9, SECONDS, f"The network reads the board. {known}."),
        ),
        marks=(Cue(0.0, SECONDS, "counter"),),
        still=5.4,
        alt=f"A chess board with {len(step.board)} pieces; White can mate in {step.distance}. To its right "
        "a network of three layers, into which the pieces are being read.",
    )


def shot(data: Data, t: float) -> Shot:
    """Pieces take their places; then the board is read."""
    return Shot(
        data.first,
        f"step {data.first}",
        pieces=Pieces(assembled=min(max((t - PIECES) / ASSEMBLES, 0.0), 1.0)),
        network=PolicyNetwork(
            alpha=ease(t, NETWORK, 1.0),
            read=COLUMNS * ease(t, READ, READING),
            over=0.8 * between(t, OVER, OVER_ENDS, 0.7),
        ),
    )
