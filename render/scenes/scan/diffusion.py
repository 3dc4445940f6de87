"""03: pure noise; t counts down; the estimate surfaces in three planes at once."""

from __future__ import annotations

from functools import partial

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import slices
from stagelight.render.motion import ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.scan import drawing
from stagelight.render.scenes.scan.data import LESION_READS, Data
from stagelight.render.scenes.scan.drawing import HERO

# Beats, in seconds.
PLANES, EACH_PLANE, GAUGE_APPEARS = 0.2, 0.2, 0.3
START, RUN = 1.8, 7.2  # the noise begins to fall, and for how long it does
RING = START + RUN + 0.8
SECONDS = 13.0

# Layout.
PLACES = {
    "axial": HERO,
    "coronal": (px(77), py(17), px(19), py(30)),
    "sagittal": (px(77), py(50), px(19), py(30)),
}
GAUGE = (px(6.5), py(40), px(1.2), py(38))  # the noise that is left
TEXT_LEFT, T_Y, SIGMA_Y, NAME_Y = px(4), py(26), py(34), py(83.5)


@reads(
    *LESION_READS,
    "arrays.after_axial",
    "arrays.after_coronal",
    "arrays.after_sagittal",
    "arrays.noisy_axial",
    "arrays.noisy_coronal",
    "arrays.noisy_sagittal",
    "arrays.reference_axial",
    "arrays.reference_coronal",
    "arrays.reference_sagittal",
    "arrays.sigma",
    "arrays.step",
    "facts.steps",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    return Section(
        name="diffusion",
        step="03",
        title="Reverse diffusion: noise recedes",
        seconds=SECONDS,
        paint=partial(paint, Data(recording)),
        backdrop=backdrop,
        captions=(
            Cue(0.4, 4.2, "Now with this scan. It starts as pure noise."),
            Cue(4.4, 9.2, "Each step removes some noise, then asks the measurements."),
            Cue(9.4, SECONDS, "At t = 0 the noise level is zero. Some grain remains."),
        ),
        marks=(Cue(0.4, SECONDS, "belief"), Cue(9.8, SECONDS, "lesion")),
        still=6.2,
        alt="A large slice half-way between noise and a brain, two more planes beside it in the same state, and at the "
        "left a gauge of the noise that is left.",
    )


def backdrop(pen: Pen) -> None:
    """The gauge's frame."""
    pen.box(*GAUGE, GAUGE[2] / 2)
    pen.stroke(theme.HAIRLINE, 2)
    pen.text("noise", TEXT_LEFT, NAME_Y, theme.FLOOR, theme.QUIET)


def paint(data: Data, pen: Pen, t: float) -> None:
    """The recorded noisy states lie over each other; at the end, the estimate that the last step left."""
    now = drawing.playing(t, START, RUN, len(data.kept_steps))
    done = ease(t, START + RUN, 0.7)
    for order, (plane, place) in enumerate(PLACES.items()):
        box, alpha = drawing.box(data, place, plane), ease(t, PLANES + EACH_PLANE * order, 0.6)
        slices.steps(pen, data.noisy(plane), now, box, alpha)
        pen.raster(data.picture(f"after_{plane}")[-1], *box, done * alpha)
        slices.belief(pen, box, alpha * (1 - 0.6 * done))
    drawing.lesion(pen, data, drawing.box(data, HERO), ease(t, RING, 0.6))
    _gauge(data, pen, now, done, ease(t, GAUGE_APPEARS, 0.5))


def _gauge(data: Data, pen: Pen, now: float, done: float, alpha: float) -> None:
    """t and the noise that is left, as of the recorded step last reached."""
    first = min(int(now), len(data.kept_steps) - 1)
    second = min(first + 1, len(data.kept_steps) - 1)
    steps_left = 0 if done > 0.5 else data.steps - int(data.kept_steps[first]) + 1
    level = mix(data.noise_share(first), data.noise_share(second), now - int(now)) * (1 - done)
    x, y, width, height = GAUGE
    pen.box(x, y + height * (1 - level), width, height * level, width / 2)
    pen.fill(theme.BELIEF, 0.85 * alpha)
    pen.text(f"t = {steps_left}", TEXT_LEFT, T_Y, theme.HERO, font=theme.MONO_BOLD, alpha=alpha)
    sigma = 0.0 if done > 0.5 else float(data.sigma[first])
    words = f"σ {sigma:.3f}" if sigma < 1 else f"σ {sigma:.2f}"
    pen.text(words, TEXT_LEFT, SIGMA_Y, theme.MUST_READ, theme.QUIET, font=theme.MONO, alpha=alpha)
