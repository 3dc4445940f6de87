"""Calls of an engine from a command: what it refuses and when it has to stop, each said in one line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from stagelight.engines.experiment.progress import NEVER, Interrupted
from stagelight.render.pipeline import InputError
from stagelight.render.pipeline.plan import Places


@contextmanager
def refusals() -> Iterator[None]:
    """Report what an engine refuses in one line."""
    try:
        yield
    except ValueError as error:
        raise InputError(str(error)) from error


@contextmanager
def stopping_after(minutes: float | None) -> Iterator[float]:
    """The moment of `time.monotonic` after so many minutes, or never; that it passed is said in one line."""
    try:
        yield NEVER if minutes is None else time.monotonic() + 60 * minutes
    except Interrupted as error:
        raise click.ClickException(f"stopped at {error}, time is up; the same command resumes") from None


def trained_policy(places: Places, path: Path | None) -> Any:
    """The chess policy of a file, or the published one."""
    from stagelight.engines.rollout import inference  # noqa: PLC0415  # brings in torch

    return inference.load(path or places.recordings / inference.FILE)
