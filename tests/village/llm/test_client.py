"""The wire to a language model, against a real server on this machine that also misbehaves."""

from __future__ import annotations

import asyncio
import email.utils
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("httpx", reason="the extra village-llm")

from stagelight.engines.village.llm import json_modes
from stagelight.engines.village.llm.client import BudgetSpent, Config, Endpoint, EndpointError
from stagelight.engines.village.llm.types import Reply
from stagelight.render import cli
from stagelight.render.pipeline.plan import Places

SCHEMA = {"type": "object", "properties": {"action": {"type": "string", "enum": ["mill", "wait"]}}}
MESSAGES = [{"role": "user", "content": "Where to?"}]
KEY = "sk-not-a-real-one-0123456789"
GOOD = '{"action": "mill"}'


def body(text: str, **usage: int) -> dict[str, Any]:
    said: dict[str, Any] = {"choices": [{"message": {"role": "assistant", "content": text}}]}
    return said | ({"usage": usage} if usage else {})


class Server(ThreadingHTTPServer):
    """Answers each request with the next of `script`; the last one stays."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Callable[[Handler], None]] = []
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is what is tested."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append({"path": self.path, **asked})
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
    return lambda handler: handler.send(200, json.dumps(body(text, **usage)).encode())


def fails(status: int, text: str = "", **headers: str) -> Callable[[Handler], None]:
    return lambda handler: handler.send(status, text.encode(), **headers)


def hang(handler: Handler) -> None:
    time.sleep(3)
    handler.close_connection = True


def drip(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(60):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def drip_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(60):
        handler.wfile.write(b"a")
        handler.wfile.flush()
        time.sleep(0.05)


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
    found.shutdown()
    found.server_close()


def ask(server: Server, **settings: Any) -> Reply:
    with Endpoint(Config(server.url, "tiny", **{"pause": 0.01, "timeout": 5.0, **settings})) as endpoint:
        return endpoint.ask(MESSAGES, SCHEMA)


def refuses(name: str) -> Callable[[Handler], None]:
    """A server that knows some ways of asking for JSON, and says of the others that it does not."""

    def answer(handler: Handler) -> None:
        asked = handler.server.asked[-1]
        used = (asked.get("response_format") or {}).get("type") or ("guided_json" if "guided_json" in asked else "none")
        known = json_modes.DIALECTS.index(used) >= json_modes.DIALECTS.index(name)
        (says(GOOD) if known else fails(400, f"unknown way of asking: {used}"))(handler)

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
    server.script = [refuses(name)]
    with Endpoint(Config(server.url, "tiny", pause=0.01)) as endpoint:
        endpoint.ask(MESSAGES, SCHEMA)
        found = len(server.asked)
        endpoint.ask(MESSAGES, SCHEMA)
    assert found == json_modes.DIALECTS.index(name) + 1
    assert len(server.asked) == found + 1
    if name in {"json_object", "none"}:
        assert json.dumps(SCHEMA) in server.asked[-1]["messages"][-1]["content"]


def test_a_field_the_server_does_not_know_is_left_out(server: Server) -> None:
    refused = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'"
    server.script = [fails(400, refused), fails(422, "seed: extra fields not permitted"), says(GOOD)]
    assert ask(server).text == GOOD
    assert "seed" not in server.asked[-1]
    assert "max_tokens" not in server.asked[-1]
    assert server.asked[-1]["max_completion_tokens"] == 200
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
    begun = time.monotonic()
    with pytest.raises(EndpointError, match=r"no whole answer in 0\.3 s"):
        ask(server, timeout=0.3, attempts=2)
    assert time.monotonic() - begun < 2
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (fails(200, "<html><script>alert(1)</script>"), "not JSON but 'html"),
        (fails(200, "[" * 5000), "not JSON"),
        (fails(200, "[]"), "no choices"),
        (fails(200, '{"choices": []}'), "no choices"),
        (fails(200, json.dumps(body("x") | {"choices": [{"message": {"content": None}}]})), "no choices"),
        (fails(200, "\x1f\x8b", Content_Encoding="gzip"), "a packed answer"),
        (cut, "RemoteProtocolError"),
        (fails(500, "Traceback\n  File x\n\x1b[31mboom"), "500 Traceback File x .31mboom"),
    ],
    ids=["markup", "nested", "list", "none", "null", "packed", "cut", "500"],
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
    with pytest.raises(EndpointError, match="more than 262144 bytes"):
        ask(server)


@pytest.mark.parametrize("status", [301, 401, 403, 404])
def test_a_refusal_is_not_asked_again(server: Server, status: int) -> None:
    server.script = [fails(status, "no", Location="http://127.0.0.1:1/")]
    with pytest.raises(EndpointError, match=f"{status} no; look at the address"):
        ask(server)
    assert len(server.asked) == 1


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
        (Config("http://me:secret@x/v1", "m"), "holds a name or password"),
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


@pytest.mark.slow
@pytest.mark.engine
def test_a_model_behind_a_server_is_scored_and_replayed_without_it(
    server: Server, places: Places, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From the command line: a village that a server runs, the same from its transcript, and nothing paid for twice."""
    from stagelight.engines.village.evaluation import oracle_cache

    monkeypatch.setattr(
        oracle_cache, "returns", lambda names, seeds, *_, **__: {n: np.full(len(seeds), 2.2) for n in names}
    )
    server.script = [says('{"reason": "coins", "action": "sell", "message": "", "note": ""}')]
    where = ["--scenario", "calm", "--seeds", "1", "--transcripts", str(tmp_path / "said"), "--json"]
    named = ["--base-url", server.url, "--model", "tiny"]
    assert cli.run(["score", "village", *named, *where], places) == 0
    first = json.loads(capfd.readouterr().out)
    assert [row["agent"] for row in first] == ["endpoint", "clairvoyant"]
    assert first[0]["returns"] < 0, "everybody sells, and starves"
    assert first[0]["tokens"] > 0
    assert first[0]["invalid"] == 0
    asked = len(server.asked)
    assert asked > 100
    assert cli.run(["score", "village", *named, *where], places) == 0
    assert len(server.asked) == asked, "every answer was on file"
    assert json.loads(capfd.readouterr().out) == first
    assert cli.run(["score", "village", *where], places) == 0
    assert json.loads(capfd.readouterr().out) == first


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--base-url", "http://127.0.0.1:9/v1"], "belong together"),
        (["--agent", "endpoint", "--seeds", "1"], "give --base-url and --model, or --transcripts to replay"),
        (["--transcripts", "nowhere", "--seeds", "1"], "missing; record it with a model"),
    ],
)
@pytest.mark.engine
def test_a_village_without_its_model_is_refused_in_a_line(
    options: list[str], wanted: str, places: Places, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from stagelight.engines.village.evaluation import oracle_cache

    monkeypatch.setattr(
        oracle_cache, "returns", lambda names, seeds, *_, **__: {n: np.full(len(seeds), 2.2) for n in names}
    )
    assert cli.run(["score", "village", "--scenario", "calm", *options], places) != 0
    assert wanted in capfd.readouterr().err.splitlines()[-1]
