"""Promises of the repository as a whole."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parent.parent
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
    most = {".safetensors": 10_000_000}  # weights; recordings and all else 5 MB
    large = {name for name in tracked() if (ROOT / name).stat().st_size > most.get(Path(name).suffix, 5_000_000)}
    assert large == set()


def test_every_direct_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [r for extra in project["optional-dependencies"].values() for r in extra]
    assert {Requirement(line).name.lower() for line in wanted} <= PINS.keys()


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
    scripts = {entry.name: entry.value for entry in importlib.metadata.distribution("stagelight").entry_points}
    assert scripts == {"stagelight": "stagelight.render.cli:main", "click": "stagelight.render.cli:main"}


@pytest.mark.parametrize("name", ["rollout", "scan"])
def test_the_recording_was_made_by_the_engine_as_it_is(name: str) -> None:
    """A page that names a code version must be of that code. After a change: `click record NAME`."""
    from stagelight.engines import recording

    head = recording.load_head(ROOT / "site_assets" / "recordings", name)
    assert head["code_version"] == recording.source_version(ROOT / "engines" / name)


# --- decision records -------------------------------------------------------------------------------------------

RECORDS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
BEGINNING = (
    r"# (?P<number>\d{4})\. .+\n\n\*\*Status:\*\* accepted (?P<accepted>\d{4}-\d\d-\d\d)"
    r"(?:, amended (?P<amended>\d{4}-\d\d-\d\d))?"
    r"(?:, superseded (?P<superseded>\d{4}-\d\d-\d\d) by \[(?P<by>\d{4})\]\((?P<file>[\w-]+\.md)\))?\.\s"
)


def test_decisions_are_numbered_from_one_without_gaps_or_doubles() -> None:
    assert [path.name[:5] for path in RECORDS] == [f"{number:04}-" for number in range(1, len(RECORDS) + 1)]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name[:4])
def test_a_decision_has_its_number_a_title_a_status_and_a_date(path: Path) -> None:
    found = re.match(BEGINNING, path.read_text(encoding="utf-8"))
    assert found, f"{path.name} begins otherwise than {BEGINNING}"
    assert found["number"] == path.name[:4]
    dates = [date for date in found.group("accepted", "amended", "superseded") if date]
    assert dates == sorted(dates)
    if found["by"]:
        assert found["file"].startswith(found["by"])
        assert (path.parent / found["file"]).is_file()
        assert found["by"] > found["number"]


def test_a_decision_that_is_referred_to_exists() -> None:
    lost = []
    for name in tracked():
        if name.endswith((".py", ".md", ".yml", ".toml", "Makefile")):
            text = (ROOT / name).read_text(encoding="utf-8")
            numbers = [int(number) for number in re.findall(r"(?i)\bdecision (\d{1,4})\b", text)]
            lost += [f"{name}: decision {number}" for number in numbers if not 1 <= number <= len(RECORDS)]
            files = re.findall(r"\]\([./\w]*decisions/(\d{4}-[\w-]+\.md)", text)
            lost += [f"{name}: {file}" for file in files if not (ROOT / "docs/decisions" / file).is_file()]
    assert lost == []


# --- releases and contributions ---------------------------------------------------------------------------------


def test_one_version_is_named_everywhere() -> None:
    import stagelight

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
