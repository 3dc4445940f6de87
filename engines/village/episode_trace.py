"""An episode written down tick by tick: where everyone is, what they hold, what they say, what there is.

The arrays of a trace. T = 480 ticks; a moment is the start of a tick, and the end of the last:

    state        (T+1, 25) float32   `World.numbers` at each moment: six plots, STOCKS, LEDGER
    leaves, heads (T+1, 3) int8      the places a worker is between, the same twice of one who stands
    way          (T+1, 3) float32    the share of the way from one to the other
    good         (T+1, 3) int8       what they carry: -1 nothing, 0 wheat, 1 flour, 2 bread
    load         (T+1, 3) float32    how much of it: what the journey delivers at its end
    does         (T, 3) int8         the action they are at
    chosen       (T, 3) int8         the action begun, -1 of one who was busy or ill
    valid        (T, 3) bool         whether it was allowed
    moved        (T, 3) float32      what an action that ended in this tick moved, made or paid
    reward, eaten, missed (T,) float32  J / 480 gained; bread eaten; bread needed that was not there
    observation  (T, 3, 44) float32  what each was shown
    mask         (T, 3, 13) int8     what each was allowed
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels
from stagelight.engines.village.agents.protocol import Agent
from stagelight.engines.village.episode import Step, run
from stagelight.engines.village.exogenous import Tape
from stagelight.engines.village.world import World

Arrays = dict[str, NDArray[Any]]
NOTHING, WHEAT, FLOUR, BREAD = -1, 0, 1, 2
CARRIED = {r.HAUL_WHEAT: WHEAT, r.HAUL_FLOUR: FLOUR, r.BANK: FLOUR, r.DRAW: FLOUR, r.SELL: FLOUR, r.SERVE: BREAD,
           r.BUY: BREAD}  # fmt: skip
AT_A_TICK = ("does", "chosen", "valid", "moved", "reward", "eaten", "missed", "observation", "mask")
AT_A_MOMENT = ("state", "leaves", "heads", "way", "good", "load")
_TYPES = {"leaves": np.int8, "heads": np.int8, "does": np.int8, "good": np.int8, "chosen": np.int8, "mask": np.int8,
          "valid": np.bool_}  # fmt: skip


class Trace:
    """An observer of one episode: add every step as it is done, then read `arrays` and `events`."""

    def __init__(self, world: World) -> None:
        """Begin with the first moment of a village."""
        self.world = world
        self.events: list[dict[str, Any]] = []
        self._notes: dict[str, list[Any]] = {name: [] for name in AT_A_TICK + AT_A_MOMENT}
        self._began = [0, 0, 0]  # the moment at which each began what they do
        self._note_moment()

    @property
    def arrays(self) -> Arrays:
        """What was noted; see above."""
        return {name: np.array(rows, _TYPES.get(name, np.float32)) for name, rows in self._notes.items()}

    def add(self, step: Step) -> None:
        """Note what a tick did, just after it."""
        world, tick, before = self.world, step.tick, self._notes["state"][-1]
        need = before[kernels.N] / 2 if tick % r.DAY in r.MEALS else 0.0
        eaten = world.eaten - before[kernels.EATEN]
        ended = [world.left[agent] == 0 for agent in range(3)]
        moved = [world.moved[agent] if ended[agent] else 0.0 for agent in range(3)]
        for agent, action in enumerate(step.actions):
            self._began[agent] = tick if self._free[agent] else self._began[agent]
            if ended[agent] and action in CARRIED:
                self._carry(agent, action, moved[agent])
            self._note_words(step, agent)
        self._add(
            does=step.actions, chosen=[choice.action if choice else r.FREE for choice in step.choices],
            valid=[choice is None or bool(step.masks[at][choice.action]) for at, choice in enumerate(step.choices)],
            moved=moved, reward=step.reward, eaten=eaten, missed=max(0.0, need - eaten),
            observation=step.observations, mask=step.masks,
        )  # fmt: skip
        self._note_moment()

    def _note_words(self, step: Step, agent: int) -> None:
        """Keep words as they were said, with who wrote them."""
        choice, message = step.choices[agent], step.messages[agent]
        if choice is not None and (message or choice.reason):
            words = {"message": message, "reason": choice.reason}
            self.events.append({
                "step": step.tick, "kind": "said", "agent": r.AGENTS[agent], "author": choice.author,
                "action": r.ACTIONS[choice.action], **{name: text for name, text in words.items() if text},
            })  # fmt: skip

    def _carry(self, agent: int, action: int, amount: float) -> None:
        """Fill in what a worker held since the goods were taken up: what the journey delivered."""
        start, origin = self._began[agent], self._notes["leaves"][self._began[agent]][agent]
        taken = start + int(r.AWAY[origin, action] + r.WORK[action])
        for moment in range(taken, len(self._notes["load"])):
            self._notes["good"][moment][agent] = CARRIED[action] if amount > 0 else NOTHING
            self._notes["load"][moment][agent] = amount

    def _note_moment(self) -> None:
        places = [position(self.world, agent) for agent in range(3)]
        self._free = [left == 0 for left in self.world.left]
        self._add(
            state=self.world.numbers(), leaves=[p[0] for p in places], heads=[p[1] for p in places],
            way=[p[2] for p in places], good=[NOTHING] * 3, load=[0.0] * 3,
        )  # fmt: skip

    def _add(self, **rows: Any) -> None:
        for name, row in rows.items():
            self._notes[name].append(row)


def trace(tape: Tape, agents: Sequence[Agent], report: Callable[[int], object] = lambda _: None) -> Trace:
    """An episode on a tape, played to its end and written down; `report` is called with the number of ticks done."""
    world = World(tape)
    found = Trace(world)
    for step in run(world, agents):
        found.add(step)
        report(world.tick)
    return found


def position(world: World, agent: int) -> tuple[int, int, float]:
    """Where a worker is: the place they left, the place they head for, and the share of the way."""
    here, action, left = world.place[agent], world.action[agent], world.left[agent]
    if left == 0:
        return here, here, 0.0
    begun = int(r.DURATION[agent, here, action]) - left
    source = here if action == r.WAIT else int(r.SOURCE[action])
    target, away, work = int(r.END[agent, action]), int(r.AWAY[here, action]), int(r.WORK[action])
    if begun < away:
        return here, source, begun / away
    if begun <= away + work or source == target:
        return source, source, 0.0
    return source, target, (begun - away - work) / int(r.TRAVEL[source, target])
