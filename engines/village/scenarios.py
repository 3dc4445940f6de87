"""What chance may do to a village: the scenarios, to train in and held out."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Scenario:
    """Rates and spells from which a tape is drawn. Days count from 1."""

    name: str
    held_out: bool = False  # never trained in
    stall_hazard: float = 0.0  # a day, from day 2 on
    stall_days: tuple[int, int] = (1, 1)  # least and most
    rabbit_rate: float = 0.0  # a tick, while there are none
    ill_hazard: float = 0.0  # a worker a day, from day 2 on
    ill_days: tuple[int, int] = (1, 1)
    # One spell an episode: it starts on a day of `spell_start` and lasts some days of `spell_days`; (0, 0): none.
    spell_start: tuple[int, int] = (0, 0)
    spell_days: tuple[int, int] = (0, 0)
    spell_stall: bool = False  # the mill stands still throughout
    spell_rabbit_rate: float = 0.0  # instead of rabbit_rate, where higher
    spell_growth: float = 1.0  # factor on what grows in a tick
    spell_price: float = 1.0  # what the price returns to; it falls there at once
    worst_start: bool = False  # the spell starts when it hurts most, see `worst_case_start`


CALM = Scenario("calm")
STD = Scenario("std", stall_hazard=0.03, stall_days=(2, 4), rabbit_rate=0.004)
WINDLESS = Scenario("windless", stall_hazard=0.06, stall_days=(4, 7), rabbit_rate=0.002)
RABBITS = Scenario("rabbits", stall_hazard=0.01, stall_days=(2, 3), rabbit_rate=0.015)
DROUGHT = Scenario(
    "drought", stall_hazard=0.01, stall_days=(2, 3), rabbit_rate=0.002,
    spell_start=(5, 28), spell_days=(5, 8), spell_growth=0.5,
)  # fmt: skip
COMPOUND = Scenario(
    "compound", held_out=True, stall_hazard=0.01, stall_days=(2, 4), rabbit_rate=0.004,
    spell_start=(5, 30), spell_days=(4, 6), spell_stall=True, spell_rabbit_rate=0.03,
)  # fmt: skip
LONG_DROUGHT = replace(
    DROUGHT, name="long_drought", held_out=True, spell_start=(5, 22), spell_days=(12, 16), spell_growth=0.4
)
PLAGUE = Scenario(
    "plague", held_out=True, stall_hazard=0.01, stall_days=(2, 3), rabbit_rate=0.004,
    spell_start=(5, 26), spell_days=(8, 12), spell_rabbit_rate=0.06,
)  # fmt: skip
ILLNESS = Scenario(
    "illness", held_out=True, stall_hazard=0.02, stall_days=(2, 3), rabbit_rate=0.004, ill_hazard=0.03, ill_days=(2, 4)
)
CRASH = Scenario(
    "crash", held_out=True, stall_hazard=0.02, stall_days=(2, 4), rabbit_rate=0.004,
    spell_start=(4, 16), spell_days=(14, 20), spell_price=0.5,
)  # fmt: skip
ADVERSARIAL = replace(COMPOUND, name="adversarial", spell_days=(5, 5), worst_start=True)

CALIBRATED = (CALM, STD, WINDLESS, RABBITS, COMPOUND)
SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        CALM, STD, WINDLESS, RABBITS, DROUGHT, COMPOUND, LONG_DROUGHT, PLAGUE, ILLNESS, CRASH, ADVERSARIAL,
    )
}  # fmt: skip
TRAIN = tuple(name for name, scenario in SCENARIOS.items() if not scenario.held_out)
HELD_OUT = tuple(name for name, scenario in SCENARIOS.items() if scenario.held_out)


def named(name: str) -> Scenario:
    """A scenario by its name.

    Raises:
        ValueError: there is none of that name.
    """
    if not isinstance(name, str) or name not in SCENARIOS:
        raise ValueError(f"scenario {reprlib.repr(name)}: no such scenario; choose one of {', '.join(SCENARIOS)}")
    return SCENARIOS[name]
