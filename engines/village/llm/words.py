"""What a model said is never trusted: bounded, without control characters, never markup."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from stagelight.engines.village.llm.reply import Schema

MAX_JSON_STARTS = 64  # places at which an object is looked for
_MARKUP = dict.fromkeys(map(ord, "<>{}`"))
_HIDDEN = {"Cc", "Cf", "Co", "Cs"}  # control, format (bidirectional overrides too), private, half a pair
_THOUGHT = re.compile(r"\A.*</think>|<think>.*\Z", re.DOTALL)  # some templates open it in the prompt


def plain(text: str, most: int) -> str:
    """Text that is safe to keep and to show: one line of at most `most` characters, without what opens markup."""
    text = unicodedata.normalize("NFC", text[: 8 * most])
    kept = "".join(
        " " if letter.isspace() else letter
        for letter in text.translate(_MARKUP)
        if letter.isspace() or unicodedata.category(letter) not in _HIDDEN
    )
    return " ".join(kept.split())[:most].rstrip()


def spoken(text: str) -> str:
    """A reply without the thought before it."""
    return _THOUGHT.sub("", text)


def parse(text: str, schema: Schema | None = None) -> dict[str, Any] | None:
    """The first JSON object in a reply that fits a schema, or else the first one; None if it holds none.

    Servers that cannot be held to a schema send prose, a fenced block or a thought around it, the schema before it,
    and a second choice after it.
    """
    text = spoken(text)
    decoder = json.JSONDecoder(parse_constant=_refuse)
    at, first = text.find("{"), None
    for _ in range(MAX_JSON_STARTS):
        if at < 0:
            break
        try:
            value, _ = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            pass
        else:
            if schema is None or fits(value, schema):
                return dict(value)
            first = first or value
        at = text.find("{", at + 1)
    return first


def fits(found: dict[str, Any], schema: Schema) -> bool:
    """Tell whether an object has the fields of a schema that are one of a list; a text that is missing is empty."""
    return all(
        found.get(name) in field["enum"] for name, field in schema.get("properties", {}).items() if "enum" in field
    )


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")
