"""An episode written down tick by tick: where everyone is, what they hold, what they say, what there is.

The arrays of a chronicle. T = 480 ticks; a moment is the start of a tick, and the end of the last:

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

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village.agents.language_model import Choice
from stagelight.engines.village.agents.scripted import Worker
from stagelight.engines.village.exogenous import Tape
from stagelight.engines.village.observation import observe, say, understand
from stagelight.engines.village.world import World

Arrays = dict[str, NDArray[Any]]
NOTHING, WHEAT, FLOUR, BREAD = -1, 0, 1, 2
CARRIED = {r.HAUL_WHEAT: WHEAT, r.HAUL_FLOUR: FLOUR, r.BANK: FLOUR, r.DRAW: FLOUR, r.SELL: FLOUR, r.SERVE: BREAD,
           r.BUY: BREAD}  # fmt: skip
AT_A_TICK = ("does", "chosen", "valid", "moved", "reward", "eaten", "missed", "observation", "mask")
AT_A_MOMENT = ("state", "leaves", "heads", "way", "good", "load")
_TYPES = {"leaves": np.int8, "heads": np.int8, "does": np.int8, "good": np.int8, "chosen": np.int8, "mask": np.int8,
          "valid": np.bool_}  # fmt: skip


class _Watched(World):
    """A village that says how much each worker's last action moved."""

    def __init__(self, tape: Tape) -> None:
        super().__init__(tape)
        self.moved = [0.0] * 3

    def _effect(self, agent: int, action: int) -> float:
        self.moved[agent] = super()._effect(agent, action)
        return self.moved[agent]


class Chronicle:
    """One episode: play it to the end, then read `arrays` and `events`."""

    def __init__(self, tape: Tape, workers: Sequence[Worker]) -> None:
        self.world, self.workers = _Watched(tape), workers
        self.events: list[dict[str, Any]] = []
        self._notes: dict[str, list[Any]] = {name: [] for name in AT_A_TICK + AT_A_MOMENT}
        self._said = ["", "", ""]
        self._began = [0, 0, 0]  # the moment at which each began what they do

    def play(self) -> Chronicle:
        """To the last tick."""
        while not self.world.over:
            self._note_moment()
            self._tick()
        self._note_moment()
        return self

    @property
    def arrays(self) -> Arrays:
        """What was noted; see above."""
        return {name: np.array(rows, _TYPES.get(name, np.float32)) for name, rows in self._notes.items()}

    def _tick(self) -> None:
        """Ask those who are free, let everyone speak, go on a tick and note what it did."""
        world, tick = self.world, self.world.tick
        observations = np.stack([observe(world, agent) for agent in range(3)])
        masks = np.stack([world.mask(agent) for agent in range(3)])
        choices = [self._ask(agent, observations[agent], masks[agent]) for agent in range(3)]
        actions = [self._next(agent, choice) for agent, choice in enumerate(choices)]
        told = self._speak(tick, choices, actions)
        eaten, need = world.eaten, world.mouths / 2 if tick % r.DAY in r.MEALS else 0.0
        for agent in range(3):
            self._began[agent] = tick if world.left[agent] == 0 else self._began[agent]
        reward = world.step(actions, told)
        ended = [world.left[agent] == 0 for agent in range(3)]
        moved = [world.moved[agent] if ended[agent] else 0.0 for agent in range(3)]
        for agent, action in enumerate(actions):
            if ended[agent] and action in CARRIED:
                self._carry(agent, action, moved[agent])
        eaten = world.eaten - eaten
        self._add(
            does=actions, chosen=[choice.action if choice else -1 for choice in choices],
            valid=[choice is None or bool(masks[agent][choice.action]) for agent, choice in enumerate(choices)],
            moved=moved, reward=reward, eaten=eaten, missed=max(0.0, need - eaten),
            observation=observations, mask=masks,
        )  # fmt: skip

    def _ask(self, agent: int, observation: NDArray[np.float32], mask: NDArray[np.int8]) -> Choice | None:
        worker = self.workers[agent]
        worker.see(observation)
        if self.world.left[agent] > 0 or self.world.ill(agent):
            return None
        heard = {r.AGENTS[other]: self._said[other] for other in range(3) if other != agent and self._said[other]}
        return worker.act(observation, mask, heard)

    def _next(self, agent: int, choice: Choice | None) -> int:
        if choice is not None:
            return choice.action
        return self.world.action[agent] if self.world.left[agent] > 0 else r.WAIT

    def _speak(self, tick: int, choices: Sequence[Choice | None], actions: Sequence[int]) -> NDArray[np.float64]:
        """What each tells the others, (3, 18); words are kept as they were said, with who wrote them."""
        self._said = [choice.message if choice else "" for choice in choices]
        told = np.stack([understand(text, agent) for agent, text in enumerate(self._said)])
        for agent, worker in enumerate(self.workers):
            if worker.reports:
                told[agent] = self.world.report(agent, actions[agent])
                self._said[agent] = self._said[agent] or say(told[agent])
            choice = choices[agent]
            if choice is not None and (self._said[agent] or choice.reason):
                words = {"message": self._said[agent], "reason": choice.reason}
                self.events.append({
                    "step": tick, "kind": "said", "agent": r.AGENTS[agent], "author": choice.author,
                    "action": r.ACTIONS[choice.action], **{name: text for name, text in words.items() if text},
                })  # fmt: skip
        return told

    def _carry(self, agent: int, action: int, amount: float) -> None:
        """Fill in what a worker held since the goods were taken up: what the journey delivered."""
        start, origin = self._began[agent], self._notes["leaves"][self._began[agent]][agent]
        taken = start + int(r.AWAY[origin, action] + r.WORK[action])
        for moment in range(taken, len(self._notes["load"])):
            self._notes["good"][moment][agent] = CARRIED[action] if amount > 0 else NOTHING
            self._notes["load"][moment][agent] = amount

    def _note_moment(self) -> None:
        places = [position(self.world, agent) for agent in range(3)]
        self._add(
            state=self.world.numbers(), leaves=[p[0] for p in places], heads=[p[1] for p in places],
            way=[p[2] for p in places], good=[NOTHING] * 3, load=[0.0] * 3,
        )  # fmt: skip

    def _add(self, **rows: Any) -> None:
        for name, row in rows.items():
            self._notes[name].append(row)


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


def days(arrays: Arrays, name: str) -> NDArray[np.float64]:
    """(40,) the sum of an array of ticks over each day."""
    found: NDArray[np.float64] = arrays[name].astype(np.float64).reshape(r.DAYS, r.DAY).sum(1)
    return found


def fed(arrays: Arrays) -> NDArray[np.float64]:
    """(40,) bread eaten over bread needed, each day."""
    eaten, missed = days(arrays, "eaten"), days(arrays, "missed")
    return eaten / np.maximum(eaten + missed, 1e-9)


def said(events: Sequence[dict[str, Any]], agent: str, action: str) -> Iterator[dict[str, Any]]:
    """What an agent said when beginning an action, in order."""
    return (event for event in events if event["agent"] == agent and event["action"] == action)
