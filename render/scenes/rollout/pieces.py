"""The pieces on the board: assembling, trying a move, playing it, being answered, becoming the next position."""

from __future__ import annotations

from dataclasses import dataclass

from stagelight.render import theme
from stagelight.render.components import board
from stagelight.render.motion import ease
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout.layout import BOARD, BOARD_PLACE
from stagelight.render.scenes.rollout.step import Step

FALL, EACH, LANDS = 70.0, 0.05, 0.45  # how high a piece comes from; the share of the whole by which each follows; takes


@dataclass(frozen=True)
class Pieces:
    """The progress of what happens on the board; each from 0 to 1."""

    assembled: float = 1.0
    arrows: tuple[tuple[str, float], ...] = ()  # moves considered, and how clear each is
    colour: str = theme.ATTENTION  # of these
    trial: tuple[str, ...] = ()  # moves tried out from the position, both sides', as squares
    tried: float = 0.0  # how many of them are made
    paid: float = 0.0  # the verifier's ring on the trial's end
    played: float = 0.0  # the step's move
    mate: float = 0.0  # the ring on the king that it mates
    answered: float = 0.0
    following: board.Placement | None = None  # the position to come
    followed: float = 0.0
    passing: tuple[board.Placement, board.Placement, float] | None = None  # instead of the step: two positions, share
    ringed: float = 0.0  # the ring on the king that stands mated in the second of these


def draw(pen: Pen, step: Step, state: Pieces) -> None:
    """The pieces of one moment."""
    if state.passing is not None:
        board.morph(pen, *state.passing[:2], *BOARD_PLACE, state.passing[2])
        if state.ringed > 0:
            board.mated(pen, state.passing[1], "k", *BOARD_PLACE, state.ringed)
    elif state.assembled < 1:
        _assemble(pen, step.board, state.assembled)
    elif state.following is not None and state.followed > 0:
        board.morph(pen, _end(step, state), state.following, *BOARD_PLACE, state.followed)
    elif state.tried > 0:
        _trial(pen, step.board, state)
    elif state.played > 0:
        _play(pen, step, state)
    else:
        board.men(pen, step.board, *BOARD_PLACE)
    for uci, alpha in state.arrows:
        if alpha > 0.01:
            board.arrow(pen, uci, *BOARD_PLACE, state.colour, alpha)


def _end(step: Step, state: Pieces) -> board.Placement:
    """The position that the next one comes from."""
    return step.answered if state.played > 0 else step.board


def _assemble(pen: Pen, placed: board.Placement, share: float) -> None:
    """Pieces come down on their squares, one after the other, White's last."""
    order = sorted(placed, key=lambda square: (placed[square].isupper(), -(square // 8), square % 8))
    whole = EACH * (len(order) - 1) + LANDS
    for rank, square in enumerate(order):
        landed = ease(share * whole, EACH * rank, LANDS)
        x, y = board.centre(square, *BOARD_PLACE)
        board.man(pen, placed[square], (x, y - FALL * (1 - landed)), BOARD.width / 8, landed)


def _trial(pen: Pen, placed: board.Placement, state: Pieces) -> None:
    """A line of moves, `tried` of them made."""
    done = min(int(state.tried), len(state.trial))
    for uci in state.trial[:done]:
        placed = board.moved(placed, uci)
    if done < len(state.trial):
        board.travel(pen, placed, state.trial[done], *BOARD_PLACE, state.tried - done)
        return
    lit(pen, state.trial[-1], theme.ATTENTION, state.paid)
    board.men(pen, placed, *BOARD_PLACE)
    if state.paid > 0:
        board.mated(pen, placed, "k", *BOARD_PLACE, state.paid)


def _play(pen: Pen, step: Step, state: Pieces) -> None:
    """The step's move, and the answer."""
    lit(pen, step.played, theme.BELIEF, state.played * (1 - state.answered))
    if state.played < 1:
        board.travel(pen, step.board, step.played, *BOARD_PLACE, state.played)
        return
    if step.reply and 0 < state.answered < 1:
        board.travel(pen, step.after, step.reply, *BOARD_PLACE, state.answered)
    else:
        board.men(pen, step.answered if state.answered >= 1 else step.after, *BOARD_PLACE)
    if step.mated and state.mate > 0:
        board.mated(pen, step.after, "k", *BOARD_PLACE, state.mate)


def lit(pen: Pen, uci: str, colour: str, alpha: float) -> None:
    """The two squares of a move, lit."""
    if alpha > 0.01:
        for name in (uci[:2], uci[2:4]):
            board.light(pen, board.parse_square(name), *BOARD_PLACE, colour, 0.6 * alpha)
