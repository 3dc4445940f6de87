"""The wheel, built and used outside the repository: in an environment that holds what it declares and nothing else."""

from __future__ import annotations

import configparser
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

import stagelight
from stagelight import village_v0
from stagelight.engines.village.agents import registry
from stagelight.engines.village.evaluation import metrics, oracle_cache

ROOT = Path(__file__).resolve().parents[1]
PARTS = (".package", "engines", "render", "site_assets/fonts", "site_assets/recordings")  # that a wheel is made of
FILES = ("pyproject.toml", "README.md", "LICENSE", "THIRD_PARTY.md")
EPISODE = """
import numpy as np
from stagelight import village_v0
village = village_v0.parallel_env(scenario="compound")
observations, infos = village.reset(seed=3)
rng, total = np.random.default_rng(0), 0.0
while village.agents:
    actions = {name: int(rng.choice(np.flatnonzero(infos[name]["action_mask"]))) for name in village.agents}
    observations, rewards, _, _, infos = village.step(actions)
    total += rewards["farmer_0"]
print(total.hex())
"""
Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.engine


def built(folder: Path) -> Path:
    """A wheel of the sources as they are, built without a network."""
    for name in PARTS:
        leave_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, folder / "source" / name, symlinks=True, ignore=leave_out)
    for name in FILES:
        shutil.copy(ROOT / name, folder / "source")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    done = subprocess.run(command, cwd=folder / "source", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"))


def declared(lines: Iterable[str]) -> dict[str, importlib.metadata.Distribution]:
    """The packages that requirements ask for without any extra, and those that these ask for."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [Requirement(line) for line in lines]
    while waiting:
        wanted = waiting.pop()
        if wanted.name not in found and (wanted.marker is None or wanted.marker.evaluate({"extra": ""})):
            found[wanted.name] = importlib.metadata.distribution(wanted.name)
            waiting += [Requirement(line) for line in found[wanted.name].requires or []]
    return found


@pytest.fixture(scope="module")
def light(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, and links to this environment's packages that the wheel asks for."""
    folder = tmp_path_factory.mktemp("light")
    venv.create(folder, symlinks=True)
    python = str(folder / "bin" / "python")
    command = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (ours,) = importlib.metadata.distributions(name="stagelight", path=[str(packages)])
    for package in declared(ours.requires or []).values():
        for top in {path.parts[0] for path in package.files or [] if path.parts[0] not in {"..", "__pycache__"}}:
            (packages / top).symlink_to(Path(str(package.locate_file(top))).resolve())
    return folder


@pytest.fixture
def run(light: Path, tmp_path: Path) -> Run:
    """Run a command of that environment in an empty folder, with a home of its own."""
    work = tmp_path / "work"
    work.mkdir()
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": "/usr/bin:/bin"}

    def call(command: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        words = [str(light / "bin" / command), *arguments]
        return subprocess.run(words, cwd=work, env=home | more, capture_output=True, text=True, check=False)

    return call


def below(folder: Path) -> set[Path]:
    """The files in and below a folder, apart from compiled sources."""
    return {path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def test_a_wheel_holds_one_package_one_script_and_what_others_find_it_by(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (scripts,) = (archive.read(name).decode() for name in names if name.endswith("/entry_points.txt"))
    assert {name.partition("/")[0] for name in names} == {
        "stagelight",
        "stagelight_village.py",
        f"stagelight-{stagelight.__version__}.dist-info",
    }
    points = configparser.ConfigParser()
    points.read_string(scripts)
    assert {name: dict(points[name]) for name in points.sections()} == {
        "console_scripts": {"stagelight": "stagelight.render.cli:main"},
        "inspect_ai": {"stagelight": "stagelight.engines.village.adapters.inspect_village"},
    }
    assert "stagelight/py.typed" in names
    assert {name for name in names if name.startswith("stagelight/site_assets/recordings/")} == {
        f"stagelight/site_assets/recordings/{path.name}"
        for path in (ROOT / "site_assets/recordings").iterdir()
        if not path.name.startswith("rollout_policy_")  # of the other seeds
    }
    assert wheel.stat().st_size < 45e6


@pytest.mark.slow
def test_the_same_sources_give_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    assert built(tmp_path).read_bytes() == wheel.read_bytes()


def test_the_package_says_its_version_and_takes_no_other_name(light: Path, run: Run) -> None:
    for name in ("engines", "render"):
        assert f"No module named '{name}'" in run("python", "-c", f"import {name}").stderr
    assert run("python", "-c", "import stagelight as s; print(s.__version__)").stdout.strip() == stagelight.__version__
    assert run("stagelight", "--version").stdout.split()[-1] == stagelight.__version__
    assert not (light / "bin" / "click").exists()
    assert re.fullmatch(r"\d+\.\d+\.\d+", stagelight.__version__)


def test_an_episode_is_the_same_to_the_bit_where_nothing_is_compiled(run: Run) -> None:
    assert run("python", "-c", "import numba").returncode == 1
    done = run("python", "-c", EPISODE)
    village = village_v0.parallel_env(scenario="compound")
    _, infos = village.reset(seed=3)
    rng, total = np.random.default_rng(0), 0.0
    while village.agents:
        actions = {name: int(rng.choice(np.flatnonzero(infos[name]["action_mask"]))) for name in village.agents}
        _, rewards, _, _, infos = village.step(actions)
        total += rewards["farmer_0"]
    assert (done.stdout.strip(), done.stderr) == (total.hex(), "")


def test_gymnasium_makes_the_village_from_the_module_that_registers_it(run: Run) -> None:
    code = "import gymnasium; print(gymnasium.make('stagelight.village_v0:Village-v0').reset(seed=0)[0].shape)"
    assert run("python", "-c", code).stdout == "(132,)\n"


def test_many_villages_and_the_score_of_an_agent_need_nothing_more(run: Run) -> None:
    code = """
import gymnasium
villages = gymnasium.make_vec('stagelight.village_v0:Village-v0', num_envs=2)
print(villages.reset(seed=0)[0].shape)
from stagelight import village_v0
print(village_v0.evaluate(village_v0.one_by_one(lambda observation, mask: int(mask.argmax())), 'calm', [5000]))
"""
    done = run("python", "-c", code)
    idle = village_v0.one_by_one(lambda observation, mask: int(mask.argmax()))
    assert done.stdout.splitlines() == ["(2, 132)", str(village_v0.evaluate(idle, "calm", [5000]))], done.stderr


def test_help_and_doctor_work_by_themselves(run: Run) -> None:
    assert "stagelight render all" in run("stagelight", "--help").stdout
    done = run("stagelight", "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"absent +extra site .* -> +pip install 'stagelight\[site\]'", done.stdout)


@pytest.mark.parametrize(
    ("arguments", "package", "extra"),
    [
        ("render village --quality draft", "manim", "site"),
        ("render plan", "PIL", "site"),
        ("check village", "av", "site"),
        ("offline", "mkdocs", "site"),
        ("play opening", "chess", "engines"),
        ("record scan --volume me.nii.gz", "torch", "engines"),
        ("score village --agent stock --scenario calm --seeds 3", "torch", "engines"),
        ("score village --base-url http://127.0.0.1:1/v1 --model m", "httpx", "village-llm"),
    ],
)
def test_what_is_missing_is_said_in_one_line(run: Run, arguments: str, package: str, extra: str) -> None:
    done = run("stagelight", *arguments.split())
    *before, last = done.stderr.splitlines()
    assert last == f"error: {package} is missing; get it with `pip install 'stagelight[{extra}]'`"
    assert not any("Traceback" in line or "rror" in line for line in before)
    assert done.returncode == 1


@pytest.fixture
def everything(tmp_path: Path) -> Iterator[str]:
    """A folder with all packages of this environment but ours, to be put on a path."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for path in Path(str(importlib.metadata.distribution("manim").locate_file(""))).iterdir():
        if "stagelight" not in path.name:
            (folder / path.name).symlink_to(path)
    yield str(folder)


def test_an_agent_is_scored_outside_the_repository(light: Path, run: Run, everything: str, tmp_path: Path) -> None:
    """With the extra `engines`. The plan that it is measured against comes with the package."""
    seed = metrics.SEALED_SEEDS[0]
    planned = oracle_cache.shipped(["std"], [seed])
    assert planned is not None
    before = below(light)
    asked = ("--agent", "stock", "--scenario", "std", "--seeds", "1", "--json")
    done = run("stagelight", "score", "village", *asked, PYTHONPATH=everything, NUMBA_DISABLE_JIT="1")
    (reached,) = registry.episodes(registry.named("stock"), metrics.tapes("std", [seed]), "std").returns
    rows = {row["agent"]: row for row in json.loads(done.stdout)}
    assert rows["stock"]["returns"] == reached
    assert rows["clairvoyant"]["returns"] == planned["std"][0]
    assert (below(light), below(tmp_path / "work")) == (before, set())


def test_recordings_below_the_current_folder_go_before_those_installed(run: Run, tmp_path: Path) -> None:
    assert re.search(r"ok +recording scan +seed", run("stagelight", "doctor").stdout)
    own = tmp_path / "work" / "site_assets" / "recordings"
    own.mkdir(parents=True)
    assert re.search(rf"MISSING +recording scan +{own / 'scan.json'}: missing", run("stagelight", "doctor").stdout)


def test_a_picture_is_drawn_outside_the_repository(run: Run, everything: str, tmp_path: Path) -> None:
    """With the extra `site`, from the recordings and fonts that came with the wheel."""
    asked = ("--quality", "draft", "--still", "3", "--out", "still.png")
    done = run("stagelight", "render", "village", *asked, PYTHONPATH=everything)
    assert done.returncode == 0, done.stderr
    assert below(tmp_path / "work") == {tmp_path / "work" / "still.png"}
