"""Promises of the repository as a whole."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parent.parent
DEBIAN_12 = "3.11.2"  # the Python of the oldest machine the README names
TOP = {"mkdocs.yml", "README.md", "docs", "render", "engines", "tests", "site_assets", "pyproject.toml", "Makefile",
       "constraints.txt", "constraints-inspect.txt", "LICENSE", "THIRD_PARTY.md", "CONTRIBUTING.md", ".ci", ".github",
       ".package", ".gitignore"}  # fmt: skip


def pins(text: str) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in found}


# Below the second comment of constraints.txt stand the pins of extras that need not be installed here.
ALWAYS, OPTIONAL = (pins(part) for part in re.split(r"(?m)(?<=\n)# Extras", (ROOT / "constraints.txt").read_text()))
PINS = ALWAYS | OPTIONAL


def tracked() -> list[str]:
    found = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip("not a git checkout")
    return found.stdout.splitlines()


def test_the_top_level_is_the_agreed_one() -> None:
    assert {name.partition("/")[0] for name in tracked()} <= TOP


def test_no_tracked_file_is_large() -> None:
    most = {".safetensors": 10_000_000}  # weights; recordings and all else 5 MB
    large = {name for name in tracked() if (ROOT / name).stat().st_size > most.get(Path(name).suffix, 5_000_000)}
    assert large == set()


def test_every_direct_dependency_is_pinned() -> None:
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, builders = whole["project"], whole["build-system"]["requires"]
    wanted = project["dependencies"] + [r for extra in project["optional-dependencies"].values() for r in extra]
    assert {Requirement(line).name.lower() for line in wanted if line not in builders} <= PINS.keys()
    assert all("==" in line for line in builders)


def test_every_pin_installs_on_debian_12() -> None:
    refused = []
    for name, version in PINS.items():
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            assert name in OPTIONAL, f"{name} is not installed"
            continue
        if found.version.partition("+")[0] == version and "Requires-Python" in found.metadata:
            wants = found.metadata["Requires-Python"]
            refused += [] if SpecifierSet(wants).contains(DEBIAN_12) else [f"{name} {version} wants {wants}"]
    assert refused == []


def test_both_names_start_the_same_command_line() -> None:
    """`stagelight` is the project's script; `click`, in the environment of a checkout, leads to it."""
    found = [
        subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
        for path in (Path(sys.executable).parent / name for name in ("stagelight", "click"))
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["rollout", "scan"])
def test_the_recording_was_made_by_the_engine_as_it_is(name: str) -> None:
    """A page that names a code version must be of that code. After a change: `click record NAME`."""
    from stagelight.engines import recording

    head = recording.load_head(ROOT / "site_assets" / "recordings", name)
    assert head["code_version"] == recording.source_version(ROOT / "engines" / name)
