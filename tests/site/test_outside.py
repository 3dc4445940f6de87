"""Verdicts of other programs on the pages and their scripts: a compiler, a crawler, the validator of HTML, Lighthouse.

They are no part of the project's environment. Where one is installed it is used: `npm install typescript linkinator
lighthouse` in a folder, and the folder named in STAGELIGHT_NODE; for the validator, its jar named in STAGELIGHT_VNU.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.browser import FLAGS, Site, needs_scenes
from support.paths import ASSETS, ROOT

LIBRARIES = "es2022,dom,dom.iterable"
# What the validator does not know yet, and what the theme writes: harmless to a reader, and not ours to change.
ALLOWED = (
    "Attribute “autocomplete” is only allowed when the input type is",  # the theme's hidden switches
    "Attribute “autocorrect” not allowed",  # the theme's search
    "Attribute “fetchpriority” not allowed",  # newer than the validator
    "Attribute “aria-label” not allowed on element “math”",  # newer than the validator
)


def tool(name: str) -> str:
    """The path of a program of npm's; the test is skipped if it is not installed."""
    found = shutil.which(name, path=f"{os.environ.get('STAGELIGHT_NODE', '')}/node_modules/.bin") or shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed: npm install it and name the folder in STAGELIGHT_NODE")
    return found


def test_the_scripts_are_typed() -> None:
    scripts = [path for path in sorted((ASSETS / "js").glob("*.js")) if path.read_text().startswith("// @ts-check")]
    assert {"scene.js", "board.js"} <= {path.name for path in scripts}
    settings = ["--noEmit", "--allowJs", "--checkJs", "--strict", "--target", "es2022", "--lib", LIBRARIES]
    command = [tool("tsc"), *settings, *map(str, scripts)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_every_script_says_whether_it_is_typed() -> None:
    unsaid = [
        path.name
        for path in (ASSETS / "js").glob("*.js")
        if not re.match(r"// @ts-(check|nocheck)|/\* [\w-]+ \d", path.read_text())
    ]
    assert unsaid == []


@needs_scenes
def test_a_crawler_finds_no_link_that_leads_nowhere(site: Site) -> None:
    command = [
        tool("linkinator"),
        str(site.folder),
        "--recurse",
        "--skip",
        "https?://(?!localhost)",
        "--format",
        "json",
    ]
    crawled = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    found = json.loads(crawled.stdout[crawled.stdout.index("{") :])
    broken = [link["url"] for link in found["links"] if link["state"] == "BROKEN"]
    broken = [url for url in broken if not url.startswith("https://stagelight.example/")]
    assert broken == []
    assert len(found["links"]) > 50


@needs_scenes
def test_the_markup_is_valid(site: Site) -> None:
    jar = os.environ.get("STAGELIGHT_VNU", "")
    if not Path(jar).is_file() or not shutil.which("java"):
        pytest.skip("the validator is not installed: name its jar in STAGELIGHT_VNU")
    pages = sorted(site.folder.rglob("*.html"))
    command = ["java", "-Xss8m", "-jar", jar, "--errors-only", "--format", "json", *map(str, pages)]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    found = json.loads(checked.stderr)["messages"]
    told = [f"{Path(each['url']).parent.name}: {each['message']} {each.get('extract', '')[:80]!r}" for each in found
            if each["type"] == "error" and not each["message"].startswith(ALLOWED)]  # fmt: skip
    assert told == []


@needs_scenes
@pytest.mark.browser
@pytest.mark.parametrize("page", ["", "rollout/", "village/"])
def test_lighthouse_finds_nothing_to_mend(site: Site, page: str) -> None:
    """All but its speed, which depends on what else the machine does; other tests hold bytes and shifts."""
    command = [tool("lighthouse"), site.url + page, "--quiet", "--output=json", f"--chrome-flags={' '.join(FLAGS)}",
               "--only-categories=accessibility,best-practices,seo"]  # fmt: skip
    chromium = os.environ.get("STAGELIGHT_CHROMIUM", "/usr/bin/chromium")
    looked = subprocess.run(command, env={**os.environ, "CHROME_PATH": chromium}, capture_output=True, text=True,
                            check=False, timeout=240)  # fmt: skip
    assert looked.returncode == 0, looked.stderr
    found = json.loads(looked.stdout)
    scores = {name: category["score"] for name, category in found["categories"].items()}
    short = [audit["title"] for audit in found["audits"].values() if audit["score"] not in {None, 1}]
    assert scores == {"accessibility": 1, "best-practices": 1, "seo": 1}, short
