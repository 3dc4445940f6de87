"""A real brain turns, then opens into three planes; a ring marks the old stroke."""

from __future__ import annotations

from functools import partial

from stagelight.engines.recording import Recording
from stagelight.render.motion import Box, ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.scan import drawing
from stagelight.render.scenes.scan.data import LESION_READS, Data
from stagelight.render.scenes.scan.drawing import HERO

# Beats, in seconds.
SOLID_FADES, FADES = 4.4, 0.9
AXIAL, SIDES, EACH_SIDE = 4.7, 5.5, 0.35
RING = 8.0
SECONDS = 11.0

# Layout.
SOLID = Box(px(50) - py(50), py(-0.5), py(100), py(100))
FROM, TURNS = 150, 22  # degrees; degrees a second
SIDE_PLACES = {"coronal": (px(4), py(24), px(23), py(52)), "sagittal": (px(73), py(24), px(23), py(52))}

SIDE_NAMES = {"coronal": "from behind", "sagittal": "from the right"}
MARKED, UNMARKED = "The ring marks an old stroke. Remember it.", "The middle one is followed from here on."
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
            Cue(0.4, 4.6, "A full scan of a head takes minutes. Less would be kinder."),
            Cue(4.8, 7.7, "Three planes through one real patient."),
            Cue(7.9, SECONDS, MARKED if data.has_lesion else UNMARKED),
        ),
        marks=(Cue(7.6, SECONDS, "lesion"),),
        still=10.2,
        alt="Three grey slices of a real brain at right angles." + (ALT.format(side) if data.has_lesion else ""),
    )


def paint(data: Data, pen: Pen, t: float) -> None:
    """The solid turns and gives way to the planes; then the ring."""
    solid = 1 - ease(t, SOLID_FADES, FADES)
    if solid > 0:
        data.turntable.draw(pen, FROM + TURNS * t, SOLID, solid * ease(t, 0.0, 0.5))
    hero = drawing.box(data, HERO)
    pen.raster(data.picture("reference_axial"), *hero, ease(t, AXIAL, 0.9))
    for order, (plane, place) in enumerate(SIDE_PLACES.items()):
        box, alpha = drawing.box(data, place, plane), ease(t, SIDES + EACH_SIDE * order, 0.8)
        pen.raster(data.picture(f"reference_{plane}"), *box, alpha)
        drawing.name_below(pen, box, SIDE_NAMES[plane], alpha=alpha)
    drawing.lesion(pen, data, hero, ease(t, RING, 0.7))
