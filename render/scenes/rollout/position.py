"""A board, one move from mate; the policy network beside it, lit by its real activations."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.render import theme
from stagelight.render.components import board, frame, network
from stagelight.render.motion import ease, px, py, spread
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout.shown import BIG, Shown, percent
from stagelight.render.stage import Cue, Section

NET = network.Place(px(50), py(17.5), px(34), py(58))


def section(shown: Shown) -> Section:
    """Build the section: its captions, marks, still and description."""
    return Section(
        name="position",
        step=None,
        title="A position, one move from mate",
        seconds=9.0,
        paint=partial(paint, shown),
        backdrop=partial(backdrop, shown),
        captions=(
            Cue(0.6, 4.4, "White can mate at once. Nobody shows the network which move."),
            Cue(4.6, 9.0, "It reads the board and gives every move a probability."),
        ),
        marks=(Cue(0.0, 9.0, "counter"),),
        still=7.6,
        alt=f"A chess board with {len(shown.start)} pieces, White to move and able to mate in one. To its right the "
        "untrained policy network: the pieces, three layers of units, and the legal moves.",
    )


def backdrop(shown: Shown, pen: Pen) -> None:
    """Empty board with its coordinates, the names of the network's ends, counter."""
    board.squares(pen, *BIG)
    board.coordinates(pen, *BIG)
    frame.label(pen, "pieces", NET.x - 52, py(81.5))
    frame.label(pen, "policy network", NET.x + NET.width / 2 - 126, py(81.5))
    frame.label(pen, "legal moves", NET.x + NET.width - 90, py(81.5))
    shown.counter(pen, "step 0")


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """Men take their places; then the board is read into the network, layer by layer."""
    for order, (square, symbol) in enumerate(sorted(shown.start.items(), key=lambda man: (-(man[0] // 8), man[0] % 8))):
        arrive = ease(t, 0.5 + 0.12 * order, 0.6)
        x, y = board.centre(square, *BIG)
        board.man(pen, symbol, (x, y - 60 * (1 - arrive)), BIG[2] / 8, arrive)
    shown.network(pen, NET, reach=4.2 * ease(t, 3.0, 3.2), alpha=ease(t, 1.6, 1.0))
    ends, named = shown.columns(NET)[-1], ease(t, 6.0, 0.6)
    likeliest = [int(index) for index in np.argsort(-shown.before, kind="stable")[:3]]
    heights = spread([ends[index][1] for index in likeliest], 1.3 * theme.FLOOR)
    for index, y in zip(likeliest, heights, strict=True):
        words, x = f"{shown.bare(index)} {percent(shown.before[index])}", ends[index][0]
        pen.line((x + 9, ends[index][1]), (x + 22, y), theme.HAIRLINE, 2, named)
        pen.text(words, x + 28, y + 12, theme.FLOOR, font=theme.MONO, alpha=named)
