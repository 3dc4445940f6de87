"""The bound that no plan exceeds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios
from stagelight.engines.village.agents import beam_search, fitted, oracle
from stagelight.engines.village.agents.scripted import BatchPlanned, BatchScripted
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.evaluation import upper_bound
from stagelight.engines.village.exogenous import Tape, draw, stack
from stagelight.engines.village.world import World

pytestmark = pytest.mark.engine
LONG = {
    kind.action: int(r.WORK[kind.action] + r.TRAVEL[r.SOURCE[kind.action], r.TARGET[kind.action]])
    for kind in upper_bound.KINDS
}

MOVES = {kind.name for kind in upper_bound.KINDS if kind.most}


def kind_of(tape: Tape, tick: int, agent: int, action: int, moved: float) -> str | None:
    """The program's name for an action that ends; None for what it need not count: work that moves nothing."""
    who = "own" if r.CRAFT[action] == agent else "off"
    if action == r.GRIND:
        wind = {0.0: None, 0.5: "half", 1.0: "full"}[float(tape.wind[tick])]
        return wind and f"mill_{who}_{wind}"
    if action in (r.FARM, r.BAKE):
        return f"{r.ACTIONS[action]}_{who}" if moved > 0 else None
    return None if action == r.WAIT else r.ACTIONS[action]


class Watched(World):
    """A village that keeps what ended in a tick: worker, where they set out, action, level, and what it moved."""

    ended: list[tuple[int, int, int, int, float]]

    def _effect(self, agent: int, action: int) -> float:
        level, moved = int(self.level), super()._effect(agent, action)
        self.ended.append((agent, self.place[agent], action, level, moved))
        return moved


def unknowns(tape: Tape, choices: oracle.Choices) -> dict[tuple[str, int], float]:
    """The program's unknowns in an episode that was played, all but the lag of levels."""
    world, found = Watched(tape), defaultdict[tuple[str, int], float](float)
    underway = list[tuple[int, int, int]]()  # worker, evening, and the ticks of what they do that were done by then
    for tick in range(r.TICKS):
        day, eaten, world.ended = tick // r.DAY, world.eaten, []
        found["mouths", day] = world.mouths
        world.step([max(0, int(action)) for action in choices[tick]])
        found["eaten", day] += world.eaten - eaten
        for agent, begun, action, level, moved in world.ended:
            name = kind_of(tape, tick, agent, action, moved)
            source = r.POST[agent] if action == r.WAIT else r.SOURCE[action]
            done = [(name, LONG[action])] if name else []
            if begun != source:
                done.append((f"way_{begun}{source}", int(r.TRAVEL[begun, source])))
            for what, _ in done:
                found[what, day] += 1
                found[f"{what}*", day] += level
            if name in MOVES:
                found[f"{name}=", day] += moved
            for who, evening, spent in [one for one in underway if one[0] == agent]:
                counted = min(spent, sum(ticks for _, ticks in done))
                found["idle", evening] += counted
                found["idle*", evening] += counted * level
                underway.remove((who, evening, spent))
        if tick % r.DAY == r.DAY - 1:
            stocks = (
                world.cut_wheat, world.mill_wheat, world.mill_flour, world.bakery_flour, world.bakery_bread,
                world.square_bread, world.granary,
            )  # fmt: skip
            found.update({(name, day): stock for name, stock in zip(upper_bound.STOCKS, stocks, strict=True)})
            found["plots", day], found["level", day] = world.plots.sum(), world.level
            for agent in range(3):
                if world.left[agent]:
                    whole = int(r.DURATION[agent, world.place[agent], world.action[agent]])
                    underway.append((agent, day, whole - world.left[agent]))
    return found


def lags(program: upper_bound.Program, values: NDArray[np.float64]) -> None:
    """Set each lag to the least that its row allows."""
    rows, limits = program.rows(), np.array(program.limits)
    for (name, _), column in program.names.items():
        if name.startswith("lag_"):
            (row,) = (at for at in rows[:, [column]].nonzero()[0] if rows[at, column] == -1)
            values[column] = max(0.0, float((rows[[row]] @ values)[0] - limits[row]))


def plans(tape: Tape) -> dict[str, oracle.Choices]:
    """The choices of scripts, a search and chance on a tape."""
    rng, lists = np.random.default_rng(0), fitted.parameters(scenario="calm")
    scripted = play(Villages(stack([tape])), BatchScripted(lists)).choices[0]
    wild = rng.integers(0, len(r.ACTIONS), scripted.shape).astype(np.int8)
    return {"scripts": scripted, "search": beam_search.plan(tape, 0, 8, 8)[1], "chance": wild}


def check(tape: Tape, plans: dict[str, oracle.Choices]) -> None:
    """An episode satisfies every row of the tape's program, and is worth there what it returned."""
    program = upper_bound.program(tape)
    low, high = np.array(program.bounds).T
    for who, choices in plans.items():
        found = unknowns(tape, choices)
        assert set(found) <= set(program.names), who
        values = np.array([found[key] for key in program.names])
        lags(program, values)
        over = program.rows() @ values - np.array(program.limits)
        assert over.max() < 1e-6, f"{who}: row {over.argmax()} of {len(over)}, by {over.max()}"
        assert (values >= low - 1e-9).all(), who
        assert (values <= high + 1e-9).all(), who
        played = play(Villages(stack([tape])), BatchPlanned(choices[None])).returns[0]
        assert program.gain @ values / r.NORM == pytest.approx(played), who


@pytest.mark.parametrize("name", ["rabbits", "illness", "plague", "windless", "crash"])
def test_what_was_played_satisfies_every_row(name: str) -> None:
    tape = draw(scenarios.named(name), 11)
    check(tape, plans(tape))


def test_three_who_await_rabbits_lose_no_more_than_the_program_says() -> None:
    """In winter, when nothing else covers a row that takes too much."""
    tape = draw(scenarios.CALM, 11)
    for tick in range(19 * r.DAY + 2, 19 * r.DAY + 10):
        visited = replace(tape, rabbits=np.arange(r.TICKS) == tick)
        check(visited, {"guards": np.full((r.TICKS, 3), r.GUARD, np.int8)})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["calm", "rabbits", "compound"])
def test_no_plan_exceeds_the_bound(name: str) -> None:
    tape = draw(scenarios.named(name), 3)
    assert oracle.plan(tape, fitted.parameters(), 0, 2000)[0] < upper_bound.upper(tape) <= 2.375 + 1e-6
