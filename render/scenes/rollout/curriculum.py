"""The start slides back: from mate in one, ply by ply, to the opening; then one whole game, played to mate."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from stagelight.render import theme
from stagelight.render.components import board, network
from stagelight.render.motion import ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout.shown import Shown, percent
from stagelight.render.stage import Cue, Section

SECONDS, SLID, BEGUN, DONE = 11.0, 5.6, 6.1, 9.5  # the end; the marker's arrival; the whole game's first and last ply
BOARD = (px(30.5), py(17), 590.0)
RULER_Y, LEFT, RIGHT = py(77), px(6), px(94)
OPPONENTS = {
    "random": "random moves",
    "greedy": "a greedy capturer",
    "careful": "a capturer that avoids mate in one",
    "material_1": "a one-ply search",
    "material_2": "a two-ply search",
}


class Slide:
    """The first game in public from each depth at which training came to start, nearest to mate first."""

    def __init__(self, shown: Shown) -> None:
        arrays, events = shown.recording.arrays, shown.recording.events
        self.shown, self.game = shown, next(event for event in events if event["kind"] == "showcase")
        self.rate = shown.recording.fact("opening.mate_rate")
        depth, rung = arrays["slide_depth"], arrays["slide_rung"]
        left, moves = arrays["public_left"], arrays["public_moves"]
        self.steps: list[int] = []
        self.depths: list[int] = []
        for level in sorted({int(d) for d in depth[rung == 0]}):
            found = np.flatnonzero((moves == 0) & (left <= level) & (left > (self.depths[-1] if self.depths else 0)))
            found = found[found >= int(np.argmax(depth == level))]
            if len(found):
                self.steps.append(int(found[0]))
                self.depths.append(int(left[found[0]]))
        # A depth that the frontier came back to later, against a harder opponent, is left out: steps only rise.
        kept = [at for at, step in enumerate(self.steps) if step < min(self.steps[at + 1 :], default=step + 1)]
        self.steps, self.depths = [self.steps[at] for at in kept], [self.depths[at] for at in kept]
        rows = [arrays["public_board"][step] for step in self.steps]
        self.boards = [_placed(row) for row in rows]
        self.best = [
            _uci(int(arrays["public_move"][s][0]), int(row[64])) for s, row in zip(self.steps, rows, strict=True)
        ]
        self.sure = [float(arrays["public_after"][step][0]) for step in self.steps]
        self.change = [arrays["public_change"][step].astype(float) for step in self.steps]
        self.widest = float(arrays["public_change"][0].max())  # the largest ring: the first step's largest change
        self.ends = [board.placement(end) for end in self.game["boards"]]

    def name(self, index: int) -> str:
        """A depth as printed."""
        return "opening" if self.depths[index] > 300 else str(self.depths[index])


def section(shown: Shown) -> Section:
    """What is said and when."""
    slide = Slide(shown)
    against = OPPONENTS[slide.game["opponent"]]
    plies = len(slide.game["uci"])
    return Section(
        name="curriculum",
        step=None,
        title="Sliding back",
        seconds=SECONDS,
        paint=partial(paint, slide),
        backdrop=partial(backdrop, slide),
        captions=(
            Cue(0.3, 5.7, "Another network. When it mostly mates, its games start further back."),
            Cue(5.9, SECONDS, f"From the opening, against {against}: mate."),
        ),
        marks=(
            Cue(0.0, SECONDS, "ruler"),
            Cue(0.0, SLID, "counter"),
            Cue(0.0, SLID, "jolt"),
            Cue(DONE, SECONDS, "ring"),
        ),
        still=SECONDS - 0.5,
        alt=f"A ruler of plies from mate, its marker at the opening. Above it a whole game of {plies} plies against "
        f"{against} has ended in checkmate; the mated king is ringed.",
    )


def backdrop(slide: Slide, pen: Pen) -> None:
    """The empty board and the ruler."""
    board.squares(pen, *BOARD)
    pen.line((LEFT, RULER_Y), (RIGHT, RULER_Y), theme.HAIRLINE, 4)
    pen.text("plies from mate at the start", LEFT, RULER_Y - 28, theme.FLOOR, theme.QUIET)
    for index in range(len(slide.steps)):
        pen.line((_x(slide, index), RULER_Y - 10), (_x(slide, index), RULER_Y + 10), theme.HAIRLINE, 3)
        name = slide.name(index)
        anchor: Any = "end" if name == "opening" else "middle"
        at = RIGHT if name == "opening" else _x(slide, index)
        pen.text(name, at, RULER_Y + 46, theme.FLOOR, theme.QUIET, anchor=anchor)


def paint(slide: Slide, pen: Pen, t: float) -> None:
    """Boards of the run as the marker slides; then the game, ply by ply."""
    last = len(slide.steps) - 1
    clock = float(np.interp(t, (0.6, SLID), (0.0, float(last))))
    low = min(int(clock), last)
    x = mix(_x(slide, low), _x(slide, min(low + 1, last)), ease(clock - low, 0.4, 0.6))
    index = min(int(clock + 0.3), last)  # the board changes where the marker is half way
    pen.line((LEFT, RULER_Y), (x, RULER_Y), theme.ATTENTION, 5)
    pen.glow(x, RULER_Y, 60, theme.ATTENTION, 0.8)
    pen.ball(x, RULER_Y, 15, theme.ATTENTION)
    playing = ease(t, BEGUN - 0.3, 0.3)
    if t < BEGUN:
        board.men(pen, slide.boards[index], *BOARD)
        board.arrow(pen, slide.best[index], *BOARD, theme.BELIEF, slide.sure[index] ** 0.7)
    else:
        _play(slide, pen, t)
    with pen.faded(1 - playing) as seen:
        if seen:
            _count(pen, "training step", f"{slide.steps[index] + 1:,}".replace(",", " "), py(30), theme.TEXT)
            _count(pen, "plies from mate", slide.name(index), py(52), theme.ATTENTION)
            pen.text("its likeliest move", px(5), py(30), theme.FLOOR, theme.QUIET)
            pen.text(percent(slide.sure[index]), px(5), py(39.5), 84, theme.BELIEF, font=theme.MONO_BOLD)
            pen.text("jolts: weights moved", px(5), py(52), theme.FLOOR, theme.QUIET)
            network.strip(pen, px(5.6), py(56), slide.change[index], slide.widest)
    with pen.faded(playing) as seen:
        if seen:
            _result(slide, pen, t)


def _play(slide: Slide, pen: Pen, t: float) -> None:
    """The whole game up to a time, the last move's squares lit."""
    plies = len(slide.game["uci"])
    clock = float(np.interp(t, (BEGUN, DONE), (0.0, float(plies))))
    ply = min(int(clock), plies - 1)
    share = 1.0 if t >= DONE else ease(clock - ply, 0.0, 0.75)
    uci, after = slide.game["uci"][ply], slide.ends[ply + 1]
    colour = theme.BELIEF if ply % 2 == 0 else theme.QUIET
    for name in (uci[:2], uci[2:4]):
        board.light(pen, ord(name[0]) - 97 + 8 * (int(name[1]) - 1), *BOARD, colour, 0.7)
    if share >= 1:
        board.men(pen, after, *BOARD)
    else:
        board.travel(pen, slide.ends[ply], uci, *BOARD, share)
    if t >= DONE:
        board.mated(pen, after, "k", *BOARD, ease(t, DONE + 0.1, 0.4))


