"""`click record` and `click dataset`: run an engine and keep what it gives."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from stagelight.engines import installation, recording
from stagelight.engines.experiment.stretch import compare
from stagelight.engines.recording import Recording
from stagelight.render.cli import endpoint, options, record_scan
from stagelight.render.cli.engine_calls import refusals, stopping_after
from stagelight.render.cli.options import FOLDER, MINUTES, jobs
from stagelight.render.pipeline import executor, plan, progress
from stagelight.render.pipeline.plan import Places


@click.command()
@click.argument("scene")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Random seed of the run. Example: --seed 7")
@click.option(
    "--start",
    metavar="FEN",
    help="rollout: train the published policy on from here. Example: --start '6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1'",
)
@record_scan.options
@endpoint.options
@MINUTES
@jobs("Train N runs")
@click.option(
    "--fresh", is_flag=True, help="Remove the checkpoints and start over. Example: click record rollout --fresh"
)
@options.out("the two files", "site_assets/recordings", "mine", FOLDER)
@click.pass_context
def record(
    context: click.Context,
    /,
    scene: str,
    seed: int | None,
    start: str | None,
    minutes: float | None,
    jobs: int | None,
    fresh: bool,
    out: Path | None,
    **more: Any,
) -> None:
    """Run the engine behind SCENE and record the run.

    The recording holds what the scene and its page show. An interrupted run resumes from its last checkpoint. A
    recording is two files, a .npz and a .json, written when the run is finished.

    With --volume a brain of your own is scanned in simulation and reconstructed by each method. Volumes, in the file's
    own voxels and intensities, and figures are there as soon as each method is done; the same command resumes.

    With --kspace k-space that was measured is reconstructed, complex, by each method; there is no reference, so what is
    printed is how well it explains what was measured, and points that were held out.

    With --base-url and --model a language model behind a server acts in the village, as each of the three. Every
    reply is on disk before it is used, so the same command resumes.

    \b
    Examples:
        click record rollout
        click record rollout --minutes 30         half an hour of it; the same command resumes
        click record rollout --start '6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1' --out /tmp/mine
        click record scan --volume me.nii.gz --acceleration 8 --prompt 'T1-weighted MRI of the brain'
        click record scan --kspace head.h5
        click record village --base-url http://127.0.0.1:11434/v1 --model qwen3:4b --out mine
    """
    places: Places = context.obj
    checkpoints = places.cache.parent / "record" / scene
    own = record_scan.taken(more)
    if scene == "scan" and (own.volume is not None or own.kspace is not None):
        with refusals():
            of_model = endpoint.given(context, endpoint.Asked(**more))
        given = {"--start": start, "--jobs": jobs, **dict.fromkeys(of_model, "given")}
        record_scan.run(own, given, seed, checkpoints, minutes, fresh, out)
        return
    for name in own.names():
        raise click.UsageError(
            f"{name} needs --volume FILE or --kspace FILE." if scene == "scan" else f"{scene} takes no {name}."
        )
    if fresh:
        shutil.rmtree(checkpoints, ignore_errors=True)
    asked: dict[str, Any] = {"seed": seed, "start": start, "jobs": jobs}
    asked |= _policy(places, start)
    with refusals():
        who = endpoint.Asked(**more)
        for name in endpoint.given(context, who):
            if scene != "village":
                raise click.UsageError(f"{scene} takes no {name}.")
            if not who:
                raise click.UsageError(f"{name} needs a model; give --base-url and --model, or --transcripts.")
    if who:
        engine, made = _ask(places, who, seed, checkpoints, minutes)
    else:
        engine, made = _run_engine(scene, asked, checkpoints, minutes)
    folder = out or places.recorded
    paths = [*recording.save(made, folder)]
    if hasattr(engine, "publish"):
        paths += engine.publish(checkpoints, made, folder)
    for path in paths:
        click.echo(path)


def _run_engine(
    scene: str, options: dict[str, Any], checkpoints: Path, minutes: float | None = None
) -> tuple[Any, Recording]:
    """Run an engine by name, with the options that are not None. Returns the engine, too."""
    engines = Path(recording.__file__).resolve().parent
    known = [
        entry.name for entry in pkgutil.iter_modules([str(engines)]) if (engines / entry.name / "record.py").is_file()
    ]
    plan.pick("engine", scene, known)
    engine = importlib.import_module(f"stagelight.engines.{scene}.record")
    takes = inspect.signature(engine.make).parameters
    given = {name: value for name, value in options.items() if value is not None}
    if "seed" in given and "seeds" in takes:
        seed = given.pop("seed")
        given["seeds"] = tuple(range(seed, seed + len(engine.SEEDS)))
    if "jobs" in takes:
        given.setdefault("jobs", executor.usable_cores())
    for name in (name for name in given if name not in takes):  # in the order of the command line's options
        raise click.UsageError(f"{scene} takes no --{name}.")
    if minutes is not None and "deadline" not in takes:
        raise click.UsageError(f"{scene} takes no --minutes.")
    checkpoints.mkdir(parents=True, exist_ok=True)
    with refusals(), stopping_after(minutes) as end, progress.following() as report:
        if minutes is not None:
            given["deadline"] = end
        made: Recording = engine.make(checkpoints, report, **given)
    return engine, made


def _ask(
    places: Places, asked: endpoint.Asked, seed: int | None, checkpoints: Path, minutes: float | None
) -> tuple[Any, Recording]:
    """Record a village in which a reader's language model acts, on the weather of the published one or of a seed."""
    from stagelight.engines.village import record as engine  # noqa: PLC0415  # brings in numba

    with (
        refusals(), stopping_after(minutes) as end, progress.following() as report,
        endpoint.asking(checkpoints, asked, end) as ask,
    ):  # fmt: skip
        assert ask is not None
        config = engine.Config()
        seed = recording.load_head(places.recordings, "village")["seed"] if seed is None else seed
        with ask(config.scenario, seed) as model:
            return engine, engine.make(checkpoints, report, config=config, seed=seed, cast=engine.asked(model))


