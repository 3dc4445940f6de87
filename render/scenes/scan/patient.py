"""A real brain turns; light cuts three planes out of it; a ring marks the old stroke."""

from __future__ import annotations

from functools import partial

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.motion import Box, ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.scan import drawing
from stagelight.render.scenes.scan.data import LESION_READS, Data
from stagelight.render.scenes.scan.drawing import HERO, PICTURE

# Beats, in seconds.
CUT, CUTS = 2.2, 1.6  # light passes down through the solid to the plane that is followed
SOLID_FADES, FADES = 3.5, 0.9
AXIAL, SIDES, EACH_SIDE = 3.5, 4.3, 0.3
RING = 6.2
AWAY, MOVES = 8.6, 0.9  # the sides go, the slice moves to its place of the next section
SECONDS = 9.6

# Layout.
SOLID = Box(px(50) - py(50), py(-0.5), py(100), py(100))
FROM, TURNS = 150, 22  # degrees; degrees a second
CUT_TOP, CUT_END, CUT_HALF = py(24), py(47), py(34)  # of the light that cuts
SIDE_PLACES = {"coronal": (px(4), py(24), px(23), py(52)), "sagittal": (px(73), py(24), px(23), py(52))}

SIDE_NAMES = {"coronal": "from behind", "sagittal": "from the right"}
MARKED, UNMARKED = "The ring marks an old stroke. Remember it.", "The one in the middle is followed from here on."
ALT = " In the middle one, from above, a ring marks a dark cavity in the {} hemisphere, left by an old stroke."


@reads(
    *LESION_READS,
    "arrays.reference_axial",
    "arrays.reference_coronal",
    "arrays.reference_sagittal",
    "arrays.volume",
    "events.patient.0",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    side = data.event("patient")["side"] or "same"
    return Section(
        name="patient",
        step=None,
        title="One brain, scanned in full",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        captions=(
            Cue(0.3, 3.2, "A full scan of a head takes minutes. Can it take less?"),
            Cue(3.4, 5.9, "One real patient, cut three ways."),
            Cue(6.1, SECONDS - 0.5, MARKED if data.has_lesion else UNMARKED),
        ),
        marks=(Cue(6.1, SECONDS, "lesion"),),
        still=7.8,
        alt="Three grey slices of a real brain at right angles." + (ALT.format(side) if data.has_lesion else ""),
    )


def paint(data: Data, pen: Pen, t: float) -> None:
    """The solid turns, is cut, and gives way to the planes; then the ring."""
    solid = 1 - ease(t, SOLID_FADES, FADES)
    if solid > 0:
        data.turntable.draw(pen, FROM + TURNS * t, SOLID, solid * ease(t, 0.0, 0.5))
        _light(pen, mix(CUT_TOP, CUT_END, ease(t, CUT, CUTS - 0.3)), ease(t, CUT, 0.3) * solid)
    away = ease(t, AWAY, MOVES)
    hero = drawing.between(drawing.box(data, HERO), drawing.box(data, PICTURE), away)
    pen.raster(data.picture("reference_axial"), *hero, ease(t, AXIAL, 0.7))
    for order, (plane, place) in enumerate(SIDE_PLACES.items()):
        box, alpha = drawing.box(data, place, plane), ease(t, SIDES + EACH_SIDE * order, 0.7) * (1 - away)
        pen.raster(data.picture(f"reference_{plane}"), *box, alpha)
        drawing.name_below(pen, box, SIDE_NAMES[plane], alpha=alpha)
    drawing.lesion(pen, data, hero, ease(t, RING, 0.6))


def _light(pen: Pen, y: float, alpha: float) -> None:
    """A level sheet of light, seen from its edge."""
    for width, clear in ((26, 0.12), (9, 0.3), (3, 0.9)):
        pen.line((px(50) - CUT_HALF, y), (px(50) + CUT_HALF, y), theme.CORE, width, clear * alpha)
