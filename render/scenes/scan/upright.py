"""The scan's upright cut: what lies side by side on the stage lies one above the other."""

from __future__ import annotations

from stagelight.render.components.upright import PICTURE, RIGHT, WIDTH, Key, Layout, Window, chained, fitted
from stagelight.render.motion import Box
from stagelight.render.scenes.scan import comparison, patient

COUNT = Window(1363, 34, 480, Box(RIGHT - 480, 47, 480, 52))  # the counter
UPPER, LOWER = Box(0, PICTURE.y, WIDTH, 540), Box(0, PICTURE.y + 545, WIDTH, 545)
LEFT_COLUMN, RIGHT_COLUMN = Box(28, PICTURE.y, 500, 1000), Box(552, PICTURE.y, 500, 1000)
PLACE = Box(0, PICTURE.y + 660, 540, 420)

SOLID: Layout = {"count": COUNT, "middle": fitted(500, 100, 920, 900, PICTURE)}
SIDES: Layout = {
    "count": COUNT,
    "middle": fitted(640, 160, 640, 730, Box(0, PICTURE.y, WIDTH, 650)),
    "left": fitted(60, 260, 470, 600, PLACE),
    "right": fitted(1388, 260, 470, 600, PLACE._replace(x=540)),
}
COLUMNS: Layout = {
    "count": COUNT,
    "left": fitted(190, 150, 570, 800, LEFT_COLUMN),
    "middle": fitted(1160, 150, 570, 800, RIGHT_COLUMN),  # the slice, which comes from there
}
STACK: Layout = {"count": COUNT, "left": fitted(50, 165, 890, 770, UPPER), "right": fitted(960, 165, 910, 770, LOWER)}
LOOP: Layout = {
    "count": COUNT,
    "left": fitted(50, 160, 900, 730, Box(0, PICTURE.y, WIDTH, 510)),
    "right": fitted(1000, 250, 890, 610, Box(0, PICTURE.y + 520, WIDTH, 570)),
}
HEADS: Layout = {"count": COUNT, "left": fitted(60, 165, 970, 760, UPPER), "right": fitted(1090, 150, 700, 780, LOWER)}
BARS: Layout = {
    "count": COUNT,
    "left": fitted(260, 150, 640, 790, Box(0, PICTURE.y, WIDTH, 660)),
    "right": fitted(1120, 280, 740, 420, Box(0, PICTURE.y + 670, WIDTH, 420)),
}
LAYOUTS = chained(
    {
        "patient": [Key(0.0, SOLID), Key(patient.AXIAL, SIDES), Key(patient.AWAY, COLUMNS, patient.MOVES)],
        "undersample": [Key(0.0, COLUMNS)],
        "prior": [Key(0.0, STACK)],
        "diffusion": [Key(0.0, LOOP)],
        "consistency": [Key(0.0, LOOP)],
        "measured": [Key(0.0, HEADS)],
        "comparison": [Key(comparison.APPEARS, BARS)],
    }
)