def _result(slide: Slide, pen: Pen, t: float) -> None:
    """Which move is played, and how often the opening ends in mate."""
    plies = len(slide.game["uci"])
    ply = min(int(np.interp(t, (BEGUN, DONE), (0.0, float(plies)))), plies - 1)
    pen.text("the policy plays White", px(5), py(24), theme.FLOOR, theme.QUIET)
    pen.text(f"{ply // 2 + 1}.{'..' if ply % 2 else ''} {slide.game['san'][ply]}", px(5), py(33), 64, theme.TEXT,
             font=theme.MONO_BOLD)  # fmt: skip
    said = ease(t, DONE, 0.5)
    pen.text("games mated from", px(66), py(24), theme.FLOOR, theme.QUIET, alpha=said)
    pen.text("the opening", px(66), py(28.5), theme.FLOOR, theme.QUIET, alpha=said)
    rates = (
        ("random moves", "opening.mate_rate"),
        ("greedy", "opening.greedy.mate_rate"),
        ("one-ply search", "opening.material_1.mate_rate"),
        ("careful", "opening.careful.mate_rate"),
        ("two-ply search", "opening.material_2.mate_rate"),
        ("Stockfish", "opening.stockfish.mate_rate"),
    )
    for row, (name, fact) in enumerate(rates):
        y, rate = py(35.5 + 6.9 * row), slide.shown.recording.fact(fact)
        pen.text(name, px(66), y, theme.FLOOR, theme.TEXT, alpha=said)
        pen.text(f"{100 * rate:.0f} %", px(95), y, 44, theme.ATTENTION if rate > 0.5 else theme.QUIET,
                 font=theme.MONO_BOLD, anchor="end", alpha=said)  # fmt: skip


def _count(pen: Pen, words: str, number: str, y: float, colour: str) -> None:
    pen.text(words, px(66), y, theme.FLOOR, theme.QUIET)
    pen.text(number, px(66), y + py(9.5), 84, colour, font=theme.MONO_BOLD)


def _x(slide: Slide, index: int) -> float:
    return mix(LEFT + 30, RIGHT - 60, index / max(1, len(slide.steps) - 1))


def _uci(code: int, turn: int) -> str:
    """A recorded move as squares, seen as `_placed` shows the board."""
    flip = 0 if turn > 0 else 56
    return "".join("abcdefgh"[at & 7] + "12345678"[at >> 3] for at in ((code & 63) ^ flip, (code >> 6 & 63) ^ flip))


def _placed(row: Any) -> dict[int, str]:
    """The men of a recorded row of 72 bytes, seen from the side to move: that side is White, below."""
    squares, turn = np.asarray(row[:64]).reshape(8, 8).astype(int), int(row[64])
    if turn < 0:
        squares = -squares[::-1]
    return {at: " PNBRQK"[man] if man > 0 else " pnbrqk"[-man] for at, man in enumerate(squares.ravel()) if man}
