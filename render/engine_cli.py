"""Commands about what an engine has learnt: score it, play it. `stagelight.render.cli` offers them."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from stagelight.engines import recording
from stagelight.engines.experiment.progress import NEVER, Interrupted
from stagelight.render.pipeline import InputError, executor, progress
from stagelight.render.pipeline.plan import Places

JSON = click.option("--json", "as_json", is_flag=True, help="Print keys and values. Example: --json")
MINUTES = click.option(
    "--minutes", type=click.FloatRange(0), metavar="M", help="Put the work down after so long. Example: --minutes 30"
)


@contextmanager
def engine() -> Iterator[None]:
    """Report what an engine refuses in one line."""
    try:
        yield
    except ValueError as error:
        raise InputError(str(error)) from error


def deadline(minutes: float | None) -> float:
    """The moment of `time.monotonic` after so many minutes; never, if None."""
    return NEVER if minutes is None else time.monotonic() + 60 * minutes


@contextmanager
def stopping_after(minutes: float | None) -> Iterator[float]:
    """The deadline of some work, by `time.monotonic`; that it passed is said in one line."""
    try:
        yield deadline(minutes)
    except Interrupted as error:
        raise click.ClickException(f"stopped at {error}, time is up; the same command resumes") from None


@click.group()
def score() -> None:
    """Measure what was learnt beside what it is compared with.

    \b
    Example:
        click score rollout
    """


@score.command("rollout")
@JSON
@click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Runs made at once; default: one a core. Example: --jobs 2"
)
@MINUTES
@click.pass_obj
def score_rollout(places: Places, as_json: bool, jobs: int | None, minutes: float | None) -> None:
    """Train what the published policies are compared with, at equal compute, and print all of it.

    Starts drawn evenly over all depths, far starts only, REINFORCE without the group's mean, ablations, and the same
    networks taught by the answer; three seeds each. Their facts and curves are written into the recording. What was
    trained before is not trained again, and a run that was cut off goes on.

    \b
    Examples:
        click score rollout
        click score rollout --json
    """
    before = recording.load(places.recordings, "rollout")
    with engine():
        from stagelight.engines.rollout import benchmark  # noqa: PLC0415  # brings in torch
        from stagelight.engines.rollout.ladder import told  # noqa: PLC0415

        cache = places.cache.parent / "record" / "rollout"
        cache.mkdir(parents=True, exist_ok=True)
        with progress.following() as report, stopping_after(minutes) as end:
            made = benchmark.compare(before, cache, report, jobs or executor.usable_cores(), end)
        if recording.same(before, made):
            recording.save(made, places.recorded)
        if as_json:
            click.echo(json.dumps(dict(made.facts), indent=1))
            return
        for name, mean, spread, seeds in told.lines(made.facts):
            click.echo(f"{name:42} {mean:9.4f}  ± {spread or 0:.4f}  ({seeds} seeds)")


@score.command("scan")
@JSON
@MINUTES
@click.option(
    "--only",
    metavar="TEXT",
    default="",
    help="Only cases with this in their name. Example: --only poisson.r16.c1",
)
@click.pass_obj
def score_scan(places: Places, as_json: bool, minutes: float | None, only: str) -> None:
    """Scan two adults in simulation and reconstruct them in every way: classical, by others, and by the network.

    Three draws of a mask at accelerations of 4 to 16, other masks and four coils beside them. What was measured before
    is not measured again, and a run that was cut off goes on. The figures are written into the recording, unless
    --only leaves some out.

    \b
    Examples:
        click score scan
        click score scan --only poisson.r16.c1     the headline, both adults
    """
    with engine():
        from stagelight.engines.scan import record  # noqa: PLC0415  # brings in torch
        from stagelight.engines.scan import score as scoring  # noqa: PLC0415

        chosen = [case for case in scoring.every() if only in case.name]
        if not chosen:
            raise InputError(f"--only {only!r}: no such case; they are named like {scoring.every()[0].name}")
        cache = places.cache.parent / "record" / "scan"
        with progress.following() as report, stopping_after(minutes) as end:
            if only:
                facts = scoring.measure(scoring.methods(), chosen, cache / "cells", report, end)
            else:
                made = record.compare(recording.load(places.recordings, "scan"), cache, report, end)
                recording.save(made, places.recorded)
                facts = dict(made.facts)
        if as_json:
            click.echo(json.dumps(facts, indent=1))
            return
        for case, method, decibels in scoring.lines(facts):
            lesion = facts.get(f"{case}.{method}.lesion.psnr")
            click.echo(f"{case:36} {method:14} {decibels:6.2f} dB" + (f"  lesion {lesion:6.2f} dB" if lesion else ""))


@score.command("village")
@click.option("--agent", "names", multiple=True, metavar="NAME", help="Only this agent. Example: --agent stock")
@click.option("--scenario", "where", multiple=True, metavar="NAME", help="Only there. Example: --scenario compound")
@click.option(
    "--seeds", type=click.IntRange(1, 100), metavar="N", help="How many tapes; default: 100. Example: --seeds 20"
)
@click.option("--json", "as_json", is_flag=True, help="Print every measure. Example: click score village --json")
@click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Plans at once; default: one a core. Example: --jobs 2"
)
@click.option(
    "--minutes", type=click.FloatRange(0), metavar="M", help="Put it down after so long. Example: --minutes 30"
)
@click.option(
    "--base-url",
    metavar="URL",
    help="Of a server that speaks as OpenAI's. Example: --base-url http://127.0.0.1:11434/v1",
)
@click.option("--model", metavar="NAME", help="Of the model there. Example: --model qwen3:4b")
@click.option(
    "--key-variable",
    default="OPENAI_API_KEY",
    show_default=True,
    metavar="NAME",
    help="The environment variable with the key, if one is needed. Example: --key-variable GROQ_API_KEY",
)
@click.option(
    "--budget",
    type=click.IntRange(1),
    default=2_000_000,
    show_default=True,
    metavar="TOKENS",
    help="Of all prompts and answers; then it stops, and the same command goes on. Example: --budget 100000",
)
@click.option(
    "--transcripts",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="What was asked and answered; without --base-url it is replayed. Example: --transcripts qwen",
)
@click.pass_obj
def score_village(
    places: Places,
    names: tuple[str, ...],
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
    """Let every agent run the village in every scenario, on sealed seeds, and print how well.

    A score of 0 is the random agent, 1 the best plan found by one who knows the weather; in brackets the 95 % bootstrap
    interval of its mean. Without --agent and --scenario the table, and whether storing or selling is a real choice,
    are written into the recording. A plan takes some seconds a tape and is kept, so a run that was cut off goes on.
    Planner and language models are slow: they play the first tapes only, unless --seeds says how many.

    A language model behind a server is asked with --base-url and --model. Its key comes from the environment; every
    answer is on file before it is used, so nothing is paid for twice.

    \b
    Examples:
        click score village
        click score village --agent policy --agent stock --scenario compound --seeds 20
        click score village --agent reserve_4     four days in reserve, all year
        click score village --agent small_taught --scenario plague --seeds 4
        click score village --base-url http://127.0.0.1:11434/v1 --model qwen3:4b --scenario std --seeds 1
    """
    with engine():
        from stagelight.engines.village import plans, rounds, scenarios  # noqa: PLC0415
        from stagelight.engines.village import record as village  # noqa: PLC0415
        from stagelight.engines.village import score as measured  # noqa: PLC0415

        cache, cores = places.cache.parent / "record" / "village", jobs or executor.usable_cores()
        if base_url or model or transcripts:
            names = names or (rounds.ENDPOINT,)
        answering = _answering(cache, base_url, model, key_variable, budget, transcripts)
        with progress.following() as report, answering as answers, stopping_after(minutes) as end:
            if not names and not where:
                from stagelight.engines.village import benchmark  # noqa: PLC0415  # brings in scipy

                before = recording.load(places.recordings, "village")
                made = benchmark.compare(before, cache, report, cores, end, seeds or len(measured.SEALED_SEEDS))
                recording.save(made, places.recorded)
                rows = benchmark.lines(made.facts)
            else:
                for name in names:
                    rounds.known(name)
                asked = names or rounds.QUICK
                chosen = [scenarios.named(name).name for name in where] or list(scenarios.SCENARIOS)
                slow = {} if seeds else rounds.SLOW
                most = max(slow.get(name, len(measured.SEALED_SEEDS)) for name in asked)
                tapes = measured.SEALED_SEEDS[: seeds or most]
                found = plans.returns(chosen, tapes, cache, village.POLICY, report, jobs=cores, deadline=end)
                means = rounds.Means(village.POLICY, cache, report, answers)
                rows = [
                    (one, who, row)
                    for one in chosen
                    for who, row in rounds.scored(asked, one, tapes, found[one], means, slow).items()
                ]
    if as_json:
        click.echo(json.dumps([{"scenario": one, "agent": who, **row} for one, who, row in rows], indent=1))
        return
    click.echo(f"{'':13}{'':14}return  score  [95 % interval]   worst")
    for one, who, row in rows:
        around = (
            "  [{score_low:6.3f}, {score_high:6.3f}] {score_worst:7.3f}".format(**row) if "score_low" in row else ""
        )
        click.echo(f"{one:13}{who:14}{row['returns']:6.3f} {row['score']:6.3f}{around}")


@contextmanager
def _answering(
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
    from stagelight.engines.village.llm.endpoint import Config, Endpoint  # noqa: PLC0415  # brings in httpx

    logging.getLogger("httpx").setLevel(logging.WARNING)  # or else it has a line for every request
    config = Config(base_url, model or "", key_variable, temperature=temperature, seed=seed, budget=budget)
    with Endpoint(config) as endpoint:
        yield lambda scenario, seed: Transcript(folder / f"{scenario}-{seed}.jsonl", endpoint, settings)


def bring(volume: Path, acceleration: float, prompt: str, seed: int, out: Path | None) -> None:
    """Scan and reconstruct a reader's own volume, and say how well."""
    with engine():
        from stagelight.engines.scan import bring as own  # noqa: PLC0415  # brings in torch
        from stagelight.engines.scan import prior  # noqa: PLC0415

        asked, folder = own.Asked(volume, acceleration, prompt), out or Path.cwd()
        with progress.following() as report:
            facts, paths = own.reconstruct(asked, seed, folder, report)
            if prior.WEIGHTS.is_file():
                paths += recording.save(own.recorded(asked, seed, report), folder)
    for name, value in facts.items():
        if name.endswith((".brain.psnr", ".brain.ssim")):
            click.echo(f"{name:28} {value:7.3f}")
    for path in paths:
        click.echo(path)


