"""The rule by which the shown run is picked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stagelight.engines.recording import Recording
from stagelight.engines.village import constants as r
from stagelight.engines.village import episode_trace, exogenous, narrative, record, scenarios, seed_selection


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


@pytest.mark.slow
@pytest.mark.engine
def test_the_published_run_is_the_first_that_fits(recorded: Recording) -> None:
    """The rule's own words stand in the recording, the run fits them, and no seed before it does."""
    event = next(event for event in recorded.events if event["kind"] == "cast")
    first = int(recorded.config["first_seed"])
    assert event["rule"] == seed_selection.RULE
    assert event["looked_at"] == recorded.seed - first + 1
    maker = record.published(record.Config())
    for seed in range(first, recorded.seed + 1):
        weather = exogenous.draw(scenarios.named(str(recorded.config["scenario"])), seed)
        a = episode_trace.trace(weather, maker.make()).arrays
        found = seed_selection.story(narrative.fed(a), narrative.stored(a), seed_selection.still_days(weather))
        assert (found is not None) == (seed == recorded.seed)
