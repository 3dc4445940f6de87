"""The wire to a language model, against a real server on this machine that also misbehaves."""

from __future__ import annotations

import asyncio
import email.utils
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("httpx", reason="the extra village-llm")

from stagelight.engines import recording
from stagelight.engines.experiment.progress import Interrupted
from stagelight.engines.village.agents.language_model import LanguageAgent
from stagelight.engines.village.agents.protocol import Observation
from stagelight.engines.village.llm import json_modes, prompt
from stagelight.engines.village.llm.client import BudgetSpent, Config, Endpoint, EndpointError
from stagelight.engines.village.llm.transcript import Transcript
from stagelight.engines.village.llm.types import ModelError, Reply
from stagelight.engines.village.observation import observe
from stagelight.render import cli, theme
from stagelight.render.pipeline.plan import Places
from stagelight.render.scenes.village import Village
from stagelight.render.stage import Film
from support.paths import PACKAGE
from support.village import village

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"action": {"type": "string", "enum": ["mill", "wait"]}}}
MESSAGES = [{"role": "user", "content": "Where to?"}]
KEY = "sk-not-a-real-one-0123456789"
GOOD = '{"action": "mill"}'


def body(text: str, **usage: int) -> dict[str, Any]:
    return answer({"content": text}) | ({"usage": usage} if usage else {})


def answer(message: dict[str, Any], finish: str = "stop") -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", **message}, "finish_reason": finish}]}


