"""02: words enter the score network; without any measurement it brings up a plausible stranger."""

from __future__ import annotations

from functools import partial

from stagelight.render import theme
from stagelight.render.components import slices, tokens
from stagelight.render.motion import Box, ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.scan.shown import Shown, arrow, settled
from stagelight.render.stage import Cue, Section

END = {
    "brain": "Plausible, and nobody.",
    "head": "The outline of a head, and nobody in it.",
    "texture": "It comes up with texture and no brain.",
}
RING = {"brain": " In the ring, no stroke: no word asked for one.", "head": " No stroke in the ring.",
        "texture": " In the ring: nothing."}  # fmt: skip
SEEN = {
    "brain": "a slice of a brain that is nobody's.",
    "head": "the outline of a head with something like folds in it, nobody's.",
    "texture": "texture that is no brain.",
}
STRANGER = (px(62), py(17), px(34), py(62))
PORT = (px(33.5), py(48))
LEVELS = (
    0.86,
    0.62,
    0.4,
    0.62,
    0.86,
)  # heights of the network's levels: half, quarter, eighth of the resolution, and back


def section(shown: Shown) -> Section:
    """Build the section: its captions, marks, still and description."""
    most = max(range(len(shown.words)), key=lambda k: float(shown.a["attention"].mean(0)[k]))
    return Section(
        name="prior",
        step="02",
        title="Multimodal prior: words and a scan",
        seconds=14.0,
        paint=partial(paint, shown),
        backdrop=backdrop,
        captions=(
            Cue(0.4, 4.6, "A score network has learnt brains. Words tell it which kind."),
            Cue(4.8, 9.2, "This one is shown no scan: from noise, it can only dream."),
            Cue(9.4, 14.0, END[shown.dreamt] + RING[shown.dreamt] * shown.ringed),
        ),
        marks=(Cue(0.4, 14.0, "token"), Cue(4.8, 14.0, "belief"), Cue(9.6, 14.0, "lesion")),
        still=12.6,
        alt=f"The words “{shown.sentence}” as pills, with lines into a network as wide as the attention each word "
        f"gets, “{shown.words[most]}” the most. Out of it comes, in a blue frame, " + SEEN[shown.dreamt],
    )


def backdrop(pen: Pen) -> None:
    """The network at rest, and its name."""
    _network(pen, 0.14)
    box = _level(2)
    pen.text("score network", box.x + box.width / 2, py(83.5), theme.FLOOR, theme.BELIEF, anchor="middle")


def _level(level: int) -> Box:
    """The box of one of the network's levels."""
    width, gap, height = px(2.5), px(1.5), py(56) * LEVELS[level]
    return Box(PORT[0] + px(2) + level * (width + gap), PORT[1] - height / 2, width, height)


def _network(pen: Pen, lit: float) -> None:
    """A U of five levels, each joined to the one of its own resolution on the way up."""
    for level in range(len(LEVELS) // 2):
        left, right = _level(level), _level(len(LEVELS) - 1 - level)
        a, b = (left.x + left.width / 2, left.y), (right.x + right.width / 2, right.y)
        pen.curve((a, (a[0], a[1] - 50), (b[0], b[1] - 50), b))
        pen.stroke(theme.BELIEF, 2.5, 0.15 + 0.8 * lit)
    for level in range(len(LEVELS)):
        box = _level(level)
        pen.panel(*box, radius=10)
        pen.box(*box, 10)
        pen.shade(box.y, box.y + box.height, theme.BELIEF, theme.BELIEF, lit, 0.5)


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """Words stream in, attention is drawn, the stranger emerges."""
    lit = ease(t, 0.5 + tokens.lasts(len(shown.words)), 1.2)
    if lit > 0:
        _network(pen, 0.14 + 0.3 * lit)
    boxes = tokens.layout(pen, shown.words, px(4), PORT[1] - tokens.LINE * len(shown.words) / 2, 0)
    tokens.attention(pen, boxes, [float(v) for v in shown.a["attention"].mean(0)], PORT, ease(t, 2.6, 0.6))
    tokens.stream(pen, shown.words, boxes, PORT, t, 0.5)
    box = shown.box(STRANGER)
    last = _level(len(LEVELS) - 1)
    start = (last.x + last.width + 20, PORT[1])
    arrow(pen, start, (box.x - 24, PORT[1]), "", ease(t, 4.6, 0.7), theme.BELIEF)
    pictures = shown.grey("stranger_step_axial")
    emerged = settled(t, 5.4, 3.4, len(pictures))
    slices.steps(pen, pictures, emerged, box, ease(t, 5.0, 0.5))
    pen.raster(shown.grey("stranger_axial"), *box, ease(t, 8.8, 0.4))
    slices.belief(pen, box, ease(t, 5.0, 0.5))
    shown.named(pen, box, f"a {shown.dream}", theme.BELIEF, ease(t, 8.8, 0.5))
    shown.lesion(pen, box, ease(t, 9.8, 0.6))
