"""03: pure noise; t counts down; the estimate surfaces in three planes at once."""

from __future__ import annotations

from functools import partial

from stagelight.render import theme
from stagelight.render.components import slices
from stagelight.render.motion import ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.scan.shown import HERO, Shown, settled
from stagelight.render.stage import Cue, Section

BEHIND, RIGHT = (px(77), py(17), px(19), py(30)), (px(77), py(50), px(19), py(30))
START, RUN = 1.8, 7.2  # when noise begins to fall, and for how long
BAR = (px(6.5), py(40), px(1.2), py(38))  # the noise that is left


def section(shown: Shown) -> Section:
    """Build the section: its captions, marks, still and description."""
    return Section(
        name="diffusion",
        step="03",
        title="Reverse diffusion: noise recedes",
        seconds=13.0,
        paint=partial(paint, shown),
        backdrop=backdrop,
        captions=(
            Cue(0.4, 4.2, "Now with this scan. It starts as pure noise."),
            Cue(4.4, 9.2, "Each step removes some noise, then asks the measurements."),
            Cue(9.4, 13.0, "At t = 0 the noise level is zero. Some grain remains."),
        ),
        marks=(Cue(0.4, 13.0, "belief"), Cue(9.8, 13.0, "lesion")),
        still=6.2,
        alt="A large slice half-way between noise and a brain, two more planes beside it in the same state, and at the "
        "left a gauge of the noise that is left.",
    )


def backdrop(pen: Pen) -> None:
    """The gauge's frame."""
    x, y, width, height = BAR
    pen.box(x, y, width, height, width / 2)
    pen.stroke(theme.HAIRLINE, 2)
    pen.text("noise", px(4), py(83.5), theme.FLOOR, theme.QUIET)


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """The recorded noisy states lie over each other; at the end, the estimate that the last step left."""
    count = len(shown.a["step"])
    now = settled(t, START, RUN, count)
    done = ease(t, START + RUN, 0.7)
    places = {"axial": HERO, "coronal": BEHIND, "sagittal": RIGHT}
    for order, (plane, place) in enumerate(places.items()):
        box, here = shown.box(place, plane), ease(t, 0.2 + 0.2 * order, 0.6)
        slices.steps(pen, shown.noise(plane), now, box, here)
        pen.raster(shown.grey(f"after_{plane}")[-1], *box, done * here)
        slices.belief(pen, box, here * (1 - 0.6 * done))
    shown.lesion(pen, shown.box(HERO), ease(t, START + RUN + 0.8, 0.6))
    _gauge(shown, pen, now, done, ease(t, 0.3, 0.5))


def _gauge(shown: Shown, pen: Pen, now: float, done: float, alpha: float) -> None:
    """t and the noise that is left, as of the recorded step last reached."""
    step, sigma = shown.a["step"], shown.a["sigma"]
    first = min(int(now), len(step) - 1)
    left = 0 if done > 0.5 else shown.steps - int(step[first]) + 1
    level = mix(shown.noisy(first), shown.noisy(min(first + 1, len(step) - 1)), now - int(now)) * (1 - done)
    x, y, width, height = BAR
    pen.box(x, y + height * (1 - level), width, height * level, width / 2)
    pen.fill(theme.BELIEF, 0.85 * alpha)
    pen.text(f"t = {left}", px(4), py(26), theme.HERO, font=theme.MONO_BOLD, alpha=alpha)
    value = 0.0 if done > 0.5 else float(sigma[first])
    pen.text(f"σ {value:.3f}" if value < 1 else f"σ {value:.2f}", px(4), py(34), theme.MUST_READ, theme.QUIET,
             font=theme.MONO, alpha=alpha)  # fmt: skip
