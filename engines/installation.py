"""Folders and install commands, in a checkout of the repository or where Stagelight was installed by itself.

A checkout keeps its caches in `.cache` and is written to. An installed package is only read: what a command makes goes
below the current folder, and caches go to the user's (`XDG_CACHE_HOME`, by default `~/.cache`, on Linux).
"""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # of the repository; or the installed package
CHECKOUT = (ROOT / ".package").is_dir()


def working_folder() -> Path:
    """The folder that holds `site_assets` for what is made: the checkout, or else the current folder."""
    return ROOT if CHECKOUT else Path.cwd()


def user_cache() -> Path:
    """The user's cache folder, as the platform has it."""
    import platformdirs  # noqa: PLC0415  # what only reads the village needs numpy alone

    return platformdirs.user_cache_path("stagelight", appauthor=False)


def cache() -> Path:
    """The folder of what can be made again."""
    return ROOT / ".cache" if CHECKOUT else user_cache()


def install(extra: str) -> str:
    """The command that installs an extra; "": what is always needed."""
    asked = f"[{extra}]" if extra else ""
    return f"pip install -c constraints.txt -e '.{asked}'" if CHECKOUT else f"pip install 'stagelight{asked}'"


def requirements() -> dict[str, list[str]]:
    """The packages that each extra asks for; under "", those that are always needed."""
    if CHECKOUT:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        stated = {"": project["dependencies"], **project.get("optional-dependencies", {})}
        return {extra: [_name(line) for line in lines] for extra, lines in stated.items()}
    found = defaultdict[str, list[str]](list)
    for line in importlib.metadata.requires("stagelight") or []:
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", line)
        found[extra[1] if extra else ""].append(_name(line))
    return dict(found)


def missing(module: str, otherwise: str) -> str:
    """One line about a module that is not installed, with the command that installs it.

    Args:
        module: its name, as imported.
        otherwise: the extra to name where no extra asks for a package of that name.
    """
    name = module.partition(".")[0].replace("_", "-").lower()
    extra = next((extra for extra, names in requirements().items() if extra and name in names), otherwise)
    return f"{module} is missing; get it with `{install(extra)}`"


def _name(requirement: str) -> str:
    """A requirement's package, in the form in which names are compared."""
    return re.split(r"[^\w.-]", requirement)[0].replace("_", "-").lower()
