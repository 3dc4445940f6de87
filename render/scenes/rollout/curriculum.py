"""The start slides back: from mate in one, ply by ply, to the opening; then one whole game, played to mate."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import board, network
from stagelight.render.motion import ease, mix, px, py
from stagelight.render.pen import Anchor, Pen
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout.games import Game, Starts
from stagelight.render.wording import percent

# Beats, in seconds.
SLIDES, SLID = 0.6, 5.6  # the marker leaves, and arrives
FIRST_PLY, LAST_PLY = 6.1, 9.5  # of the whole game
SECONDS = 11.0

# Layout.
BOARD = (px(30.5), py(17), 590.0)
RULER_LEFT, RULER_RIGHT, RULER_Y = px(6), px(94), py(77)
RULER_NAME_RISE, TICK, TICK_NAME_DROP = 28, 10, 46
FIRST_TICK, LAST_TICK = RULER_LEFT + 30, RULER_RIGHT - 60
LEFT, RIGHT, NUMBERS_RIGHT = px(5), px(66), px(95)  # of what stands beside the board
SURE_NAME_Y, SURE_Y, STRIP_NAME_Y, STRIP = py(30), py(39.5), py(52), (px(5.6), py(56))
STEP_Y, DEPTH_Y, NUMBER_DROP, NUMBER_SIZE = py(30), py(52), py(9.5), 84
PLAYS_Y, MOVE_Y, MOVE_SIZE = py(24), py(33), 64
RATES_NAME_Y, RATES_NAME_LINE, RATES_SIZE = py(24), py(28.5), 44
RATES_TOP, RATES_PITCH = 35.5, 6.9  # percent of the height
RATES = (
    ("random moves", "opening.mate_rate"),
    ("greedy", "opening.greedy.mate_rate"),
    ("one-ply search", "opening.material_1.mate_rate"),
    ("careful", "opening.careful.mate_rate"),
    ("two-ply search", "opening.material_2.mate_rate"),
    ("Stockfish", "opening.stockfish.mate_rate"),
)


@reads(
    "arrays.public_after",
    "arrays.public_board",
    "arrays.public_change",
    "arrays.public_left",
    "arrays.public_move",
    "arrays.public_moves",
    "arrays.slide_depth",
    "arrays.slide_rung",
    "events.showcase.0",
    *(f"facts.{fact}" for _, fact in RATES),
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    starts, game = Starts(recording), Game(recording)
    return Section(
        name="curriculum",
        step=None,
        title="Sliding back",
        seconds=SECONDS,
        paint=partial(paint, starts, game),
        backdrop=partial(backdrop, starts),
        captions=(
            Cue(0.3, 5.7, "Another network. When it mostly mates, its games start further back."),
            Cue(5.9, SECONDS, f"From the opening, against {game.opponent}: mate."),
        ),
        marks=(
            Cue(0.0, SECONDS, "ruler"),
            Cue(0.0, SLID, "counter"),
            Cue(0.0, SLID, "jolt"),
            Cue(LAST_PLY, SECONDS, "ring"),
        ),
        still=SECONDS - 0.5,
        alt=f"A ruler of plies from mate, its marker at the opening. Above it a whole game of {len(game)} plies "
        f"against {game.opponent} has ended in checkmate; the mated king is ringed.",
    )


def backdrop(starts: Starts, pen: Pen) -> None:
    """The empty board and the ruler."""
    board.squares(pen, *BOARD)
    pen.line((RULER_LEFT, RULER_Y), (RULER_RIGHT, RULER_Y), theme.HAIRLINE, 4)
    pen.text("plies from mate at the start", RULER_LEFT, RULER_Y - RULER_NAME_RISE, theme.FLOOR, theme.QUIET)
    for index in range(len(starts.steps)):
        x, name = _ruler_x(starts, index), starts.name(index)
        pen.line((x, RULER_Y - TICK), (x, RULER_Y + TICK), theme.HAIRLINE, 3)
        place, anchor = _tick_name(name, x)
        pen.text(name, place, RULER_Y + TICK_NAME_DROP, theme.FLOOR, theme.QUIET, anchor=anchor)


def _tick_name(name: str, x: float) -> tuple[float, Anchor]:
    """The place of a tick's name: below it, but within the ruler."""
    return (RULER_RIGHT, "end") if name == "opening" else (x, "middle")


def paint(starts: Starts, game: Game, pen: Pen, t: float) -> None:
    """Boards of the run as the marker slides; then the game, ply by ply."""
    clock = float(np.interp(t, (SLIDES, SLID), (0.0, float(len(starts.steps) - 1))))
    index = _marker(starts, pen, clock)
    if t < FIRST_PLY:
        board.men(pen, starts.boards[index], *BOARD)
        board.arrow(pen, starts.likeliest[index], *BOARD, theme.BELIEF, starts.probability[index] ** 0.7)
    else:
        _play(game, pen, t)
    playing = ease(t, FIRST_PLY - 0.3, 0.3)
    with pen.faded(1 - playing) as visible:
        if visible:
            _start(starts, pen, index)
    with pen.faded(playing) as visible:
        if visible:
            _result(starts.recording, game, pen, t)


