"""Files for maintainers and contributors: releases, continuous integration, hooks and forms."""

from __future__ import annotations

import re

import yaml

import stagelight
from support.paths import ROOT


def test_one_version_is_named_everywhere() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    releases = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\S+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert releases[0] == (stagelight.__version__, str(cited["date-released"]))
    assert cited["version"] == stagelight.__version__
    assert [date for _, date in releases] == sorted((date for _, date in releases), reverse=True)


def test_the_changelog_is_kept_as_it_says() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", text, re.M)[0] == "[Unreleased]"
    kinds = set(re.findall(r"^### (.+)$", text, re.M))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_readmes_test_command_runs_on_every_pull_request() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    triggers = workflow[True]  # YAML 1.1 reads the key `on` so
    assert triggers.keys() == {"pull_request", "push"}
    (job,) = workflow["jobs"].values()
    assert "make test" in [step.get("run") for step in job["steps"]]
    assert re.search(r"^make test\b", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert workflow["permissions"] == {"contents": "read"}


def test_what_is_checked_before_a_commit_is_make_lint() -> None:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert local["repo"] == "local"
    assert {hook["language"] for hook in local["hooks"]} == {"system"}
    recipe = re.search(r"^lint:\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert recipe
    commands = [line.strip() for line in recipe[1].splitlines() if not line.strip().startswith("@")]
    assert [hook["entry"] for hook in local["hooks"]] == commands


def test_every_form_for_an_issue_can_be_read() -> None:
    forms = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    assert len(forms) > 1
    for path in forms:
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= form.keys(), path.name
        ids = [field["id"] for field in form["body"]]
        assert len(ids) == len(set(ids)), path.name
