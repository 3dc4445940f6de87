"""The village of the page against the village of the engine: the same numbers and actions, to the bit, for 50 episodes.

`tests/site/js/village.mjs` plays them with the site's own script, in Node.js where it is installed.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, kernels, scenarios
from stagelight.engines.village.agents import fitted, registry
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import Rollouts, play
from stagelight.render.pages import try_village
from support.paths import ASSETS

EPISODES = 50
RESERVES = (0, 1, 2, 3, 4, 5, 6, 8, 10, None)  # None: the fitted ones, by season
WEATHER = tuple(try_village.WEATHER)
SEEDS = (0, 2**32 - 1, *range(770_000, 770_000 + EPISODES - 2))
CASES = [(WEATHER[at % len(WEATHER)], SEEDS[at], RESERVES[at // 5]) for at in range(EPISODES)]
FILE = Path(__file__).parent / "js" / "village.mjs"


def on_page(folder: Path, cases: list[dict[str, Any]], weights: Path | str = "") -> NDArray[np.float64]:
    """(B, 480, 28) after every tick the row of numbers, then what each worker began."""
    node = shutil.which("node")
    if not node:
        pytest.skip("node is not installed: apt install nodejs")
    (folder / "cases.json").write_text(json.dumps(cases))
    command = [node, str(FILE), str(folder / "cases.json"), str(weights), str(folder / "played")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return np.fromfile(folder / "played").reshape(len(cases), r.TICKS, kernels.NUMBERS + len(r.AGENTS))


def in_engine(played: Rollouts) -> NDArray[np.float64]:
    return np.concatenate([played.history, played.choices], 2)


def tape(weather: str, seed: int) -> exogenous.Tape:
    return exogenous.stack([exogenous.draw(scenarios.named(weather), seed)])


def test_scripts_with_any_reserve_live_the_same_village_to_the_bit(tmp_path: Path) -> None:
    rows = fitted.by_scenario()["spoken"]
    cases = [{"weather": w, "seed": s, "numbers": rows[w], "reserve": reserve} for w, s, reserve in CASES]
    found = on_page(tmp_path, cases)
    for (weather, seed, reserve), episode in zip(CASES, found, strict=True):
        entry = registry.AGENTS["stock"] if reserve is None else registry.with_reserve(reserve)
        wanted = in_engine(registry.episodes(entry, tape(weather, seed), weather))[0]
        assert np.array_equal(episode, wanted), (weather, seed, reserve)
    assert len({case[2] for case in CASES}) == len(RESERVES)


@pytest.mark.engine
def test_the_trained_policy_chooses_the_same_actions_and_lives_the_same_village(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from stagelight.engines.village.agents.policy import BatchPolicy

    found = on_page(tmp_path, [{"weather": weather, "seed": seed} for weather, seed, _ in CASES], registry.PUBLISHED)
    for (weather, seed, _), episode in zip(CASES, found, strict=True):
        wanted = in_engine(play(Villages(tape(weather, seed)), BatchPolicy.load()))[0]
        assert np.array_equal(episode, wanted), (weather, seed)


def test_every_weather_of_the_page_but_the_worst_timed_is_one_of_the_engine_s() -> None:
    assert set(WEATHER) == set(scenarios.SCENARIOS) - {scenarios.ADVERSARIAL.name}
    script = (ASSETS / "js" / "village_engine.js").read_text(encoding="utf-8")
    listed = script.partition("const SCENARIOS = {")[2].partition("\n  };")[0]
    assert set(re.findall(r"^    (\w+):", listed, re.M)) == set(WEATHER)
