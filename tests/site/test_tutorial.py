"""The tutorial, followed to the letter: every file it names is written, every command it gives is run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from support.browser import needs_scenes
from support.paths import ROOT

PAGE = ROOT / "docs" / "add-a-scene.md"
LEFT_OUT = shutil.ignore_patterns("__pycache__")
RUN = {"click": [sys.executable, "-m", "stagelight"], "mkdocs": [sys.executable, "-m", "mkdocs"]}


class Block(NamedTuple):
    """A fenced block: its language, the file it belongs in, its text."""

    language: str
    title: str
    text: str


def blocks(markdown: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found = re.findall(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', markdown, re.M | re.S)
    return [Block(*each) for each in found]


def write(root: Path, block: Block) -> None:
    """Put a block into its file, or after the line of it that the title names."""
    name, _, line = block.title.partition(", after ")
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not line:
        path.write_text(block.text, encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    found = re.findall(rf"^ *{re.escape(line)}\n", text, re.M)
    assert len(found) == 1, f"{name} has {len(found)} lines {line!r}"
    path.write_text(text.replace(found[0], found[0] + block.text), encoding="utf-8")


def follow(root: Path, commands: str) -> None:
    """Run what a shell would run, with this Python."""
    env = {**os.environ, "PYTHONPATH": str(root / ".package")}
    for command in commands.splitlines():
        first, *rest = shlex.split(command)
        done = subprocess.run([*RUN[first], *rest], cwd=root, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@needs_scenes
@pytest.mark.slow
def test_the_tutorial_ends_with_a_fourth_scene_that_checks_out(tmp_path: Path) -> None:
    for name in (".package", "docs", "engines", "render", "site_assets"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=LEFT_OUT, symlinks=True)
    for name in ("mkdocs.yml", "THIRD_PARTY.md", "CITATION.cff"):
        shutil.copy(ROOT / name, tmp_path)
    found = blocks(PAGE.read_text(encoding="utf-8"))
    assert sum(bool(block.title) for block in found) >= 8
    for block in found:
        if block.title:
            write(tmp_path, block)
        else:
            assert block.language == "sh", f"a block of {block.language} names no file"
            follow(tmp_path, block.text)
    page = (tmp_path / "site" / "bandit" / "index.html").read_text(encoding="utf-8")
    assert ">200</data> pulls" in page
    assert "machine 3" in page
    assert 'data-scene="bandit"' in page
    assert "data-mark" in page


def test_the_source_that_the_tutorial_shows_is_as_ours_must_be(tmp_path: Path) -> None:
    for block in blocks(PAGE.read_text(encoding="utf-8")):
        if block.language == "python":
            write(tmp_path, block)
    settings = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    settings += ["--config", 'lint.isort.known-first-party = ["stagelight"]']
    command = [sys.executable, "-m", "ruff", "check", *settings, "."]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
