"""Facts of a line, in words and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, scenarios
from stagelight.engines.village.llm import facts, prompt
from stagelight.engines.village.observation import observe, understand
from stagelight.engines.village.world import World


def observations(ticks: int = 60) -> np.ndarray[Any, Any]:
    """Observations of all three workers, who act by chance."""
    rng, world, found = np.random.default_rng(0), World(exogenous.draw(scenarios.STD, 3)), []
    for _ in range(ticks):
        found += [observe(world, agent) for agent in range(3)]
        world.step([int(a) for a in rng.integers(0, 12, 3)])
    return np.stack(found)


def test_a_sentence_states_what_the_line_shows() -> None:
    for o in observations():
        for fact in facts.FACTS:
            assert facts.parse(facts.sentence(fact, o)) == (fact.name, fact.shown(o))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("flour at the bakery is 12", ("bakery_flour", "12")),
        ("rabbits in the field are gone", ("rabbits", "0")),
        ("the wind is still", ("wind", "still")),
        ("flour sells at 1.1", ("price", "1.1")),
        ("the miller is on wheat", ("miller_does", "wheat")),
        ("flour at the bakery is 12 and more", None),
        ("flour at the bakery is", None),
        ("", None),
    ],
)
def test_only_a_whole_sentence_states_a_fact(text: str, found: tuple[str, str] | None) -> None:
    assert facts.parse(text) == found


def test_a_changed_fact_changes_the_line() -> None:
    seen = observations()
    rng = np.random.default_rng(1)
    for fact in facts.FACTS:
        own = np.array([o for o in seen if not fact.name.startswith(r.AGENTS[int(o[r.ROLE])])])
        drawn = facts.differing(fact, own, own, rng, tries=20)
        for o, donor in zip(own, own[drawn], strict=True):
            other = o.copy()
            other[fact.column] = donor[fact.column]
            changed = fact.shown(other) != fact.shown(o)
            assert changed == (prompt.short(other, r.FREE) != prompt.short(o, r.FREE))
        if len(np.unique(fact.level(own))) > 2:
            assert (fact.level(own) != fact.level(own[drawn])).mean() > 0.9


def test_what_a_sentence_tells_the_others_is_its_value_where_it_is_seen() -> None:
    for o in observations():
        for fact in facts.FACTS:
            told = understand(facts.message(r.BAKE, facts.sentence(fact, o), o), 0)
            assert told[r.FARMER_DOES] == r.BAKE
            told[r.FARMER_DOES] = np.nan
            if fact.name in r.KNOWN[: r.FARMER_DOES]:
                index = r.KNOWN.index(fact.name)
                if o[r.AGE + index] == 0:
                    assert told[index] == pytest.approx(np.rint(o[fact.column] * fact.scale) / fact.scale)
                told[index] = np.nan
            assert np.isnan(told).all()
    assert facts.message(r.BAKE, "what a fine day", o) == "doing=bake"