def _marker(starts: Starts, pen: Pen, clock: float) -> int:
    """The marker on the ruler; returns the start that is shown, which changes where the marker is half way."""
    last = len(starts.steps) - 1
    low = min(int(clock), last)
    x = mix(_ruler_x(starts, low), _ruler_x(starts, min(low + 1, last)), ease(clock - low, 0.4, 0.6))
    pen.line((RULER_LEFT, RULER_Y), (x, RULER_Y), theme.ATTENTION, 5)
    pen.glow(x, RULER_Y, 60, theme.ATTENTION, 0.8)
    pen.ball(x, RULER_Y, 15, theme.ATTENTION)
    return min(int(clock + 0.3), last)


def _ruler_x(starts: Starts, index: int) -> float:
    return mix(FIRST_TICK, LAST_TICK, index / max(1, len(starts.steps) - 1))


def _start(starts: Starts, pen: Pen, index: int) -> None:
    """A start: its step and depth, the policy's likeliest move, what the step changed."""
    _number(pen, "training step", f"{starts.steps[index] + 1:,}".replace(",", " "), STEP_Y, theme.TEXT)
    _number(pen, "plies from mate", starts.name(index), DEPTH_Y, theme.ATTENTION)
    probability = percent(starts.probability[index])
    pen.text("its likeliest move", LEFT, SURE_NAME_Y, theme.FLOOR, theme.QUIET)
    pen.text(probability, LEFT, SURE_Y, NUMBER_SIZE, theme.BELIEF, font=theme.MONO_BOLD)
    pen.text("jolts: weights moved", LEFT, STRIP_NAME_Y, theme.FLOOR, theme.QUIET)
    network.strip(pen, *STRIP, starts.change[index], starts.largest_change)


def _number(pen: Pen, name: str, number: str, y: float, colour: str) -> None:
    pen.text(name, RIGHT, y, theme.FLOOR, theme.QUIET)
    pen.text(number, RIGHT, y + NUMBER_DROP, NUMBER_SIZE, colour, font=theme.MONO_BOLD)


def _play(game: Game, pen: Pen, t: float) -> None:
    """The whole game up to a time, the last move's squares lit."""
    ply, share = _ply(game, t)
    uci = game.uci[ply]
    colour = theme.BELIEF if ply % 2 == 0 else theme.QUIET
    for name in (uci[:2], uci[2:4]):
        board.light(pen, board.parse_square(name), *BOARD, colour, 0.7)
    if share >= 1:
        board.men(pen, game.boards[ply + 1], *BOARD)
    else:
        board.travel(pen, game.boards[ply], uci, *BOARD, share)
    if t >= LAST_PLY:
        board.mated(pen, game.boards[ply + 1], "k", *BOARD, ease(t, LAST_PLY + 0.1, 0.4))


def _result(recording: Recording, game: Game, pen: Pen, t: float) -> None:
    """The move that is played, and how often the opening ends in mate."""
    ply, _ = _ply(game, t)
    move = f"{ply // 2 + 1}.{'..' if ply % 2 else ''} {game.san[ply]}"
    pen.text("the policy plays White", LEFT, PLAYS_Y, theme.FLOOR, theme.QUIET)
    pen.text(move, LEFT, MOVE_Y, MOVE_SIZE, theme.TEXT, font=theme.MONO_BOLD)
    alpha = ease(t, LAST_PLY, 0.5)
    pen.text("games mated from", RIGHT, RATES_NAME_Y, theme.FLOOR, theme.QUIET, alpha=alpha)
    pen.text("the opening", RIGHT, RATES_NAME_LINE, theme.FLOOR, theme.QUIET, alpha=alpha)
    for row, (name, fact) in enumerate(RATES):
        y, rate = py(RATES_TOP + RATES_PITCH * row), recording.fact(fact)
        colour = theme.ATTENTION if rate > 0.5 else theme.QUIET
        pen.text(name, RIGHT, y, theme.FLOOR, theme.TEXT, alpha=alpha)
        pen.text(f"{100 * rate:.0f} %", NUMBERS_RIGHT, y, RATES_SIZE, colour, font=theme.MONO_BOLD, anchor="end",
                 alpha=alpha)  # fmt: skip


def _ply(game: Game, t: float) -> tuple[int, float]:
    """The ply that is played at a time, and how far it is, 0 to 1."""
    clock = float(np.interp(t, (FIRST_PLY, LAST_PLY), (0.0, float(len(game)))))
    ply = min(int(clock), len(game) - 1)
    return ply, 1.0 if t >= LAST_PLY else ease(clock - ply, 0.0, 0.75)
