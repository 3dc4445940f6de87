"""02: words enter the score network; without any measurement it brings up a plausible stranger."""

from __future__ import annotations

from functools import partial

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import slices, tokens
from stagelight.render.motion import Box, ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.scan import drawing
from stagelight.render.scenes.scan.data import LESION_READS, Data

# Beats, in seconds.
WORDS, LIGHTS = 0.5, 1.2  # the first word sets out; after the last one the network lights up for so long
ATTENTION = 2.6
OUT, FRAME = 4.6, 5.0  # the arrow to the picture; its frame
EMERGES, EMERGING = 5.4, 3.4
DONE, RING = 8.8, 9.8
SECONDS = 14.0

# Layout.
WORDS_LEFT = px(4)
PORT = (px(33.5), py(48))  # where words enter the network
LEVELS = (0.86, 0.62, 0.4, 0.62, 0.86)  # heights of the network's levels: half, quarter, eighth of the resolution
LEVEL_WIDTH, LEVEL_GAP, LEVEL_HEIGHT, FIRST_LEVEL, LEVEL_RADIUS = px(2.5), px(1.5), py(56), PORT[0] + px(2), 10
SKIP = 50  # how high the links between levels of one resolution rise
REST, LIT = 0.14, 0.3  # light of the network at rest; what is added as words enter
NAME_Y = py(83.5)
PICTURE = (px(62), py(17), px(34), py(62))
ARROW_START, ARROW_END = 20, 24  # gaps

END = {
    "brain": "Plausible, and nobody.",
    "head": "The outline of a head, and nobody in it.",
    "texture": "It comes up with texture and no brain.",
}
RINGED = {
    "brain": " In the ring, no stroke: no word asked for one.",
    "head": " No stroke in the ring.",
    "texture": " In the ring: nothing.",
}
ALT = {
    "brain": "a slice of a brain that is nobody's.",
    "head": "the outline of a head with something like folds in it, nobody's.",
    "texture": "texture that is no brain.",
}


@reads(
    *LESION_READS,
    "arrays.attention",
    "arrays.reference_axial",
    "arrays.stranger_axial",
    "arrays.stranger_step_axial",
    "events.prompt.0",
    "facts.stranger.contrast",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    most = max(range(len(data.words)), key=data.attention.__getitem__)
    return Section(
        name="prior",
        step="02",
        title="Multimodal prior: words and a scan",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=backdrop,
        captions=(
            Cue(0.4, 4.6, "A score network has learnt brains. Words tell it which kind."),
            Cue(4.8, 9.2, "This one is shown no scan: from noise, it can only dream."),
            Cue(9.4, SECONDS, END[data.dream] + RINGED[data.dream] * data.has_lesion),
        ),
        marks=(Cue(0.4, SECONDS, "token"), Cue(4.8, SECONDS, "belief"), Cue(9.6, SECONDS, "lesion")),
        still=12.6,
        alt=f"The words “{data.sentence}” as pills, with lines into a network as wide as the attention each word "
        f"gets, “{data.words[most]}” the most. Out of it comes, in a blue frame, " + ALT[data.dream],
    )


def backdrop(pen: Pen) -> None:
    """The network at rest, and its name."""
    _network(pen, REST)
    middle = _level(len(LEVELS) // 2)
    pen.text("score network", middle.x + middle.width / 2, NAME_Y, theme.FLOOR, theme.BELIEF, anchor="middle")


def paint(data: Data, pen: Pen, t: float) -> None:
    """Words stream in, attention is drawn, the stranger emerges."""
    lit = ease(t, WORDS + tokens.lasts(len(data.words)), LIGHTS)
    if lit > 0:
        _network(pen, REST + LIT * lit)
    top = PORT[1] - tokens.LINE * len(data.words) / 2
    boxes = tokens.layout(pen, data.words, WORDS_LEFT, top, 0)
    tokens.attention(pen, boxes, data.attention, PORT, ease(t, ATTENTION, 0.6))
    tokens.stream(pen, data.words, boxes, PORT, t, WORDS)
    _stranger(data, pen, t)


def _stranger(data: Data, pen: Pen, t: float) -> None:
    """The picture that the network makes of noise and words, step by step."""
    box, last = drawing.box(data, PICTURE), _level(len(LEVELS) - 1)
    start, end = (last.x + last.width + ARROW_START, PORT[1]), (box.x - ARROW_END, PORT[1])
    drawing.arrow(pen, start, end, "", ease(t, OUT, 0.7), theme.BELIEF)
    pictures = data.picture("stranger_step_axial")
    slices.steps(pen, pictures, drawing.playing(t, EMERGES, EMERGING, len(pictures)), box, ease(t, FRAME, 0.5))
    pen.raster(data.picture("stranger_axial"), *box, ease(t, DONE, 0.4))
    slices.belief(pen, box, ease(t, FRAME, 0.5))
    drawing.name_below(pen, box, f"a {data.dream_name}", theme.BELIEF, ease(t, DONE, 0.5))
    drawing.lesion(pen, data, box, ease(t, RING, 0.6))


def _level(level: int) -> Box:
    """The place of one of the network's levels."""
    height = LEVEL_HEIGHT * LEVELS[level]
    return Box(FIRST_LEVEL + level * (LEVEL_WIDTH + LEVEL_GAP), PORT[1] - height / 2, LEVEL_WIDTH, height)


def _network(pen: Pen, lit: float) -> None:
    """A U of five levels, each joined to the one of its own resolution on the way up."""
    for level in range(len(LEVELS) // 2):
        left, right = _level(level), _level(len(LEVELS) - 1 - level)
        a, b = (left.x + left.width / 2, left.y), (right.x + right.width / 2, right.y)
        pen.curve((a, (a[0], a[1] - SKIP), (b[0], b[1] - SKIP), b))
        pen.stroke(theme.BELIEF, 2.5, 0.15 + 0.8 * lit)
    for level in range(len(LEVELS)):
        box = _level(level)
        pen.panel(*box, radius=LEVEL_RADIUS)
        pen.box(*box, LEVEL_RADIUS)
        pen.shade(box.y, box.y + box.height, theme.BELIEF, theme.BELIEF, lit, 0.5)