class Server(ThreadingHTTPServer):
    """Answers each request with the next of `script`; the last one stays."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Callable[[Handler], None]] = []
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.closing = threading.Event()  # what answers without end goes on until then

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is what is tested."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append({"path": self.path, **self.asked})
        self.server.headers.append(dict(self.headers))
        self.server.times.append(time.monotonic())
        script = self.server.script
        (script.pop(0) if len(script) > 1 else script[0])(self)

    def log_message(self, *_: Any) -> None:
        pass

    def send(self, status: int, data: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)


def says(text: str, **usage: int) -> Callable[[Handler], None]:
    return sends(body(text, **usage))


def sends(content: Any) -> Callable[[Handler], None]:
    return lambda handler: handler.send(200, json.dumps(content).encode())


def fails(status: int, text: str = "", **headers: str) -> Callable[[Handler], None]:
    return lambda handler: handler.send(status, text.encode(), **headers)


def hang(handler: Handler) -> None:
    handler.server.closing.wait(60)
    handler.close_connection = True


def drip(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    trickle(handler, b" ")


def drip_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    trickle(handler, b"a")


def trickle(handler: Handler, data: bytes) -> None:
    """Send a byte now and then, for a minute if the test does not end before."""
    for _ in range(1200):
        handler.wfile.write(data)
        handler.wfile.flush()
        if handler.server.closing.wait(0.05):
            break


class Crowd:
    """Handlers that work for a moment, and how many of them did so at once, at most."""

    def __init__(self) -> None:
        self.now, self.most, self.lock = 0, 0, threading.Lock()

    def work(self, seconds: float) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(seconds)
        with self.lock:
            self.now -= 1


def cut(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices"')
    handler.close_connection = True


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True).start()
    yield found
    found.closing.set()
    found.shutdown()
    found.server_close()


def ask(server: Server, **settings: Any) -> Reply:
    with Endpoint(Config(server.url, "tiny", **{"pause": 0.01, "timeout": 5.0, **settings})) as endpoint:
        return endpoint.ask(MESSAGES, SCHEMA)


def refuses(name: str, refusing: Callable[[Handler], None]) -> Callable[[Handler], None]:
    """A server that knows some ways of asking for JSON, and refuses the others."""

    def answer(handler: Handler) -> None:
        asked = handler.server.asked[-1]
        used = (asked.get("response_format") or {}).get("type") or "plain"
        known = json_modes.DIALECTS.index(used) >= json_modes.DIALECTS.index(name)
        (says(GOOD) if known else refusing)(handler)

    return answer


def test_a_request_is_what_openai_documents(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.script = [says(GOOD, prompt_tokens=11, completion_tokens=5)]
    assert ask(server) == Reply(GOOD, 11, 5)
    asked = server.asked[0]
    assert asked["path"] == "/v1/chat/completions"
    assert (asked["model"], asked["messages"], asked["temperature"], asked["seed"]) == ("tiny", MESSAGES, 0.0, 0)
    assert asked["response_format"]["json_schema"]["schema"] == SCHEMA
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_without_a_key_none_is_sent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    server.script = [says(GOOD)]
    assert not ask(server).counted
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize("name", json_modes.DIALECTS)
def test_a_way_of_asking_that_the_server_knows_is_found_and_kept(server: Server, name: str) -> None:
    server.script = [refuses(name, fails(400, "unknown way of asking"))]
    with Endpoint(Config(server.url, "tiny", pause=0.01)) as endpoint:
        endpoint.ask(MESSAGES, SCHEMA)
        found = len(server.asked)
        endpoint.ask(MESSAGES, SCHEMA)
    assert found == json_modes.DIALECTS.index(name) + 1
    assert len(server.asked) == found + 1
    assert [message["role"] for message in server.asked[-1]["messages"]] == ["user"], "turns alternate"
    if name != "json_schema":
        assert json.dumps(SCHEMA) in server.asked[-1]["messages"][-1]["content"]


@pytest.mark.parametrize(
    "refusing",
    [
        fails(404, "No endpoints found that support structured outputs"),
        fails(422, "extra inputs are not permitted"),
        fails(500, "failed to parse grammar"),
        fails(500, "Internal Server Error"),
        says("I would mill, for the wind is up."),
        says(""),
        sends(answer({"content": "[1, 2"}, "length")),
    ],
    ids=["404", "422", "500 said", "500", "ignored", "empty", "cut"],
)
def test_where_json_is_not_asked_for_in_a_known_way_the_next_one_is_tried(
    server: Server, refusing: Callable[[Handler], None]
) -> None:
    """Of a status, of words, or of answers that do not fit, as where a server ignores what it does not know."""
    server.script = [refuses("plain", refusing)]
    said: list[str] = []
    with Endpoint(Config(server.url, "tiny", pause=0.01), said.append) as endpoint:
        assert endpoint.ask(MESSAGES, SCHEMA).text == GOOD
        found = len(server.asked)
        assert endpoint.ask(MESSAGES, SCHEMA).text == GOOD
    assert len(server.asked) == found + 1 <= 5
    assert [line.partition(" (")[0] for line in said] == [
        "tiny: asked by json_object instead of json_schema", "tiny: asked by plain instead of json_object",
    ]  # fmt: skip


def test_a_way_that_gave_an_answer_is_kept_whatever_comes_after(server: Server) -> None:
    server.script = [says(GOOD), says("Let me think."), says(GOOD)]
    with Endpoint(Config(server.url, "tiny")) as endpoint:
        assert [endpoint.ask(MESSAGES, SCHEMA).text for _ in range(3)] == [GOOD, "Let me think.", GOOD]
    assert {asked["response_format"]["type"] for asked in server.asked} == {"json_schema"}


@pytest.mark.parametrize(
    ("message", "finish", "text", "fault"),
    [
        ({"content": None, "tool_calls": [{"function": {"name": "go", "arguments": GOOD}}]}, "tool_calls", GOOD, ""),
        ({"content": "", "tool_calls": [{"function": {"arguments": {"action": "mill"}}}]}, "stop", GOOD, ""),
        ({"content": None, "function_call": {"arguments": GOOD}}, "function_call", GOOD, ""),
        ({"content": [{"type": "thinking", "thinking": []}, {"type": "text", "text": GOOD}]}, "stop", GOOD, ""),
        ({"content": None, "reasoning_content": GOOD}, "stop", GOOD, ""),
        ({"content": "wind is up</think>" + GOOD}, "stop", GOOD, ""),
        ({"content": None, "refusal": "I cannot."}, "stop", "", "the model refused"),
        ({"content": ""}, "content_filter", "", "the model refused"),
        ({"content": None}, "stop", "", "an empty answer"),
        ({"content": "", "reasoning_content": "So, " + GOOD}, "length", "", "its tokens were spent thinking"),
        ({"content": "<think>" + GOOD}, "length", "", "its tokens were spent thinking"),
        ({"content": '{"act'}, "length", '{"act', "cut off at the limit of its tokens"),
        ({"content": None, "tool_calls": "none", "reasoning": 3}, "stop", "", "an empty answer"),
    ],
    ids=[
        "tool", "tool of an object", "function", "parts", "reasoning", "thought", "refusal", "filtered", "null",
        "spent", "spent inside", "cut", "nonsense",
    ],
)  # fmt: skip
def test_an_answer_is_read_wherever_it_stands_or_named_for_what_it_is(
    server: Server, message: dict[str, Any], finish: str, text: str, fault: str
) -> None:
    server.script = [sends(answer(message, finish))]
    reply = ask(server, dialect="plain")
    assert (reply.text, reply.fault) == (text, fault)


def test_a_model_that_spends_its_tokens_thinking_is_named_and_stopped(server: Server) -> None:
    spent = answer({"content": "", "reasoning_content": "Hm, "}, "length")
    spent["usage"] = {"prompt_tokens": 700, "completion_tokens": 200}
    server.script = [says(GOOD), sends(spent)]
    said: list[str] = []
    with Endpoint(Config(server.url, "tiny", max_tokens=200), said.append) as endpoint:
        endpoint.ask(MESSAGES, SCHEMA)
        for _ in range(19):
            assert endpoint.ask(MESSAGES, SCHEMA).fault
        named = r"20 answers in a row .* spent thinking, 200 of them: raise --max-tokens, now 200, or lower --effort"
        for _ in range(2):
            with pytest.raises(EndpointError, match=named):
                endpoint.ask(MESSAGES, SCHEMA)
    assert len(server.asked) == 21, "once stopped, nothing is asked"
    assert len(said) == 1
    assert "spent thinking" in said[0]


def test_answers_that_cannot_be_used_are_stopped_in_a_row_only(server: Server) -> None:
    server.script = [*([says("no")] * 22), says(GOOD), says("no")]
    with Endpoint(Config(server.url, "tiny", dialect="plain")) as endpoint, pytest.raises(EndpointError, match="fits"):
        for _ in range(20):
            endpoint.ask(MESSAGES, SCHEMA)
    assert len(server.asked) == 20
    server.script = [*([says("no")] * 18), says(GOOD), *([says("no")] * 18), says(GOOD)]
    with Endpoint(Config(server.url, "tiny", dialect="plain")) as endpoint:
        for _ in range(38):
            endpoint.ask(MESSAGES, SCHEMA)


def test_what_is_asked_for_is_asked_and_what_is_refused_is_left_out_and_said(server: Server) -> None:
    said: list[str] = []
    server.script = [
        fails(400, "Unrecognized request argument supplied: chat_template_kwargs"),
        fails(400, "Unsupported value: 'reasoning_effort' does not support 'none' with this model."),
        fails(400, "Unsupported value: 'temperature' does not support 0.7 with this model."),
        fails(400, "Invalid schema for response_format 'choice': 'maxLength' is not permitted."),
        says(GOOD),
    ]
    schema = {"type": "object", "properties": {**SCHEMA["properties"], "note": {"type": "string", "maxLength": 9}}}
    config = Config(server.url, "tiny", temperature=0.7, effort="none", max_tokens=900)
    with Endpoint(config, said.append) as endpoint:
        endpoint.ask(MESSAGES, schema)
    first, last = server.asked[0], server.asked[-1]
    assert (first["temperature"], first["reasoning_effort"], first["max_tokens"]) == (0.7, "none", 900)
    assert first["chat_template_kwargs"] == {"enable_thinking": False}
    assert not {"temperature", "reasoning_effort", "chat_template_kwargs"} & last.keys()
    assert last["response_format"]["json_schema"]["schema"]["properties"]["note"] == {"type": "string"}
    assert len(said) == 4
    assert "asked without reasoning_effort" in said[1]


def test_where_the_system_role_is_refused_its_text_stands_before_the_users(server: Server) -> None:
    server.script = [fails(400, "System role not supported"), says(GOOD)]
    with Endpoint(Config(server.url, "tiny")) as endpoint:
        endpoint.ask([{"role": "system", "content": "Rules."}, *MESSAGES], SCHEMA)
    assert server.asked[-1]["messages"] == [{"role": "user", "content": "Rules.\n\nWhere to?"}]


def grain(short: int) -> Callable[[Handler], None]:
    """A server whose context is that many characters."""

    def reply(handler: Handler) -> None:
        length = sum(len(message["content"]) for message in handler.server.asked[-1]["messages"])
        long = "This model's maximum context length is 2048 tokens. However, you requested 2300 tokens, max_tokens too."
        (says('{"action": "mill", "reason": "' + "wind " * 30 + '"}') if length < short else fails(400, long))(handler)

    return reply


def test_where_the_context_is_exceeded_memory_is_shortened_and_the_same_is_replayed(
    server: Server, tmp_path: Path
) -> None:
    seen = Observation(observe(village("std", 7), 1), np.ones(13, np.int8))
    bare = sum(len(message["content"]) for message in prompt.full(seen.values, seen.mask, {}, [], ""))
    server.script = [grain(bare + 500)]
    said: list[str] = []
    with (
        Endpoint(Config(server.url, "tiny"), said.append) as endpoint,
        Transcript(tmp_path / "run.jsonl", endpoint) as live,
    ):
        agent = LanguageAgent(live)
        for _ in range(8):
            assert not agent.act(seen).fault
    assert 0 < len(agent.memory) < 6
    assert [line.partition(" (")[0] for line in said] == [
        "tiny: the prompt is longer than the context, so memory is shortened"
    ]
    again = LanguageAgent(Transcript(tmp_path / "run.jsonl"))
    for _ in range(8):
        again.act(seen)
    assert (again.memory, again.tokens) == (agent.memory, agent.tokens)
    server.script = [grain(bare // 2)]
    with Endpoint(Config(server.url, "tiny")) as endpoint, pytest.raises(ModelError, match="without any memory too"):
        LanguageAgent(endpoint).act(seen)


def test_requests_under_way_are_bounded_and_in_parallel(server: Server) -> None:
    crowd = Crowd()

    def slow(handler: Handler) -> None:
        crowd.work(0.1)
        says(GOOD)(handler)

    server.script = [slow]
    with Endpoint(Config(server.url, "tiny", parallel=3)) as endpoint, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: endpoint.ask(MESSAGES, SCHEMA).text, range(12))) == [GOOD] * 12
    assert crowd.most == 3


def test_after_the_deadline_nothing_is_asked(server: Server) -> None:
    server.script = [says(GOOD)]
    with (
        Endpoint(Config(server.url, "tiny", deadline=time.monotonic() - 1)) as endpoint,
        pytest.raises(Interrupted, match="0 tokens of tiny"),
    ):
        endpoint.ask(MESSAGES, SCHEMA)
    assert not server.asked


def test_a_field_the_server_does_not_know_is_left_out(server: Server) -> None:
    refused = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'"
    server.script = [fails(400, refused), fails(422, "seed: extra fields not permitted"), says(GOOD)]
    assert ask(server).text == GOOD
    assert "seed" not in server.asked[-1]
    assert "max_tokens" not in server.asked[-1]
    assert server.asked[-1]["max_completion_tokens"] == 2000
    assert server.asked[-1]["response_format"]["type"] == "json_schema"


def test_retry_after_is_waited_for(server: Server) -> None:
    server.script = [fails(429, "slow down", Retry_After="0.3"), says(GOOD)]
    assert ask(server).attempts == 2
    assert server.times[1] - server.times[0] >= 0.3


def test_retry_after_may_be_a_date_and_is_bounded(server: Server) -> None:
    late = email.utils.formatdate(time.time() + 600, usegmt=True)
    server.script = [fails(503, "", Retry_After=late), fails(429, "", Retry_After="x"), says(GOOD)]
    assert ask(server, longest_pause=0.2).attempts == 3
    assert server.times[1] - server.times[0] >= 0.19


def test_pauses_grow_and_are_jittered(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.script = [fails(500), fails(502), fails(503), says(GOOD)]
    waits: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        waits.extend([seconds] if seconds else [])
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", noted)
    ask(server, pause=0.1)
    assert [0.05 * 2**at <= wait <= 0.1 * 2**at for at, wait in enumerate(waits)] == [True] * 3
    assert len({wait / 2**at for at, wait in enumerate(waits)}) == 3, "jittered"


@pytest.mark.parametrize("fault", [hang, drip, drip_headers], ids=["hang", "drip", "drip headers"])
def test_one_deadline_covers_all_of_a_request(server: Server, fault: Callable[[Handler], None]) -> None:
    server.script = [fault]
    with pytest.raises(EndpointError, match=r"no whole answer in 0\.3 s"):
        ask(server, timeout=0.3, attempts=2)
    assert len(server.asked) == 2, "each attempt was given up while the server was still at it"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (fails(200, "<html><script>alert(1)</script>"), "not JSON but 'html"),
        (fails(200, "[" * 5000), "not JSON"),
        (fails(200, "[]"), "no choices"),
        (fails(200, '{"choices": []}'), "no choices"),
        (sends({"error": {"message": "overloaded", "code": 503}}), "200 .*overloaded"),
        (sends({"error": "no model is loaded"}), "200 .*no model is loaded"),
        (sends({"choices": [{"message": {"content": ""}, "error": {"code": 502, "message": "up"}}]}), "200 .*up"),
        (fails(200, "\x1f\x8b", Content_Encoding="gzip"), "a packed answer"),
        (cut, "RemoteProtocolError"),
        (fails(500, "Traceback\n  File x\n\x1b[31mboom"), "500 Traceback File x .31mboom"),
    ],
    ids=["markup", "nested", "list", "none", "error", "error in a word", "error of a choice", "packed", "cut", "500"],
)
def test_a_malfunction_is_tried_again_and_then_said_in_one_line(
    server: Server, answer: Callable[[Handler], None], said: str
) -> None:
    server.script = [answer]
    with pytest.raises(EndpointError, match=said) as caught:
        ask(server, attempts=3)
    assert len(server.asked) == 3
    words = str(caught.value)
    assert "\n" not in words
    assert "<" not in words
    assert "\x1b" not in words
    assert len(words) < 500


def test_an_answer_is_read_to_the_bound_and_no_further(server: Server) -> None:
    server.script = [says("a" * (1 << 20))]
    with pytest.raises(EndpointError, match="more than 1048576 bytes"):
        ask(server)


@pytest.mark.parametrize(
    ("refusing", "named"),
    [
        (fails(301, "no", Location="http://127.0.0.1:1/"), "301 no; look at the address"),
        (fails(401, "no"), r"the key in OPENAI_API_KEY is missing, wrong or not allowed this model \(401 no"),
        (fails(403, "no"), "the key in OPENAI_API_KEY is missing, wrong or not allowed"),
        (sends({"error": {"code": 401, "message": "no"}}), "the key in OPENAI_API_KEY is missing, wrong"),
        (fails(402, "Insufficient Balance"), "the quota of the key in OPENAI_API_KEY is used up"),
        (fails(429, '{"error": {"code": "insufficient_quota"}}'), "the quota of the key in OPENAI_API_KEY is used up"),
        (fails(429, "requests per day", Retry_After="3600"), "a limit of requests, for 3600 s more"),
    ],
    ids=["301", "401", "403", "401 in 200", "402", "quota", "limit"],
)
def test_a_refusal_is_named_and_not_asked_again(
    server: Server, refusing: Callable[[Handler], None], named: str
) -> None:
    server.script = [refusing]
    with pytest.raises(EndpointError, match=named):
        ask(server)
    assert len(server.asked) == 1


def test_a_wrong_model_is_named(server: Server) -> None:
    server.script = [fails(404, "model 'tiny' not found, try pulling it first")]
    with pytest.raises(EndpointError, match=r"404 model 'tiny' not found.*--model tiny"):
        ask(server)
    assert len(server.asked) == len(json_modes.DIALECTS)


def test_a_server_that_refuses_every_way_is_reported(server: Server) -> None:
    server.script = [fails(400, "model not loaded")]
    with pytest.raises(EndpointError, match=r"refused \(400 model not loaded"):
        ask(server)
    assert len(server.asked) == len(json_modes.DIALECTS)


def test_the_key_is_in_no_error(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.script = [fails(401, f"bad key {KEY}")]
    with pytest.raises(EndpointError) as caught:
        ask(server)
    assert KEY not in str(caught.value)
    assert "bad key [key]" in str(caught.value)


def test_the_key_is_in_no_answer_transcript_or_line(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Though the server echoes it everywhere, escaped too."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level(0)
    escaped = json.dumps(answer({"content": f"{GOOD} {KEY}"})).replace(KEY, KEY.replace("s", r"\u0073"))
    server.script = [fails(400, f"temperature {KEY}"), fails(400, f"{KEY}"), fails(200, escaped)]
    said: list[str] = []
    path = tmp_path / "run.jsonl"
    with Endpoint(Config(server.url, "tiny"), said.append) as endpoint, Transcript(path, endpoint) as live:
        assert live.ask(MESSAGES, SCHEMA).text == f"{GOOD} [key]"
        assert KEY not in repr(endpoint.config)
    assert len(said) == 2
    assert KEY not in path.read_text() + "".join(said) + caplog.text


def test_a_server_that_is_not_there(server: Server) -> None:
    with (
        Endpoint(Config("http://127.0.0.1:9/v1", "tiny", pause=0.01, attempts=2)) as endpoint,
        pytest.raises(EndpointError, match="ConnectError"),
    ):
        endpoint.ask(MESSAGES, SCHEMA)


def test_the_budget_ends_the_asking(server: Server) -> None:
    server.script = [says(GOOD, prompt_tokens=60, completion_tokens=50)]
    with Endpoint(Config(server.url, "tiny", budget=200)) as endpoint:
        endpoint.ask(MESSAGES, SCHEMA)
        endpoint.ask(MESSAGES, SCHEMA)
        with pytest.raises(BudgetSpent, match="220 tokens spent of 200"):
            endpoint.ask(MESSAGES, SCHEMA)
    assert len(server.asked) == 2


def test_counts_that_cannot_be_are_estimated(server: Server) -> None:
    server.script = [says(GOOD, prompt_tokens=-5, completion_tokens=10**12)]
    reply = ask(server)
    assert not reply.counted
    assert 0 < reply.tokens_in + reply.tokens_out < 100


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (Config("127.0.0.1:80", "m"), "wanted one such as"),
        (Config("ftp://x/v1", "m"), "wanted one such as"),
        (Config("http://me:secret@x/v1", "m"), "holds a name, password or query"),
        (Config("http://x/v1?key=secret", "m"), "holds a name, password or query"),
        (Config("http://127.0.0.1/v1", "m", effort="much"), "choose none, minimal, low"),
        (Config("http://127.0.0.1/v1", "m", dialect="xml"), "choose auto, json_schema"),
    ],
)
def test_an_address_is_looked_at_first(config: Config, said: str) -> None:
    with pytest.raises(EndpointError, match=said) as caught:
        Endpoint(config)
    assert "secret" not in str(caught.value)


def test_a_key_does_not_travel_unencrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(EndpointError, match="would travel unencrypted") as caught:
        Endpoint(Config("http://models.example/v1", "m"))
    assert KEY not in str(caught.value)


TORCHLESS = """
import runpy, sys
BARRED = {"accelerate", "gguf", "peft", "safetensors", "tokenizers", "torch", "transformers"}
class Without:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in BARRED:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Without())
runpy.run_module("stagelight", run_name="__main__")
"""
SELLS = '{"reason": "coins", "action": "sell", "message": "", "note": ""}'


@pytest.fixture
def score(server: Server, places: Places, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Any]:
    """The command against the server, in calm weather: its exit code, what it printed, and what it said of that."""

    def call(*options: str) -> tuple[int, str, str]:
        named = ["--base-url", server.url, "--model", "tiny", "--scenario", "calm"]
        code = cli.run(["score", "village", *named, "--transcripts", str(tmp_path / "said"), *options], places)
        return code, *capfd.readouterr()

    return call


SAYS = '{"reason": "Flour first <b>\\u202e", "action": "bank", "message": "I store it. mill_flour=7", "note": ""}'


@pytest.mark.slow
@pytest.mark.engine
def test_a_village_of_a_model_behind_a_server_is_recorded_and_drawn(
    server: Server, places: Places, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Whatever happens in it: the same film, the model's own words on every bubble; from its transcript, the same."""
    server.script = [says(SAYS)]
    named = [
        "record",
        "village",
        "--seed",
        "3008",
        "--transcripts",
        str(tmp_path / "said"),
        "--out",
        str(tmp_path / "mine"),
    ]
    assert cli.run([*named, "--base-url", server.url, "--model", "tiny"], places) == 0
    made = recording.load(tmp_path / "mine", "village")
    assert made.config["cast"] == "tiny"
    said = [event for event in made.events if event["kind"] == "said"]
    assert {event["author"] for event in said} == {"language model"}
    assert {event["reason"] for event in said} == {"Flour first b"}
    assert "story.hungry_days" not in made.facts, "everybody stores, and starves"
    for section in Village(made).sections():
        assert Film(section, theme.Quality("test", 192, 108, 10, 30, "ultrafast")).at(section.still).any()
    asked = len(server.asked)
    assert cli.run(named, places) == 0, "from its transcript"
    assert recording.load(tmp_path / "mine", "village").events == made.events
    assert len(server.asked) == asked
    capfd.readouterr()
    for wrong, words in (
        (["rollout", "--effort", "low"], "rollout takes no --effort"),
        (["village", "--effort", "low"], "--effort needs a model"),
    ):
        assert cli.run(["record", *wrong], places) != 0
        assert words in capfd.readouterr().err


