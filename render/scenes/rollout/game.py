"""The network that the run ended with plays from the first move, and mates; the board comes to the middle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import board
from stagelight.render.motion import ease, mix
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.rollout import curriculum, group, policy_network
from stagelight.render.scenes.rollout.curriculum import Rewind
from stagelight.render.scenes.rollout.data import NETWORK_READS, OPPONENTS, STEP_READS, Data
from stagelight.render.scenes.rollout.layout import BOARD_PLACE, FINALE, SIDE_X

# Beats, in seconds.
RULER_GOES = 0.1
HOME = (0.2, 0.8)  # pieces that the rewind left on their way go home: from when on, for how long
NAMED = 0.7
FIRST, LAST = 1.2, 6.6  # plies
SLOW_LAST = 3  # plies at the end that are given time
SLOW_FOR = 1.5  # for these
CENTRE, CENTRES = 6.9, 1.3
RING = 6.7
SECONDS = 9.8
SHADE = 0.62  # over the board, in the end

MOVE_SIZE, NAME_Y, MOVE_Y, AGAINST_Y = 92, 400, 500, 600


@dataclass(frozen=True)
class Game:
    """One whole game from the opening; the network plays White."""

    data: Data

    @cached_property
    def san(self) -> list[str]:
        """(P,) its moves in words."""
        return list(self._event["san"])

    @cached_property
    def uci(self) -> list[str]:
        """(P,) as squares."""
        return list(self._event["uci"])

    @cached_property
    def boards(self) -> list[board.Placement]:
        """(P + 1,) before and after each ply."""
        return [board.placement(fen) for fen in self._event["boards"]]

    @property
    def opponent(self) -> str:
        """The other side's way of playing, in words."""
        name = str(self._event["opponent"])
        return OPPONENTS.get(name, f"is {name}")

    @cached_property
    def _event(self) -> dict[str, list[str]]:
        event = self.data.event("showcase")
        assert event is not None, "a recording with a curriculum shows a whole game"
        return dict(event)


@reads(
    *STEP_READS,
    *NETWORK_READS,
    "arrays.game_after",
    "arrays.game_outcome",
    "arrays.frontier_opponent",
    "config.opponents",
    "events.frontier.*",
    "events.rewind.0",
    "events.showcase.0",
    "events.surest_mistake.0",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    game, rewind = Game(Data(recording)), Rewind(Data(recording))
    moves = (len(game.san) + 1) // 2
    return Section(
        name="game",
        step=None,
        title="From the first move",
        seconds=SECONDS,
        paint=partial(paint, game, rewind),
        backdrop=nothing,
        captions=(
            Cue(0.3, 3.9, f"White is the network. Black {game.opponent}."),
            Cue(6.8, SECONDS, f"Mate in {moves} moves. Nothing else was ever paid."),
        ),
        marks=(Cue(RING, SECONDS, "ring"),),
        still=SECONDS - 0.5,
        alt=f"A game of {moves} moves has ended. Black {game.opponent}. Its king is ringed in amber, checkmate.",
    )


def ply(game: Game, t: float) -> tuple[int, float]:
    """The ply that is played at a time, and how far it is."""
    plies = len(game.uci)
    slow = min(SLOW_LAST, plies)
    turn = LAST - SLOW_FOR
    clock = float(np.interp(t, (FIRST, turn, LAST), (0.0, plies - slow, plies)))
    done = min(int(clock), plies - 1)
    return done, 1.0 if t >= LAST else ease(clock - done, 0.1, 0.8)


def paint(game: Game, rewind: Rewind, pen: Pen, t: float) -> None:
    """The ruler goes, the game is played, the board comes to the middle."""
    moved = ease(t, CENTRE, CENTRES)
    x, y, size = (mix(a, b, moved) for a, b in zip(BOARD_PLACE, FINALE, strict=True))
    board.squares(pen, x, y, size)
    with pen.faded(1 - moved) as visible:
        if visible:
            board.coordinates(pen, x, y, size)
    done, share = ply(game, t)
    if t >= FIRST:
        for name in (game.uci[done][:2], game.uci[done][2:4]):
            colour = theme.QUIET if done % 2 else theme.BELIEF
            board.light(pen, board.parse_square(name), x, y, size, colour, 0.6 * (1 - moved))
    if t < FIRST:
        board.morph(pen, rewind.boards[rewind.plies - rewind.deepest], game.boards[0], x, y, size, ease(t, *HOME))
    else:
        board.morph(pen, game.boards[done], game.boards[done + 1], x, y, size, share)
    shade = SHADE * ease(t, CENTRE + 0.5, CENTRES)
    if shade > 0:
        pen.context.rectangle(x, y, size, size)
        pen.fill(theme.NIGHT_DEEP, shade)
    if t >= RING:
        _ring(pen, game.boards[-1], x, y, size, t)
    if shade > 0:
        _in_the_light(game, pen, x, y, size)
    _beside(game, rewind, pen, t, 1 - moved)


def _in_the_light(game: Game, pen: Pen, x: float, y: float, size: float) -> None:
    """The mated king and the piece that mates it, which are not in the dark."""
    placed, giver = game.boards[-1], board.parse_square(game.uci[-1][2:4])
    for square in (giver, *(square for square, symbol in placed.items() if symbol == "k")):
        board.man(pen, placed[square], board.centre(square, x, y, size), size / 8)


def _ring(pen: Pen, placed: board.Placement, x: float, y: float, size: float, t: float) -> None:
    """The verifier's ring, with one wave of light that leaves it."""
    board.mated(pen, placed, "k", x, y, size, ease(t, RING, 0.5))
    at = board.centre(next(square for square, symbol in placed.items() if symbol == "k"), x, y, size)
    wave = min(max((t - CENTRE - CENTRES) / 1.6, 0.0), 1.0)
    if 0 < wave < 1:
        pen.ring(*at, size / 13.5 + 190 * ease(wave, 0, 1), theme.ATTENTION, 5 * (1 - wave), 0.7 * (1 - wave))
    pen.glow(*at, size / 4, theme.ATTENTION, 0.3 * ease(t, CENTRE + CENTRES, 0.8))


def _beside(game: Game, rewind: Rewind, pen: Pen, t: float, alpha: float) -> None:
    """The network, the move that is played; the ruler as it goes."""
    data = game.data
    group.counter(pen, f"step {data.last + 1}")
    with pen.faded(alpha) as visible:
        if not visible:
            return
        step, state = curriculum.network(rewind, curriculum.SECONDS)
        policy_network.draw(pen, data.step(step), state)
        going = 1 - ease(t, RULER_GOES, 0.5)
        curriculum.ruler(rewind, pen, curriculum.plies(rewind, curriculum.SECONDS), going)
        curriculum.beside(rewind, pen, curriculum.SECONDS, going)
        done, _ = ply(game, t)
        named = ease(t, NAMED, 0.4)
        pen.text(f"move {done // 2 + 1}", SIDE_X, NAME_Y, 44, theme.QUIET, alpha=named)
        words = game.san[done].rstrip("#") if t < RING else game.san[done]
        colour = theme.QUIET if done % 2 else theme.TEXT
        pen.text(words, SIDE_X, MOVE_Y, MOVE_SIZE, colour, font=theme.MONO_BOLD, alpha=named)
