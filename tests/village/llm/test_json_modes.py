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
        '{"action": "sell"} or rather {"action": "mill"}',
        '{ not this } {"action": "mill"} {',
    ],
)
def test_the_object_is_found_in_what_surrounds_it(text: str) -> None:
    assert json_modes.parse(text) == {"action": "mill"}


@pytest.mark.parametrize("text", ["", "mill", "[1]", '{"a": NaN}', "{" * 5000, '{"a":' * 3000, "<think>{}"])
def test_where_there_is_no_object_none_is_found(text: str) -> None:
    assert json_modes.parse(text) is None
