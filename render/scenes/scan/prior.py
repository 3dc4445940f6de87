"""02: words enter the networks that know what heads look like; without any measurement they dream."""

from __future__ import annotations

from functools import partial

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import slices, tokens
from stagelight.render.motion import Box, ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.scan import drawing, undersample
from stagelight.render.scenes.scan.data import LESION_READS, Data

# Beats, in seconds.
BEFORE = 0.7  # what the section before left goes
WORDS, LIGHTS = 0.9, 1.2  # the first word sets out; after the last one the network lights up for so long
ATTENTION = 2.8
FRAME = 4.2
EMERGES, EMERGING = 4.6, 4.6
RING = 9.6
LEAVES = 0.8  # before the end, all of it goes but the picture's noise
SECONDS = 13.0

# Layout.
WORDS_LEFT = px(4)
PORT = (px(30.5), py(48))  # where words enter the network
LEVELS = (0.86, 0.62, 0.4, 0.62, 0.86)  # heights of the network's levels: half, quarter, eighth of the resolution
LEVEL_WIDTH, LEVEL_GAP, LEVEL_HEIGHT, FIRST_LEVEL, LEVEL_RADIUS = px(2.0), px(1.1), py(50), PORT[0] + px(2), 10
SKIP = 50  # how high the links between levels of one resolution rise
REST, LIT = 0.14, 0.3  # light of the network at rest; what is added as words enter
NAME_Y = py(82)
PLACES = {
    "axial": (px(51), py(16.5), px(28), py(64)),
    "coronal": (px(80.5), py(16.5), px(16), py(31)),
    "sagittal": (px(80.5), py(49.5), px(16), py(31)),
}

END = {True: "The outline of a head, and nobody in it.", False: "What comes up is no head."}
RINGED = {True: " In the ring, no stroke.", False: ""}


@reads(
    *LESION_READS,
    "arrays.attention",
    "arrays.dream_step_axial",
    "arrays.dream_step_coronal",
    "arrays.dream_step_sagittal",
    "arrays.kplane_full",
    "arrays.mask",
    "arrays.reference_axial",
    "arrays.reference_coronal",
    "arrays.reference_sagittal",
    "arrays.zero_filled_axial",
    "events.prompt.0",
    "facts.dream.contrast",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    most = max(range(len(data.words)), key=data.attention.__getitem__)
    return Section(
        name="prior",
        step="02",
        title="Prior: what brains look like",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        captions=(
            Cue(0.3, 4.2, "Two networks have learnt from other people's heads."),
            Cue(4.4, 8.9, "Told these words and nothing else, from noise they dream:"),
            Cue(9.1, SECONDS - 0.5, END[data.is_head] + RINGED[data.is_head and data.has_lesion]),
        ),
        marks=(Cue(0.9, SECONDS, "token"), Cue(4.2, SECONDS, "belief"), Cue(RING, SECONDS, "lesion")),
        still=11.2,
        alt=f"The words “{data.sentence}” as pills, with lines into a network as wide as the attention each word "
        f"gets, “{data.words[most]}” the most. Out of it come, in blue frames, three slices of "
        + ("the outline of a head that is nobody's." if data.is_head else "something that is no head."),
    )


def paint(data: Data, pen: Pen, t: float) -> None:
    """Words stream in, attention is drawn, the dream emerges."""
    undersample.end(data, pen, 1 - ease(t, 0.0, BEFORE))
    here = ease(t, 0.4, 0.6) * (1 - ease(t, SECONDS - LEAVES, LEAVES - 0.1))
    with pen.faded(here):
        lit = ease(t, WORDS + tokens.lasts(len(data.words)), LIGHTS)
        _network(pen, REST + LIT * lit)
        middle = _level(len(LEVELS) // 2)
        pen.text("networks", middle.x + middle.width / 2, NAME_Y, theme.FLOOR, theme.BELIEF, anchor="middle")
        top = PORT[1] - tokens.LINE * len(data.words) / 2
        boxes = tokens.layout(pen, data.words, WORDS_LEFT, top, 0)
        tokens.attention(pen, boxes, data.attention, PORT, ease(t, ATTENTION, 0.6))
        tokens.stream(pen, data.words, boxes, PORT, t, WORDS)
        _dream(data, pen, t)


def _dream(data: Data, pen: Pen, t: float) -> None:
    """The pictures that the networks make of noise and words, step by step."""
    framed = ease(t, FRAME, 0.5)
    for plane, place in PLACES.items():
        box, pictures = drawing.box(data, place, plane), data.picture(f"dream_step_{plane}")
        slices.steps(pen, pictures, drawing.playing(t, EMERGES, EMERGING, len(pictures)), box, framed)
        slices.belief(pen, box, framed)
    axial = drawing.box(data, PLACES["axial"])
    drawing.name_below(pen, axial, "a dream", theme.BELIEF, framed)
    drawing.lesion(pen, data, axial, ease(t, RING, 0.6))


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
