"""Commands about the pages: write the page of commands, make a copy to read without a network."""

from __future__ import annotations

from pathlib import Path

import click

from stagelight.engines.recording import atomic
from stagelight.render import offline as packing
from stagelight.render import reference
from stagelight.render.pipeline.plan import Places


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
    if not path.parent.is_dir():
        raise click.UsageError(f"There is no folder {path.parent}; say where the page goes with --out FILE.")
    with atomic(path) as file:
        file.write(reference.page(group).encode())
    click.echo(path)


@click.command("offline")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    default=Path("stagelight-offline.zip"), show_default=True,
    help="Where the archive goes. Example: --out /tmp/stagelight.zip",
)  # fmt: skip
@click.pass_obj
def offline(places: Places, out: Path) -> None:
    """Build the pages and pack them, videos and recordings included, to be read without a network or a server.

    Unpack the archive and open stagelight/index.html. The scenes have to be rendered before.

    \b
    Examples:
        click offline
        click offline --out /tmp/stagelight.zip
    """
    count = packing.pack(places.assets.parent, out)
    click.echo(f"{out}: {count} files, {out.stat().st_size / 1e6:.1f} MB")