@pytest.mark.slow
@pytest.mark.engine
def test_a_model_behind_a_server_is_scored_and_replayed_without_it(
    server: Server, score: Callable[..., Any], tmp_path: Path
) -> None:
    """From the command line: a village that a server runs, the same from its transcript, and nothing paid for twice.

    Replayed without torch and all that stands on it: the plan that it is compared with comes with the package.
    """
    server.script = [says(SELLS)]
    code, out, _ = score("--seeds", "1", "--json")
    assert code == 0
    first = json.loads(out)
    assert [row["agent"] for row in first] == ["endpoint", "clairvoyant"]
    assert first[0]["returns"] < 0, "everybody sells, and starves"
    assert 2 < first[1]["returns"] < 2.4
    assert first[0]["tokens"] > 0
    assert first[0]["invalid"] == 0
    asked = len(server.asked)
    assert asked > 100
    assert json.loads(score("--seeds", "1", "--json")[1]) == first
    assert len(server.asked) == asked, "every answer was on file"
    options = ["--scenario", "calm", "--seeds", "1", "--transcripts", str(tmp_path / "said"), "--json"]
    replayed = subprocess.run(
        [sys.executable, "-c", TORCHLESS, "score", "village", *options], env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(replayed.stdout) == first


@pytest.mark.engine
def test_a_wrong_key_is_found_out_before_any_plan_is_searched(
    server: Server, score: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from stagelight.engines.village.evaluation import oracle_cache

    monkeypatch.setattr(oracle_cache, "shipped", lambda *_: pytest.fail("too early"))
    server.script = [fails(401, "no such key")]
    code, _, err = score("--seeds", "1")
    assert code != 0
    assert "the key in OPENAI_API_KEY is missing, wrong" in err.splitlines()[-1]
    assert len(server.asked) == 1


@pytest.mark.engine
def test_what_a_run_will_take_is_said_first_and_what_it_took_stands_in_the_table(
    server: Server, score: Callable[..., Any]
) -> None:

    def half(handler: Handler) -> None:
        text = SELLS if len(server.asked) % 2 else "I will sell."
        says(text, prompt_tokens=650, completion_tokens=50)(handler)

    server.script = [half]
    code, out, err = score("--seeds", "2", "--days", "1", "--price-in", "100", "--price-out", "1000")
    assert code == 0
    assert (
        "tiny: 2 x 1 days, about 28 answers, 28,000 tokens asked and 1,400 answered, at a cost of 4.20; what is on file"
    ) in err
    head, random, model = out.splitlines()
    assert head.split()[-3:] == ["invalid", "tokens/village", "cost/village"]
    assert random.split()[:2] == ["calm", "random"]
    share, tokens, cost = model.split()[-3:]
    assert 20 < float(share.removesuffix("%")) < 80
    answers = int(tokens.replace(",", "")) / 700
    assert float(cost) == pytest.approx(answers * (650 * 100 + 50 * 1000) / 1e6, abs=0.01)


@pytest.mark.engine
def test_time_that_is_up_ends_a_run_which_the_same_command_resumes(
    server: Server, score: Callable[..., Any], tmp_path: Path
) -> None:
    def slow(handler: Handler) -> None:
        time.sleep(0.05)
        says(SELLS)(handler)

    server.script = [slow]
    code, _, err = score("--seeds", "1", "--days", "6", "--minutes", "0.01")
    assert code != 0
    assert "tokens of tiny, time is up; the same command resumes" in err.splitlines()[-1]
    before = len(server.asked)
    assert before > 0
    assert score("--seeds", "1", "--days", "6")[0] == 0
    answers = len((tmp_path / "said" / "calm-770000.jsonl").read_text().splitlines()) - 1
    assert before < len(server.asked) == answers, "nothing is asked twice"


@pytest.mark.engine
def test_villages_run_at_once_as_they_run_one_after_another(
    server: Server, score: Callable[..., Any], tmp_path: Path
) -> None:
    crowd = Crowd()

    def works(handler: Handler) -> None:
        crowd.work(0.05)
        asked = handler.asked["messages"][-1]["content"]
        says('{"action": "farm"}' if "farmer" in asked[:60] else '{"action": "mill"}')(handler)

    server.script = [works]
    several = score("--seeds", "3", "--days", "1", "--parallel", "5", "--json")
    assert 3 < crowd.most <= 5
    for path in (tmp_path / "said").iterdir():
        path.unlink()
    assert score("--seeds", "3", "--days", "1", "--parallel", "1", "--json")[:2] == several[:2]
    assert several[0] == 0


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--base-url", "http://127.0.0.1:9/v1"], "belong together"),
        (["--agent", "stock", "--price-in", "1"], "belong together"),
        (["--agent", "endpoint", "--seeds", "1"], "give --base-url and --model, or --transcripts to replay"),
        (["--transcripts", "nowhere", "--seeds", "1"], "missing; record it with a model"),
    ],
)
@pytest.mark.engine
def test_a_village_without_its_model_is_refused_in_a_line(
    options: list[str], wanted: str, places: Places, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["score", "village", "--scenario", "calm", *options], places) != 0
    assert wanted in capfd.readouterr().err.splitlines()[-1]
