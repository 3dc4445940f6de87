"""04: one snap of k-space, seen close; then the loop to its end, with it and without."""

from __future__ import annotations

from functools import partial

from stagelight.engines.recording import Recording
from stagelight.render.motion import ease
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.scan import diffusion, drawing, loop
from stagelight.render.scenes.scan.data import LESION_READS, Data
from stagelight.render.scenes.scan.drawing import KSPACE

# Beats, in seconds.
GUESS, CLOSER, SNAP, SNAPS, BACK = 0.2, 1.6, 3.4, 2.6, 6.6  # the guess; its k-space grows; points snap; it shrinks
CLOSES = 0.8
RUN, RUNS = 7.8, 6.2  # the rest of the loop
RING = RUN + RUNS + 0.4
LEAVES = 0.7
SECONDS = RING + 4.6
FROM = len(diffusion.TURN)  # steps done before

FILLED = {
    True: "Held to the data, the stroke is in its ring. Not held, it drifts away.",
    False: "Held to the data, it is this brain. Not held, it drifts away.",
}
UNCLEAR = "Held to the data, it settles on what was measured."


@reads(*LESION_READS, *loop.READS, "facts.free.brain.psnr", "facts.free.lesion.psnr", "facts.sample.brain.psnr",
       "facts.sample.lesion.psnr", "arrays.misfit_before", "arrays.misfit_after")  # fmt: skip
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    region = "lesion" if data.has_lesion else "brain"
    nearer = recording.fact(f"sample.{region}.psnr") > recording.fact(f"free.{region}.psnr") + 1
    before, after = (float(recording.arrays[f"misfit_{when}"][-1]) for when in ("before", "after"))
    return Section(
        name="consistency",
        step="04",
        title="Data consistency: measurements decide",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        captions=(
            Cue(0.3, 3.3, "The guess has a k-space, too. All of it is believed."),
            Cue(3.5, 7.4, "Measured points snap to what was measured. The rest stays a belief."),
            Cue(7.6, RUN + RUNS, "Round and round, until there is no noise left."),
            Cue(RUN + RUNS + 0.2, SECONDS - 0.5, FILLED[data.has_lesion] if nearer else UNCLEAR),
        ),
        marks=(
            Cue(0.3, SECONDS, "belief"),
            Cue(SNAP, SECONDS, "loop"),
            Cue(SNAP, SECONDS, "lit"),
            Cue(RING, SECONDS, "lesion"),
        ),
        still=RING + 2.0,
        alt="The end of both runs: the one held to the data beside the one that is not"
        + (", a ring on each where the lesion is" if data.has_lesion else "")
        + f". Off the data by {before:.2f} times the noise before the last step's consistency, {after:.2f} after.",
    )


def paint(data: Data, pen: Pen, t: float) -> None:
    """One turn with k-space seen close, then the others faster."""
    now, alpha = _turns(data, t), 1 - ease(t, SECONDS - LEAVES, LEAVES - 0.1)
    close = ease(t, CLOSER, CLOSES) * (1 - ease(t, BACK, CLOSES))
    quick = ease(t, RUN, 0.6)
    loop.draw(data, pen, now, alpha * (1 - close), 1 - close, 1 - 0.8 * quick)
    if close > 0:
        box = drawing.between(loop.station(data, 2), drawing.box(data, KSPACE), close)
        loop.kspace(data, pen, min(now, FROM + 1 - 1e-6), box, close, close)
        drawing.outline(pen, box, close)
    for place in (loop.FREE, loop.HELD):
        drawing.lesion(pen, data, drawing.box(data, place), ease(t, RING, 0.6) * alpha)


def _turns(data: Data, t: float) -> float:
    """The step that is shown: the fourth slowly, with its snap stretched, then the rest."""
    if t < RUN:
        part = loop.GUESSED * 1.9 * ease(t, GUESS, 1.4)
        part += (loop.MENDED - 0.02 - 1.9 * loop.GUESSED) * min(max((t - SNAP) / SNAPS, 0.0), 1.0)
        part += (1 - loop.MENDED + 0.02) * min(max((t - BACK) / (RUN - BACK), 0.0), 1.0)
        return FROM + part
    left = len(data.kept_steps) - FROM - 1
    return FROM + 1 + left * min((t - RUN) / RUNS, 1.0)