POLICY = click.option(
    "--policy",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Weights to play; default: the published ones. Example: --policy mine.safetensors",
)


def _policy(places: Places, path: Path | None) -> Any:
    from stagelight.engines.rollout import players  # noqa: PLC0415  # brings in torch

    return players.load(path or places.recordings / players.FILE)


@click.command()
@click.argument("fen")
@click.option("--most", type=click.IntRange(1), default=8, show_default=True, help="Moves printed. Example: --most 3")
@click.option("--json", "as_json", is_flag=True, help="Print every move. Example: click play FEN --json")
@POLICY
@click.pass_obj
def play(places: Places, fen: str, most: int, as_json: bool, policy: Path | None) -> None:
    """Print the trained policy's moves in the position FEN, with probabilities. FEN may be `opening`.

    \b
    Examples:
        click play opening
        click play '6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1'
    """
    with engine():
        import chess  # noqa: PLC0415

        from stagelight.engines.rollout import players  # noqa: PLC0415  # brings in torch

        board = players.position(chess.STARTING_FEN if fen == "opening" else fen)
        found = players.candidates(_policy(places, policy), board)
        if as_json:
            click.echo(
                json.dumps([{"san": board.san(m), "uci": m.uci(), "probability": p} for m, p in found], indent=1)
            )
            return
        for move, share in found[:most]:
            click.echo(f"{board.san(move):8} {100 * share:5.1f} %  {'█' * round(30 * share)}")
        if len(found) > most:
            rest = sum(share for _, share in found[most:])
            click.echo(f"{len(found) - most} more   {100 * rest:5.1f} %")


