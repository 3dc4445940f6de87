"""The village's upright cut: the camera goes along with what is spoken of; two villages stand beside each other."""

from __future__ import annotations

from stagelight.render.components.upright import PICTURE, WIDTH, Key, Layout, Window, chained, fitted
from stagelight.render.motion import Box
from stagelight.render.scenes.village import disturbances, goal, results, tradeoff

TOP = PICTURE.y
UPPER, LOWER = Box(0, TOP, WIDTH, 536), Box(0, TOP + 544, WIDTH, 536)
COLUMN, NEXT_COLUMN = Box(0, TOP, 536, 1080), Box(544, TOP, 536, 1080)


def at(middle: float) -> Layout:
    """One window as high as the stage, about a place across it, in pixels."""
    return {"one": fitted(middle - WIDTH / 2, 0, WIDTH, 1080, PICTURE)}


WIDE, FIELD, SQUARE = at(1000), at(540), at(1380)
COLUMNS: Layout = {"one": fitted(50, 60, 570, 1015, COLUMN), "other": fitted(1000, 60, 570, 1015, NEXT_COLUMN)}
STACK: Layout = {"one": fitted(0, 170, 960, 590, UPPER), "other": fitted(960, 170, 960, 590, LOWER)}
# What is between both panels of numbers that the stage has in its corners, and they in the corners of that.
SHOCK: Layout = {"one": fitted(489, 90, 930, 930, PICTURE)}
STORED = Window(65, 189, 422, Box(20, TOP + 20, 422, 189))
MEAL = Window(1421, 189, 434, Box(WIDTH - 454, TOP + 20, 434, 189))
RIBBON: Layout = {  # of forty days, in two rows, below the town
    "one": fitted(300, 120, 1300, 545, Box(0, TOP, WIDTH, 460)),
    "first": fitted(57, 668, 903, 160, Box(0, TOP + 480, WIDTH, 200)),
    "second": fitted(960, 668, 903, 160, Box(0, TOP + 690, WIDTH, 200)),
    "key": fitted(57, 826, 700, 54, Box(0, TOP + 900, 830, 66)),
}
LAYOUTS = chained(
    {
        "dawn": [Key(0.0, WIDE), Key(3.8, FIELD, 1.0), Key(4.9, SQUARE, 2.4)],
        "goal": [Key(0.0, WIDE, 1.6), Key(goal.SHARES, COLUMNS, 1.0), Key(goal.PARTS, WIDE, 1.0)],
        "relay": [Key(0.0, WIDE)],
        "tradeoff": [Key(0.0, WIDE), Key(tradeoff.SHARES, STACK, 1.2), Key(tradeoff.PARTS, WIDE, 1.2)],
        "disturbances": [
            Key(0.0, WIDE),
            Key(disturbances.STORES - 1.0, {**SHOCK, "stored": STORED}),
            Key(disturbances.HUNGER - 0.4, {**SHOCK, "stored": STORED, "meal": MEAL}, 0.5),
            Key(disturbances.FED_AGAIN + 0.1, {**SHOCK, "meal": MEAL}, 0.5),
            Key(disturbances.SECONDS - 0.9, WIDE),
        ],
        "results": [Key(results.RIBBON[0] - 0.2, RIBBON), Key(results.RIBBON[1] - 0.5, WIDE)],
    }
)
