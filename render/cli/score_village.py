"""`click score village`: the agents of the village, a reader's language model among them, run and scored."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from stagelight.engines import recording
from stagelight.render.cli.engine_calls import refusals, stopping_after
from stagelight.render.cli.options import FOLDER, JSON, MINUTES, jobs
from stagelight.render.pipeline import InputError, executor, progress
from stagelight.render.pipeline.plan import Places

Rows = list[tuple[str, str, Mapping[str, float]]]  # scenario, agent, what was measured


@click.command("village")
@click.option(
    "--agent",
    "agents",
    multiple=True,
    metavar="NAME",
    help="Run only this agent; may be repeated. Example: --agent stock",
)
@click.option(
    "--scenario",
    "where",
    multiple=True,
    metavar="NAME",
    help="Run only this scenario; may be repeated. Example: --scenario compound",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 100),
    metavar="N",
    help="Play N villages per scenario; default: 100. Example: --seeds 20",
)
@JSON
@jobs("Search N plans")
@MINUTES
@click.option(
    "--base-url",
    metavar="URL",
    help="Address of an OpenAI-compatible server. Example: --base-url http://127.0.0.1:11434/v1",
)
@click.option("--model", metavar="NAME", help="The model to ask there. Example: --model qwen3:4b")
@click.option(
    "--key-variable",
    default="OPENAI_API_KEY",
    show_default=True,
    metavar="NAME",
    help="Environment variable that holds the key, if the server wants one. Example: --key-variable GROQ_API_KEY",
)
@click.option(
    "--budget",
    type=click.IntRange(1),
    default=2_000_000,
    show_default=True,
    metavar="TOKENS",
    help="Stop after this many tokens, asked and answered; the same command resumes. Example: --budget 100000",
)
@click.option(
    "--transcripts",
    type=FOLDER,
    metavar="FOLDER",
    help="Keep requests and replies there; without --base-url, replay them. Example: --transcripts qwen",
)
@click.pass_obj
def score_village(
    places: Places,
    agents: tuple[str, ...],
    where: tuple[str, ...],
    seeds: int | None,
    as_json: bool,
    jobs: int | None,
    minutes: float | None,
    base_url: str | None,
    model: str | None,
    key_variable: str,
    budget: int,
    transcripts: Path | None,
) -> None:
    """Score every agent of the village in every scenario.

    Each plays villages of held-out seeds; its mean return and its score are printed. A score of 0 is the random
    agent; 1 is the best plan found with the weather known in advance. In brackets is the 95 % bootstrap interval of
    the mean. Without --agent and --scenario the whole benchmark runs, and is written into the recording. Searching
    a plan takes some seconds and its result is kept, so an interrupted run resumes. Planner and language models are
    slow: they play the first seeds only, unless --seeds says how many.

    With --base-url and --model a language model behind a server plays. Its key comes from the environment. Every reply
    is on disk before it is used, so nothing is paid for twice.

    \b
    Examples:
        click score village
        click score village --agent policy --agent stock --scenario compound --seeds 20
        click score village --agent reserve_4     four days in reserve, all year
        click score village --agent small_taught --scenario plague --seeds 4
        click score village --base-url http://127.0.0.1:11434/v1 --model qwen3:4b --scenario std --seeds 1
    """
    with refusals():
        from stagelight.engines.village.evaluation import evaluate_agents  # noqa: PLC0415

        cache, cores = places.cache.parent / "record" / "village", jobs or executor.usable_cores()
        if base_url or model or transcripts:
            agents = agents or (evaluate_agents.ENDPOINT,)
        asking = _language_model(cache, base_url, model, key_variable, budget, transcripts)
        with progress.following() as report, asking as ask, stopping_after(minutes) as end:
            if agents or where:
                rows = _score_agents(agents, where, seeds, cache, report, ask, cores, end)
            else:
                rows = _score_all(places, seeds, cache, report, cores, end)
    if as_json:
        click.echo(json.dumps([{"scenario": one, "agent": who, **row} for one, who, row in rows], indent=1))
    else:
        _print(rows)


def _score_all(places: Places, seeds: int | None, cache: Path, report: progress.Report, cores: int, end: float) -> Rows:
    """Run the whole benchmark and write it into the recording."""
    from stagelight.engines.village import benchmark  # noqa: PLC0415  # brings in scipy
    from stagelight.engines.village.evaluation import metrics as measured  # noqa: PLC0415

    before = recording.load(places.recordings, "village")
    made = benchmark.compare(before, cache, report, cores, end, seeds or len(measured.SEALED_SEEDS))
    recording.save(made, places.recorded)
    return list(benchmark.lines(made.facts))


def _score_agents(
    agents: tuple[str, ...],
    where: tuple[str, ...],
    seeds: int | None,
    cache: Path,
    report: progress.Report,
    ask: Callable[[str, int], Any] | None,
    cores: int,
    end: float,
) -> Rows:
    """Run some agents in some scenarios; all of either where none is named."""
    from stagelight.engines.village import record as village  # noqa: PLC0415
    from stagelight.engines.village import scenarios  # noqa: PLC0415
    from stagelight.engines.village.evaluation import evaluate_agents, oracle_cache  # noqa: PLC0415
    from stagelight.engines.village.evaluation import metrics as measured  # noqa: PLC0415

    for name in agents:
        evaluate_agents.known(name)
    asked, slow = agents or evaluate_agents.QUICK, {} if seeds else evaluate_agents.SLOW
    chosen = [scenarios.named(name).name for name in where] or list(scenarios.SCENARIOS)
    most = max(slow.get(name, len(measured.SEALED_SEEDS)) for name in asked)
    tapes = measured.SEALED_SEEDS[: seeds or most]
    best = oracle_cache.returns(chosen, tapes, cache, village.POLICY, report, jobs=cores, deadline=end)
    means = evaluate_agents.Means(village.POLICY, cache, report, ask)
    return [
        (one, who, row)
        for one in chosen
        for who, row in evaluate_agents.scored(asked, one, tapes, best[one], means, slow).items()
    ]


def _print(rows: Rows) -> None:
    click.echo(f"{'':13}{'':14}return  score  [95 % interval]   worst")
    for one, who, row in rows:
        interval = (
            "  [{score_low:6.3f}, {score_high:6.3f}] {score_worst:7.3f}".format(**row) if "score_low" in row else ""
        )
        click.echo(f"{one:13}{who:14}{row['returns']:6.3f} {row['score']:6.3f}{interval}")


@contextmanager
def _language_model(
    cache: Path, base_url: str | None, model: str | None, key_variable: str, budget: int, transcripts: Path | None
) -> Iterator[Callable[[str, int], Any] | None]:
    """A function of scenario and seed that gives the language model to ask; None if none was named."""
    if (base_url is None) != (model is None):
        raise InputError("--base-url and --model belong together; give both, or --transcripts alone to replay")
    if base_url is None and transcripts is None:
        yield None
        return
    from stagelight.engines.village.llm.transcript import Transcript  # noqa: PLC0415

    folder = transcripts or cache / "transcripts" / re.sub(r"[^\w.-]+", "_", model or "")
    temperature, seed = 0.0, 0
    settings = {"temperature": temperature, "seed": seed}
    if base_url is None:
        yield lambda scenario, seed: Transcript(folder / f"{scenario}-{seed}.jsonl", None, settings)
        return
    from stagelight.engines.village.llm.client import Config, Endpoint  # noqa: PLC0415  # brings in httpx

    logging.getLogger("httpx").setLevel(logging.WARNING)  # or else it has a line for every request
    config = Config(base_url, model or "", key_variable, temperature=temperature, seed=seed, budget=budget)
    with Endpoint(config) as endpoint:
        yield lambda scenario, seed: Transcript(folder / f"{scenario}-{seed}.jsonl", endpoint, settings)
