"""`click train`: train anew what the village and the scan are played with. `stagelight.render.cli` offers it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from stagelight.render import engine_cli
from stagelight.render.pipeline import progress
from stagelight.render.pipeline.plan import Places

Command = Callable[..., Any]


def seeded(published: int) -> Callable[[Command], Command]:
    """The option of what chance depends on, by default as it was published."""
    return click.option(
        "--seed", type=click.IntRange(0), default=published, show_default=True, metavar="N",
        help="What chance depends on. Example: --seed 1",
    )  # fmt: skip


OUT = click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Where the weights go; default: the cache. Example: --out mine.safetensors",
)  # fmt: skip


@click.group()
def train() -> None:
    """Train what is played: the village's policy, its small language model, or the scan's score network.

    A run that is cut off goes on from its last checkpoint. What is published stays as it is, unless --out says so.

    \b
    Examples:
        click train policy
        click train small --minutes 30      half an hour of it; the same command goes on
        click train prior --out mine.safetensors
    """


@train.command("policy")
@engine_cli.MINUTES
@seeded(0)
@OUT
@click.pass_obj
def train_policy(places: Places, minutes: float | None, seed: int, out: Path | None) -> None:
    """Train the policy that acts in the scene: imitate a teacher who sees everything, then improve by reward (PPO).

    \b
    Example:
        click train policy --out mine.safetensors
    """
    with engine_cli.engine():
        from stagelight.engines.village.training import policy, ppo, public  # noqa: PLC0415  # brings in torch

        cache = places.cache.parent / "record" / "village"
        with progress.following() as report, engine_cli.stopping_after(minutes) as end:
            trained, _ = public.train(ppo.Config(), seed, cache, report, end)
        path = out or cache / public.FILE
        policy.publish(trained, path, {"seed": seed})
    click.echo(path)


@train.command("small")
@engine_cli.MINUTES
@seeded(0)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
    help="Where the adapter goes; default: the cache. Example: --out mine",
)  # fmt: skip
@click.pass_obj
def train_small(places: Places, minutes: float | None, seed: int, out: Path | None) -> None:
    """Teach SmolLM2-135M the village: by the policy's choices, in its own villages, then by what those reach.

    What is learnt is a LoRA adapter of 3 MB, as peft reads it. An hour and more on one core.

    \b
    Example:
        click train small --out mine
    """
    with engine_cli.engine():
        from stagelight.engines.village import record  # noqa: PLC0415  # brings in numba
        from stagelight.engines.village.llm import runs  # noqa: PLC0415
        from stagelight.engines.village.training import language, policy, school  # noqa: PLC0415  # brings in torch

        cache, expert = places.cache.parent / "record" / "village", policy.load(record.POLICY)[0]
        with progress.following() as report, engine_cli.stopping_after(minutes) as end:
            terms = school.Terms()
            trainer = school.teach(expert, runs.loaded(None), cache, terms, seed, report, end)
            about = {"examples": float(terms.examples), **school.agreement(trainer, expert)}
        folder = language.publish(trainer, out or cache / runs.ADAPTER.name, about)
    for name, value in about.items():
        click.echo(f"{name:12} {value:g}")
    click.echo(folder)


@train.command("prior")
@engine_cli.MINUTES
@seeded(2026)
@OUT
@click.option(
    "--alone", is_flag=True, help="The network that never sees a scan, whose dream is the stranger. Example: --alone"
)
@click.pass_obj
def train_prior(places: Places, minutes: float | None, seed: int, out: Path | None, alone: bool) -> None:
    """Train the scan's score network: make scans to learn from, then denoise and reconstruct them.

    The held-out adults are in none of them. Two hours on one core; what is published was trained so, but for its
    first stage, of which the log tells.

    \b
    Example:
        click train prior --minutes 30
    """
    with engine_cli.engine():
        from stagelight.engines.scan import making, prior  # noqa: PLC0415  # brings in torch

        cache = places.cache.parent / "record" / "scan" / "prior"
        with progress.following() as report, engine_cli.stopping_after(minutes) as end:
            stages = making.ALONE if alone else making.STAGES
            trained = making.make(cache, report, stages=stages, seed=seed, deadline=end)
        path = out or cache / (prior.ALONE if alone else prior.WEIGHTS).name
        prior.publish(trained, path)
    click.echo(path)
