"""The leaderboard of the village, from a recording and a file of entries."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stagelight import village_v0
from stagelight.engines import recording
from stagelight.engines.village import scenarios
from stagelight.engines.village.agents.scripted import BatchRandom
from stagelight.render.pages import leaderboard, village_tables
from stagelight.render.pages.scene_files import Scene
from support.paths import RECORDINGS, ROOT

FACTS = {
    f"score.{scenario}.{agent}.{part}": value
    for scenario in scenarios.SCENARIOS
    for agent, score in (("random", 0.0), ("stock", 0.7), ("policy", 0.9))
    for part, value in (("score", score), ("score_low", score - 0.1), ("score_high", score + 0.1))
} | {f"score.{scenario}.clairvoyant.score": 1.0 for scenario in scenarios.SCENARIOS}
PAGE = "leaderboard.md"


def scene(facts: dict[str, float] = FACTS) -> Scene:
    return Scene("village", {"facts": facts, "events": [], "config": {}}, {}, Path())


def entry(score: float = 0.8, **changed: Any) -> dict[str, Any]:
    row = {"return": 1.5, "score": score, "score_low": score - 0.05, "score_high": score + 0.05, "seeds": 20}
    whole = {"name": "Ours", "link": "https://example.org", "date": "2026-11-30", "how": "PPO <b>fast</b>"}
    return whole | {"scores": dict.fromkeys(scenarios.SCENARIOS, row)} | changed


def written(folder: Path, *found: Any) -> Path:
    (folder / "docs").mkdir()
    (folder / leaderboard.FILE).write_text(json.dumps({"environment": "village_v0", "entries": found}))
    return folder


def test_its_weather_is_that_of_the_environment() -> None:
    assert tuple(leaderboard.IN_TRAINING) == scenarios.TRAIN
    assert tuple(village_tables.HELD_OUT) == scenarios.HELD_OUT


@pytest.mark.parametrize("kind", leaderboard.WEATHER)
def test_an_entry_stands_among_the_recorded_agents_by_its_mean_score(tmp_path: Path, kind: str) -> None:
    board = leaderboard.board(scene(), written(tmp_path, entry()), kind, PAGE)
    names = re.findall(r'<th scope="row">(.*?)</th>', board)
    assert [re.sub("<.*?>", "", name) for name in names] == [
        "A search that knows the weather", "The trained policy", "Ours", "Scripts with a reserve by season",
        "Random actions",
    ]  # fmt: skip
    assert '<a href="https://example.org">Ours</a>' in names
    assert board.count(f'title="{leaderboard.FILE}: ') == board.count("0.75 to 0.85") == len(leaderboard.WEATHER[kind])
    assert "−0.00" not in board


def test_how_it_was_run_is_in_its_own_words_and_never_markup(tmp_path: Path) -> None:
    found = leaderboard.descriptions(written(tmp_path, entry(how="PPO <b>fast</b>")))
    assert "PPO &lt;b&gt;fast&lt;/b&gt;" in found and "2026-11-30" in found


def test_the_file_and_the_recording_of_the_repository_make_a_board() -> None:
    published = Scene("village", recording.load_head(RECORDINGS, "village"), {}, Path())
    for kind in leaderboard.WEATHER:
        assert "The trained policy" in leaderboard.board(published, ROOT, kind, PAGE)
    assert leaderboard.descriptions(ROOT)


@pytest.mark.slow
def test_an_entry_made_by_the_package_is_one_of_the_file(tmp_path: Path) -> None:
    """Chance has its own row in the recording, so the two agree."""
    made = village_v0.entry(
        BatchRandom(np.random.default_rng(0)), "Chance", "https://example.org", "2026-11-30", "Not trained."
    )
    written(tmp_path, made)
    assert leaderboard.entries(tmp_path) == [made]
    assert made["scores"]["calm"]["score"] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one.pop("how"), "wanted name, link, date, how and scores"),
        (lambda one: one.update(more=1), "wanted name, link, date, how and scores"),
        (lambda one: one.update(name=" "), "name, link, date, how are texts"),
        (lambda one: one.update(link="javascript:alert(1)"), "link begins with https://"),
        (lambda one: one.update(date="today"), "date is like 2026-11-30"),
        (lambda one: one["scores"].pop("plague"), "scores are of adversarial, calm"),
        (lambda one: one["scores"].update(calm={"score": 1}), "calm has return, score, score_low, score_high, seeds"),
        (lambda one: one["scores"]["calm"].update(score="1"), "calm has numbers"),
        (lambda one: one["scores"]["calm"].update(score=float("nan")), "calm has numbers"),
        (lambda one: one["scores"]["calm"].update(score=2.0), "calm: the score lies outside its interval"),
    ],
)
def test_an_entry_that_cannot_be_ends_the_build_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Any], object], said: str
) -> None:
    one = json.loads(json.dumps(entry()))
    change(one)
    with pytest.raises(SystemExit):
        leaderboard.entries(written(tmp_path, entry(), one))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {leaderboard.FILE}: entry 1: ") and said in line


def test_a_recording_without_scores_and_a_file_without_entries_end_the_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        leaderboard.board(scene({}), written(tmp_path), "training", PAGE)
    assert "run `click score village`" in capsys.readouterr().err
    (tmp_path / leaderboard.FILE).write_text("{}")
    with pytest.raises(SystemExit):
        leaderboard.entries(tmp_path)
    assert "no list of entries" in capsys.readouterr().err
