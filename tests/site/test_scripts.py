"""The scripts of the pages by themselves, without a browser: `tests/site/js`, run by Node.js where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support.paths import ASSETS

FOLDER = Path(__file__).parent / "js"


def test_the_scripts_do_what_they_say() -> None:
    node = shutil.which("node")
    if not node:
        pytest.skip("node is not installed: apt install nodejs")
    tests = sorted(map(str, FOLDER.glob("*.test.mjs")))
    assert tests
    ran = subprocess.run([node, "--test", *tests], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_script_of_ours_is_run() -> None:
    scripts = list((ASSETS / "js").glob("*.js"))
    ours = {path.name for path in scripts if path.read_text().startswith("// @ts-check")}
    told = "".join(path.read_text() for path in FOLDER.glob("*.test.mjs"))
    assert ours
    assert [name for name in sorted(ours) if f'"{name}"' not in told] == []
