"""A worker's recorded words in a bubble at their head, with a picture of the thing that they speak of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from stagelight.render import theme, typeset
from stagelight.render.components.village import bubble, goods
from stagelight.render.components.village.coins import coins
from stagelight.render.components.village.goods import Good
from stagelight.render.components.village.rabbit import rabbit
from stagelight.render.components.village.villager import CHILDREN, villager
from stagelight.render.components.village.windmill import sails
from stagelight.render.motion import Box, Point, px, py, swing
from stagelight.render.pen import Pen
from stagelight.render.scenes.village.camera import View
from stagelight.render.scenes.village.data import AGENTS, Run
from stagelight.render.scenes.village.paths import position

BECAUSE = "because "  # what the model writes between its action and its reason
HEAD = 150.0  # pixels of the town: a worker's mouth above the ground
HEIGHT, ICON, GAP, TAIL = 168.0, 116.0, 40.0, 24.0  # of a bubble; of its picture; between it and the mouth, and least
TOP, LEFT, RIGHT = py(16.5), px(25), px(79)  # within what the upright cut shows
WIDEST = RIGHT - LEFT
DROP, LABEL = 62.0, 640.0  # pixels: of what would have been done, below the ear; and the longest of it
PLAIN = {
    "wait": "wait", "farm": "cut wheat", "guard": "chase rabbits", "haul_wheat": "cart wheat", "mill": "grind",
    "haul_flour": "cart flour", "bake": "bake", "serve": "bring bread", "bank": "store flour", "draw": "fetch flour",
    "sell": "sell flour", "buy": "buy bread", "invest": "buy tools",
}  # fmt: skip
THINGS: Mapping[str, Good] = {
    "ripe": "sheaf", "cut_wheat": "sheaf", "mill_wheat": "sheaf", "mill_flour": "sack", "bakery_flour": "sack",
    "granary": "sack", "bakery_bread": "loaf", "square_bread": "loaf",
}  # fmt: skip


def drawn(thing: object) -> bool:
    """True for a fact that there is a picture of."""
    return thing in THINGS or thing in OTHERS


def words(event: Mapping[str, Any]) -> str:
    """The words that were said: the reason, or without one what of the message to the others is more than numbers."""
    reason = str(event.get("reason", ""))
    if reason and "fact" in event:
        return BECAUSE + reason
    return reason or " ".join(word for word in str(event.get("message", "")).split() if "=" not in word)


def says(pen: Pen, run: Run, event: Mapping[str, Any], now: float, view: View, alpha: float) -> None:
    """A worker's words at a clock, as the camera sees them; nothing where nothing was said."""
    text, thing = words(event), event.get("fact")
    if not text or alpha <= 0:
        return
    (x, y), *_ = position(run, AGENTS.index(event["agent"]), now)
    mouth = view.at((x, y - HEAD))
    picture = ICON if drawn(thing) else 0.0
    head = f"{event['agent']}, {event['author']}: {PLAIN[event['action']]}"
    longest = max(bubble.width(bubble.plain(text)), typeset.advance(head, theme.MONO) * bubble.SIZE)
    width = min(longest + 2 * bubble.PAD + picture + 4, WIDEST)
    tall = HEIGHT if width < WIDEST else HEIGHT + 2 * bubble.LEADING
    left = min(max(mouth[0] - width / 3, LEFT), RIGHT - width)
    box = Box(left, max(mouth[1] - GAP - tall, TOP), width, tall)
    mouth = mouth[0], max(mouth[1], box.y + tall + TAIL)
    bubble.bubble(pen, text, event["author"], box, mouth, alpha, spare=picture, head=head)
    with pen.faded(alpha):
        pictogram(pen, thing, (left + width - bubble.PAD - 0.36 * ICON, box.y + tall / 2))


def heard(
    pen: Pen, run: Run, event: Mapping[str, Any], swayed: Mapping[str, Any], now: float, view: View, alpha: float
) -> None:
    """Words reach another, who would have done something else without them."""
    if alpha <= 0:
        return
    mouth, ear = (
        view.at((x, y - HEAD)) for (x, y), *_ in (position(run, AGENTS.index(e["agent"]), now) for e in (event, swayed))
    )
    ear = ear[0], max(ear[1], TOP + py(12))
    pen.beam(partial(pen.curve, swing(mouth, ear)), theme.ATTENTION, 4, 0.8 * alpha)
    pen.glow(*ear, 40, theme.ATTENTION, 0.6 * alpha)
    words = f"had it not heard: {PLAIN[swayed['instead']]}"
    middle = min(max(ear[0], LEFT + LABEL / 2), RIGHT - LABEL / 2)
    pen.text(words, middle, ear[1] + DROP, theme.FLOOR, theme.ATTENTION, font=theme.SANS_STRONG, anchor="middle",
             alpha=alpha)  # fmt: skip


def pictogram(pen: Pen, thing: object, at: Point) -> None:
    """The thing that a fact is about; nothing for one that cannot be drawn."""
    x, y = at
    if isinstance(thing, str) and thing in THINGS:
        goods.good(pen, THINGS[thing], x, y + 4, 1.0, 3.4)
    elif thing in {"wind", "omen"}:
        sails(pen, x, y, 0.06, 0.5)
    elif thing == "rabbits":
        rabbit(pen, x - 6, y + 26, 0, 0.9, 2.3)
    elif thing in {"coins", "price"}:
        coins(pen, x - 16, y + 24, 32, 2.0)
    elif thing == "mouths":
        villager(pen, x, y + 44, CHILDREN[0], size=1.9)


OTHERS = {"wind", "omen", "rabbits", "coins", "price", "mouths"}


def exhibit(pen: Pen, t: float) -> None:
    """Every picture of a fact."""
    for column, thing in enumerate((*THINGS, *sorted(OTHERS))):
        pictogram(pen, thing, (px(6 + 6.5 * column), py(50)))
        pen.text(thing[:4], px(6 + 6.5 * column), py(64), theme.FLOOR, theme.QUIET, anchor="middle")
