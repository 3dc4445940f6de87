"""One wipe: blurred, reconstructed, true; and two bars, how far off the loop is and the best classical method."""

from __future__ import annotations

from functools import partial

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import slices
from stagelight.render.motion import ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.scan import drawing
from stagelight.render.scenes.scan.data import LESION_READS, Data

RESULT = "diffusion"
CLASSICAL = ("variation", "wavelet", "mean")

# Beats, in seconds.
APPEARS = 0.6
WIPE, WIPES = 1.6, 2.2  # the blurred one gives way to the result
BARS, EACH_BAR, GROWS = 4.6, 1.0, 0.9
TRUTH, TRUTHS = 8.2, 2.4  # the result gives way to the full scan, as far as the middle
RING = 10.4
SECONDS = 13.6

# Layout.
HERO: drawing.Place = (px(5), py(16.5), px(50), py(64))
BAR_X, BAR_Y, BAR_PITCH, BAR_HEIGHT, BAR_MOST = px(60), py(33), py(21), 30, px(34)
NAMES = {"zero_filled": "blurred", RESULT: "the loop", "reference": "full scan"}


@reads(
    *LESION_READS,
    "arrays.diffusion_axial",
    "arrays.reference_axial",
    "arrays.zero_filled_axial",
    *(f"facts.{name}.brain.nrmse" for name in (*CLASSICAL, RESULT, "zero_filled")),
    "facts.samples",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    best, count = _best(data), int(recording.fact("samples"))
    nearer = _error(data, RESULT) < _error(data, best)
    return Section(
        name="comparison",
        step=None,
        title="Faithful: how near, and where not",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        captions=(
            Cue(0.3, 4.2, f"Back to the simulated scan: {count} such runs, averaged."),
            Cue(4.4, 8.0, "Off by less than the best method without a network." if nearer
                else "Off by more than the best method without a network."),
            Cue(8.2, SECONDS, "Beside the full scan: fine detail is missing still."),
        ),
        marks=(Cue(BARS, SECONDS, "error"), Cue(RING, SECONDS, "lesion")),
        still=12.4,
        alt="One slice, the loop's result on the left of a divider and the full scan on the right"
        + (", a ring on the lesion" if data.has_lesion else "")
        + f". Two bars: the loop is off by {_off(data, RESULT)}, the best classical method by {_off(data, best)}.",
    )  # fmt: skip


def paint(data: Data, pen: Pen, t: float) -> None:
    """The wipe, the bars, the wipe to the truth, and the ring on which it rests."""
    box = drawing.box(data, HERO)
    with pen.faded(ease(t, 0.1, APPEARS)):
        left, right, start, seconds, end = ("zero_filled", RESULT, WIPE, WIPES, 0.0)
        if t >= TRUTH - 0.4:
            left, right, start, seconds, end = (RESULT, "reference", TRUTH, TRUTHS, 0.5)
        share = mix(1.0, end, ease(t, start, seconds))
        names = NAMES[left], NAMES[right]
        slices.wipe(pen, data.picture(f"{left}_axial"), data.picture(f"{right}_axial"), share, box, names)
        drawing.lesion(pen, data, box, ease(t, RING, 0.6))
        _bars(data, pen, t)


def _bars(data: Data, pen: Pen, t: float) -> None:
    """Two bars: what two methods are off by within the brain, root mean square, relative to the picture."""
    best = _best(data)
    most = _error(data, "zero_filled")
    pen.text("off by", BAR_X, BAR_Y - py(8), theme.FLOOR, theme.QUIET, alpha=ease(t, BARS, 0.5))
    for order, (name, words, colour) in enumerate(
        ((best, "best without a network", theme.QUIET), (RESULT, NAMES[RESULT], theme.KEPT))
    ):
        alpha, y = ease(t, BARS + EACH_BAR * order, 0.5), BAR_Y + BAR_PITCH * order
        value = _error(data, name)
        width = BAR_MOST * value / most * ease(t, BARS + EACH_BAR * order, GROWS)
        pen.text(words, BAR_X, y, theme.MUST_READ, theme.TEXT, alpha=alpha)
        pen.box(BAR_X, y + 28, max(width, 2), BAR_HEIGHT, 6)
        pen.fill(colour, alpha)
        pen.text(_off(data, name), BAR_X + width + 20, y + 28 + BAR_HEIGHT - 2, theme.FLOOR, theme.TEXT,
                 font=theme.MONO_BOLD, alpha=alpha)  # fmt: skip


def _best(data: Data) -> str:
    return min(CLASSICAL, key=lambda name: _error(data, name))


def _error(data: Data, name: str) -> float:
    return data.recording.fact(f"{name}.brain.nrmse")


def _off(data: Data, name: str) -> str:
    return f"{100 * _error(data, name):.1f} %"
