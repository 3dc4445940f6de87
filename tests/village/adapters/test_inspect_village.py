"""The village as an Inspect task, in an environment of its own: `make inspect` builds it and runs this file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("inspect_ai", reason="inspect-ai has an environment of its own: make inspect")

from inspect_ai import eval as inspect_eval
from inspect_ai.log import read_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, scenarios
from stagelight.engines.village.adapters.inspect_village import village
from stagelight.engines.village.agents.protocol import Choice
from stagelight.engines.village.episode import Episode
from stagelight.engines.village.world import World
from support.paths import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Inspect's own, of what it depends on
REPLY = json.dumps({"reason": "it is my craft", "action": "wait", "message": "granary=30", "note": ""})


def idle(seed: int, days: int) -> float:
    """The return when nobody does anything."""
    world = World(exogenous.draw(scenarios.STD, seed))
    episode = Episode(world)
    while world.tick < days * r.DAY:
        episode.tick([Choice(r.WAIT)] * 3, [False] * 3)
    return world.J / r.NORM


def test_inspect_plays_an_episode_and_scores_it(tmp_path: Path) -> None:
    asked: list[Any] = []

    def answer(messages: Any, tools: Any, choice: Any, config: Any) -> Any:
        asked.append((messages, config))
        output = ModelOutput.from_content("mockllm/model", REPLY if len(asked) % 2 else "I would rather not.")
        output.usage = ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15)  # else a tokenizer is fetched
        return output

    model = get_model("mockllm/model", custom_outputs=answer)
    (log,) = inspect_eval(
        village("std", seeds=1, first_seed=4, days=2), model=model, log_dir=str(tmp_path), display="none"
    )
    assert log.status == "success", log.error
    assert log.samples is not None
    score = log.samples[0].scores["fed"]
    assert score.value == pytest.approx(idle(4, 2))
    assert score.metadata is not None
    assert score.metadata["invalid_share"] == pytest.approx(0.5, abs=0.02)
    assert asked[0][1].response_schema.name == "choice"


class Server(ThreadingHTTPServer):
    """A server of a language model whose every answer is REPLY."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": REPLY}}
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        said = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}
        data = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def test_the_command_line_asks_a_server_of_ones_own(server: Server, tmp_path: Path) -> None:
    """The line in decision 0021, shorter by days and seeds."""
    command = [
        *(sys.executable, "-m", "inspect_ai", "eval", "engines/village/adapters/inspect_village.py"),
        *("--model", "openai-api/local/m", "-T", "seeds=1", "-T", "first_seed=4", "-T", "days=1"),
        *("--log-dir", str(tmp_path), "--display", "plain"),
    ]
    place = {"LOCAL_BASE_URL": f"http://127.0.0.1:{server.server_port}/v1", "LOCAL_API_KEY": "none"}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = tmp_path.glob("*.eval")
    log = read_eval_log(str(path))
    assert log.status == "success", log.error
    assert log.samples is not None
    score = log.samples[0].scores["fed"]
    assert score.value == pytest.approx(idle(4, 1))
    assert score.metadata["invalid_share"] == 0
    assert len(server.asked) == 3 * r.DAY
    assert server.asked[0]["response_format"]["json_schema"]["name"] == "choice"
