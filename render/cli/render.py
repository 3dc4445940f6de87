"""`click render` and `click clean`: draw and publish scenes, watch their sources, remove what was made."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import click

from stagelight.render import theme
from stagelight.render.cli.options import CLUSTER, FILE, jobs
from stagelight.render.pipeline import cache, executor, manifest, plan, progress
from stagelight.render.pipeline.plan import Places
from stagelight.render.theme import Quality


def alone(places: Places) -> AbstractContextManager[None]:
    """Hold the cache's lock; says so where it has to wait for it."""
    return cache.lock(places.cache, lambda: click.echo("another command draws here; waiting for it to end", err=True))


@click.command()
@click.argument("scene", required=False)
@click.argument("planned", default="all")
@click.option("--section", metavar="NAME", help="Draw this section only. Example: --section sample")
@click.option(
    "--quality",
    type=click.Choice([*theme.QUALITIES, "same"]),
    default="web",
    show_default=True,
    help="draft: 640x360, quick. web: 1920x1080. final: 3840x2160. same: as published, or draft if nothing is. "
    "Example: --quality draft",
)
@jobs("Draw N sections")
@CLUSTER
@click.option(
    "--watch",
    is_flag=True,
    help="Draw at draft quality, then again after each saved change, until Ctrl-C. Example: --watch",
)
@click.option(
    "--still",
    type=click.FloatRange(0),
    metavar="T",
    help="Draw one picture only, T seconds into the scene, or into --section. Example: --still 12.5",
)
@click.option(
    "--out",
    type=FILE,
    metavar="FILE",
    help="Write the picture of --still, or the gallery, there. Example: --still 3 --out /tmp/frame.png",
)
@click.pass_obj
def render(
    places: Places,
    scene: str | None,
    planned: str,
    section: str | None,
    quality: str,
    jobs: int | None,
    cluster: str | None,
    watch: bool,
    still: float | None,
    out: Path | None,
) -> None:
    """Draw SCENE, or all scenes, and publish them for the pages.

    Only what is not in the cache is drawn. So a second run has nothing to do, and an interrupted run resumes.

    Two words may stand in place of a scene. `plan` lists what would be drawn and why, of all scenes or of the one named
    after it as PLANNED, and draws nothing. `gallery` draws one sheet with an example of each component, and publishes
    nothing. With --watch, SCENE may be left out and means all.

    \b
    Examples:
        click render all                          everything, as the site shows it
        click render rollout --quality draft      a quick look
        click render rollout --section sample     one section
        click render rollout --watch              see each change in seconds
        click render rollout --still 12.5         one picture
        click render gallery                      an example of each component
        click render plan                         what is cached, and why the rest is not
    """
    if watch:
        for option, given in (("--still", still), ("--out", out), ("--cluster", cluster)):
            if given is not None:
                raise click.UsageError(f"{option} does not go with --watch.")
        _watch(places, scene or "all", section, jobs)
        return
    if scene is None:
        raise click.UsageError("Missing argument 'SCENE'.", click.get_current_context())
    if scene != "plan" and planned != "all":
        raise click.UsageError(f"one scene at a time; {planned} is one too many.")
    if scene == "gallery":
        if still is not None or section is not None:
            raise click.UsageError("gallery goes with --quality and --out alone.")
        click.echo(_gallery(places, quality, out))
        return
    names = plan.scene_names(places)
    wanted = planned if scene == "plan" else scene
    chosen = _recorded(places, names) if wanted == "all" else [plan.pick("scene", wanted, names)]
    if scene == "plan":
        _plan(places, chosen, quality)
        return
    if still is not None:
        if scene == "all":
            raise click.UsageError("--still wants one scene, not all.")
        click.echo(_still(places, scene, section, _quality(places, scene, quality).name, still, out))
        return
    if out is not None:
        raise click.UsageError("--out goes with --still.")
    if section is not None and scene == "all":
        raise click.UsageError("--section wants one scene, not all.")
    with alone(places):
        _render(places, chosen, quality, jobs, section, cluster)


def _recorded(places: Places, names: list[str]) -> list[str]:
    """Of all scenes those that have a recording; which have none is said. All, where none has one: the first fails."""
    recorded = [name for name in names if (places.recordings / f"{name}.json").is_file()]
    for name in names if recorded else ():
        if name not in recorded:
            click.echo(f"{name}: no recording yet, left out; make one with `click record {name}`", err=True)
    return recorded or names


