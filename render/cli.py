"""The command line: record a run, render it, check it. The only module that knows both sides.

Nothing heavy is imported before a command needs it, so that `--help` and an up-to-date `render all` are quick.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import pkgutil
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import click

from engines import recording
from engines.recording import Recording, RecordingError
from render import doctor as examination
from render import engine_cli, theme
from render.pipeline import InputError, RenderError, cache, executor, manifest, plan, progress
from render.pipeline.plan import Places
from render.theme import Quality

QUALITY = click.Choice(list(theme.QUALITIES))
JOBS = click.IntRange(1)
CLUSTER = click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Draw on the workers of a Dask cluster that see this folder. Example: --cluster tcp://127.0.0.1:8786",
)
FOLDER = click.Path(file_okay=False, path_type=Path)
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


@click.group(
    invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
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
    context = click.get_current_context()
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _alone(places: Places) -> AbstractContextManager[None]:
    return cache.lock(places.cache, lambda: click.echo("another command draws here; waiting for it to end", err=True))


@cli.command()
@click.argument("scene")
@click.argument("planned", default="all")
@click.option("--section", metavar="NAME", help="Draw this section alone. Example: --section sample")
@click.option(
    "--quality",
    type=click.Choice([*theme.QUALITIES, "same"]),
    default="web",
    show_default=True,
    help="draft is 640x360 and quick, web is 1920x1080, final is 3840x2160; same is what is published already, draft "
    "where nothing is. Example: --quality draft",
)
@click.option("--jobs", type=JOBS, metavar="N", help="Sections drawn at once; default: one a core. Example: --jobs 2")
@CLUSTER
@click.option(
    "--still",
    type=click.FloatRange(0),
    metavar="T",
    help="Draw one picture instead, T seconds into the scene, or into --section. Example: --still 12.5",
)
@click.option(
    "--out",
    type=FILE,
    metavar="FILE",
    help="Where --still, or the gallery, goes. Example: --still 3 --out /tmp/frame.png",
)
@click.pass_obj
def render(
    places: Places,
    scene: str,
    planned: str,
    section: str | None,
    quality: str,
    jobs: int | None,
    cluster: str | None,
    still: float | None,
    out: Path | None,
) -> None:
    """Draw SCENE, or all scenes, and publish them for the pages.

    SCENE may be `gallery`: one sheet with an example of everything that scenes are made of, published nowhere. Or
    `plan`, alone or with a scene's name as PLANNED: what rendering would draw and why, and nothing is drawn.

    Only what is not in the cache is drawn, so a second run has nothing to do, and a run that was cut off goes on
    where it was.

    \b
    Examples:
        click render all                          everything, as the site shows it
        click render rollout --quality draft      a quick look
        click render rollout --section sample     one section
        click render rollout --still 12.5         one picture
        click render gallery                      every component's example
        click render plan                         what is cached, and why the rest is not
    """
    if scene != "plan" and planned != "all":
        raise click.UsageError(f"one scene at a time; {planned} is one too many.")
    if scene == "gallery":
        if still is not None or section is not None:
            raise click.UsageError("gallery goes with --quality and --out alone.")
        click.echo(_gallery(places, quality, out))
        return
    names = plan.scene_names(places)
    wanted = planned if scene == "plan" else scene
    chosen = names if wanted == "all" else [plan.pick("scene", wanted, names)]
    if scene == "plan":
        _plan(places, chosen, quality)
        return
    if still is not None:
        if scene == "all":
            raise click.UsageError("--still wants one scene, not all.")
        click.echo(_still(places, scene, section, _meant(places, scene, quality).name, still, out))
        return
    if out is not None:
        raise click.UsageError("--out goes with --still.")
    if section is not None and scene == "all":
        raise click.UsageError("--section wants one scene, not all.")
    with _alone(places):
        _render(places, chosen, quality, jobs, section, cluster)


def _meant(places: Places, scene: str, quality: str) -> Quality:
    """The quality of that name; for `same`, the one the scene is published at."""
    if quality == "same":
        quality = (manifest.read(places, scene) or {}).get("quality", "draft")
    return theme.QUALITIES.get(quality, theme.QUALITIES["draft"])


@contextmanager
def _workers(places: Places, inputs: list[plan.Inputs], jobs: int | None, address: str | None) -> Iterator[Executor]:
    """Processes of this machine, or the workers of a cluster."""
    if address is None:
        with executor.pool(jobs or executor.usable_cores()) as local:
            yield local
        return
    if jobs is not None:
        raise click.UsageError("--jobs goes with this machine's own workers, not with --cluster.")
    from render.pipeline import cluster as dask  # noqa: PLC0415  # brings in Dask

    with dask.cluster(address, places, inputs) as remote:
        yield remote


def _render(
    places: Places, scenes: list[str], named: str, jobs: int | None, section: str | None, cluster: str | None
) -> None:
    inputs = [plan.inputs(places, name) for name in scenes]  # before a worker reads any source
    with _workers(places, inputs, jobs, cluster) as workers:
        for found in inputs:
            quality = _meant(places, found.scene, named)
            if manifest.current(places, found, quality):
                if section is not None:
                    plan.pick(f"section of {found.scene}", section, manifest.sections(places, found.scene))
                manifest.prune(places, found.scene)
                click.echo(f"{found.scene}: nothing to do, {quality.name} is up to date")
                continue
            from render.pipeline import make  # noqa: PLC0415  # brings in Manim, which takes a second

            click.echo(make.render(places, found, quality, workers, progress.watching, section))


def _plan(places: Places, scenes: list[str], named: str) -> None:
    from render.pipeline import make  # noqa: PLC0415  # brings in Manim, which takes a second

    for name in scenes:
        for section, state in make.outlook(places, plan.inputs(places, name), _meant(places, name, named)):
            click.echo(f"{name}/{section}  {state}")


def _still(places: Places, scene: str, section: str | None, quality: str, t: float, out: Path | None) -> Path:
    from render.pipeline import make  # noqa: PLC0415  # brings in Manim, which takes a second

    name = f"{scene}-{section}" if section else scene
    path = out or places.cache / scene / "stills" / f"{name}-{quality}-{t:g}.png"
    make.still(places, scene, section, theme.QUALITIES[quality], t, path)
    return path


def _gallery(places: Places, quality: str, out: Path | None) -> Path:
    from render.pipeline import gallery  # noqa: PLC0415  # brings in Manim, which takes a second

    return gallery.make(places, _meant(places, "gallery", quality), out)


@cli.command()
@click.argument("scene")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Seed of the run that is shown. Example: --seed 7")
@click.option(
    "--start", metavar="FEN", help="rollout: show this position. Example: --start '6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1'"
)
@click.option(
    "--stage",
    metavar="NAME",
    help="rollout: train one stage, print what it reached, record nothing. Example: --stage krk",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0),
    metavar="M",
    help="Put the training down after so long. Example: --minutes 30",
)
@click.option("--jobs", type=JOBS, metavar="N", help="Runs trained at once; default: one a core. Example: --jobs 2")
@click.option("--fresh", is_flag=True, help="Forget checkpoints and start over. Example: click record rollout --fresh")
@click.option("--out", type=FOLDER, metavar="DIR", help="Folder for the two files. Example: --out /tmp/mine")
@click.pass_obj
def record(
    places: Places,
    scene: str,
    seed: int | None,
    start: str | None,
    stage: str | None,
    minutes: float | None,
    jobs: int | None,
    fresh: bool,
    out: Path | None,
) -> None:
    """Run the engine behind SCENE and keep what a scene and a page show of it.

    A run that is cut off goes on from its last checkpoint. The two files, a .npz and a .json, are written when it
    is finished, into site_assets/recordings unless --out says otherwise.

    \b
    Examples:
        click record rollout
        click record rollout --minutes 30         half an hour of it; the same command goes on
        click record rollout --stage krk          king and rook against king, alone
        click record rollout --start '6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1' --out /tmp/mine
    """
    checkpoints = places.cache.parent / "record" / scene
    if fresh:
        shutil.rmtree(checkpoints, ignore_errors=True)
    asked: dict[str, Any] = {"seed": seed, "start": start, "stage": stage, "jobs": jobs}
    if minutes is not None:
        asked["until"] = engine_cli.until(minutes)
    engine, made = _run_engine(scene, asked, checkpoints)
    if stage is not None:
        for fact, value in made.facts.items():
            click.echo(f"{fact:42} {value:g}")
        return
    folder = out or places.recordings
    paths = [*recording.save(made, folder)]
    if hasattr(engine, "publish"):
        paths += engine.publish(checkpoints, made, folder)
    for path in paths:
        click.echo(path)


def _run_engine(scene: str, options: dict[str, Any], checkpoints: Path) -> tuple[Any, Recording]:
    """Run an engine by name, with the options that are not None. Returns the engine, too."""
    engines = Path(recording.__file__).parent
    known = [
        entry.name for entry in pkgutil.iter_modules([str(engines)]) if (engines / entry.name / "record.py").is_file()
    ]
    plan.pick("engine", scene, known)
    try:
        engine = importlib.import_module(f"engines.{scene}.record")
    except ModuleNotFoundError as error:
        if (error.name or "engines").startswith("engines"):
            raise
        raise click.ClickException(f"{error.name} is missing; get it with `{examination.INSTALL_ENGINES}`") from error
    given = {name: value for name, value in options.items() if value is not None}
    if "seed" in given and "seeds" in inspect.signature(engine.make).parameters:
        seed = given.pop("seed")
        given["seeds"] = tuple(range(seed, seed + len(engine.SEEDS)))
    if "jobs" in inspect.signature(engine.make).parameters:
        given.setdefault("jobs", executor.usable_cores())
    for name in given.keys() - inspect.signature(engine.make).parameters.keys():
        raise click.UsageError(f"{scene} takes no --{name}.")
    checkpoints.mkdir(parents=True, exist_ok=True)
    with progress.following() as report:
        try:
            made: Recording = engine.make(checkpoints, report, **given)
        except ValueError as error:
            raise InputError(str(error)) from error
        except getattr(engine, "Paused", ()) as error:
            raise click.ClickException(f"put down at {error}, time is up; the same command goes on") from None
    return engine, made


def _run_again(places: Places, scene: str) -> list[str]:
    """Run the engine afresh, as the recording says it was run; what differs."""
    before = recording.load(places.recordings, scene)
    with tempfile.TemporaryDirectory(prefix="stagelight-") as folder:
        options = {"seed": before.seed, "start": before.config.get("start")}
        engine, made = _run_engine(scene, options, Path(folder))
        if "compared" in before.config:
            with progress.following() as report:
                made = engine.compare(made, Path(folder), report, executor.usable_cores())
        return recording.same(before, made)


@cli.group()
def corpus() -> None:
    """Make the data that an engine learns from.

    \b
    Example:
        click corpus rollout
    """


@corpus.command("rollout")
@click.option(
    "--games", type=click.IntRange(1), metavar="N", help="Games to play; default: 18000. Example: --games 500"
)
@click.option("--jobs", type=JOBS, metavar="N", help="Games played at once; default: one a core. Example: --jobs 2")
@click.option(
    "--out", type=FILE, metavar="FILE", help="Where it goes; default: the committed corpus. Example: --out /tmp/c.npz"
)
@click.pass_obj
def corpus_rollout(places: Places, games: int | None, jobs: int | None, out: Path | None) -> None:
    """Play chess games with a weakened Stockfish and keep the positions that have a mate in one.

    The same number of games gives the same positions, whatever --jobs is. A run that is cut off goes on where it
    was.

    \b
    Examples:
        click corpus rollout
        click corpus rollout --games 500 --out /tmp/c.npz
    """
    try:
        from engines.rollout import corpus as maker  # noqa: PLC0415  # brings in python-chess
        from engines.rollout import positions  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error.name} is missing; get it with `{examination.INSTALL_ENGINES}`") from error
    making = positions.Making() if games is None else positions.Making(games=games)
    with progress.following() as report:
        made = maker.build(places.cache.parent / "record" / "rollout", report, making, jobs or executor.usable_cores())
    maker.save(made, out or positions.CORPUS)
    click.echo(f"{out or positions.CORPUS}: {len(made.train)} training and {len(made.held_out)} held-out positions")
    click.echo(f"sha256 of the positions {made.sha256}")


@cli.command()
@click.argument("scene")
@click.option("--quality", type=QUALITY, help="Fail unless this is what is published. Example: --quality web")
@click.option("--sections", metavar="A,B", help="Compare these only. Example: --sections sample,reward")
@click.option("--every", type=click.IntRange(1), default=1, help="Compare every n-th frame. Example: --every 10")
@CLUSTER
@click.option("--record", "again", is_flag=True, help="Run the engine again too. Example: click check rollout --record")
@click.option("--jobs", type=JOBS, metavar="N", help="Sections drawn at once; default: one a core. Example: --jobs 2")
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
    from render.pipeline import check as comparison  # noqa: PLC0415  # brings in Manim, which takes a second

    plan.pick("scene", scene, plan.scene_names(places))
    told = comparison.published(places, scene)
    if quality not in {None, told["quality"]}:
        raise InputError(f"{scene} is published at {told['quality']}; run `click render {scene} --quality {quality}`")
    found = list(comparison.files(places, scene))
    only = [name.strip() for name in sections.split(",")] if sections else []
    with _workers(places, [plan.inputs(places, scene)], jobs, cluster) as workers:
        found += comparison.sections(places, scene, workers, progress.watching, only, every)
    if again:
        lost = _run_again(places, scene)
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


@cli.group()
def bench() -> None:
    """Measure, on this machine.

    \b
    Example:
        click bench render
    """


@bench.command("render")
@click.option("--json", "as_json", is_flag=True, help="Print keys and values. Example: click bench render --json")
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
    from render.bench import measure, pictures, report  # noqa: PLC0415  # brings in Manim, which takes a second

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
for command in (engine_cli.score, engine_cli.play, engine_cli.uci):
    cli.add_command(command)


@cli.command()
@click.pass_obj
def doctor(places: Places) -> None:
    """Say what is there, what is missing, and the line that gets it.

    The exit code is 1 where something is missing that drawing the committed recordings needs.

    \b
    Example:
        click doctor
    """
    rows = list(examination.examine(places))
    width = max(len(row.what) for row in rows)
    for row in rows:
        state = "ok     " if row.good else "MISSING" if row.needed else "absent "
        click.echo(f"{state}  {row.what:{width}}  {row.found}" + (f"  ->  {row.fix}" if row.fix else ""))
    missing = [row.what for row in rows if row.needed and not row.good]
    if missing:
        raise click.ClickException(f"to be put right: {', '.join(missing)}")


@cli.command()
@click.pass_obj
def clean(places: Places) -> None:
    """Remove all that can be made again: the cache of drawn sections and the published files. Recordings stay.

    \b
    Example:
        click clean && click render all
    """
    with _alone(places):
        for folder in [*places.cache.glob("*/"), *(places.assets / name for name in manifest.FOLDERS)]:
            shutil.rmtree(folder, ignore_errors=True)
            click.echo(f"removed {folder}")