@click.command()
@POLICY
@click.pass_obj
def uci(places: Places, policy: Path | None) -> None:
    """Be a chess engine: speak the Universal Chess Interface on standard input and output.

    Give a chess program this command as an engine. It answers at once, with its most probable move, and never searches.

    \b
    Example:
        click uci
    """
    with engine():
        from stagelight.engines.rollout.uci import answers  # noqa: PLC0415  # brings in torch

        for line in answers(_policy(places, policy), sys.stdin):
            click.echo(line)
            sys.stdout.flush()


@click.command("rollout")
@JSON
def bench_rollout(as_json: bool) -> None:
    """Measure positions a second of the compiled chess, beside python-chess stepping the same games.

    Each position with its legal moves and whether the game is over, in processor time of one core, in one run.

    \b
    Example:
        click bench rollout
    """
    with engine():
        from stagelight.engines.rollout.games import corpus, speed  # noqa: PLC0415  # brings in numba

        found = speed.throughput(corpus.load().held_out)
    found["ratio"] = found["replay"] / found["replay_python_chess"]
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    words: dict[str, Callable[[float], str]] = {
        "replay": lambda v: f"recorded games stepped, compiled        {v:12,.0f} a second",
        "replay_python_chess": lambda v: f"the same games stepped by python-chess  {v:12,.0f} a second",
        "ratio": lambda v: f"ratio                                   {v:12.1f}",
        "env": lambda v: f"random games, moves chosen inside       {v:12,.0f} a second",
        "env_featured": lambda v: f"the same, as the policy sees them       {v:12,.0f} a second",
    }
    for name, say in words.items():
        click.echo(say(found[name]))