def _quality(places: Places, scene: str, quality: str) -> Quality:
    """The quality of that name; for `same`, the one the scene is published at."""
    if quality == "same":
        quality = (manifest.read(places, scene) or {}).get("quality", "draft")
    return theme.QUALITIES.get(quality, theme.QUALITIES["draft"])


@contextmanager
def workers(places: Places, inputs: list[plan.Inputs], jobs: int | None, address: str | None) -> Iterator[Executor]:
    """Processes of this machine, or the workers of a cluster."""
    if address is None:
        with executor.pool(jobs or executor.usable_cores()) as local:
            yield local
        return
    if jobs is not None:
        raise click.UsageError("--jobs goes with this machine's own workers, not with --cluster.")
    from stagelight.render.pipeline import cluster as dask  # noqa: PLC0415  # brings in Dask

    with dask.cluster(address, places, inputs) as remote:
        yield remote


def _render(
    places: Places, scenes: list[str], named: str, jobs: int | None, section: str | None, cluster: str | None
) -> None:
    wanted = [plan.inputs(places, name) for name in scenes]  # before a worker reads any source
    with workers(places, wanted, jobs, cluster) as drawing:
        for inputs in wanted:
            quality = _quality(places, inputs.scene, named)
            if manifest.current(places, inputs, quality):
                if section is not None:
                    plan.pick(f"section of {inputs.scene}", section, manifest.sections(places, inputs.scene))
                manifest.prune(places, inputs.scene)
                click.echo(f"{inputs.scene}: nothing to do, {quality.name} is up to date")
                continue
            from stagelight.render.pipeline import make  # noqa: PLC0415  # brings in Manim, which takes a second

            click.echo(make.render(places, inputs, quality, drawing, progress.watching, section))


def _watch(places: Places, scene: str, section: str | None, jobs: int | None) -> None:
    """Draw, and again after each save, until Ctrl-C."""
    from stagelight.render.pipeline import watch  # noqa: PLC0415  # brings in watchdog

    names = plan.scene_names(places)
    chosen = _recorded(places, names) if scene == "all" else [plan.pick("scene", scene, names)]
    if section is not None and len(chosen) > 1:
        raise click.UsageError("--section wants one scene, not all.")
    context = click.get_current_context()
    given = context.get_parameter_source("quality") is click.core.ParameterSource.COMMANDLINE
    quality = _quality(places, chosen[0], context.params["quality"] if given else "draft")
    with suppress(KeyboardInterrupt):
        watch.watch(places, chosen, section, quality, jobs or executor.usable_cores(), click.echo)
    click.echo("no longer watching")


def _plan(places: Places, scenes: list[str], named: str) -> None:
    from stagelight.render.pipeline import make  # noqa: PLC0415  # brings in Manim, which takes a second

    for name in scenes:
        for section, state in make.outlook(places, plan.inputs(places, name), _quality(places, name, named)):
            click.echo(f"{name}/{section}  {state}")


def _still(places: Places, scene: str, section: str | None, quality: str, t: float, out: Path | None) -> Path:
    from stagelight.render.pipeline import make  # noqa: PLC0415  # brings in Manim, which takes a second

    name = f"{scene}-{section}" if section else scene
    path = out or places.cache / scene / "stills" / f"{name}-{quality}-{t:g}.png"
    make.still(places, scene, section, theme.QUALITIES[quality], t, path)
    return path


def _gallery(places: Places, quality: str, out: Path | None) -> Path:
    from stagelight.render.pipeline import gallery  # noqa: PLC0415  # brings in Manim, which takes a second

    return gallery.make(places, _quality(places, "gallery", quality), out)


@click.command()
@click.pass_obj
def clean(places: Places) -> None:
    """Remove what rendering makes; recordings stay.

    That is the cache of drawn sections, and the published files.

    \b
    Example:
        click clean && click render all
    """
    with alone(places):
        for folder in [*places.cache.glob("*/"), *(places.assets / name for name in manifest.FOLDERS)]:
            shutil.rmtree(folder, ignore_errors=True)
            click.echo(f"removed {folder}")
