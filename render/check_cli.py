"""`click check`, `bench`, `doctor` and `clean`. `stagelight.render.cli` offers them."""

from __future__ import annotations

import json
import os
import re
import shutil

import click

from stagelight.render import doctor as examination
from stagelight.render import engine_cli, theme
from stagelight.render.pipeline import InputError, manifest, plan, progress
from stagelight.render.pipeline.plan import Places
from stagelight.render.record_cli import run_again
from stagelight.render.render_cli import CLUSTER, JOBS, alone, workers

QUALITY = click.Choice(list(theme.QUALITIES))


@click.command()
@click.argument("scene")
@click.option("--quality", type=QUALITY, help="Fail unless this is what is published. Example: --quality web")
@click.option("--sections", metavar="A,B", help="Compare these only. Example: --sections sample,reward")
@click.option("--every", type=click.IntRange(1), default=1, help="Compare every n-th frame. Example: --every 10")
@CLUSTER
@click.option("--record", "again", is_flag=True, help="Run the engine again too. Example: click check rollout --record")
@JOBS
@click.pass_obj
def check(
    places: Places,
    scene: str,
    quality: str | None,
    sections: str | None,
    every: int,
    again: bool,
    jobs: int | None,
    cluster: str | None,
) -> None:
    """Prove that what is published of SCENE is what its recording gives.

    Verifies the recording and every published file against their hashes and draws the sections again. Where the
    versions and the processor are those that drew it, the frames have to be the same bit by bit; elsewhere, and with
    --every, they have to look the same as the published video. What differs is shown in a picture, whose path is
    printed. The exit code is 1 where anything differs.

    \b
    Examples:
        click check rollout                       all of it
        click check rollout --sections sample     one section
        click check rollout --every 30            a quick look
        click check rollout --record              the run itself, too
    """
    from stagelight.render.pipeline import check as comparison  # noqa: PLC0415  # brings in Manim, which takes a second

    plan.pick("scene", scene, plan.scene_names(places))
    told = comparison.published(places, scene)
    if quality not in {None, told["quality"]}:
        raise InputError(f"{scene} is published at {told['quality']}; run `click render {scene} --quality {quality}`")
    found = list(comparison.files(places, scene))
    only = [name.strip() for name in sections.split(",")] if sections else []
    with workers(places, [plan.inputs(places, scene)], jobs, cluster) as drawing:
        found += comparison.sections(places, scene, drawing, progress.watching, only, every)
    if again:
        lost = run_again(places, scene)
        found.append(comparison.Finding("the run", not lost, ", ".join(lost)))
    for finding in found:
        click.echo(
            f"{'same     ' if finding.same else 'different'}  {finding.what}{finding.note and ': '}{finding.note}"
        )
    wrong = sum(not finding.same for finding in found)
    if wrong:
        raise click.ClickException(
            f"{wrong} of {len(found)} differ; `click render {scene}` publishes what is right now"
        )


@click.group()
def bench() -> None:
    """Measure, on this machine.

    \b
    Example:
        click bench render
    """


@bench.command("render")
@engine_cli.JSON
@click.option(
    "--runs", type=click.IntRange(1), default=5, show_default=True, help="Medians of so many. Example: --runs 1"
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.2),
    default=4.0,
    show_default=True,
    help="How long each picture plays. Example: --seconds 1",
)
@click.option(
    "--scene",
    default="rollout",
    show_default=True,
    metavar="NAME",
    help="The scene drawn with one job and with two. Example: --scene rollout",
)
@click.pass_obj
def bench_render(places: Places, as_json: bool, runs: int, seconds: float, scene: str) -> None:
    """Draw three pictures by plain Manim and by the stage, in turn, and say what each costs.

    They are shown to look the same first. What is drawn goes to a temporary folder. Leave the machine alone
    meanwhile. The exit code is 1 where the two do not look the same, or a file of ours is over a quarter larger.

    \b
    Examples:
        click bench render                        seven minutes on two cores
        click bench render --json --runs 1        a quick look, for a program
    """
    load = os.getloadavg()[0]
    from stagelight.render.bench import measure, pictures, report  # noqa: PLC0415  # brings in Manim, which takes a second

    plan.pick("scene", scene, plan.scene_names(places))

    def tell(words: str) -> None:
        click.echo(words, err=True)

    measured = {name: measure.picture(name, seconds, runs, tell) for name in pictures.NAMES}
    jobs, on = measure.jobs(places, scene, tell), report.machine(load)
    if as_json:
        click.echo(json.dumps(report.figures(measured, jobs, seconds, runs, on), indent=1))
    else:
        click.echo("\n".join(report.lines(measured, jobs, on)))
    if large := report.too_large(measured):
        raise click.ClickException(f"{', '.join(large)}: our file is over a quarter larger; the jobs do not compare")


bench.add_command(engine_cli.bench_rollout)


@click.command()
@click.pass_obj
def doctor(places: Places) -> None:
    """Say what is there, what is missing, and the line that gets it.

    The exit code is 1 where something is missing that drawing the committed recordings needs; outside a checkout of the
    repository, that the village as an environment needs.

    \b
    Example:
        click doctor
    """
    rows = list(examination.examine(places))
    width, name = max(len(row.what) for row in rows), click.get_current_context().find_root().info_name
    for row in rows:
        fix = re.sub("^click ", f"{name} ", row.fix)
        state = "ok     " if row.good else "MISSING" if row.needed else "absent "
        click.echo(f"{state}  {row.what:{width}}  {row.found}" + (f"  ->  {fix}" if fix else ""))
    missing = [row.what for row in rows if row.needed and not row.good]
    if missing:
        raise click.ClickException(f"to be put right: {', '.join(missing)}")


@click.command()
@click.pass_obj
def clean(places: Places) -> None:
    """Remove all that can be made again: the cache of drawn sections and the published files. Recordings stay.

    \b
    Example:
        click clean && click render all
    """
    with alone(places):
        for folder in [*places.cache.glob("*/"), *(places.assets / name for name in manifest.FOLDERS)]:
            shutil.rmtree(folder, ignore_errors=True)
            click.echo(f"removed {folder}")
