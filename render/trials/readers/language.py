"""Words of a language model: its replies, the answers of its server as they come over the wire, transcripts."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from stagelight.render.trials.answers import Bench, Case, Wrong, answered
from stagelight.render.trials.mutations import TEXTS
from stagelight.render.trials.raw_server import RawServer
from stagelight.render.trials.readers.common import damaged, from_file, generator

REPLY = json.dumps(
    {"reason": "The mill stands still.", "action": "guard", "message": "mill_flour=12", "note": "wind back at noon"}
)
REPLIES = (REPLY, f"```json\n{REPLY}\n``` or {{}}", f"<think>wait? {{}}</think>\n{REPLY}", f"Sure! {REPLY} and so on")
MESSAGES = [{"role": "system", "content": "rules"}, {"role": "user", "content": "choose"}]


def replies(_: Path) -> Bench:
    """A reply as a worker's choice: an action that may be chosen and stands in it, or waiting; words that are clean."""
    from stagelight.engines.village import constants as r  # noqa: PLC0415
    from stagelight.engines.village.agents import language_model  # noqa: PLC0415

    mask = np.ones(len(r.ACTIONS), np.int8)
    mask[r.ACTIONS.index("invest")] = 0

    def answer(text: str) -> str:
        choice = language_model.read(text, mask, 10)
        if not mask[choice.action]:
            raise Wrong("an action that may not be chosen", text[:200])
        for words, most in ((choice.message, r.MESSAGE), (choice.reason, 200)):
            if not (words == "" or words.isprintable()) or len(words) > most or set(words) & set("<>{}`"):
                raise Wrong("words that are not clean", ascii(words[:200]))
        if choice.fault:
            if choice.action != r.WAIT or choice.message or not choice.fault.isprintable():
                raise Wrong("an invalid reply that does something", text[:200])
            return "refused"
        if r.ACTIONS[choice.action] not in text and "\\u" not in text:
            raise Wrong("accepted with another meaning", text[:200])
        return "read"

    def mutated(seed: int, number: int) -> Case:
        start = REPLIES[number % len(REPLIES)]
        name, data = damaged(start.encode(), TEXTS, generator("replies", seed, number), number // len(REPLIES))
        return Case(name, partial(answer, data.decode("utf-8", "replace")))

    by_hand = (
        "",
        "wait",
        "{}",
        "[]",
        "null",
        "NaN",
        '{"action": NaN}',
        '{"action": null}',
        '{"action": ["guard"]}',
        '{"action": {}}',
        '{"action": "invest"}',
        '{"action": "guard", "action": "sell"}',
        '{"action": "GUARD"}',
        '{"action": " guard"}',
        "{" * 100_000,
        '{"a":' * 50_000,
        "[" * 100_000,
        '{"action": "guard", "message": 7}',
        '{"action": "guard", "reason": "\\u202e\\u0000\\ud800"}',
        REPLY * 20_000,
        '{"action": "guard", "note": ["x"]}',
        '{"action": "guard", "message": "' + "x" * (1 << 20) + '"}',
        '{"action": "gu\\u0061rd"}',
        '{"action": "guard\\u0000"}',
        "\ud800" + REPLY,
        '{"action": ' + "9" * 5000 + "}",
    )
    return Bench(mutated, tuple(Case(ascii(text[:40]), partial(answer, text)) for text in by_hand))


def servers(_: Path) -> Bench:
    """An answer over HTTP, headers and all, as `Endpoint` takes it: a reply, or one line that says why not."""
    from stagelight.engines.village.agents import language_model  # noqa: F401, PLC0415
    from stagelight.engines.village.llm.client import Config, Endpoint  # noqa: PLC0415
    from stagelight.engines.village.llm.types import ModelError, Reply  # noqa: PLC0415

    schema = {"type": "object", "properties": {"action": {"type": "string", "enum": ["guard", "wait"]}}}
    server = RawServer()
    config = Config(server.url, "m", attempts=1, timeout=3, pause=0.0)

    def asked() -> Reply:
        with Endpoint(config) as endpoint:
            return endpoint.ask(MESSAGES, schema)

    def sound(reply: Reply) -> bool:
        return isinstance(reply.text, str) and reply.tokens_in >= 0 and reply.tokens_out >= 0

    def answer(data: bytes) -> str:
        server.answer = data
        return answered(asked, (ModelError,), sound)

    good = _http(json.dumps(_completion(REPLY)).encode())
    assert answer(good) == "read"

    def mutated(seed: int, number: int) -> Case:
        name, data = damaged(good, TEXTS, generator("servers", seed, number), number)
        return Case(name, partial(answer, data))

    bodies: dict[str, Any] = {
        "a list": [],
        "a text": "no",
        "null": None,
        "no choices": {"choices": []},
        "choices of null": {"choices": [None]},
        "a message of null": {"choices": [{"message": None}]},
        "a content of numbers": {"choices": [{"message": {"content": 7}}]},
        "parts": _completion([{"type": "text", "text": REPLY}, None, 7]),
        "an error": {"error": {"message": "\x1b[31mno\n\u202e"}},
        "an error in a text": {"error": "no"},
        "usage of texts": {**_completion(REPLY), "usage": {"prompt_tokens": "x"}},
        "usage of -1": {**_completion(REPLY), "usage": {"prompt_tokens": -1, "completion_tokens": 1e400}},
        "tools": {"choices": [{"message": {"content": None, "tool_calls": [{"function": {"arguments": "{"}}]}}]},
    }
    by_hand = {name: _http(json.dumps(body).encode()) for name, body in bodies.items()}
    by_hand |= {
        "nothing": b"",
        "no HTTP": b"SSH-2.0-x\r\n",
        "two megabytes": _http(b" " * (2 << 20)),
        "half": good[:-40],
        "packed": _http(b"x", "Content-Encoding: gzip"),
        "deep": _http(b"[" * 200_000),
        "Latin-1": _http(b'{"a": "\xe9"}'),
        "elsewhere": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        "a header of 200 kB": _http(b"{}", "X: " + "x" * 200_000),
        "come back in 1e9 s": _failing(429, "Retry-After: 1000000000"),
        "come back on no day": _failing(503, "Retry-After: Mon, 99 Foo 9999 99:99:99 GMT"),
        "no such status": _failing(999),
        "forbidden": _failing(401),
        "a teapot": _failing(418),
        "come back at NaN": _failing(503, "Retry-After: nan"),
        "chunks of -1": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n",
    }
    return Bench(mutated, tuple(Case(name, partial(answer, data)) for name, data in by_hand.items()))


def _completion(content: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 9},
    }


