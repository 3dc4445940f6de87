"""The ways in which OpenAI-compatible servers are asked for JSON, and what each of them refuses.

`json_schema` is OpenAI's own and is understood by vLLM, llama.cpp, Ollama and LM Studio; `guided_json` is the older
one of vLLM; `json_object` promises JSON but no schema; `none` is everyone else, and the object is looked for in the
words. A server that does not know a way answers 400 or 422, and the next one is tried.
"""

from __future__ import annotations

import json
import re
from typing import Any

from stagelight.engines.village.llm.types import Messages, Schema

MAX_JSON_STARTS = 64  # places at which an object is looked for in a reply
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
DIALECTS = ("json_schema", "guided_json", "json_object", "none")
# Fields some servers refuse, and what is sent in their place.
OPTIONAL = {"seed": None, "temperature": None, "max_tokens": "max_completion_tokens"}


def body(
    dialect: str,
    model: str,
    messages: Messages,
    schema: Schema,
    settings: dict[str, Any],
    refused: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The JSON of a request to `/chat/completions`."""
    asked: dict[str, Any] = {"model": model, "messages": [dict(message) for message in messages], "stream": False}
    for name, value in settings.items():
        if value is None:
            continue
        if name not in refused:
            asked[name] = value
        elif OPTIONAL.get(name):
            asked[str(OPTIONAL[name])] = value
    if dialect == "json_schema":
        form = {"name": "choice", "strict": True, "schema": schema}
        asked["response_format"] = {"type": "json_schema", "json_schema": form}
    elif dialect == "guided_json":
        asked["guided_json"] = schema
    else:
        # json_object demands that the word JSON occurs in the prompt.
        wanted = f"Answer with one JSON object of this schema and nothing else: {json.dumps(schema)}"
        asked["messages"].append({"role": "user", "content": wanted})
        if dialect == "json_object":
            asked["response_format"] = {"type": "json_object"}
    return asked


def refusal(text: str, settings: dict[str, Any], refused: frozenset[str]) -> str | None:
    """The optional field that a server's complaint names, if it is one not yet left out."""
    for name in OPTIONAL:
        if name in text and name not in refused and settings.get(name) is not None:
            return name
    return None


def next_dialect(dialect: str) -> str | None:
    """The one to try after a refusal, or None."""
    at = DIALECTS.index(dialect) + 1
    return DIALECTS[at] if at < len(DIALECTS) else None


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
