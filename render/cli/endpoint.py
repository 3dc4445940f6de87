"""Options of the commands that ask a language model behind a server, and how it is asked."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from stagelight.render.cli.options import FOLDER, Command
from stagelight.render.pipeline import InputError

Opener = Callable[[str, int], Any]  # of the language model that answers in a scenario and seed


@dataclass(frozen=True)
class Asked:
    """The language model that is asked, and how; each field an option."""

    base_url: str | None
    model: str | None
    key_variable: str
    max_tokens: int
    effort: str
    temperature: float
    time_out: float
    budget: int
    transcripts: Path | None
    parallel: int = 3
    price_in: float | None = None
    price_out: float | None = None

    def __post_init__(self) -> None:
        """Refuse one of a pair without the other."""
        if (self.base_url is None) != (self.model is None):
            raise InputError("--base-url and --model belong together; give both, or --transcripts alone to replay")
        if (self.price_in is None) != (self.price_out is None):
            raise InputError("--price-in and --price-out belong together; give both, or neither")

    def __bool__(self) -> bool:
        """True where there is a model to ask, or a transcript of one."""
        return bool(self.base_url or self.transcripts)

    @property
    def price(self) -> tuple[float, float] | None:
        """Of a million tokens read and written."""
        return None if self.price_in is None or self.price_out is None else (self.price_in, self.price_out)


_OPTIONS = (
    click.option(
        "--base-url",
        metavar="URL",
        help="Address of an OpenAI-compatible server. Example: --base-url http://127.0.0.1:11434/v1",
    ),
    click.option("--model", metavar="NAME", help="The model to ask there. Example: --model qwen3:4b"),
    click.option(
        "--key-variable",
        default="OPENAI_API_KEY",
        show_default=True,
        metavar="NAME",
        help="Environment variable that holds the key, if the server wants one. Example: --key-variable GROQ_API_KEY",
    ),
    click.option(
        "--max-tokens",
        type=click.IntRange(1),
        default=2000,
        show_default=True,
        metavar="N",
        help="Let an answer have N tokens, thinking included. Example: --max-tokens 8000",
    ),
    click.option(
        "--effort",
        default="",
        metavar="LEVEL",
        help="Let the model think so much: none, minimal, low, medium or high; default: its own. Example: --effort low",
    ),
    click.option(
        "--temperature",
        type=click.FloatRange(0, 2),
        default=0.0,
        show_default=True,
        metavar="T",
        help="Sample at temperature T. Example: --temperature 0.7",
    ),
    click.option(
        "--time-out",
        type=click.FloatRange(0, min_open=True),
        default=120.0,
        show_default=True,
        metavar="SECONDS",
        help="Wait so long for an answer, to its last byte. Example: --time-out 600",
    ),
    click.option(
        "--budget",
        type=click.IntRange(1),
        default=2_000_000,
        show_default=True,
        metavar="TOKENS",
        help="Stop after this many tokens, asked and answered; the same command resumes. Example: --budget 100000",
    ),
    click.option(
        "--transcripts",
        type=FOLDER,
        metavar="FOLDER",
        help="Keep requests and replies there; without --base-url, replay them. Example: --transcripts qwen",
    ),
)


def options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given(context: click.Context, asked: Asked) -> list[str]:
    """Those of the options that were given on the command line."""
    command_line = click.core.ParameterSource.COMMANDLINE
    return [
        f"--{one.name.replace('_', '-')}"
        for one in fields(asked)
        if one.name in context.params and context.get_parameter_source(one.name) is command_line
    ]


@contextmanager
def asking(cache: Path, asked: Asked, end: float) -> Iterator[Opener | None]:
    """A function of scenario and seed that gives the language model to ask; None if none was named."""
    if not asked:
        yield None
        return
    from stagelight.engines.village.llm.transcript import Transcript  # noqa: PLC0415

    folder = asked.transcripts
    if asked.base_url is None and folder:
        yield lambda scenario, seed: Transcript(folder / f"{scenario}-{seed}.jsonl")
        return
    from stagelight.engines.experiment.provenance import key  # noqa: PLC0415
    from stagelight.engines.village.llm.client import Config, Endpoint  # noqa: PLC0415  # brings in httpx

    for name in ("httpx", "httpcore"):  # or else they have a line for every request, with its headers
        logging.getLogger(name).setLevel(logging.WARNING)
    config = Config(
        asked.base_url or "", asked.model or "", asked.key_variable, temperature=asked.temperature,
        max_tokens=asked.max_tokens, effort=asked.effort, parallel=asked.parallel, budget=asked.budget,
        timeout=asked.time_out, deadline=end,
    )  # fmt: skip
    name = re.sub(r"[^\w.-]+", "_", config.model) + f"-{key(config.settings())[:8]}"
    kept = folder or cache / "transcripts" / name
    with Endpoint(config, lambda line: click.echo(line, err=True)) as endpoint:
        yield lambda scenario, seed: Transcript(kept / f"{scenario}-{seed}.jsonl", endpoint, config.settings())