def _http(body: bytes, more: str = "Content-Type: application/json") -> bytes:
    head = f"HTTP/1.1 200 OK\r\n{more}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def _failing(status: int, more: str = "X: x") -> bytes:
    return f"HTTP/1.1 {status} No\r\n{more}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno".encode()


class _Model:
    name = "m"

    def ask(self, messages: Any, schema: Any) -> Any:
        from stagelight.engines.village.llm.types import Reply  # noqa: PLC0415

        return Reply(REPLY, 9, 9)


def transcripts(folder: Path) -> Bench:
    """A file of what was asked and answered: its replies are of the right kinds, or it is refused with its line."""
    from stagelight.engines.village.llm.transcript import Transcript, TranscriptError  # noqa: PLC0415
    from stagelight.engines.village.llm.types import Reply  # noqa: PLC0415

    path = folder / "std-1.jsonl"
    with Transcript(path, _Model(), {"temperature": 0.0}) as made:
        for number in range(4):
            made.ask([*MESSAGES, {"role": "user", "content": str(number)}], {"number": number})
    good = path.read_bytes()

    def opened(path: Path) -> list[Reply]:
        with Transcript(path) as transcript:
            return list(transcript._replies.values())

    def sound(found: list[Reply]) -> bool:
        return all(isinstance(one.text, str) and type(one.tokens_in) is int for one in found)

    def answer(path: Path) -> str:
        return answered(lambda: opened(path), (TranscriptError,), sound, path.name)

    def mutated(seed: int, number: int) -> Case:
        return from_file(path, *damaged(good, TEXTS, generator("transcripts", seed, number), number), answer)

    head, first, *others = good.splitlines(keepends=True)
    forged = first.replace(b"guard", b"sell ")
    by_hand = {
        "no head": b"".join([first, *others]),
        "two heads": head + head + first,
        "deep": head + b"[" * 200_000 + b"\n",
        "one prompt, two answers": head + first + forged,
        "a line of two megabytes": head + b" " * (2 << 20) + first,
        "tokens of true": good.replace(b'"tokens_in": 9', b'"tokens_in": true'),
        "a field more": good.replace(b'"counted"', b'"x": 1, "counted"'),
        "tokens of -9": good.replace(b'"tokens_in": 9', b'"tokens_in": -9'),
        "a key twice": good.replace(b'"counted"', b'"text": "x", "counted"'),
        "a head of a list": b"[]\n",
        "settings of a text": good.replace(b'{"temperature": 0.0}', b'"warm"'),
        "Latin-1": good + b"\xe9\n",
        "a number of 5,000 digits": good.replace(b": 9", b": " + b"9" * 5000, 1),
        "NUL": good + b"\0\n",
        "an empty line": head + b"\n" + first,
        "another's schema": good.replace(b'"schema": 2', b'"schema": 2.0'),
        "half of a pair": good.replace(b"guard", b"\\\\ud800", 1),
    }
    return Bench(mutated, tuple(from_file(path, what, data, answer) for what, data in by_hand.items()))