def _policy(places: Places, start: str | None) -> dict[str, Path]:
    """The option of the published policy, which a reader's position is trained on from; none without a position."""
    return {} if start is None else {"policy": places.recordings / "rollout_policy.safetensors"}


def run_again(places: Places, scene: str) -> list[str]:
    """Run the engine afresh, as the recording says it was run; returns the parts that differ."""
    before = recording.load(places.recordings, scene)
    with tempfile.TemporaryDirectory(prefix="stagelight-") as folder:
        start = before.config.get("start")
        options = {"seed": before.seed, "start": start, **_policy(places, start)}
        _, made = _run_engine(scene, options, Path(folder))
        outside = tuple(event for event in before.events if event["kind"] == "outside")
        made = replace(made, events=(*made.events, *outside))
        if "compared" in before.config:
            made = replace(made, config={**made.config, "compared": before.config["compared"]})
            benchmark = importlib.import_module(f"stagelight.engines.{scene}.benchmark")
            names = inspect.signature(benchmark.compare).parameters
            given = {"jobs": executor.usable_cores()} if "jobs" in names else {}
            with progress.following() as report:
                made = benchmark.compare(made, Path(folder), report, **given)
        return recording.same(before, made)


def run_stretch(places: Places, scene: str) -> tuple[str, bool, str]:
    """Run a short stretch of the engine again: what was compared, whether it is the recorded run, what that proves."""
    before = recording.load(places.recordings, scene)
    with refusals(), tempfile.TemporaryDirectory(prefix="stagelight-") as folder:
        again = importlib.import_module(f"stagelight.engines.{scene}.stretch")
        with progress.following() as report:
            made = again.stretch(before, Path(folder), report)
        lost = compare(before, made, 0.0)
        near = lost and not compare(before, made, made.tolerance)
    how = f"to {made.tolerance:g} of the largest number, {len(lost)} arrays not to the bit: " if near else ""
    note = f"{how}{made.proves}. Not shown: {made.leaves_open}" if near or not lost else "; ".join(lost)
    return f"{len(made.arrays)} arrays of the run", bool(near or not lost), note


@click.group()
def dataset() -> None:
    """Build a data set that an engine learns from.

    \b
    Example:
        click dataset rollout
    """


@dataset.command("rollout")
@click.option(
    "--games", type=click.IntRange(1), metavar="N", help="Search N games; default: 260000. Example: --games 500"
)
@jobs("Play N games")
@options.out("the positions", "the committed ones", "mates.npz")
@click.pass_obj
def dataset_rollout(places: Places, games: int | None, jobs: int | None, out: Path | None) -> None:
    """Find positions with a forced mate in one, two or three.

    They are found in the committed games and in many more between simple opponents, and each mate is proven by search.
    The same number of games gives the same positions, whatever --jobs is. An interrupted run resumes.

    \b
    Examples:
        click dataset rollout
        click dataset rollout --games 500 --out /tmp/mates.npz
    """
    from stagelight.engines.rollout import build_mates, mates  # noqa: PLC0415  # brings in numba
    from stagelight.engines.rollout import games as whole  # noqa: PLC0415

    if out is None and not installation.CHECKOUT:
        raise click.UsageError("The data set that is installed is not written over; say where with --out FILE.")
    corpus = whole.load()
    cores = jobs or executor.usable_cores()
    with refusals(), progress.following() as report:
        folder = places.cache.parent / "record" / "rollout" / "mates"
        made = build_mates.build(folder, report, (corpus.train, corpus.held_out), games or build_mates.GAMES, cores)
    mates.save(made, out or mates.FILE)
    for depth, (train, held_out) in enumerate(zip(made.train, made.held_out, strict=True), 1):
        click.echo(f"mate in {depth}: {len(train)} training and {len(held_out)} held-out positions")
    click.echo(f"{out or mates.FILE}: sha256 of the positions {made.sha256}")
