"""The ways of asking OpenAI-compatible servers for JSON, in order, and the one place where their answers are read.

`json_schema` is OpenAI's own and is understood by vLLM, llama.cpp, Ollama and LM Studio; `json_object` promises JSON
but no schema; `plain` is for everyone else, and the object is looked for in the words. A server that refuses a way is
asked in the next one, and so is one whose answers do not fit. What else a complaint names is left out or put otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stagelight.engines.village.llm.types import CUT, EMPTY, REFUSED, THINKING, Messages, Schema

MAX_JSON_STARTS = 64  # places at which an object is looked for in a reply
_THOUGHT = re.compile(r"\A.*</think>|<think>.*\Z", re.DOTALL)  # some templates open it in the prompt
DIALECTS = ("json_schema", "json_object", "plain")
SYSTEM, BOUNDS = "system", "maxLength"
# What some servers refuse: how their complaints name it. Any of these is asked for otherwise, or not at all.
OPTIONAL = {
    SYSTEM: r"system\W+(role|message|prompt|instruction)|developer instruction|roles must alternate|only user",
    BOUNDS: "maxLength",
    "temperature": "temperature",
    "seed": r"\bseed\b",
    "chat_template_kwargs": "chat_template_kwargs",
    "reasoning_effort": "reasoning_effort|reasoning effort",
    "max_tokens": "max_tokens",
}
_CONTEXT = re.compile(
    r"context.{0,20}(length|size|window)|exceed_context|context the overflows|prompt (is )?too long|input token count"
    r"|too large for model with|inputs.{0,3} tokens",
    re.IGNORECASE,
)
_QUOTA = re.compile(r"insufficient.{0,3}(quota|credit|balance|fund)|exceeded your current quota|billing", re.IGNORECASE)
_STRUCTURE = re.compile(r"response_format|json.{0,3}schema|grammar|structured|json mode", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """The content of a server's answer."""

    text: str  # without a thought before it; empty if there is none
    fault: str  # as in `Reply`
    tokens_in: int | None  # None: not counted
    tokens_out: int | None


class Complaint(Exception):  # noqa: N818
    """An answer that is an error, whatever its status: what the server said, and the status it means."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


def body(
    dialect: str, model: str, messages: Messages, schema: Schema, settings: Mapping[str, Any],
    refused: frozenset[str] = frozenset(),
) -> dict[str, Any]:  # fmt: skip
    """The JSON of a request to `/chat/completions`.

    Args:
        dialect: one of DIALECTS.
        model: its name.
        messages: the prompt.
        schema: of the object that answers it.
        settings: further fields by name, None where they are not asked for.
        refused: of OPTIONAL, what the server does not take.
    """
    turns = [dict(message) for message in messages]
    if SYSTEM in refused and turns[0]["role"] == "system" and len(turns) > 1:
        rules = turns.pop(0)["content"]
        turns[0]["content"] = f"{rules}\n\n{turns[0]['content']}"
    asked: dict[str, Any] = {"model": model, "messages": turns, "stream": False}
    asked |= {name: value for name, value in settings.items() if value is not None and name not in refused}
    if "max_tokens" in refused:
        asked["max_completion_tokens"] = settings["max_tokens"]
    if dialect == "json_schema":
        form = {"name": "choice", "strict": True, "schema": _unbounded(schema) if BOUNDS in refused else schema}
        asked["response_format"] = {"type": "json_schema", "json_schema": form}
    else:
        # json_object demands that the word JSON occurs in the prompt; a message more would break the turns' order.
        wanted = f"Answer with one JSON object of this schema and nothing else: {json.dumps(schema)}"
        turns[-1]["content"] += f"\n\n{wanted}"
        if dialect == "json_object":
            asked["response_format"] = {"type": "json_object"}
    return asked


def next_dialect(dialect: str) -> str | None:
    """The one to try after a refusal, or None."""
    at = DIALECTS.index(dialect) + 1
    return DIALECTS[at] if at < len(DIALECTS) else None


def refusal(said: str, asked: Mapping[str, Any], refused: frozenset[str]) -> str | None:
    """The one of OPTIONAL that a complaint names, if it was asked for and is not yet left out.

    Args:
        said: the complaint.
        asked: the request.
        refused: what is left out already.
    """
    present = {SYSTEM: asked["messages"][0]["role"] == "system", BOUNDS: BOUNDS in json.dumps(asked)}
    for name, pattern in OPTIONAL.items():
        if name not in refused and present.get(name, name in asked) and re.search(pattern, said, re.IGNORECASE):
            return name
    return None


def too_long(said: str) -> bool:
    """Tell whether a complaint says that the prompt is longer than the context."""
    return bool(_CONTEXT.search(said))


def unpaid(said: str) -> bool:
    """Tell whether a complaint says that an account is used up, which no waiting mends."""
    return bool(_QUOTA.search(said))


def unstructured(said: str) -> bool:
    """Tell whether a complaint is about the way in which JSON is asked for."""
    return bool(_STRUCTURE.search(said))


def read(content: Any) -> Answer:
    """Read an answer: its text, wherever the server put it, or why there is none.

    The text is the content, a string or parts of it; else the arguments of a call of a tool; else, where the model
    came to an end, its reasoning, into which some servers put the JSON.

    Raises:
        Complaint: it is an error, or holds no message.
    """
    top = _object(content)
    choices = top.get("choices")
    choice = _object(choices[0]) if isinstance(choices, list) and choices else {}
    error = top.get("error") or choice.get("error") or (top if top.get("object") == "error" else None)
    if error:
        raise Complaint(_status(_object(error)), json.dumps(error, ensure_ascii=False))
    message = choice.get("message")
    if not isinstance(message, dict):
        raise Complaint(500, "no choices[0].message in the answer")
    text, cut = spoken(_text(message.get("content"))).strip(), choice.get("finish_reason") == "length"
    thought = next((_text(message[name]) for name in ("reasoning_content", "reasoning") if message.get(name)), "")
    text = text or _arguments(message) or ("" if cut else thought)
    fault = ""
    if cut:
        fault = CUT if text else THINKING
    elif message.get("refusal") or choice.get("finish_reason") == "content_filter":
        fault = REFUSED
    elif not text:
        fault = EMPTY
    return Answer(text, fault, *(_count(top.get("usage"), name) for name in ("prompt_tokens", "completion_tokens")))


def _text(content: Any) -> str:
    """A content that is a text, or the texts of its parts."""
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else part for part in content]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _arguments(message: Mapping[str, Any]) -> str:
    """The arguments of the first tool that is called, or nothing."""
    calls = message.get("tool_calls")
    first = _object(calls[0]) if isinstance(calls, list) and calls else {}
    found = _object(first.get("function") or message.get("function_call")).get("arguments")
    return json.dumps(found) if isinstance(found, dict) else _text(found)


def _status(error: Mapping[str, Any]) -> int:
    """The status an error means: its code where that is one; or else 500, a fault that may pass."""
    code = str(error.get("code"))
    return int(code) if code in map(str, range(400, 600)) else 500


def _object(value: Any) -> Mapping[str, Any]:
    """A JSON value that is an object; or else one that holds nothing."""
    return value if isinstance(value, dict) else {}


def _count(usage: Any, name: str) -> int | None:
    """A number of tokens that can be one."""
    found = _object(usage).get(name)
    return found if type(found) is int and 0 <= found < 10**7 else None


def _unbounded(schema: Schema) -> dict[str, Any]:
    """A schema without bounds on the length of texts."""
    fields = {name: {k: v for k, v in field.items() if k != BOUNDS} for name, field in schema["properties"].items()}
    return {**schema, "properties": fields}


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
