"""Rollout: watching a model learn to play. Drawn from the recording of a GRPO run on mate in one.

position    a board, one move from mate; the policy network, lit by its real activations
01 sample   every legal move as a ray, wide as it is probable; eight beads run along them into eight lanes
02 reward   the verifier, a glass disc, passes the eight end positions: checkmate pays 1, all else 0
03 advantage  rewards stand as bars, their mean is drawn, the bars re-hang from it
04 update   the advantages run back into the network; units jolt by their recorded weight change;
            probabilities move from before to after
it learns   the same position through the whole run; the fan collapses into one blade
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np

from engines.recording import Recording
from render import theme
from render.components import bars, board, curve, fan, frame, network
from render.stage import Cue, Mark, Pen, Point, Scene, Section, along, between, ease, mix, px, py

# Layout, in stage pixels.
BIG = (px(5), py(17.2), 660.0)  # the board as the hero: left, top, size
SMALL = (px(4), py(30), 430.0)  # the board as a witness
NET = network.Place(px(50), py(17.5), px(34), py(58))
NARROW = network.Place(px(30.5), py(22), px(9), py(55))
ORIGIN = (px(43), py(49))  # where the policy's rays start
FAN_X, LANE_X = px(59), px(66)
LANES_TOP, LANE = py(16.5), py(8.5)
END_X, END = px(90), 64.0  # end boards: middle, size
BAR_X, BAR_STEP, BAR_WIDTH, BAR_BASE, BAR_ONE = px(34), px(7.75), 92.0, py(71.5), 460.0
UPDATE_NET = network.Place(px(29), py(19), px(32), py(56))
HEADLINES = {
    "position": "A position, one move from mate",
    "sample": "It tries a group of moves",
    "reward": "The rules pay for checkmate, nothing else",
    "advantage": "Compared with the group, not with a teacher",
    "update": "The network moves towards what paid",
    "learns": "From a fan of guesses to one move",
}
RAIL = ("Position", "01 Sample", "02 Reward", "03 Advantage", "04 Update", "It learns")


def percent(share: float) -> str:
    """A probability as printed: one decimal, and never a rounded-up certainty."""
    words = f"{100 * share:.1f} %"
    return "> 99.9 %" if words == "100.0 %" and share < 1 else words


class Rollout(Scene):
    """The rollout scene."""

    name: ClassVar[str] = "rollout"
    title: ClassVar[str] = "Watching a model learn to play"
    claim: ClassVar[str] = "Paid only for checkmate, a network with random weights learns to find it."
    legend: ClassVar[tuple[Mark, ...]] = (
        Mark("ray", "Ray", "a legal move; its width and brightness are the policy's probability of it"),
        Mark("ring", "Ring", "the verifier's +1: the move checkmates"),
        Mark(
            "bar",
            "Bar from the line",
            "advantage, reward minus the group's mean: teal reinforced, rose and dashed suppressed",
        ),
        Mark("jolt", "Jolt", "how far a unit's incoming weights moved in that step"),
        Mark("counter", "Counter", "optimiser steps done"),
    )

    def __init__(self, recording: Recording) -> None:
        super().__init__(recording)
        arrays, events = recording.arrays, recording.events
        self.a: dict[str, Any] = dict(arrays)
        self.shown = next(event for event in events if event["kind"] == "spotlight")
        self.san: list[str] = self.shown["legal"]
        self.start = board.placement(self.shown["fen"])
        self.ends = [board.placement(end) for end in self.shown["ends"]]
        self.before, self.after = arrays["watch_before"][0], arrays["watch_after"][0]
        self.mean = recording.fact("spotlight.reward_mean")
        self.company = int(arrays["log_used"][0][0]) - 1
        self.best = int(arrays["watch_after"][-1].argmax())
        self.wrong = self._surest_mistake()
        self.slot = self._slots()
        sampled = [int(k) for k in arrays["watch_move"][0]]
        self.lanes = sorted(
            range(len(sampled)), key=lambda draw: self.slot[sampled[draw]]
        )  # lane -> draw, as the fan lies
        self.group = [sampled[draw] for draw in self.lanes]
        self.reward = arrays["watch_reward"][0][self.lanes]
        self.advantage = arrays["watch_advantage"][0][self.lanes]
        self.links = self._links(0)
        self.first_mate = next((k for k, paid in zip(self.group, self.reward, strict=True) if paid), self.group[0])

    def sections(self) -> tuple[Section, ...]:
        """The six sections, each within its frame."""
        return tuple(self._framed(index, section) for index, section in enumerate(self._bare_sections()))

    def _framed(self, station: int, section: Section) -> Section:
        """Add what every section has: kicker, headline, rail and captions."""
        kicker = f"ROLLOUT · {section.step} {section.name.upper()}" if section.step else "ROLLOUT"

        def backdrop(pen: Pen) -> None:
            frame.header(pen, kicker, HEADLINES[section.name])
            frame.rail(pen, RAIL, station)
            section.backdrop(pen)

        def paint(pen: Pen, t: float) -> None:
            section.paint(pen, t)
            frame.caption(pen, section.captions, t)

        return replace(section, backdrop=backdrop, paint=paint)

    def _bare_sections(self) -> tuple[Section, ...]:
        return (
            self._position_section(),
            self._sample_section(),
            self._reward_section(),
            self._advantage_section(),
            self._update_section(),
            self._learns_section(),
        )

    # --- position ---------------------------------------------------------------------------------

    def _position_section(self) -> Section:
        return Section(
            name="position",
            step=None,
            title="A position, one move from mate",
            seconds=9.0,
            paint=self.position,
            backdrop=self.position_backdrop,
            captions=(
                Cue(0.6, 4.4, "White can mate at once. Nobody shows the network which move."),
                Cue(4.6, 9.0, "It reads the board and gives every move a probability."),
            ),
            marks=(Cue(0.0, 9.0, "counter"),),
            still=7.6,
            alt=f"A chess board with {len(self.start)} pieces, White to move and able to mate in one. To its right the "
            "untrained policy network: the pieces, three layers of units, and the legal moves.",
        )

    def position_backdrop(self, pen: Pen) -> None:
        """Empty board with its coordinates, the names of the network's ends, counter."""
        board.squares(pen, *BIG)
        board.coordinates(pen, *BIG)
        frame.label(pen, "pieces", NET.x - 52, py(81.5))
        frame.label(pen, "policy network", NET.x + NET.width / 2 - 126, py(81.5))
        frame.label(pen, "legal moves", NET.x + NET.width - 90, py(81.5))
        self._counter(pen, "optimiser step 0")

    def position(self, pen: Pen, t: float) -> None:
        """Men take their places; then the board is read into the network, layer by layer."""
        for order, (square, symbol) in enumerate(
            sorted(self.start.items(), key=lambda man: (-(man[0] // 8), man[0] % 8))
        ):
            arrive = ease(t, 0.5 + 0.12 * order, 0.6)
            x, y = board.centre(square, *BIG)
            board.man(pen, symbol, (x, y - 60 * (1 - arrive)), BIG[2] / 8, arrive)
        self._network(pen, NET, reach=4.2 * ease(t, 3.0, 3.2), alpha=ease(t, 1.6, 1.0))
        ends, named = self._columns(NET)[-1], ease(t, 6.0, 0.6)
        for index in np.argsort(-self.before, kind="stable")[:3]:
            words = f"{self._bare(index)} {percent(self.before[index])}"
            pen.text(words, ends[index][0] + 26, ends[index][1] + 12, theme.FLOOR, font=theme.MONO, alpha=named)

    # --- 01 sample --------------------------------------------------------------------------------

    def _sample_section(self) -> Section:
        size = len(self.group)
        lanes = ", ".join(f"{self._bare(k)} at {percent(self.before[k])}" for k in self.group)
        return Section(
            name="sample",
            step="01",
            title="Sample: a group of moves",
            seconds=13.0,
            paint=self.sample,
            backdrop=self.sample_backdrop,
            captions=(
                Cue(0.4, 4.6, f"{len(self.san)} legal moves. Untrained, it has no idea which is best."),
                Cue(4.8, 13.0, f"Draw {size} moves by chance. Here one move is a whole rollout."),
            ),
            marks=(Cue(0.0, 13.0, "ray"),),
            still=12.2,
            alt=f"A fan of {len(self.san)} thin rays, one a legal move, all of small probability. {size} beads have "
            f"run along them into {size} lanes: {lanes}.",
        )

    def sample_backdrop(self, pen: Pen) -> None:
        """Board, narrow network."""
        board.board(pen, self.start, *SMALL)
        board.coordinates(pen, *SMALL)
        with pen.faded(0.55):
            self._network(pen, NARROW, reach=9, moves=False)

    def sample(self, pen: Pen, t: float) -> None:
        """The fan opens; beads run along it, two slowly and six quickly, into their lanes."""
        ends = self._tips(FAN_X, py(18), py(83))
        pen.glow(*ORIGIN, 70, theme.BELIEF, 0.9 * ease(t, 0.2))
        pen.ball(*ORIGIN, 13, theme.BELIEF, ease(t, 0.2))
        opened = ease(t, 0.5, 1.4)
        fan.fan(pen, ORIGIN, ends, self.before, opened)
        for index, (x, y) in enumerate(ends):
            pen.disc(x, y, 3 + 40 * float(self.before[index]), theme.BELIEF, 0.9 * ease(t, 1.7, 0.4))
        for draw in range(len(self.group)):
            lane = self.lanes.index(draw)
            move = self.group[lane]
            start = 4.9 + (1.7 * draw if draw < 2 else 3.4 + 0.45 * (draw - 2))
            travel = 1.3 if draw < 2 else 0.75
            at, goal = ends[move], (LANE_X, self._lane(lane))
            share = ease(t, start, travel)
            if share > 0:
                pen.beam(partial(fan.ray_path, pen, ORIGIN, at, min(share * 2, 1)), theme.ATTENTION, 3.4, 0.9)
                if share > 0.5:
                    pen.line(at, along(at, goal, share * 2 - 1), theme.ATTENTION, 2.4, 0.5)
                here = fan.on_ray(ORIGIN, at, share * 2) if share < 0.5 else along(at, goal, share * 2 - 1)
                pen.glow(*here, 44, theme.ATTENTION, 0.9 * (1 - ease(t, start + travel, 0.5) * 0.6))
                pen.disc(*here, 10, theme.ATTENTION)
                last = start + travel + (0.9 if draw < 2 else 0.2)
                board.arrow(
                    pen, self.shown["uci"][move], *SMALL, theme.ATTENTION, share * (1 - 0.35 * ease(t, last, 0.5))
                )
            self._lane_words(pen, lane, ease(t, start + travel - 0.15, 0.4))

    # --- 02 reward --------------------------------------------------------------------------------

    def _reward_section(self) -> Section:
        size, paid = len(self.group), int(self.reward.sum())
        return Section(
            name="reward",
            step="02",
            title="Reward: only checkmate pays",
            seconds=13.0,
            paint=self.paid,
            backdrop=self.paid_backdrop,
            captions=(
                Cue(0.4, 4.4, "The rules of chess look at each end position."),
                Cue(4.6, 9.2, "Checkmate, written #, pays 1. Everything else pays 0."),
                Cue(9.4, 13.0, f"{_words(paid)} of {size} paid."),
            ),
            marks=(Cue(1.0, 13.0, "ring"),),
            still=12.0,
            alt=f"{size} end positions in lanes. {self._bare(self.first_mate)} is checkmate: ringed in amber, plus "
            "one. Moves that do not mate get zero.",
        )

    def paid_backdrop(self, pen: Pen) -> None:
        """Lanes and their end positions, the large board's coordinates."""
        board.coordinates(pen, *BIG)
        for lane in range(len(self.group)):
            self._lane_words(pen, lane, 1)
            self._end_board(pen, lane, 1)

    def paid(self, pen: Pen, t: float) -> None:
        """The disc goes down the end positions; the large board shows the one it touches."""
        times = self._touches()
        lane = max((k for k, at in enumerate(times) if t >= at - 0.2), default=0)
        after = t > times[-1] + 1.1
        if after:
            lane = self.group.index(self.first_mate)
        move = self.group[lane]
        began = times[-1] + 1.1 if after else times[lane] - 0.2
        left, top, size = BIG[0], BIG[1], BIG[2]
        played = ease(t, began, 0.9 if lane in self._slow() else 0.3)
        board.move(pen, self.start, self.shown["uci"][move], left, top, size, played, self.ends[move])
        if played >= 1 and self.reward[lane]:
            king = next(square for square, symbol in self.ends[move].items() if symbol == "k")
            x, y = board.centre(king, left, top, size)
            pen.ring(x, y, size / 14, theme.ATTENTION, 7, ease(t, began + 0.9, 0.4))
            pen.glow(x, y, size / 6, theme.ATTENTION, 0.25 * ease(t, began + 0.9, 0.4))
        self._spoken(pen, lane, began, t)
        for k, at in enumerate(times):
            self._verdict(pen, k, ease(t, at + (0.75 if k in self._slow() else 0.2), 0.3))
        y = self._disc_height(t, times)
        seen = ease(t, 0.2, 0.5) * (1 - ease(t, times[-1] + 1.2, 0.6))
        pen.glow(END_X, y, 120, theme.TEXT, 0.28 * seen)
        pen.disc(END_X, y, 48, theme.TEXT, 0.13 * seen)
        pen.ring(END_X, y, 48, theme.TEXT, 4, 0.9 * seen)

    def _spoken(self, pen: Pen, lane: int, began: float, t: float) -> None:
        """What the verifier says of the move on the board, which began to be played then."""
        move, x = self.group[lane], px(53.5)
        said = ease(t, began + (0.95 if lane in self._slow() else 0.35), 0.25)
        name = self.san[move] if said > 0.5 else self._bare(move)
        here = ease(t, began, 0.2)
        pen.text(name, x, py(44), theme.HERO, theme.TEXT, font=theme.SANS_BOLD, anchor="middle", alpha=here)
        verdict, worth = ("checkmate", "+1") if self.reward[lane] else ("not mate", "0")
        colour = theme.ATTENTION if self.reward[lane] else theme.QUIET
        pen.text(verdict, x, py(53), theme.MUST_READ, colour, font=theme.SANS_STRONG, anchor="middle", alpha=said)
        pen.text(worth, x, py(66), theme.HERO, colour, font=theme.MONO_BOLD, anchor="middle", alpha=said)

    def _touches(self) -> list[float]:
        """When the disc rests on each lane: long where a case is seen for the first time, short elsewhere."""
        times, now = [], 1.6
        for lane in range(len(self.group)):
            times.append(now)
            now += 2.1 if lane in self._slow() else 0.62
        return times

    def _slow(self) -> set[int]:
        """The lanes that are played clearly: the first, and the first that is paid."""
        return {0, self.group.index(self.first_mate)}

    def _disc_height(self, t: float, times: list[float]) -> float:
        y = self._lane(0) - 150 * (1 - ease(t, 0.2, 0.9))
        for lane, at in enumerate(times[1:], start=1):
            gap = at - times[lane - 1]
            y += (self._lane(lane) - self._lane(lane - 1)) * ease(t, at - min(0.6, gap * 0.7), min(0.6, gap * 0.7))
        return y

    def _verdict(self, pen: Pen, lane: int, share: float) -> None:
        """+1 in an amber ring, or a quiet 0."""
        y, words = self._lane(lane), px(94.2)
        if self.reward[lane]:
            pen.glow(END_X, y, 90, theme.ATTENTION, 0.2 * share)
            pen.ring(END_X, y, 44, theme.ATTENTION, 5, share)
            pen.text("+1", words, y + 17, theme.MUST_READ, theme.ATTENTION, font=theme.MONO_BOLD, alpha=share)
        else:
            pen.box(END_X - END / 2, y - END / 2, END, END, 4)
            pen.fill(theme.NIGHT, 0.55 * share)
            pen.text("0", words, y + 17, theme.MUST_READ, theme.QUIET, font=theme.MONO, alpha=share)

    # --- 03 advantage -----------------------------------------------------------------------------

    def _advantage_section(self) -> Section:
        up, down = (bars.signed(float(value)) for value in (self.advantage.max(), self.advantage.min()))
        return Section(
            name="advantage",
            step="03",
            title="Advantage: better than the group?",
            seconds=15.0,
            paint=self.advantages,
            backdrop=self.advantages_backdrop,
            captions=(
                Cue(0.4, 4.4, f"{_words(len(self.group))} rewards, side by side."),
                Cue(4.6, 8.0, f"Their mean is {self.mean:g}: what this group managed on average."),
                Cue(8.2, 11.8, "Hang each bar from the mean. Above: do it more. Below: less."),
                Cue(12.0, 15.0, "Had all been equal, there would be nothing to learn."),
            ),
            marks=(Cue(8.0, 15.0, "bar"),),
            still=11.4,
            alt=f"{len(self.group)} bars hang from a line at the group's mean, {self.mean:g}. Mates rise above it in "
            f"teal, {up} each; the others hang below in dashed rose, {down} each. They sum to zero.",
        )

    def advantages_backdrop(self, pen: Pen) -> None:
        """The board, and the moves' names at the feet of the bars."""
        board.board(pen, self.start, *SMALL)
        for lane, move in enumerate(self.group):
            x, mate = self._bar_x(lane), bool(self.reward[lane])
            font, colour = (theme.MONO_BOLD, theme.TEXT) if mate else (theme.MONO, theme.QUIET)
            pen.text(self.san[move], x, py(82.6), theme.FLOOR, colour, font=font, anchor="middle")

    def advantages(self, pen: Pen, t: float) -> None:
        """Bars rise to the rewards, the mean is drawn through them, they re-hang from it."""
        line, turned = BAR_BASE - BAR_ONE * self.mean, ease(t, 8.2, 1.2)
        axis = ease(t, 0.6) * (1 - turned)
        pen.text("reward", px(29.5), py(20), 44, theme.QUIET, alpha=axis)
        pen.text("advantage = reward − mean", px(29.5), py(20), 44, theme.TEXT, alpha=ease(t, 9.5))
        for level, words in ((0, "0"), (1, "1")):
            y = BAR_BASE - level * BAR_ONE
            pen.text(words, px(31), y + 14, theme.FLOOR, theme.QUIET, font=theme.MONO, anchor="end", alpha=axis)
            pen.line((px(32), y), (px(96), y), theme.HAIRLINE, 2, axis)
        for lane in range(len(self.group)):
            x, height = self._bar_x(lane), BAR_ONE * float(self.reward[lane]) * ease(t, 0.8 + 0.12 * lane, 0.8)
            bars.rehang(pen, x, BAR_BASE, line, BAR_WIDTH, height, turned)
            value, said = float(self.advantage[lane]), ease(t, 9.2 + 0.1 * lane, 0.5)
            place = line - value * BAR_ONE + (-22 if value > 0 else 46)
            colour = theme.KEPT if value > 0 else theme.LOST
            pen.text(
                bars.signed(value), x, place, theme.FLOOR, colour, font=theme.MONO_BOLD, anchor="middle", alpha=said
            )
        drawn = ease(t, 4.7, 1.2)
        if drawn > 0:
            pen.line((px(29.5), line), (mix(px(29.5), px(96), drawn), line), theme.TEXT, 4.5)
            mean = f"mean {self.mean:g}"
            pen.text(mean, px(29.5), line - 24, 44, theme.TEXT, font=theme.SANS_STRONG, alpha=ease(t, 5.6, 0.5))
        total = f"all {_words(len(self.group)).lower()} sum to {float(self.advantage.sum()):.0f}"
        pen.text(total, px(96), py(20), 44, theme.QUIET, anchor="end", alpha=ease(t, 10.4, 0.6))

    # --- 04 update --------------------------------------------------------------------------------

    def _update_section(self) -> Section:
        old, new = (percent(float(odds[self.first_mate])) for odds in (self.before, self.after))
        went = "up" if self.after[self.first_mate] > self.before[self.first_mate] else "down"
        return Section(
            name="update",
            step="04",
            title="Update: credit flows back",
            seconds=14.0,
            paint=self.update,
            backdrop=self.update_backdrop,
            captions=(
                Cue(0.4, 4.8, f"This board and {self.company} others nudge the network at once."),
                Cue(5.0, 9.2, "Each ring shows how far a unit's weights moved."),
                Cue(9.4, 14.0, f"Same board, new probabilities: the mate went {went}."),
            ),
            marks=(Cue(2.0, 14.0, "jolt"), Cue(0.0, 14.0, "counter")),
            still=13.0,
            alt="The network with rings at its units, as large as their weights moved, and beside it the probabilities "
            f"of the sampled moves before and after one step: {self.san[self.first_mate]} from {old} to {new}.",
        )

    def update_backdrop(self, pen: Pen) -> None:
        """The board, the network at rest, the heads of the table."""
        board.board(pen, self.start, *SMALL)
        self._network(pen, UPDATE_NET, reach=9, alpha=0.8)
        self._counter(pen, "optimiser step 0 → 1")

    def update(self, pen: Pen, t: float) -> None:
        """Advantages run from the moves into the network and back along its links; units jolt; odds move."""
        columns = self._columns(UPDATE_NET)
        self._credit(pen, columns[-1], t)
        edge, out = self.a["watch_edge_change"][0], self.a["watch_to_move_change"][0]
        changed, flow = network.strongest([edge[0], edge[1], out.T], 30), ease(t, 2.6, 3.0) * 3
        for gap in (2, 1, 0):
            share = min(max(flow - (2 - gap), 0.0), 1.0)
            for start, end, strength in changed[gap]:
                a, b, up = columns[gap + 1][start], columns[gap + 2][end], strength > 0
                tip, colour = along(b, a, share), theme.KEPT if up else theme.LOST
                alpha = (0.25 + 0.5 * abs(strength)) * share
                pen.line(b, tip, colour, 0.8 + 2.6 * abs(strength), alpha, () if up else (10, 8))
                if 0 < share < 1:
                    pen.glow(*tip, 22, colour, 0.7 * abs(strength))
        scale = self._jolt_scale()
        for layer in (2, 1, 0):
            share = ease(t, 3.4 + 0.85 * (2 - layer), 0.8)
            network.jolts(pen, columns[layer + 1], self.a["watch_change"][0][layer], scale, share, 19)
        said = ease(t, 5.2, 0.6)
        pen.ring(px(30), py(80), 19, theme.ATTENTION, 3.2, said)
        pen.text(f"weights moved {100 * scale:.1f} %", px(32), py(80) + 12, theme.FLOOR, theme.QUIET, alpha=said)
        self._odds(pen, t)

    def _credit(self, pen: Pen, ends: list[Point], t: float) -> None:
        """One pulse for each rollout, from its row to its move: teal up, rose down."""
        for row, move in enumerate(self._rows()):
            share = ease(t, 1.0 + 0.1 * row, 1.0)
            value = float(self.advantage[self.group.index(move)])
            colour, (x, y) = theme.KEPT if value > 0 else theme.LOST, self._row(row)
            here = along((x - 18, y), ends[move], share)
            fading = 1 - ease(t, 2.6 + 0.1 * row, 0.6)
            pen.line((x - 18, y), here, colour, 3, 0.6 * share * fading, () if value > 0 else (10, 8))
            pen.glow(*here, 20 + 34 * abs(value), colour, 0.9 * ease(t, 0.8) * fading)
            pen.disc(*here, 5 + 8 * abs(value), colour, ease(t, 0.8) * fading)

    def _rows(self) -> list[int]:
        """The moves of the group, each once."""
        return sorted(set(self.group), key=self.group.index)

    def _row(self, row: int) -> Point:
        return px(67.5), py(26) + row * py(6.9)

    def _odds(self, pen: Pen, t: float) -> None:
        """Each sampled move: probability before (open dot) and after (solid dot), and all other moves together."""
        moves, left, right = self._rows(), px(75.5), px(83.5)
        top = max(float(self.before[moves].max()), float(self.after[moves].max())) * 1.05
        pen.text("probability, %", px(67.5), py(19.5), theme.FLOOR, theme.QUIET, alpha=ease(t, 0.3))
        for row, move in enumerate(moves):
            y = self._row(row)[1]
            old, new = float(self.before[move]), float(self.after[move])
            share, here = ease(t, 6.6 + 0.14 * row, 0.9), ease(t, 0.3 + 0.06 * row)
            same = f"{100 * old:.1f}" == f"{100 * new:.1f}"
            colour = theme.QUIET if same else theme.KEPT if new > old else theme.LOST
            a, b = mix(left, right, old / top), mix(left, right, mix(old, new, share) / top)
            pen.line((left, y), (right, y), theme.HAIRLINE, 2, 0.8 * here)
            pen.line((a, y), (b, y), colour, 6, share)
            pen.ring(a, y, 9, theme.QUIET, 3, here)
            pen.glow(b, y, 34, colour, 0.6 * share)
            pen.disc(b, y, 10, colour, share)
            self._odds_words(pen, self.san[move], y, (old, new), share, here, bool(self.a["mate"][move]))
        rest = [float(1 - odds[moves].sum()) for odds in (self.before, self.after)]
        y = self._row(len(moves))[1]
        others = f"{len(self.san) - len(moves)} others"
        self._odds_words(pen, others, y, (rest[0], rest[1]), ease(t, 7.8, 0.9), ease(t, 0.9), False)

    def _odds_words(
        self, pen: Pen, name: str, y: float, odds: tuple[float, float], share: float, alpha: float, mate: bool
    ) -> None:
        """One row's name and numbers."""
        font, colour = (theme.MONO_BOLD, theme.TEXT) if mate else (theme.MONO, theme.QUIET)
        old, new = 100 * odds[0], 100 * mix(*odds, share)
        pen.text(name, px(67.5), y + 13, theme.FLOOR, colour, font=font, alpha=alpha)
        words = f"{old:.1f}" if share <= 0 else f"{old:.1f} → {new:.1f}"
        pen.text(words, px(96), y + 13, theme.FLOOR, colour, font=font, anchor="end", alpha=alpha)

    # --- it learns --------------------------------------------------------------------------------

    def _learns_section(self) -> Section:
        solved, untrained = (self.recording.fact(f"{name}.solve_rate") for name in ("mate_in_one", "untrained"))
        last = percent(float(self.a["watch_after"][-1][self.best]))
        ring = (Cue(19.2, 22.0, "ring"),) if self.a["mate"][self.best] else ()
        said = [Cue(0.4, 5.6, "The same step, over and over. This board is one it trains on.")]
        if self.wrong:
            step, move, sure = self.wrong
            said.append(
                Cue(6.8, 10.2, f"Step {step}: {percent(sure)} sure of {self.san[move]}. Wrong: it is not mate.")
            )
            said.append(Cue(10.4, 13.8, "Only mates are paid, so that ray fades."))
        else:
            said.append(Cue(6.8, 13.8, "The probabilities sharpen."))
        said.append(Cue(14.0, 22.0, f"Positions never trained on: {untrained:.0%} solved before, {solved:.0%} after."))
        return Section(
            name="learns",
            step=None,
            title="It learns",
            seconds=22.0,
            paint=self.learns,
            backdrop=self.learns_backdrop,
            captions=tuple(said),
            marks=(Cue(0.0, 22.0, "counter"), Cue(0.0, 18.0, "ray"), Cue(0.0, 18.0, "jolt"), *ring),
            still=21.0,
            alt=f"One thick ray, {self.san[self.best]} at {last}, over the ghost of the first fan; the move is on the "
            f"board. A curve of unseen positions solved has climbed from {untrained:.0%} to {solved:.0%}.",
        )

    def _surest_mistake(self) -> tuple[int, int, float] | None:
        """When a move that does not mate was likeliest: (step, move, probability), if that was over half."""
        odds = np.where(self.a["mate"], 0.0, self.a["watch_after"])
        at, move = np.unravel_index(int(odds.argmax()), odds.shape)
        sure = float(odds[at, move])
        return (int(self.a["watch_step"][at]), int(move), sure) if sure > 0.5 else None

    def _clock(self, t: float) -> float:
        """How many watched steps are done at a time: the surest mistake is reached at 6.8 s and held to 9.6 s."""
        last = float(len(self.a["watch_step"]))
        pause = 1.0 + float(np.flatnonzero(self.a["watch_step"] == self.wrong[0])[0]) if self.wrong else last * 0.4
        times = (0.0, 1.4, 6.8, 9.6 if self.wrong else 6.8, 17.0)
        return float(np.interp(t, times, (0.0, 0.0, pause, pause, last)))

    def learns_backdrop(self, pen: Pen) -> None:
        """Names of the parts, axes, and the first fan as a ghost."""
        curve.axes(pen, *self._axes(), int(self.a["solve_step"][-1]), len(self.a["solve_rate"]))
        with pen.faded(0.28):
            fan.fan(pen, self._fan_origin(), self._fan_tips(), self.before)
        frame.label(pen, "jolts: weights moved", px(4), py(70))

    def learns(self, pen: Pen, t: float) -> None:
        """The watched steps in order, log-spaced; then the best move is played."""
        steps, chances = self.a["watch_step"], np.concatenate([self.a["watch_before"][:1], self.a["watch_after"]])
        clock = self._clock(t)
        low = min(int(clock), len(steps) - 1)
        share = ease(clock - low, 0.5, 0.5)
        moment = chances[low] + (chances[low + 1] - chances[low]) * share
        printed = low + (share > 0.5)  # numbers are those of a recorded step, never a blend of two
        counted = [0, *map(int, steps)]
        now = mix(float(counted[low]), float(counted[low + 1]), share)
        played = ease(t, 18.0, 1.0)
        left, top, size = px(4), py(18), 470.0
        board.move(pen, self.start, self.shown["uci"][self.best], left, top, size, played, self.ends[self.best])
        if played < 1:
            leader = int(moment.argmax())
            board.arrow(
                pen,
                self.shown["uci"][leader],
                left,
                top,
                size,
                theme.BELIEF,
                float(moment[leader]) ** 0.7 * (1 - played),
            )
        if self.a["mate"][self.best]:
            king = next(square for square, symbol in self.ends[self.best].items() if symbol == "k")
            x, y = board.centre(king, left, top, size)
            pen.glow(x, y, size / 5, theme.ATTENTION, 0.25 * ease(t, 19.1, 0.4))
            pen.ring(x, y, size / 13, theme.ATTENTION, 7, ease(t, 19.1, 0.4))
        origin, ends = self._fan_origin(), self._fan_tips()
        fan.fan(pen, origin, ends, moment)
        if self.wrong:
            move, blush = self.wrong[1], between(t, 6.6, 10.2, 0.5)
            path = partial(fan.ray_path, pen, origin, ends[move])
            path()
            pen.stroke(theme.LOST, fan.THICK * 0.55 * float(moment[move]), 0.85 * blush)
        pen.ball(*origin, 13, theme.BELIEF)
        self._fan_words(pen, chances[printed], ends)
        self._jolt_strip(pen, self.a["watch_change"][min(low, len(steps) - 1)], 1 - ease(t, 17.6, 0.8) * 0.7)
        self._score(pen, counted[printed])
        curve.curves(pen, *self._axes(), [int(s) for s in self.a["solve_step"]], self.a["solve_rate"], now)

    def _score(self, pen: Pen, step: int) -> None:
        """Optimiser steps done, as the hero number."""
        pen.text("optimiser step", px(74), py(21), theme.FLOOR, theme.QUIET)
        pen.text(f"{step:,}".replace(",", " "), px(74), py(30), 84, theme.TEXT, font=theme.MONO_BOLD)
        rate = float(np.interp(step, self.a["solve_step"], self.a["solve_rate"].mean(axis=0)))
        pen.text("unseen positions solved", px(74), py(39), theme.FLOOR, theme.QUIET)
        pen.text(f"{100 * rate:.0f} %", px(74), py(48), 84, theme.ATTENTION, font=theme.MONO_BOLD)

    def _fan_words(self, pen: Pen, chances: Any, ends: list[Point]) -> None:
        """Name the move that ends as the likeliest, and others that matter now, never two on top of each other."""
        used: list[float] = []
        likely = [int(k) for k in np.argsort(-chances, kind="stable")[:4] if chances[k] >= 0.035]
        for index in dict.fromkeys([self.best, *likely]):
            p, (x, y) = float(chances[index]), ends[index]
            if any(abs(y - other) < 50 for other in used):
                y = used[0] + (50 if y > used[0] else -50)
            if any(abs(y - other) < 50 for other in used):
                continue
            used.append(y)
            best, lost = index == self.best, p > 0.5 and not self.a["mate"][index]
            colour = theme.TEXT if best else theme.LOST if lost else theme.QUIET
            font = theme.MONO_BOLD if best or lost else theme.MONO
            seen = 1.0 if best else min(1.0, (p - 0.035) * 60)
            pen.text(f"{self.san[index]} {percent(p)}", x + 26, y + 13, 40, colour, font=font, alpha=seen)

    def _jolt_strip(self, pen: Pen, change: Any, alpha: float) -> None:
        """The three layers' units in rows, each ring as large as the unit's change in this step."""
        points = [(px(4.8) + k * 29.0, py(74) + layer * 34.0) for layer in range(3) for k in range(change.shape[1])]
        with pen.faded(alpha):
            for x, y in points:
                pen.disc(x, y, 3, theme.HAIRLINE)
            network.jolts(pen, points, change.reshape(-1), self._jolt_scale(), 1.0, 15)

    def _slots(self) -> list[int]:
        """Where each move stands in the fan: the finally likeliest in the middle, the others around it."""
        order = np.argsort(-self.a["watch_after"][-1], kind="stable")
        middle, slot = (len(order) - 1) // 2, [0] * len(order)
        for rank, move in enumerate(order):
            slot[move] = middle + (rank + 1) // 2 * (1 if rank % 2 else -1)
        return slot

    # --- shared -----------------------------------------------------------------------------------

    def _counter(self, pen: Pen, words: str) -> None:
        """Optimiser steps done."""
        pen.text(words, frame.RIGHT, py(6.6), theme.FLOOR, theme.TEXT, font=theme.MONO_BOLD, anchor="end")

    def _columns(self, place: network.Place, moves: bool = True) -> list[list[Point]]:
        """Men, three layers, and the moves in the order of the fan."""
        shown = self.a["watch_activation"].shape[2]
        columns = network.units(place, [len(self.a["man"]), shown, shown, shown, len(self.san)])
        columns[-1] = [columns[-1][slot] for slot in self.slot]
        return columns if moves else network.units(place, [len(self.a["man"]), shown, shown, shown])

    def _links(self, step: int) -> list[list[tuple[int, int, float]]]:
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

    def _network(self, pen: Pen, place: network.Place, reach: float, alpha: float = 1.0, moves: bool = True) -> None:
        """The untrained network on the spotlight, lit up to `reach` columns."""
        columns = self._columns(place, moves)
        with pen.faded(alpha) as seen:
            if not seen:
                return
            network.links(pen, columns, self.links[: len(columns) - 1], 0.75, 2.2, reach)
            size = min(46.0, place.height / len(self.a["man"]) * 1.05)
            for (x, y), (kind, _) in zip(columns[0], self.a["man"], strict=True):
                pen.disc(x, y + 1, size * 0.56, theme.SQUARE_DARK, 0.75)
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

    def _jolt_scale(self) -> float:
        """The printed size of the largest ring: the first step's largest change."""
        return float(self.a["watch_change"][0].max())

    def _bare(self, move: int) -> str:
        """A move's name without the mark of a verdict not yet given."""
        return self.san[move].rstrip("#")

    def _lane(self, lane: int) -> float:
        return LANES_TOP + LANE * (lane + 0.5)

    def _lane_words(self, pen: Pen, lane: int, alpha: float) -> None:
        """A rollout's move and how likely it was."""
        y, move = self._lane(lane), self.group[lane]
        pen.text(self._bare(move), LANE_X + 34, y + 15, 44, theme.TEXT, font=theme.MONO_BOLD, alpha=alpha)
        pen.text(
            percent(self.before[move]), px(83.5), y + 14, 40, theme.QUIET, font=theme.MONO, anchor="end", alpha=alpha
        )

    def _end_board(self, pen: Pen, lane: int, alpha: float) -> None:
        with pen.faded(alpha) as seen:
            if seen:
                self._thumbnail(pen, self.group[lane], END_X, self._lane(lane))

    def _thumbnail(self, pen: Pen, move: int, x: float, y: float) -> None:
        """A small end position, the moved piece's square lit."""
        left, top, uci = x - END / 2, y - END / 2, self.shown["uci"][move]
        board.squares(pen, left, top, END)
        board.light(pen, ord(uci[2]) - 97 + 8 * (int(uci[3]) - 1), left, top, END, theme.TEXT, 1.6)
        board.men(pen, self.ends[move], left, top, END)

    def _bar_x(self, lane: int) -> float:
        return BAR_X + BAR_STEP * (lane + 0.5)

    def _axes(self) -> tuple[float, float, float, float]:
        return px(74.5), py(55), px(21.5), py(20)

    def _fan_origin(self) -> Point:
        return px(30.5), py(49.5)

    def _fan_tips(self) -> list[Point]:
        return self._tips(px(53), py(18), py(81))

    def _tips(self, x: float, top: float, bottom: float) -> list[Point]:
        """The end of each move's ray, in a fixed order."""
        ends = fan.tips(len(self.san), x, top, bottom)
        return [ends[slot] for slot in self.slot]


def _words(count: int) -> str:
    """A small count in words, for the start of a sentence."""
    return ("None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight")[count] if count < 9 else str(count)


SCENE = Rollout
