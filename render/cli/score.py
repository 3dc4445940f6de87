"""`click score`: measure what was learnt, beside what it is compared with."""

from __future__ import annotations

import json

import click

from stagelight.engines import recording
from stagelight.render.cli.engine_calls import refusals, stopping_after
from stagelight.render.cli.options import JSON, MINUTES, jobs
from stagelight.render.cli.score_village import score_village
from stagelight.render.pipeline import InputError, executor, progress
from stagelight.render.pipeline.plan import Places


@click.group()
def score() -> None:
    """Measure what was learnt, beside what it is compared with.

    \b
    Example:
        click score rollout
    """


@score.command("rollout")
@JSON
@jobs("Train N runs")
@MINUTES
@click.pass_obj
def score_rollout(places: Places, as_json: bool, jobs: int | None, minutes: float | None) -> None:
    """Train and score the baselines of the published policies.

    All get equal compute. The baselines: starts drawn evenly over all depths, far starts only, REINFORCE without
    the group's mean, ablations, and the same networks under supervision; three seeds each. Their facts and curves
    are written into the recording. Finished runs are not repeated, and an interrupted one resumes.

    \b
    Examples:
        click score rollout
        click score rollout --json
    """
    before = recording.load(places.recordings, "rollout")
    with refusals():
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
    help="Run only the cases whose name contains TEXT. Example: --only poisson.r16.c1",
)
@click.pass_obj
def score_scan(places: Places, as_json: bool, minutes: float | None, only: str) -> None:
    """Score every method of reconstruction.

    Two held-out adults are scanned in simulation and reconstructed by each. The methods are classical ones,
    published diffusion methods, and the network's. Masks are drawn three times at accelerations of 4 to 16, with
    other kinds of mask and four coils beside them. Finished cases are not repeated, and an interrupted run resumes.
    The results are written into the recording, unless --only leaves some out.

    \b
    Examples:
        click score scan
        click score scan --only poisson.r16.c1     the headline, both adults
    """
    with refusals():
        from stagelight.engines.scan import benchmark  # noqa: PLC0415  # brings in torch

        chosen = [case for case in benchmark.every() if only in case.name]
        if not chosen:
            raise InputError(f"--only {only!r}: no such case; they are named like {benchmark.every()[0].name}")
        cache = places.cache.parent / "record" / "scan"
        with progress.following() as report, stopping_after(minutes) as end:
            if only:
                facts = benchmark.measure(benchmark.methods(), chosen, cache / "cells", report, end)
            else:
                made = benchmark.compare(recording.load(places.recordings, "scan"), cache, report, end)
                recording.save(made, places.recorded)
                facts = dict(made.facts)
        if as_json:
            click.echo(json.dumps(facts, indent=1))
            return
        for case, method, decibels in benchmark.lines(facts):
            lesion = facts.get(f"{case}.{method}.lesion.psnr")
            click.echo(f"{case:36} {method:14} {decibels:6.2f} dB" + (f"  lesion {lesion:6.2f} dB" if lesion else ""))


score.add_command(score_village)
