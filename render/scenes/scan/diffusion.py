"""03: pure noise; round the loop, a little less noise each time; two runs from the same noise."""

from __future__ import annotations

from functools import partial

from stagelight.engines.recording import Recording
from stagelight.render.motion import ease
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.scan import loop
from stagelight.render.scenes.scan.data import Data

# Beats, in seconds.
APPEARS = 0.7
START, TURN = 3.6, (4.0, 2.6, 2.2)  # the first turn begins; how long each takes
SECONDS = START + sum(TURN) + 0.6


@reads(*loop.READS)
def section(recording: Recording) -> Section:
    """The words and their times."""
    return Section(
        name="diffusion",
        step="03",
        title="Reverse diffusion: noise recedes",
        seconds=SECONDS,
        paint=partial(paint, Data(recording)),
        backdrop=nothing,
        captions=(
            Cue(0.3, 3.5, "Now with this scan. Two runs, the same pure noise."),
            Cue(3.7, 7.7, "A network guesses the picture. Then some noise is put back, less each time."),
            Cue(7.9, SECONDS - 0.4, "One run also corrects its guess by what was measured."),
        ),
        marks=(Cue(0.3, SECONDS, "belief"), Cue(START, SECONDS, "loop")),
        still=START + TURN[0] + 1.9,
        alt="A ring of four pictures: a noisy one, the guess of a network in a blue frame, its k-space, and the "
        "corrected picture. Beside it two runs from the same noise, one held to the data and one that is not.",
    )


def paint(data: Data, pen: Pen, t: float) -> None:
    """The first turns of the loop, slowly."""
    loop.draw(data, pen, turns(t), ease(t, 0.1, APPEARS))


def turns(t: float) -> float:
    """The step that is shown."""
    now, at = 0.0, START
    for seconds in TURN:
        now += min(max((t - at) / seconds, 0.0), 1.0)
        at += seconds
    return now
