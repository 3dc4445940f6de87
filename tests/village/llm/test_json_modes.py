"""The JSON object in a language model's reply."""

from __future__ import annotations

import pytest

from stagelight.engines.village.llm import json_modes


@pytest.mark.parametrize(
    "text",
    [
        '{"action": "mill"}',
        'Sure! ```json\n{"action": "mill"}\n``` Good luck',
        '<think>{"action": "sell"} no...</think>{"action": "mill"}',
        '{"action": "mill"} or rather {"action": "sell"}',
        '{ not this } {"action": "mill"} {',
    ],
)
def test_the_object_is_found_in_what_surrounds_it(text: str) -> None:
    assert json_modes.parse(text) == {"action": "mill"}


@pytest.mark.parametrize(
    "text",
    [
        'As asked: {"type": "object", "properties": {}} ```json\n{"action": "mill"}\n``` or {"action": "wait"}',
        '{"action": "dance"} {"action": "mill"}',
        '{"choice": {"action": "mill"}}',
        '[{"action": "mill"}, {"action": "wait"}]',
        '{"action": "wait"}</think> {"action": "mill"}',
    ],
)
def test_of_several_objects_the_first_that_fits_the_schema_is_taken(text: str) -> None:
    schema = {"properties": {"action": {"enum": ["wait", "mill"]}, "note": {"type": "string"}}}
    assert json_modes.parse(text, schema) == {"action": "mill"}
    assert json_modes.parse('{"action": "dance"} {}', schema) == {"action": "dance"}, "to name what is wrong with it"


@pytest.mark.parametrize("text", ["", "mill", "[1]", '{"a": NaN}', "{" * 5000, '{"a":' * 3000, "<think>{}"])
def test_where_there_is_no_object_none_is_found(text: str) -> None:
    assert json_modes.parse(text) is None
