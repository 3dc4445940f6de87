"""`click trial`: attempts to break the project, many of one kind at a time."""

from __future__ import annotations

import importlib
import json
import time
from pathlib import Path

import click

from stagelight.render.cli.engine_calls import refusals
from stagelight.render.cli.options import FILE, JSON
from stagelight.render.pipeline import progress

KINDS = {"bad-input": "bad_input", "hostile-words": "hostile_words", "kills": "kills"}


@click.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.option(
    "--cases",
    type=click.IntRange(0),
    metavar="N",
    help="Try N cases drawn by chance, beside those made by hand; default: as published. Example: --cases 100",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Draw other cases. Example: --seed 7",
)
@click.option(
    "--only", metavar="TEXT", default="", help="Try only the parts whose name contains TEXT. Example: --only UCI"
)
@click.option(
    "--out",
    type=FILE,
    metavar="FILE",
    help="Write the result there, beside those of other kinds. Example: --out docs/trials.json",
)
@JSON
def trial(kind: str, cases: int | None, seed: int, only: str, out: Path | None, as_json: bool) -> None:
    """Try to break what is here, in many ways of one KIND.

    Each case runs in a process whose memory is bounded to a gigabyte above its imports, and has five seconds of
    processor time; work that is killed has two minutes. A way of failing is listed with its count and one example. The
    same seed tries the same cases. The exit code is 1 if any failed.

    \b
    Kinds:
        bad-input        files and texts damaged by chance and by hand, for everything that reads from outside
        hostile-words    words that would be obeyed: markup, codes of a terminal, forged speakers
        kills            work that is ended at a chance moment and begun again, or runs beside a copy of itself

    \b
    Examples:
        click trial bad-input
        click trial bad-input --cases 200 --only recordings
        click trial hostile-words --seed 7
    """
    with refusals():
        from stagelight.render.trials import course, results  # noqa: PLC0415

        chosen = importlib.import_module(f"stagelight.render.trials.{KINDS[kind]}")  # brings in what it tries
        started, count = time.monotonic(), chosen.CASES if cases is None else cases
        with progress.following() as report:
            tried = list(
                course.run(chosen.READERS, seed, count, lambda part, done, all_: report(part, done, all_, {}), only)
            )
        if not tried:
            raise ValueError(f"--only {only!r}: no part of {kind} has such a name")
        found = results.result(kind, seed, tried, time.monotonic() - started)
        if out:
            results.keep(found, out)
    click.echo(json.dumps(found, indent=1) if as_json else "\n".join(results.lines(found)))
    if wrong := found["cases"] - found["answered"]:
        raise click.ClickException(f"{wrong} of {found['cases']} failed")
