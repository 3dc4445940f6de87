"""`click bench`: measurements on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import click

from stagelight.render.cli.engine_calls import refusals
from stagelight.render.cli.options import JSON
from stagelight.render.pipeline import plan
from stagelight.render.pipeline.plan import Places


@click.group()
def bench() -> None:
    """Measure speed on this machine.

    \b
    Example:
        click bench render
    """


@bench.command("render")
@JSON
@click.option(
    "--runs",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    metavar="N",
    help="Take the median of N runs. Example: --runs 1",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.2),
    default=4.0,
    show_default=True,
    metavar="S",
    help="Play each picture for S seconds. Example: --seconds 1",
)
@click.option(
    "--scene",
    default="rollout",
    show_default=True,
    metavar="NAME",
    help="Draw this scene with one job and with two. Example: --scene rollout",
)
@click.pass_obj
def bench_render(places: Places, as_json: bool, runs: int, seconds: float, scene: str) -> None:
    """Time the stage beside plain Manim.

    Both draw three pictures, in turn. First the two are checked to look the same. All is drawn into a temporary
    folder. Leave the machine alone meanwhile. The exit code is 1 if the two do not look the same, or if the stage's
    file is over a quarter larger.

    \b
    Examples:
        click bench render                        seven minutes on two cores
        click bench render --json --runs 1        a quick look, for a program
    """
    load = os.getloadavg()[0]
    from stagelight.render.bench import measure, pictures, report  # noqa: PLC0415  # brings in Manim, which takes a second

    plan.pick("scene", scene, plan.scene_names(places))

    def log(words: str) -> None:
        click.echo(words, err=True)

    measured = {name: measure.picture(name, seconds, runs, log) for name in pictures.NAMES}
    jobs, on = measure.jobs(places, scene, log), report.machine(load)
    if as_json:
        click.echo(json.dumps(report.figures(measured, jobs, seconds, runs, on), indent=1))
    else:
        click.echo("\n".join(report.lines(measured, jobs, on)))
    if large := report.too_large(measured):
        raise click.ClickException(f"{', '.join(large)}: our file is over a quarter larger; the jobs do not compare")


@bench.command("rollout")
@JSON
def bench_rollout(as_json: bool) -> None:
    """Time the compiled chess rules beside python-chess.

    Both go through the same games; printed are positions per second. Each position comes with its legal moves and
    the state of the game, in processor time of one core.

    \b
    Example:
        click bench rollout
    """
    with refusals():
        from stagelight.engines.rollout import games, speed  # noqa: PLC0415  # brings in numba

        speeds = speed.throughput(games.load().held_out)
    speeds["ratio"] = speeds["replay"] / speeds["replay_python_chess"]
    if as_json:
        click.echo(json.dumps(speeds, indent=1))
        return
    words: dict[str, Callable[[float], str]] = {
        "replay": lambda v: f"recorded games stepped, compiled        {v:12,.0f} a second",
        "replay_python_chess": lambda v: f"the same games stepped by python-chess  {v:12,.0f} a second",
        "ratio": lambda v: f"ratio                                   {v:12.1f}",
        "env": lambda v: f"random games, as the policy sees them    {v:12,.0f} a second",
    }
    for name, say in words.items():
        click.echo(say(speeds[name]))
