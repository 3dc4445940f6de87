"""The recording made ready to be drawn, and the drawings that several sections share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import board, fan, frame, network
from stagelight.render.motion import Point, px, py
from stagelight.render.pen import Pen

BIG = (px(5), py(17.2), 660.0)  # the board as the hero: left, top, size
SMALL = (px(4), py(30), 430.0)  # the board as a witness
LANE_X, LANES_TOP, LANE = px(68), py(16.3), py(8.55)  # a lane's bead, the first lane's top, the lanes' pitch
PANE = (px(66), px(30))  # a lane's pane: left, width
END_X, END = px(88.3), 68.0  # end boards: middle, size


def percent(share: float) -> str:
    """A probability as printed: one decimal, and never certainty, which a softmax does not reach."""
    words = f"{100 * share:.1f} %"
    return "> 99.9 %" if words == "100.0 %" else words


def count_words(count: int) -> str:
    """A small count in words, for the start of a sentence."""
    return ("None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight")[count] if count < 9 else str(count)


class Shown:
    """The spotlight of a recorded run. Lanes are its first group, in the order in which its rays lie."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        arrays, events = recording.arrays, recording.events
        self.a: Mapping[str, Any] = arrays
        shown = next(event for event in events if event["kind"] == "spotlight")
        self.san: list[str] = shown["legal"]
        self.uci: list[str] = shown["uci"]
        self.start = board.placement(shown["fen"])
        self.ends = [board.placement(end) for end in shown["ends"]]
        self.before, self.after = arrays["watch_before"][0], arrays["watch_after"][0]
        self.mean = recording.fact("spotlight.reward_mean")
        self.company = int(arrays["log_used"][0][0]) - 1
        self.best = int(arrays["watch_after"][-1].argmax())
        self.wrong = next((event for event in events if event["kind"] == "surest_mistake"), None)
        self.slot = self.slots()
        sampled = [int(k) for k in arrays["watch_move"][0]]
        self.lanes = sorted(range(len(sampled)), key=lambda draw: self.slot[sampled[draw]])  # lane -> draw
        self.group = [sampled[draw] for draw in self.lanes]
        self.reward = arrays["watch_reward"][0][self.lanes]
        self.advantage = arrays["watch_advantage"][0][self.lanes]
        self.links = self.strongest_links(0)
        self.first_mate = next((k for k, paid in zip(self.group, self.reward, strict=True) if paid), self.group[0])

    def has_games(self) -> bool:
        """True if the recording has whole games; one made for a reader's position has not."""
        return "slide_depth" in self.a and any(event["kind"] == "showcase" for event in self.recording.events)

    def slots(self) -> list[int]:
        """The slot of each move in the fan: the finally likeliest in the middle, the others around it."""
        order = np.argsort(-self.a["watch_after"][-1], kind="stable")
        middle, slot = (len(order) - 1) // 2, [0] * len(order)
        for rank, move in enumerate(order):
            slot[move] = middle + (rank + 1) // 2 * (1 if rank % 2 else -1)
        return slot

    def counter(self, pen: Pen, words: str) -> None:
        """Training steps done."""
        pen.text(words, frame.RIGHT, py(6.6), theme.FLOOR, theme.TEXT, font=theme.MONO_BOLD, anchor="end")

    def columns(self, place: network.Place, moves: bool = True) -> list[list[Point]]:
        """Men, three layers, and the moves in the order of the fan."""
        shown = self.a["watch_activation"].shape[2]
        columns = network.units(place, [len(self.a["man"]), shown, shown, shown, len(self.san)])
        columns[-1] = [columns[-1][slot] for slot in self.slot]
        return columns if moves else network.units(place, [len(self.a["man"]), shown, shown, shown])

    def strongest_links(self, step: int) -> list[list[tuple[int, int, float]]]:
        """The strongest links as the position uses them: weight times the activation it carries."""
        active = self.a["watch_activation"][step]
        edge = self.a["watch_edge"][step]
        return network.strongest(
            [
                self.a["watch_from_piece"][step],
                edge[0] * active[0],
                edge[1] * active[1],
                self.a["watch_to_move"][step].T,
            ],
            72,
        )

    def network(self, pen: Pen, place: network.Place, reach: float, alpha: float = 1.0, moves: bool = True) -> None:
        """The untrained network on the spotlight, lit up to `reach` columns."""
        columns = self.columns(place, moves)
        with pen.faded(alpha) as seen:
            if not seen:
                return
            network.links(pen, columns, self.links[: len(columns) - 1], 0.75, 2.2, reach)
            size = min(46.0, place.height / len(self.a["man"]) * 1.05)
            for (x, y), (kind, _) in zip(columns[0], self.a["man"], strict=True):
                pen.disc(x, y + 1, size * 0.56, theme.SQUARE_LIGHT, 0.9)
                board.man(pen, "PNBRQKpnbrqk"[int(kind)], (x, y), size)
            for layer in range(3):
                lit = min(max(reach - layer - 0.5, 0.0), 1.0)
                active = self.a["watch_activation"][0][layer]
                network.layer(
                    pen,
                    columns[layer + 1],
                    active,
                    float(self.a["watch_activation"][0].max()),
                    lit,
                    11 if place.width < 300 else 13,
                )
            if moves:
                lit = min(max(reach - 3.5, 0.0), 1.0)
                for (x, y), p in zip(columns[4], self.before, strict=True):
                    pen.disc(x, y, 3.5 + 60 * float(p) * lit, theme.BELIEF, 0.4 + 0.6 * lit)

    def jolt_scale(self) -> float:
        """The printed size of the largest ring: the first step's largest change."""
        return float(self.a["watch_change"][0].max())

    def bare(self, move: int) -> str:
        """A move's name without the mark of a verdict not yet given."""
        return self.san[move].rstrip("#")

    def lane(self, lane: int) -> float:
        """The height of a lane's middle."""
        return LANES_TOP + LANE * (lane + 0.5)

    def lane_pane(self, pen: Pen, lane: int, alpha: float, colour: str = theme.HAIRLINE) -> None:
        """The glass on which a lane is written, with a coloured edge."""
        top, height = self.lane(lane) - LANE * 0.45, LANE * 0.9
        pen.panel(PANE[0], top, PANE[1], height, alpha)
        pen.box(PANE[0], top, 7, height, 3.5)
        pen.fill(colour, alpha)

    def lane_words(self, pen: Pen, lane: int, alpha: float, right: float) -> None:
        """A rollout's move and how likely it was, up to `right`."""
        y, move = self.lane(lane), self.group[lane]
        pen.text(self.bare(move), LANE_X + 30, y + 15, 44, theme.TEXT, font=theme.MONO_BOLD, alpha=alpha)
        pen.text(percent(self.before[move]), right, y + 14, 40, theme.QUIET, font=theme.MONO, anchor="end", alpha=alpha)

    def end_board(self, pen: Pen, lane: int, alpha: float) -> None:
        """The end position of a lane's rollout."""
        with pen.faded(alpha) as seen:
            if seen:
                self.thumbnail(pen, self.group[lane], END_X, self.lane(lane))

    def thumbnail(self, pen: Pen, move: int, x: float, y: float) -> None:
        """A small end position, the moved piece's square lit."""
        left, top, uci = x - END / 2, y - END / 2, self.uci[move]
        board.squares(pen, left, top, END)
        board.light(pen, ord(uci[2]) - 97 + 8 * (int(uci[3]) - 1), left, top, END, theme.TEXT, 1.6)
        board.men(pen, self.ends[move], left, top, END)

    def tips(self, x: float, top: float, bottom: float) -> list[Point]:
        """The end of each move's ray, in a fixed order."""
        ends = fan.tips(len(self.san), x, top, bottom)
        return [ends[slot] for slot in self.slot]
