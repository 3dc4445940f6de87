"""The scan's parts on one stage: what was measured, the words that condition the prior, and the slice between them."""

from __future__ import annotations

from stagelight.render import theme
from stagelight.render.components import frame, kcube, phantom, slices, tokens
from stagelight.render.motion import Box, ease, px, py
from stagelight.render.pen import Pen

STEPS = 12
SENTENCE = ("T1", "from above", "lesion on the right")


def exhibit(pen: Pen, t: float) -> None:
    """One hero, the slice: measurements reach it from the left, words from below them."""
    frame.header(pen, "SCAN · EXAMPLE", "Echoes and words become a picture")
    mask = phantom.mask()
    cube = kcube.swaying(px(26), py(46.5), py(21), t)
    kcube.edges(pen, cube)
    kcube.rods(pen, cube, mask, kcube.outward(mask.shape, t, 0.2, 1.2))
    hero = Box(px(96) - py(69), py(18), py(69), py(69))
    slices.steps(pen, slices.Window(0, 0.95).grey(phantom.guesses(STEPS)), (STEPS - 1) * ease(t, 0.8, 2.8), hero)
    slices.belief(pen, hero)
    port = (hero.x, py(68))
    boxes = tokens.layout(pen, SENTENCE, px(4), py(82), px(50))
    tokens.stream(pen, SENTENCE, boxes, port, t, 0.3)
    pen.text("measured", px(25), py(78), theme.FLOOR, theme.MEASURED, anchor="middle")
    pen.text("the model's belief", hero.x, hero.y + hero.height + 50, theme.FLOOR, theme.BELIEF)
