"""`click check`: what is published, compared with what its recording gives."""

from __future__ import annotations

import click

from stagelight.render import theme
from stagelight.render.cli.options import CLUSTER, jobs
from stagelight.render.cli.record import run_again, run_stretch
from stagelight.render.cli.render import workers
from stagelight.render.pipeline import InputError, plan, progress
from stagelight.render.pipeline.plan import Places

QUALITY = click.Choice(list(theme.QUALITIES))


@click.command()
@click.argument("scene")
@click.option("--quality", type=QUALITY, help="Fail unless this quality is published. Example: --quality web")
@click.option("--sections", metavar="A,B", help="Compare these sections only. Example: --sections sample,reward")
@click.option(
    "--every", type=click.IntRange(1), default=1, metavar="N", help="Compare every N-th frame. Example: --every 10"
)
@CLUSTER
@click.option(
    "--direction",
    is_flag=True,
    help="List where words overlap or are cut off, and where nothing moves. Example: click check scan --direction",
)
@click.option(
    "--run", "stretch", is_flag=True, help="Run a stretch of the engine again too. Example: click check scan --run"
)
@click.option("--record", "again", is_flag=True, help="Run all of the engine again too. Example: --record")
@jobs("Draw N sections")
@click.pass_context
def check(
    context: click.Context,
    scene: str,
    quality: str | None,
    sections: str | None,
    every: int,
    direction: bool,
    stretch: bool,
    again: bool,
    jobs: int | None,
    cluster: str | None,
) -> None:
    """Check that the published SCENE is what its recording gives.

    Verifies the recording and every published file against their hashes, and draws the sections again. With the
    package versions and the processor that drew them first, frames have to be the same bit by bit; with others, and
    with --every, they have to look the same as the published video. Each difference is shown in a picture, whose path
    is printed. The exit code is 1 if anything differs.

    \b
    Examples:
        click check rollout                       all of it
        click check rollout --sections sample     one section
        click check rollout --every 30            a quick look
        click check rollout --direction           its film alone, as a director would look at it
        click check rollout --run                 a stretch of the run itself too: two minutes
        click check rollout --record              the whole run too: as long as it took
    """
    from stagelight.render.pipeline import check as comparison  # noqa: PLC0415  # brings in Manim, which takes a second

    places: Places = context.obj
    plan.pick("scene", scene, plan.scene_names(places))
    if direction:
        for unused in set(context.params) - {"scene", "direction"}:
            if context.get_parameter_source(unused) is click.core.ParameterSource.COMMANDLINE:
                raise click.UsageError("--direction looks at the film as it would be drawn, and takes no other option")
        _look(places, scene)
        return
    manifest = comparison.published(places, scene)
    if quality not in {None, manifest["quality"]}:
        raise InputError(
            f"{scene} is published at {manifest['quality']}; run `click render {scene} --quality {quality}`"
        )
    findings = list(comparison.files(places, scene))
    only = [name.strip() for name in sections.split(",")] if sections else []
    with workers(places, [plan.inputs(places, scene)], jobs, cluster) as drawing:
        findings += comparison.sections(places, scene, drawing, progress.watching, only, every)
    if stretch:
        findings.append(comparison.Finding(*run_stretch(places, scene)))
    if again:
        different = run_again(places, scene)
        findings.append(comparison.Finding("the run", not different, ", ".join(different)))
    for finding in findings:
        click.echo(
            f"{'same     ' if finding.same else 'different'}  {finding.what}{finding.note and ': '}{finding.note}"
        )
    wrong = sum(not finding.same for finding in findings)
    if wrong:
        raise click.ClickException(
            f"{wrong} of {len(findings)} differ; `click render {scene}` publishes what is right now"
        )


def _look(places: Places, name: str) -> None:
    """List what a director would want to look at in a scene's film."""
    from stagelight.render.pipeline import direction  # noqa: PLC0415  # as above
    from stagelight.render.pipeline.load import load_scene  # noqa: PLC0415

    scene = load_scene(places, name)
    found = 0
    for cut, turned in (("", False), (" upright", True)):
        for fault in sorted(direction.faults(scene, turned), key=lambda fault: fault.start):
            time, length = f"{fault.start // 60:.0f}:{fault.start % 60:04.1f}", fault.end - fault.start
            click.echo(f"{time}, {length:.1f} s  {fault.section}{cut}: {fault.what}")
            found += 1
    sizes = ", ".join(f"{section} {size:.1f}" for section, size in direction.smallest(scene).items())
    click.echo(f"the smallest words on a telephone, in pixels, of which {direction.LEAST:g} can be read: {sizes}")
    if found:
        raise click.ClickException(f"{found} places of {name} to look at")
