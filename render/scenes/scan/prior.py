"""02: words enter the score network; without any measurement it brings up a plausible stranger."""

from __future__ import annotations

from functools import partial

from render import theme
from render.components import slices, tokens
from render.motion import ease, px, py
from render.pen import Pen
from render.scenes.scan.shown import Shown, arrow, settled
from render.stage import Cue, Section

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
    """What is said and when."""
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
            Cue(4.8, 9.2, "Without a scan it dreams from noise: a stranger."),
            Cue(9.4, 14.0, "Plausible, and nobody. In the ring, no stroke: no word asked for one."),
        ),
        marks=(Cue(0.4, 14.0, "token"), Cue(4.8, 14.0, "belief"), Cue(9.6, 14.0, "lesion")),
        still=12.6,
        alt=f"The words “{shown.sentence}” as pills, with lines into a network as wide as the attention each word "
        f"gets, “{shown.words[most]}” the most. Out of it comes a slice of a brain in a blue frame that is nobody's.",
    )


def backdrop(pen: Pen) -> None:
    """The network: a U of five levels."""
    width, gap, left = px(2.6), px(1.2), PORT[0] + px(2)
    for level, share in enumerate(LEVELS):
        height, x = py(56) * share, left + level * (width + gap)
        pen.panel(x, PORT[1] - height / 2, width, height, radius=10)
        pen.box(x, PORT[1] - height / 2, width, height, 10)
        pen.fill(theme.BELIEF, 0.16)
    pen.text("score network", left + 2.5 * width + 2 * gap, py(83.5), theme.FLOOR, theme.BELIEF, anchor="middle")


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """Words stream in, attention is drawn, the stranger emerges."""
    boxes = tokens.layout(pen, shown.words, px(4), py(20), 0)
    tokens.attention(pen, boxes, [float(v) for v in shown.a["attention"].mean(0)], PORT, ease(t, 2.6, 0.6))
    tokens.stream(pen, shown.words, boxes, PORT, t, 0.5)
    box = shown.box(STRANGER)
    start = (PORT[0] + px(21.5), PORT[1])
    arrow(pen, start, (box.x - 24, PORT[1]), "", ease(t, 4.6, 0.7), theme.BELIEF)
    pictures = shown.grey("stranger_step_axial")
    emerged = settled(t, 5.4, 3.4, len(pictures))
    slices.steps(pen, pictures, emerged, box, ease(t, 5.0, 0.5))
    pen.raster(shown.grey("stranger_axial"), *box, ease(t, 8.8, 0.4))
    slices.belief(pen, box, ease(t, 5.0, 0.5))
    shown.named(pen, box, "a stranger", theme.BELIEF, ease(t, 8.8, 0.5))
    shown.lesion(pen, box, ease(t, 9.8, 0.6))
