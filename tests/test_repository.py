"""Promises of the repository as a whole."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from support.paths import ROOT

DEBIAN_12 = "3.11.2"  # the Python of the oldest machine the README names
TOP = {"mkdocs.yml", "README.md", "docs", "render", "engines", "tests", "site_assets", "pyproject.toml", "Makefile",
       "constraints.txt", "constraints-inspect.txt", "LICENSE", "THIRD_PARTY.md", "CONTRIBUTING.md", "CHANGELOG.md",
       "CITATION.cff", ".ci", ".github", ".package", ".gitignore", ".pre-commit-config.yaml"}  # fmt: skip


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
    most = {".safetensors": 10_100_000}  # weights; recordings and all else 5 MB
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


@pytest.mark.parametrize("name", ["rollout", "village", "scan"])
def test_the_recording_was_made_by_the_engine_as_it_is(name: str) -> None:
    """A page that names a code version must be of that code. After a change: `click record NAME`, or `click score`."""
    from stagelight.engines import recording

    head = recording.load_head(ROOT / "site_assets" / "recordings", name)
    engine = importlib.import_module(f"stagelight.engines.{name}.record")
    assert head["code_version"] == engine.version()
    if "code_version" in head["config"].get("compared", {}):
        table = importlib.import_module(f"stagelight.engines.{name}.benchmark")
        assert head["config"]["compared"]["code_version"] == table.version()


def imported(path: Path) -> set[str]:
    """Names of the modules that a file imports, and of what it imports from them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module or ''}.{alias.name}" for alias in node.names)}
    return found


def test_no_test_module_imports_another() -> None:
    """Shared code is in `support`, and fixtures are in a conftest.py."""
    files = sorted((ROOT / "tests").rglob("*.py"))
    modules = {path.stem for path in files if path.stem.startswith("test_") or path.stem == "conftest"}
    wrong = {path.name: sorted(name for name in imported(path) if modules & set(name.split("."))) for path in files}
    assert modules >= {"conftest", "test_repository"}
    assert {name: names for name, names in wrong.items() if names} == {}


def test_the_first_line_of_a_docstring_says_what_a_thing_is_or_does() -> None:
    """The engines follow in their own time; until then they are left out."""
    later = tuple(ROOT / "engines" / name for name in ("village", "scan"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    files = [path for folder in ("render", "engines", "tests", ".package") for path in (ROOT / folder).rglob("*.py")]
    wrong = []
    for path in (path for path in files if not any(path.is_relative_to(folder) for folder in later)):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            first = ((isinstance(node, documented) and ast.get_docstring(node)) or "").partition("\n")[0]
            if re.match(r"(What|Who|Where|Whether|When|How)\b", first):
                wrong.append(f"{path.relative_to(ROOT)}: {first}")
    assert sorted(wrong) == []
