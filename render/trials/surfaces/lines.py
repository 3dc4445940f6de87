"""Lines for somebody who reads them in a terminal: of the commands, the chess program, and about a model's server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from stagelight.render.trials.answers import READ, REFUSED, Bench, Wrong, one_line
from stagelight.render.trials.raw_server import RawServer
from stagelight.render.trials.surfaces.bench import bench, seen

PROGRAM = """
import contextlib, io, json, pathlib, sys
from stagelight.render.cli import run
from stagelight.render.pipeline.plan import Places
here = pathlib.Path.cwd()
for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
        code = run(json.loads(line), Places(here, here / "cache"))
    print(json.dumps([code, said.getvalue()]), flush=True)
"""
KEY = "sk-zq7-0123456789abcdef"  # what no line may hold


def commands(folder: Path) -> Bench:
    """The words as an argument, a file's name and a file's content; each refusal is one printable line, status 2."""
    puzzles, asked = folder / "puzzles.pgn", _commands(folder)

    def refused(*line: str) -> None:
        code, said = asked(line)
        if code != 2:
            raise Wrong(f"{line[0]}: status {code}, wanted 2", ascii(said[-300:]))
        one_line(said.rstrip("\n").rpartition("\n")[2])
        seen(said, 4000, line[0])

    def answer(words: str) -> str:
        short = words.replace("\0", "").encode("utf-8", "replace").decode()[:200]
        refused("play", words)
        refused("render", short)
        refused("record", "scan", "--volume", str(folder / short.replace("/", "")[:60]))
        refused("score", "village", "--agent", short, "--scenario", "std")
        puzzles.write_text(f"[Event {words!r}]\n{{{words}}}\n", encoding="utf-8", errors="replace")
        refused("score", "rollout", "--puzzles", str(puzzles))
        return REFUSED

    return bench(answer)


def _commands(folder: Path) -> Callable[[Sequence[str]], tuple[int, str]]:
    """The real program, which is given one command after the other; their statuses, and all that they say."""
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert program.stdin is not None
    assert program.stdout is not None
    given, taken = program.stdin, program.stdout

    def asked(words: Sequence[str]) -> tuple[int, str]:
        given.write(json.dumps(words).encode() + b"\n")
        given.flush()
        code, said = json.loads(taken.readline())
        return int(code), str(said)

    return asked


def chess(_: Path) -> Bench:
    """The words in every place of UCI that takes some: what is answered is plain ASCII, a line each."""
    import chess as rules  # noqa: PLC0415

    from stagelight.engines.rollout import uci, uci_input  # noqa: PLC0415

    def candidates(board: rules.Board) -> list[tuple[rules.Move, float]]:
        return [(move, 1.0) for move in list(board.legal_moves)[:1]]

    def answer(words: str) -> str:
        text = "".join(
            f"{command}\n"
            for command in (
                *(
                    words,
                    f"position fen {words}",
                    f"position startpos moves {words}",
                    f"setoption name {words} value 1",
                ),
                *(f"setoption name MultiPV value {words}", f"go searchmoves {words}", "quit"),
            )
        )
        data = iter([text.encode("utf-8", "surrogatepass"), b""])
        for line in uci.answers(candidates, uci_input.split_lines(lambda: next(data))):
            if not (line.isascii() and line.isprintable()) or len(line) > 1000:
                raise Wrong("a line that is not plain", ascii(line)[:200])
        return READ

    return bench(answer)


def servers(_: Path) -> Bench:
    """A server's refusal with the words and the key in it, which nobody reads there."""
    from stagelight.engines.village.agents import language_model  # noqa: F401, PLC0415
    from stagelight.engines.village.llm.client import Config, Endpoint  # noqa: PLC0415
    from stagelight.engines.village.llm.types import ModelError  # noqa: PLC0415

    server = RawServer()
    os.environ["STAGELIGHT_TRIAL_KEY"] = KEY
    config = Config(
        server.url, "m", attempts=1, timeout=3, pause=0.0,
        key_variable="STAGELIGHT_TRIAL_KEY",
    )  # fmt: skip
    schema = {"type": "object", "properties": {"action": {"type": "string", "enum": ["wait"]}}}

    def answer(words: str) -> str:
        noted: list[str] = []
        for status in (200, 400, 401, 403, 404, 429, 500, 503):
            body = f"{words[:5000]} {KEY} Bearer {KEY} {KEY[:20]}".encode("utf-8", "replace")
            head = f"HTTP/1.1 {status} {KEY}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            server.answer = head.encode() + body
            try:
                with Endpoint(config) as endpoint:
                    noted.append(endpoint.ask([{"role": "user", "content": "x"}], schema).text)
            except ModelError as error:
                noted.append(str(error))
                one_line(str(error))
        if leak := next((line for line in noted if KEY in line), ""):
            raise Wrong("the key in a line", ascii(leak)[:200])
        return REFUSED

    return bench(answer)
