"""A copy of the site that needs neither a network nor a server: one archive, to unpack and open."""

from __future__ import annotations

import logging
import tempfile
import zipfile
from pathlib import Path

import click

from stagelight.engines.recording import atomic
from stagelight.render.cli.options import FILE
from stagelight.render.pipeline.plan import Places

HOSTS = {"_headers", "robots.txt", "sitemap.xml", "sitemap.xml.gz"}  # files that speak to a host alone
PACKED = {".mp4", ".webp", ".woff2", ".npz", ".gz", ".safetensors"}  # deflating them again gains nothing
FOLDER = "stagelight"
DATE = (1980, 1, 1, 0, 0, 0)


class OfflineError(ValueError):
    """The pages cannot be built; the message says why."""


def build(root: Path, folder: Path) -> None:
    """Build the pages below `root` so that they work from a disk.

    Links name files, the search index is a script, and a page states no policy: a browser takes each file on a disk
    for a site of its own, and would refuse them all.

    Raises:
        OfflineError: MkDocs warned or gave up.
    """
    from mkdocs.commands.build import build as mkdocs  # noqa: PLC0415  # nothing else of this command line needs it
    from mkdocs.config import load_config  # noqa: PLC0415
    from mkdocs.exceptions import MkDocsException  # noqa: PLC0415

    logging.getLogger("mkdocs").setLevel(logging.WARNING)
    try:
        config = load_config(str(root / "mkdocs.yml"), site_dir=str(folder), use_directory_urls=False)
        config.extra["polyfills"] = ["js/iframe-worker.js"]
        config.extra["policy"] = None
        config.plugins.on_startup(command="build", dirty=False)
        mkdocs(config)
    except MkDocsException as error:
        raise OfflineError(f"the pages cannot be built ({error}): run `mkdocs build` and see what it says") from error
    index = folder / "search" / "search_index.json"
    index.with_suffix(".js").write_text(f"var __index = {index.read_text(encoding='utf-8')}", encoding="utf-8")


def wanted(path: Path) -> bool:
    """True for a file that a reader needs: none for the host, none that maps the theme's scripts to their source."""
    return path.name not in HOSTS and path.suffix != ".map"


def pack(root: Path, out: Path) -> int:
    """Write the archive; returns how many files are in it. The same files give the same bytes."""
    with tempfile.TemporaryDirectory(prefix="stagelight-") as name:
        folder = Path(name)
        build(root, folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file() and wanted(path))
        with atomic(out) as target, zipfile.ZipFile(target, "w") as archive:
            for path in files:
                member = zipfile.ZipInfo(f"{FOLDER}/{path.relative_to(folder).as_posix()}", DATE)
                member.external_attr = 0o644 << 16
                kind = zipfile.ZIP_STORED if path.suffix in PACKED else zipfile.ZIP_DEFLATED
                archive.writestr(member, path.read_bytes(), kind, 9)
    return len(files)


@click.command()
@click.option(
    "--out",
    type=FILE,
    metavar="FILE",
    default=Path("stagelight-offline.zip"),
    show_default=True,
    help="Write the archive there. Example: --out /tmp/stagelight.zip",
)
@click.pass_obj
def offline(places: Places, out: Path) -> None:
    """Pack the site for reading without a network or a server.

    The archive holds all pages, videos and recordings: unpack it and open stagelight/index.html. Render the scenes
    first.

    \b
    Examples:
        click offline
        click offline --out /tmp/stagelight.zip
    """
    count = pack(places.assets.parent, out)
    click.echo(f"{out}: {count} files, {out.stat().st_size / 1e6:.1f} MB")
