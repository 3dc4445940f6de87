"""Options that several commands have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for a program. Example: --json")
MINUTES = click.option(
    "--minutes",
    type=click.FloatRange(0),
    metavar="M",
    help="Stop after M minutes; the same command resumes. Example: --minutes 30",
)
POLICY = click.option(
    "--policy",
    type=FILE,
    metavar="FILE",
    help="Play these weights; default: the published ones. Example: --policy mine.safetensors",
)
CLUSTER = click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Draw on the workers of a Dask cluster that see this folder. Example: --cluster tcp://127.0.0.1:8786",
)


def jobs(what: str) -> Callable[[Command], Command]:
    """The option that says how much is done at once, by default as much as there are cores."""
    return click.option(
        "--jobs",
        type=click.IntRange(1),
        metavar="N",
        help=f"{what} at once; default: one per core. Example: --jobs 2",
    )


def out(what: str, default: str, example: str, kind: click.Path = FILE) -> Callable[[Command], Command]:
    """The option that says where a result is written."""
    metavar = "FILE" if kind is FILE else "FOLDER"
    words = f"Write {what} there; default: {default}. Example: --out {example}"
    return click.option("--out", type=kind, metavar=metavar, help=words)
