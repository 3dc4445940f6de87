"""`click score`: measure what was learnt, beside what it is compared with."""

from __future__ import annotations

import json

import click

from stagelight.engines import recording
from stagelight.render.cli.engine_calls import refusals, stopping_after
from stagelight.render.cli.options import JSON, MINUTES
from stagelight.render.cli.score_rollout import score_rollout
from stagelight.render.cli.score_village import score_village
from stagelight.render.pipeline import InputError, progress
from stagelight.render.pipeline.plan import Places


@click.group()
def score() -> None:
    """Measure what was learnt, beside what it is compared with.

    \b
    Example:
        click score rollout
    """


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
        from stagelight.engines.scan.methods import registry  # noqa: PLC0415

        chosen = [case for case in benchmark.every() if only in case.name]
        if not chosen:
            raise InputError(f"--only {only!r}: no such case; they are named like {benchmark.every()[0].name}")
        cache = places.cache.parent / "record" / "scan"
        with progress.following() as report, stopping_after(minutes) as end:
            if only:
                facts = benchmark.measure(registry.methods(), chosen, cache / "cells", report, end)
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


score.add_command(score_rollout)
score.add_command(score_village)
