"""A real brain turns, then opens into three planes; a ring marks the old stroke."""

from __future__ import annotations

from functools import partial

from stagelight.render.motion import Box, ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.scan.shown import HERO, Shown
from stagelight.render.stage import Cue, Section

SOLID = Box(px(50) - py(50), py(-0.5), py(100), py(100))
MARKED = {True: "The ring marks an old stroke. Remember it.", False: "The middle one is followed from here on."}
ALT = " In the middle one, from above, a ring marks a dark cavity in the {} hemisphere, left by an old stroke."
NAMES = {"coronal": "from behind", "sagittal": "from the right"}
SIDES = {"coronal": (px(4), py(24), px(23), py(52)), "sagittal": (px(73), py(24), px(23), py(52))}


def section(shown: Shown) -> Section:
    """Build the section: its captions, marks, still and description."""
    return Section(
        name="patient",
        step=None,
        title="One brain, scanned in full",
        seconds=11.0,
        paint=partial(paint, shown),
        backdrop=backdrop,
        captions=(
            Cue(0.4, 4.6, "A full scan of a head takes minutes. Less would be kinder."),
            Cue(4.8, 7.7, "Three planes through one real patient."),
            Cue(7.9, 11.0, MARKED[shown.ringed]),
        ),
        marks=(Cue(7.6, 11.0, "lesion"),),
        still=10.2,
        alt="Three grey slices of a real brain at right angles." + (ALT.format(_side(shown)) if shown.ringed else ""),
    )


def _side(shown: Shown) -> str:
    patient = next(event for event in shown.recording.events if event["kind"] == "patient")
    return str(patient["side"] or "same")


def backdrop(pen: Pen) -> None:
    """Nothing stands still here."""


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """The solid turns and gives way to the planes; then the ring."""
    solid = 1 - ease(t, 4.4, 0.9)
    if solid > 0:
        shown.turntable.draw(pen, 150 + 22 * t, SOLID, solid * ease(t, 0.0, 0.5))
    hero = shown.box(HERO)
    pen.raster(shown.grey("reference_axial"), *hero, ease(t, 4.7, 0.9))
    for order, (plane, place) in enumerate(SIDES.items()):
        box, alpha = shown.box(place, plane), ease(t, 5.5 + 0.35 * order, 0.8)
        pen.raster(shown.grey(f"reference_{plane}"), *box, alpha)
        shown.named(pen, box, NAMES[plane], alpha=alpha)
    shown.lesion(pen, hero, ease(t, 8.0, 0.7))
