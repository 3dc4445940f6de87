"""The table of agents and a language model's words on the page of the village, made from a recording."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from stagelight.render.pages import village_tables
from stagelight.render.pages.scene_files import Scene

FACTS = {
    f"score.{weather}.{name}.return": at + place / 100
    for at, name in enumerate(village_tables.AGENTS)
    for place, weather in enumerate(village_tables.WEATHER)
}


def scene(facts: dict[str, float] = FACTS, *events: dict[str, Any]) -> Scene:
    return Scene("village", {"facts": facts, "events": list(events), "config": {}}, {}, Path())


def answer(reason: str, action: str = "farm") -> dict[str, Any]:
    return {"step": 3, "kind": "answered", "agent": "miller", "author": "language model", "action": action,
            "reason": reason}  # fmt: skip


def test_every_agent_has_a_row_with_its_own_return_in_each_weather() -> None:
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', village_tables.returns(scene(), "village.md"))
    assert [name for name, _ in rows] == list(village_tables.AGENTS.values())
    for at, (_, cells) in enumerate(rows):
        assert re.findall(r">([\d.]+)<", cells) == [
            f"{at + place / 100:.2f}" for place in range(len(village_tables.WEATHER))
        ]


def test_who_was_not_run_is_said_so_and_a_table_of_nobody_ends_the_build(capsys: pytest.CaptureFixture[str]) -> None:
    some = {name: value for name, value in FACTS.items() if ".planner." not in name}
    assert village_tables.returns(scene(some), "village.md").count("not run") == len(village_tables.WEATHER)
    with pytest.raises(SystemExit):
        village_tables.returns(scene({}), "village.md")
    assert "run `click score village`" in capsys.readouterr().err


def test_a_language_model_has_its_share_under_each_disturbance() -> None:
    facts = {
        f"llm.{where}.{who}.share": (10 * at + place) / 100
        for at, who in enumerate(village_tables.MODELS)
        for place, where in enumerate(village_tables.HELD_OUT)
    }
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', village_tables.models(scene(facts), "village.md"))
    assert [name for name, _ in rows] == list(village_tables.MODELS.values())
    for at, (_, cells) in enumerate(rows):
        assert re.findall(r">(\d+)%<", cells) == [f"{10 * at + place}" for place in range(len(village_tables.HELD_OUT))]


def test_a_models_words_are_written_as_it_said_them_and_never_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    said = [answer("<b>wind</b>"), answer("<b>wind</b>"), answer("{{ fact }}", "haul_wheat"), answer("third")]
    found = village_tables.answers(scene(FACTS, *said), "village.md", 2)
    assert "&lt;b&gt;wind&lt;/b&gt;" in found
    assert "<b>" not in found
    assert found.count("wind") == 1, "said again, it is not shown again"
    assert found.index("wind") < found.index("{{ fact }}")
    assert "third" not in found
    assert "carry wheat" in found
    with pytest.raises(SystemExit):
        village_tables.answers(scene(), "village.md", 2)
    assert "run `click score village`" in capsys.readouterr().err
