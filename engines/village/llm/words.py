"""What a model said is never trusted: bounded, without control characters, never markup."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

MAX_JSON_STARTS = 64  # places at which an object is looked for
_MARKUP = dict.fromkeys(map(ord, "<>{}`"))
_HIDDEN = {"Cc", "Cf", "Co", "Cs"}  # control, format (bidirectional overrides too), private, half a pair
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


def plain(text: str, most: int) -> str:
    """Text that is safe to keep and to show: one line of at most `most` characters, without what opens markup."""
    text = unicodedata.normalize("NFC", text[: 8 * most])
    kept = "".join(
        " " if letter.isspace() else letter
        for letter in text.translate(_MARKUP)
        if letter.isspace() or unicodedata.category(letter) not in _HIDDEN
    )
    return " ".join(kept.split())[:most].rstrip()


def parse(text: str) -> dict[str, Any] | None:
    """The JSON object a reply is, or else the last one in it; None if it holds none.

    Servers that cannot be held to a schema send prose, a fenced block or a thought around it.
    """
    text = _THOUGHT.sub("", text)
    found = _object(text.strip())
    if found is not None:
        return found
    decoder = json.JSONDecoder(parse_constant=_refuse)
    at, last = text.find("{"), None
    for _ in range(MAX_JSON_STARTS):
        if at < 0:
            break
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            last = value
        at = text.find("{", end)
    return last


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")
