"""Commands about the pages: write the page of commands, make a copy to read without a network."""

from __future__ import annotations

from pathlib import Path

import click

from engines.recording import atomic
from render import reference
from render.pipeline.plan import Places


@click.command("reference")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Where it goes; default: docs/commands.md. Example: --out /tmp/commands.md",
)  # fmt: skip
@click.pass_context
def write_reference(context: click.Context, out: Path | None) -> None:
    """Write the page of commands anew, after a command has changed.

    \b
    Example:
        click reference
    """
    group = context.find_root().command
    assert isinstance(group, click.Group)
    places: Places = context.obj
    path = out or places.assets.parent / "docs" / "commands.md"
    with atomic(path) as file:
        file.write(reference.page(group).encode())
    click.echo(path)
