"""The rule by which the shown run is picked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stagelight.engines.recording import Recording
from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, narrative, scenarios, seed_selection


def days(**spans: tuple[int, int, float]) -> np.ndarray[Any, Any]:
    """Forty days, all well but for spans of (first, one after the last, value)."""
    found = np.ones(r.DAYS)
    for first, last, value in spans.values():
        found[first:last] = value
    return found


def test_the_rule_finds_the_story_and_nothing_else() -> None:
    still = np.zeros(r.DAYS, np.bool_)
    still[10:15] = True
    fed, stored = days(hungry=(13, 16, 0.2)), days(full=(0, 12, 4.0), dry=(12, 20, 0.1))
    found = seed_selection.story(fed, stored, still)
    assert found == seed_selection.Story(still=11, blows=16, dry=13, hungry=(14, 15, 16), recovered=17)
    assert seed_selection.story(days(), stored, still) is None, "nobody was hungry"
    assert seed_selection.story(days(late=(13, 30, 0.2)), stored, still) is None, "no recovery in time"
    assert seed_selection.story(fed, days(poor=(0, 40, 1.0)), still) is None, "nothing was stored"
    assert seed_selection.story(fed, stored, np.zeros(r.DAYS, np.bool_)) is None, "the wind never dropped"
    assert seed_selection.story(days(early=(10, 16, 0.2)), stored, still) is None, "nothing was bridged"


@pytest.mark.engine
def test_the_published_run_fits_the_rule(recorded: Recording) -> None:
    """The rule's own words stand in the recording, and the run fits them; no weather before could have been skipped."""
    event = next(event for event in recorded.events if event["kind"] == "cast")
    assert event["rule"] == seed_selection.RULE
    assert event["looked_at"] == recorded.seed - int(recorded.config["first_seed"]) + 1
    shown = {name.removeprefix("shown_"): array for name, array in recorded.arrays.items() if name.startswith("shown_")}
    weather = exogenous.draw(scenarios.named(str(recorded.config["scenario"])), recorded.seed)
    still = seed_selection.still_days(weather)
    assert seed_selection.possible(still)
    assert seed_selection.story(narrative.fed(shown), narrative.stored(shown), still) is not None


def test_weather_in_which_nothing_can_happen_is_passed_over() -> None:
    still = np.zeros(r.DAYS, np.bool_)
    assert not seed_selection.possible(still)
    still[10:12] = True
    assert not seed_selection.possible(still), "too short"
    still[12] = True
    assert seed_selection.possible(still)
    assert not seed_selection.possible(np.roll(still, -10)), "there is no day before it"
