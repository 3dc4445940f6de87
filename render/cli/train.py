"""`click train`: train the networks of the village and of the scan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from stagelight.render.cli import options
from stagelight.render.cli.engine_calls import refusals, stopping_after
from stagelight.render.cli.options import FOLDER, MINUTES, Command
from stagelight.render.pipeline import progress
from stagelight.render.pipeline.plan import Places


def seeded(published: int) -> Callable[[Command], Command]:
    """The option of the random seed, by default that of the published weights."""
    return click.option(
        "--seed",
        type=click.IntRange(0),
        default=published,
        show_default=True,
        metavar="N",
        help="Random seed. Example: --seed 1",
    )


OUT = options.out("the weights", "the cache", "mine.safetensors")


@click.group()
def train() -> None:
    """Train one of the networks.

    They are the village's policy, its small language model, and the scan's networks. An interrupted run
    resumes from its last checkpoint. The published weights stay as they are, unless --out names them.

    \b
    Examples:
        click train policy
        click train small --minutes 30      half an hour of it; the same command resumes
        click train prior --out mine.safetensors
    """


@train.command("policy")
@MINUTES
@seeded(0)
@OUT
@click.pass_obj
def train_policy(places: Places, minutes: float | None, seed: int, out: Path | None) -> None:
    """Train the village's policy.

    It imitates an expert that sees everything, then improves by reward (PPO).

    \b
    Example:
        click train policy --out mine.safetensors
    """
    with refusals():
        from stagelight.engines.village.training import networks, ppo, training_loop  # noqa: PLC0415  # brings in torch

        cache = places.cache.parent / "record" / "village"
        with progress.following() as report, stopping_after(minutes) as end:
            trained, _ = training_loop.train(ppo.Config(), seed, cache, report, end)
        path = out or cache / training_loop.FILE
        networks.publish(trained, path, {"seed": seed})
    click.echo(path)


@train.command("small")
@MINUTES
@seeded(0)
@options.out("the adapter", "the cache", "mine", FOLDER)
@click.pass_obj
def train_small(places: Places, minutes: float | None, seed: int, out: Path | None) -> None:
    """Fine-tune SmolLM2-135M for the village.

    It learns the trained policy's choices and the fact behind each, half of them in villages that it runs itself. The
    result is a LoRA adapter of 7 MB, as peft reads it. It takes an hour and more on one core.

    \b
    Example:
        click train small --out mine
    """
    with refusals():
        from stagelight.engines.village import record  # noqa: PLC0415  # brings in numba
        from stagelight.engines.village.llm import runs  # noqa: PLC0415
        from stagelight.engines.village.training import (  # noqa: PLC0415  # brings in torch
            distillation,
            lm_evaluation,
            lora,
            networks,
        )

        cache, expert = places.cache.parent / "record" / "village", networks.load(record.POLICY)[0]
        with progress.following() as report, stopping_after(minutes) as end:
            trainer = distillation.teach(expert, runs.loaded(None), cache, None, seed, report, end)
            adapter, about = trainer.learner.adapter, {"examples": float(trainer.config.examples)}
            folder = lora.publish(adapter, out or cache / runs.ADAPTER.name, about)
            about |= lm_evaluation.evaluate(runs.loaded(folder), expert, lm_evaluation.held_out(), report)
        lora.publish(adapter, folder, about)
    for name, value in about.items():
        click.echo(f"{name:12} {value:g}")
    click.echo(folder)


@train.command("prior")
@MINUTES
@seeded(2026)
@OUT
@click.option(
    "--network",
    type=click.Choice(("fine", "coarse", "unrolled")),
    default="fine",
    show_default=True,
    help="Which of the scan's networks. Example: --network coarse",
)
@click.pass_obj
def train_prior(places: Places, minutes: float | None, seed: int, out: Path | None, network: str) -> None:
    """Train one of the scan's networks.

    Coarse and fine are the prior: the first knows a whole head at 4 mm, the second its detail, from a scan as it was
    measured or from the first's volume. Unrolled starts from a classical reconstruction. What they learn from is made
    first; the held-out adults are in none of it. Each takes an hour and more on one core. The published weights were
    trained so, but for the first stage of unrolled, which the log describes.

    \b
    Example:
        click train prior --network coarse --minutes 30
    """
    with refusals():
        from stagelight.engines.scan.model import denoiser  # noqa: PLC0415  # brings in torch
        from stagelight.engines.scan.training import prior, stages  # noqa: PLC0415

        cache = places.cache.parent / "record" / "scan" / "prior"
        path = out or cache / f"{network}.safetensors"
        with progress.following() as report, stopping_after(minutes) as end:
            if network == "coarse":
                denoiser.publish(prior.coarse(cache, report, seed, end), path)
            else:
                make = prior.fine if network == "fine" else stages.make
                denoiser.publish(make(cache, report, seed=seed, deadline=end), path)
    click.echo(path)
