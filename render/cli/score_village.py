"""`click score village`: the agents of the village, a reader's language model among them, run and scored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from stagelight.engines import recording
from stagelight.render.cli import endpoint
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
@endpoint.options
@click.option(
    "--parallel",
    type=click.IntRange(1, 64),
    default=3,
    show_default=True,
    metavar="N",
    help="Ask N prompts at once: of the three workers, and of N villages. Example: --parallel 8",
)
@click.option(
    "--days",
    type=click.IntRange(1, 40),
    default=40,
    show_default=True,
    metavar="N",
    help="Play the first N days only; the return is that of these days, without a score. Example: --days 3",
)
@click.option(
    "--price-in",
    type=click.FloatRange(0),
    metavar="PRICE",
    help="Reckon the cost at this price of a million tokens asked. Example: --price-in 0.15",
)
@click.option(
    "--price-out",
    type=click.FloatRange(0),
    metavar="PRICE",
    help="Reckon the cost at this price of a million tokens answered. Example: --price-out 0.6",
)
@click.option(
    "--save-plans",
    type=FOLDER,
    metavar="FOLDER",
    help="Search for plans, also where they come with the package, and write them there. Example: --save-plans plans",
)
@click.pass_obj
def score_village(
    places: Places,
    /,
    agents: tuple[str, ...],
    where: tuple[str, ...],
    seeds: int | None,
    as_json: bool,
    jobs: int | None,
    minutes: float | None,
    days: int,
    save_plans: Path | None,
    **asked: Any,
) -> None:
    """Score every agent of the village in every scenario.

    Each plays villages of held-out seeds; its mean return and its score are printed. A score of 0 is the random
    agent; 1 is the best plan found with the weather known in advance. In brackets is the 95 % bootstrap interval of
    the mean. Without --agent and --scenario the whole benchmark runs, and is written into the recording. Searching
    a plan takes some seconds and its result is kept, so an interrupted run resumes. Planner and language models are
    slow: they play the first seeds only, unless --seeds says how many.

    With --base-url and --model a language model behind a server plays. Its key comes from the environment. One prompt
    is asked first, and an estimate of answers, tokens and cost printed. Every reply is on disk before it is used, so
    nothing is paid for twice. The plans of the first seeds come with the package and need no search and no torch.

    \b
    Examples:
        click score village
        click score village --agent policy --agent stock --scenario compound --seeds 20
        click score village --agent reserve_4     four days in reserve, all year
        click score village --agent small_taught --scenario plague --seeds 4
        click score village --base-url http://127.0.0.1:11434/v1 --model qwen3:4b --scenario std --seeds 1
        click score village --base-url http://127.0.0.1:11434/v1 --model qwen3:4b --scenario std --seeds 1 --days 2
    """
    with refusals():
        from stagelight.engines.village import constants  # noqa: PLC0415
        from stagelight.engines.village import record as village  # noqa: PLC0415
        from stagelight.engines.village.evaluation import evaluate_agents  # noqa: PLC0415

        cache, cores = places.cache.parent / "record" / "village", jobs or executor.usable_cores()
        model = endpoint.Asked(**asked)
        agents = agents or ((evaluate_agents.ENDPOINT,) if model else ())
        if not (agents or where) and (days < constants.DAYS or save_plans):
            raise InputError("--days and --save-plans need --agent or --scenario; name one")
        with stopping_after(minutes) as end, progress.following() as report, endpoint.asking(cache, model, end) as ask:
            if agents or where:
                means = evaluate_agents.Means(village.POLICY, cache, report, ask, days, model.parallel, model.price)
                rows = _score_agents(agents, where, seeds, means, model, cores, end, save_plans)
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
    means: Any,
    model: endpoint.Asked,
    cores: int,
    end: float,
    save_plans: Path | None,
) -> Rows:
    """Run some agents in some scenarios; all of either where none is named."""
    import numpy as np  # noqa: PLC0415

    from stagelight.engines.village import constants, scenarios  # noqa: PLC0415
    from stagelight.engines.village.evaluation import evaluate_agents, oracle_cache  # noqa: PLC0415
    from stagelight.engines.village.evaluation import metrics as measured  # noqa: PLC0415

    for name in agents:
        evaluate_agents.known(name)
    asked, slow = agents or evaluate_agents.QUICK, {} if seeds else evaluate_agents.SLOW
    chosen = [scenarios.named(name).name for name in where] or list(scenarios.SCENARIOS)
    most = max(slow.get(name, len(measured.SEALED_SEEDS)) for name in asked)
    tapes = measured.SEALED_SEEDS[: seeds or most]
    if evaluate_agents.ENDPOINT in asked and model.base_url:
        _estimate(means, model, chosen, tapes[: slow.get(evaluate_agents.ENDPOINT, len(tapes))])
    if means.days < constants.DAYS:
        asked = tuple(dict.fromkeys(("random", *asked)))
        best = dict.fromkeys(chosen, np.full(len(tapes), np.nan))  # no plan is searched for these days
    elif save_plans:
        kept = [*tapes, *measured.DEVELOPMENT_SEEDS]
        found = oracle_cache.search(chosen, kept, means.cache, means.policy, means.progress, jobs=cores, deadline=end)
        oracle_cache.save(found, save_plans)
        best = oracle_cache.returns(chosen, tapes, means.cache, means.policy)
    else:
        best = oracle_cache.shipped(chosen, tapes) or oracle_cache.returns(
            chosen, tapes, means.cache, means.policy, means.progress, jobs=cores, deadline=end
        )
    return [
        (one, who, row)
        for one in chosen
        for who, row in evaluate_agents.scored(asked, one, tapes, best[one], means, slow).items()
    ]


def _estimate(means: Any, model: endpoint.Asked, chosen: Sequence[str], tapes: Sequence[int]) -> None:
    """Ask one prompt, and say what all of them will take."""
    from stagelight.engines.village.llm import runs  # noqa: PLC0415

    villages = len(chosen) * len(tapes)
    found = runs.forecast(means.model, chosen[0], tapes[0], villages, means.days)
    words = (
        f"{model.model}: {villages} x {means.days} days, about {found.answers:,} answers, {found.read:,} tokens asked "
        f"and {found.written:,} answered"
    )
    if model.price:
        words += f", at a cost of {(found.read * model.price[0] + found.written * model.price[1]) / 1e6:.2f}"
    if found.read + found.written > model.budget:
        words += f"; --budget {model.budget} ends it before"
    click.echo(f"{words}; what is on file is not asked again", err=True)


def _print(rows: Rows) -> None:
    models = any(row.get("asked") for _, _, row in rows)
    costs = any("cost" in row for _, _, row in rows)
    head = f"{'':13}{'':14}return  score  [95 % interval]   worst"
    click.echo((f"{head:66}  invalid  tokens/village" if models else head) + ("  cost/village" if costs else ""))
    for one, who, row in rows:
        line = f"{one:13}{who:14}{row['returns']:6.3f} " + (f"{row['score']:6.3f}" if "score" in row else "     -")
        if "score_low" in row:
            line += "  [{score_low:6.3f}, {score_high:6.3f}] {score_worst:7.3f}".format(**row)
        if row.get("asked"):
            line = f"{line:66}{row['invalid'] / row['asked']:9.1%}{row['tokens']:16,.0f}"
            line += f"{row['cost']:14.2f}" if "cost" in row else ""
        click.echo(line)
