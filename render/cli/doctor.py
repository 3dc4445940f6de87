"""Examine the installation: each part found or missing, and the line that gets it."""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from stagelight.engines import installation, recording
from stagelight.engines.recording import RecordingError
from stagelight.render import theme
from stagelight.render.pipeline import plan
from stagelight.render.pipeline.executor import usable_cores
from stagelight.render.pipeline.plan import Places

SPARE_BYTES = 2 << 30  # what a site's render and cache want, generously


@dataclass(frozen=True)
class Row:
    """One thing looked for."""

    what: str
    found: str
    fix: str = ""  # the line to run where it is missing
    needed: bool = True  # for drawing and building the site; where only the package is installed, for the village

    @property
    def good(self) -> bool:
        """True if nothing has to be done."""
        return not self.fix


def examine(places: Places) -> Iterator[Row]:
    """Look for everything that any command uses."""
    version = platform.python_version()
    yield Row("Python", version, "" if sys.version_info >= (3, 11) else "apt-get install python3.11 python3.11-venv")
    if installation.CHECKOUT:
        yield from pinned(installation.ROOT / "constraints.txt")
    for extra, packages in installation.requirements().items():
        yield from wanted(extra, packages)
    for library in ("cairo", "pango-1.0"):
        name = ctypes.util.find_library(library)
        fix = "" if name else "apt-get install libcairo2-dev libpango1.0-dev"
        yield Row(f"lib{library}", name or "missing", fix, installation.CHECKOUT)
    yield fonts()
    for scene in plan.scene_names(places):
        yield recorded(places, scene)
    folder = places.assets if places.assets.is_dir() else Path.cwd()
    writable = os.access(folder, os.W_OK)
    yield Row(folder.name, "writable" if writable else "not writable", "" if writable else f"chmod u+w {folder}")
    free = shutil.disk_usage(folder).free
    yield Row("disk space", f"{free / 1e9:.1f} GB free", "" if free > SPARE_BYTES else "click clean")
    yield Row("cores", str(usable_cores()))
    yield program(
        "Chromium, for the page tests", ("chromium", "chromium-browser", "google-chrome"), "apt-get install chromium"
    )
    yield program(
        "Stockfish, to record and score chess", ("stockfish", "/usr/games/stockfish"), "apt-get install stockfish"
    )


def pinned(constraints: Path) -> Iterator[Row]:
    """Every package that constraints.txt pins and that is installed in another version, or one row if none is."""
    if not constraints.is_file():
        yield Row("constraints.txt", "missing", "git checkout constraints.txt")
        return
    pins = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", constraints.read_text("utf-8"), re.MULTILINE))
    # A build's own mark (2.13.0+cpu) is not part of the version that is pinned.
    others = {
        name: found for name, pin in pins.items() if (found := installed(name)) and found.partition("+")[0] != pin
    }
    for name, found in others.items():
        yield Row(name, f"{found}, pinned {pins[name]}", f"pip install {name}=={pins[name]}")
    if not others:
        count = sum(installed(name) is not None for name in pins)
        yield Row("packages", f"{count} of {len(pins)} pins installed, all in the pinned version")


def wanted(extra: str, packages: list[str]) -> Iterator[Row]:
    """The packages of an extra that are missing; of one that nothing here needs, in one row."""
    lost = [name for name in packages if not installed(name)]
    if not extra or (extra == "site" and installation.CHECKOUT):
        yield from (Row(name, "missing", installation.install(extra)) for name in lost)
    elif extra != "dev":
        found = f"{', '.join(lost)} missing" if lost else f"{len(packages)} packages"
        yield Row(f"extra {extra}", found, installation.install(extra) if lost else "", needed=False)


def fonts() -> Row:
    """The fonts that a scene's type is set in."""
    names = [name for name in vars(theme).values() if isinstance(name, str) and name.endswith((".otf", ".ttf"))]
    lost = [name for name in names if not (theme.FONTS / name).is_file()]
    if not lost:
        return Row("fonts", f"{len(names)} shipped")
    fix = "git checkout site_assets/fonts" if installation.CHECKOUT else "pip install --force-reinstall stagelight"
    return Row("fonts", f"{', '.join(lost)} missing", fix)


def installed(package: str) -> str | None:
    """The version of a package, without importing it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def recorded(places: Places, scene: str) -> Row:
    """Examine a scene's recording: can it be drawn?"""
    try:
        head = recording.load(places.recordings, scene)
    except RecordingError as error:
        return Row(f"recording {scene}", str(error).partition(";")[0], f"click record {scene}")
    return Row(f"recording {scene}", f"seed {head.seed}, {len(head.facts)} facts, {len(head.arrays)} arrays")


def program(what: str, names: tuple[str, ...], fix: str) -> Row:
    """A program that some command or test runs."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    return Row(what, found or "missing", "" if found else fix, needed=False)


@click.command()
@click.pass_obj
def doctor(places: Places) -> None:
    """List what is installed and what is missing.

    Beside what is missing stands the command that installs it. The exit code is 1 if something is missing that
    drawing the committed recordings needs; outside a checkout of the repository, that the village as an environment
    needs.

    \b
    Example:
        click doctor
    """
    rows = list(examine(places))
    width, name = max(len(row.what) for row in rows), click.get_current_context().find_root().info_name
    for row in rows:
        fix = re.sub("^click ", f"{name} ", row.fix)
        state = "ok     " if row.good else "MISSING" if row.needed else "absent "
        click.echo(f"{state}  {row.what:{width}}  {row.found}" + (f"  ->  {fix}" if fix else ""))
    missing = [row.what for row in rows if row.needed and not row.good]
    if missing:
        raise click.ClickException(f"to be put right: {', '.join(missing)}")
