"""The command line: record a run, render it, check it. The only module that knows both sides.

Nothing heavy is imported before a command needs it, so that `--help` and an up-to-date `render all` are quick.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engines.recording import RecordingError
from render import theme
from render.pipeline import InputError, RenderError, cache, executor, manifest, plan, progress
from render.pipeline.plan import Places
from render.theme import Quality

QUALITY = click.Choice(list(theme.QUALITIES))
JOBS = click.IntRange(1)
FILE = click.Path(dir_okay=False, path_type=Path)
WRONG_INPUT = (click.UsageError, InputError, RecordingError)  # exit code 2
FAILED = (click.ClickException, RenderError, OSError, ValueError)  # exit code 1


def main() -> None:
    """The console scripts `stagelight` and `click`."""
    sys.exit(run(sys.argv[1:], Places()))


def run(arguments: list[str], places: Places) -> int:
    """Run one command and return its exit code: 0, 1 where it failed, 2 where it was asked for what is not there."""
    try:
        return int(cli.main(arguments, "click", standalone_mode=False, obj=places) or 0)
    except click.Abort:
        return _say("stopped; what was finished is kept", 130)
    except (*WRONG_INPUT, *FAILED) as error:
        if "--debug" in arguments:
            raise
        return _say(_words(error), 2 if isinstance(error, WRONG_INPUT) else 1)


def _words(error: Exception) -> str:
    if isinstance(error, click.UsageError) and error.ctx:
        return f"{error.format_message()} See `{error.ctx.command_path} --help`"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)


def _say(words: str, code: int) -> int:
    click.echo(f"error: {' '.join(words.split())}", err=True)
    return code


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the whole traceback of an error. Example: click --debug render all")
@click.version_option(package_name="stagelight", help="Say which version this is. Example: click --version")
def cli(debug: bool) -> None:
    """Scenes in which real machine-learning systems are seen working.

    A run is recorded once, then drawn: `record` makes a recording, `render` draws it, `check` proves that what is
    published is what the recording gives.

    \b
    Example: draw every scene, then build the site
        click render all && mkdocs build
    """


@cli.command()
@click.argument("scene")
@click.option("--section", metavar="NAME", help="Draw this section alone. Example: --section sample")
@click.option(
    "--quality",
    type=QUALITY,
    default="web",
    show_default=True,
    help="draft is 640x360 and quick, web is 1920x1080, final is 3840x2160. Example: --quality draft",
)
@click.option("--jobs", type=JOBS, metavar="N", help="Sections drawn at once; default: one a core. Example: --jobs 2")
@click.option(
    "--still",
    type=click.FloatRange(0),
    metavar="T",
    help="Draw one picture instead, T seconds into the scene, or into --section. Example: --still 12.5",
)
@click.option("--out", type=FILE, metavar="FILE", help="Where --still goes. Example: --still 3 --out /tmp/frame.png")
@click.pass_obj
def render(
    places: Places,
    scene: str,
    section: str | None,
    quality: str,
    jobs: int | None,
    still: float | None,
    out: Path | None,
) -> None:
    """Draw SCENE, or all scenes, and publish them for the pages.

    Only what is not in the cache is drawn, so a second run has nothing to do, and a run that was cut off goes on
    where it was.

    \b
    Examples:
        click render all                          everything, as the site shows it
        click render rollout --quality draft      a quick look
        click render rollout --section sample     one section
        click render rollout --still 12.5         one picture
    """
    names = plan.scene_names(places)
    chosen = names if scene == "all" else [plan.pick("scene", scene, names)]
    if still is not None:
        if scene == "all":
            raise click.UsageError("--still wants one scene, not all.")
        click.echo(_still(places, scene, section, quality, still, out))
        return
    if out is not None:
        raise click.UsageError("--out goes with --still.")
    if section is not None and scene == "all":
        raise click.UsageError("--section wants one scene, not all.")
    with cache.lock(places.cache, lambda: click.echo("another render is at work; waiting for it to end", err=True)):
        _render(places, [plan.inputs(places, name) for name in chosen], theme.QUALITIES[quality], jobs, section)


def _render(places: Places, scenes: list[plan.Inputs], quality: Quality, jobs: int | None, section: str | None) -> None:
    with executor.pool(jobs or executor.usable_cores()) as workers:
        for found in scenes:
            if manifest.current(places, found, quality):
                if section is not None:
                    plan.pick(f"section of {found.scene}", section, manifest.sections(places, found.scene))
                manifest.prune(places, found.scene)
                click.echo(f"{found.scene}: nothing to do, {quality.name} is up to date")
                continue
            from render.pipeline import make  # noqa: PLC0415  # brings in Manim, which takes a second

            click.echo(make.render(places, found, quality, workers, progress.watching, section))


def _still(places: Places, scene: str, section: str | None, quality: str, t: float, out: Path | None) -> Path:
    from render.pipeline import make  # noqa: PLC0415  # brings in Manim, which takes a second

    name = f"{scene}-{section}" if section else scene
    path = out or places.cache / scene / "stills" / f"{name}-{quality}-{t:g}.png"
    make.still(places, scene, section, theme.QUALITIES[quality], t, path)
    return path
