"""A board, one move from mate; the policy network beside it, lit by its real activations."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import board, frame, network
from stagelight.render.motion import ease, px, py, spread
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout.data import Data
from stagelight.render.scenes.rollout.drawing import HERO_BOARD, NETWORK_READS, network_columns, policy_network
from stagelight.render.wording import percent

# Beats, in seconds.
PIECES, EACH_PIECE, LANDS = 0.5, 0.12, 0.6  # the first piece arrives; the next ones; how long one takes
NETWORK = 1.6
READ, READING = 3.0, 3.2  # the board runs through the network
NAMED = 6.0  # its likeliest moves
SECONDS = 9.0

# Layout.
NETWORK_PLACE = network.Place(px(50), py(17.5), px(34), py(58))
NAMES_Y = py(81.5)
FALL = 60  # pixels from which a piece comes down
COLUMNS = 4.2  # of the network lit in the end: all
LIKELIEST = 3
LEADER_GAP, LEADER, WORDS_GAP, WORDS_DROP = 9, 22, 28, 12  # from a move's dot: its line's ends, its words


@reads(*NETWORK_READS)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    return Section(
        name="position",
        step=None,
        title="A position, one move from mate",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=backdrop,
        captions=(
            Cue(0.6, 4.4, "White can mate at once. Nobody shows the network which move."),
            Cue(4.6, SECONDS, "It reads the board and gives every move a probability."),
        ),
        marks=(Cue(0.0, SECONDS, "counter"),),
        still=7.6,
        alt=f"A chess board with {len(data.start)} pieces, White to move and able to mate in one. To its right the "
        "untrained policy network: the pieces, three layers of units, and the legal moves.",
    )


def backdrop(pen: Pen) -> None:
    """Empty board with its coordinates, the names of the network's parts, counter."""
    board.squares(pen, *HERO_BOARD)
    board.coordinates(pen, *HERO_BOARD)
    place = NETWORK_PLACE
    frame.label(pen, "pieces", place.x - 52, NAMES_Y)
    frame.label(pen, "policy network", place.x + place.width / 2 - 126, NAMES_Y)
    frame.label(pen, "legal moves", place.x + place.width - 90, NAMES_Y)
    frame.counter(pen, "step 0")


def paint(data: Data, pen: Pen, t: float) -> None:
    """Pieces take their places; then the board is read into the network, layer by layer."""
    in_order = sorted(data.start.items(), key=lambda piece: (-(piece[0] // 8), piece[0] % 8))
    for order, (square, symbol) in enumerate(in_order):
        arrival = ease(t, PIECES + EACH_PIECE * order, LANDS)
        x, y = board.centre(square, *HERO_BOARD)
        board.man(pen, symbol, (x, y - FALL * (1 - arrival)), HERO_BOARD[2] / 8, arrival)
    policy_network(pen, data, NETWORK_PLACE, reach=COLUMNS * ease(t, READ, READING), alpha=ease(t, NETWORK, 1.0))
    _likeliest_moves(data, pen, ease(t, NAMED, 0.6))


def _likeliest_moves(data: Data, pen: Pen, alpha: float) -> None:
    """The names of the likeliest moves beside their dots, none on top of another."""
    ends = network_columns(data, NETWORK_PLACE)[-1]
    likeliest = [int(move) for move in np.argsort(-data.before, kind="stable")[:LIKELIEST]]
    heights = spread([ends[move][1] for move in likeliest], 1.3 * theme.FLOOR)
    for move, y in zip(likeliest, heights, strict=True):
        x, dot_y = ends[move]
        pen.line((x + LEADER_GAP, dot_y), (x + LEADER, y), theme.HAIRLINE, 2, alpha)
        words = f"{data.unjudged(move)} {percent(data.before[move])}"
        pen.text(words, x + WORDS_GAP, y + WORDS_DROP, theme.FLOOR, font=theme.MONO, alpha=alpha)
