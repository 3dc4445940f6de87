"""A sentence as words that travel, once, into a network; how much each is heeded as the width of its line."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from stagelight.render import theme
from stagelight.render.motion import Box, Point, cut, ease, mix, px, py, swing
from stagelight.render.pen import Pen

SIZE, PAD, GAP, LINE = theme.MUST_READ, 22.0, 16.0, 84.0  # type, margin in a pill, between pills, from line to line
APART = 0.12  # seconds from one word's start to the next one's
THIN, THICK = 1.2, 13.0  # lines of the least and of the most heeded word


def layout(pen: Pen, words: Sequence[str], x: float, y: float, width: float) -> list[Box]:
    """A pill for each word, in lines no wider than `width`. A word too long for a line stands alone on one."""
    boxes: list[Box] = []
    left = x
    for word in words:
        wide = pen.text(word, 0, 0, SIZE, alpha=0) + 2 * PAD
        if left > x and left + wide > x + width:
            left, y = x, y + LINE
        boxes.append(Box(left, y, wide, LINE - GAP))
        left += wide + GAP
    return boxes


def arrived(index: int, t: float, start: float) -> float:
    """The share of its way that a word has travelled, 0 to 1."""
    return ease(t, start + APART * index, theme.WORD_TRAVEL)


def lasts(words: int) -> float:
    """Seconds until the last word has arrived."""
    return APART * (words - 1) + theme.WORD_TRAVEL


def stream(pen: Pen, words: Sequence[str], boxes: Sequence[Box], port: Point, t: float, start: float = 0.0) -> None:
    """The words travel into the port from `start` on; each leaves its outline behind."""
    for index, (word, box) in enumerate(zip(words, boxes, strict=True)):
        with pen.faded(4 * arrived(index, t, start)):  # it is not there before the word has set out
            _pill(pen, word, box, 0.0)
    heat = 0.0
    for index, (word, box) in enumerate(zip(words, boxes, strict=True)):
        share = arrived(index, t, start)
        heat = max(heat, 1 - abs(t - start - APART * index - theme.WORD_TRAVEL) / 0.3)
        if share < 1:
            middle = (box.x + box.width / 2, box.y + box.height / 2)
            size = mix(1.0, theme.FLOOR / SIZE, share)
            before = (port[0] - box.width / 2 * theme.FLOOR / SIZE, port[1])  # so that it touches the port, at last
            x, y = cut(swing(middle, before), share)[-1] if share else middle
            with pen.moved(x, y, size), pen.faded((1 - share) / 0.6):
                _pill(pen, word, Box(-box.width / 2, -box.height / 2, box.width, box.height), 1.0)
    pen.glow(*port, 70, theme.ATTENTION, 0.25 + 0.5 * max(heat, 0.0))
    pen.disc(*port, 11, theme.ATTENTION)


def attention(pen: Pen, boxes: Sequence[Box], heeded: Sequence[float], port: Point, alpha: float = 1.0) -> None:
    """A line from each word to the port, as wide as the word is heeded relative to the most heeded one."""
    most = max(*heeded, 1e-12)
    for box, value in sorted(zip(boxes, heeded, strict=True), key=lambda pair: pair[1]):
        share = value / most
        path = partial(pen.curve, swing((box.x + box.width, box.y + box.height / 2), port))
        path()
        pen.stroke(theme.ATTENTION, mix(THIN, THICK, share), alpha * mix(0.2, 0.7, share))


def _pill(pen: Pen, word: str, box: Box, lit: float) -> None:
    """A word in its pill: amber where lit, else the outline that it left."""
    pen.box(*box, box.height / 2)
    if lit:
        pen.fill(theme.ATTENTION, lit)
    else:
        pen.shade(box.y, box.y + box.height, theme.PANE_HIGH, theme.PANE_LOW)
        pen.box(*box, box.height / 2)
        pen.stroke(theme.ATTENTION_DEEP, 2, 0.8)
    colour = theme.NIGHT if lit else theme.QUIET
    pen.text(word, box.x + PAD, box.y + box.height / 2 + 0.36 * SIZE, SIZE, colour)


def exhibit(pen: Pen, t: float) -> None:
    """A sentence enters a network; the words that it heeds most have the widest lines."""
    words = ("T1", "scan", "from", "above", "with", "a lesion", "on the", "right")
    boxes = layout(pen, words, px(14), py(16), 0)
    port = (px(64), py(47))
    attention(pen, boxes, (0.6, 0.3, 0.05, 0.5, 0.1, 1.0, 0.1, 0.9), port, ease(t, 1.8, 0.5))
    pen.panel(port[0], port[1] - 220, px(22), 440)
    pen.text("network", port[0] + px(11), port[1] + 17, theme.MUST_READ, theme.BELIEF, anchor="middle")
    stream(pen, words, boxes, port, t, 0.1)
