"""The tables of the rollout's page: what was recorded, of it all, and no word of the rest."""

from __future__ import annotations

import re

import pytest

from stagelight.render.pages import rollout_tables
from support.rollout_recording import Made


def rows(html: str) -> dict[str, list[str]]:
    """The cells of a table's rows by their label, as they are read."""
    found = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', html)
    return {
        name: [
            re.sub(r"<[^>]*>", "", cell).replace("\N{NO-BREAK SPACE}", " ")
            for cell in re.findall(r"<td.*?</td>", cells)
        ]
        for name, cells in found
    }


def seeded(name: str, mean: float, spread: float) -> dict[str, float]:
    return {name: mean, f"{name}.sd": spread, f"{name}.seed_0": mean - spread, f"{name}.seed_1": mean + spread}


def test_each_seed_stands_beside_the_mean_and_its_spread(rollout: Made) -> None:
    scene = rollout(seeded("one.mate_in_one.solve_rate", 0.875, 0.01) | seeded("one.mate_in_two.rate", 0.5, 0.25))
    assert rows(rollout_tables.results(scene, "mates", "x.md")) == {
        "Mate in one, with the first move": ["87.5 ± 1.0%", "86.5%", "88.5%"],
        "Mate in two, within three moves": ["50.0 ± 25.0%", "25.0%", "75.0%"],
    }


def test_one_seed_has_neither_spread_nor_columns(rollout: Made) -> None:
    found = rows(rollout_tables.results(rollout({"one.tails.9": 1.0}, (0,)), "tails", "x.md"))
    assert found == {"Five moves before mate": ["100.0%"]}


def test_from_the_opening_it_is_told_how_often_it_is_mated(rollout: Made) -> None:
    scene = rollout({"one.opening.random": 0.75, "one.opening.random.lost": 0.125}, (0,))
    assert rows(rollout_tables.results(scene, "opening", "x.md")) == {"Random moves": ["75.0%", "12.5%"]}


def test_an_ending_that_is_never_won_has_no_ratio_of_moves(rollout: Made) -> None:
    assert rows(rollout_tables.results(rollout({"one.kqk.win_rate": 0.0}, (0,)), "endings", "x.md")) == {
        "King and queen, mate in 10 moves or fewer": ["0.0%", "none won"]
    }


@pytest.mark.parametrize("part", ["mates", "endings", "tails", "opening", "middlegame"])
def test_a_table_of_nothing_ends_the_build_in_one_line(
    rollout: Made, capsys: pytest.CaptureFixture[str], part: str
) -> None:
    with pytest.raises(SystemExit):
        rollout_tables.results(rollout({"other": 1.0}), part, "x.md")
    said = capsys.readouterr().err
    assert said.startswith("error: docs/x.md: ")
    assert said.count("\n") == 1


def test_the_flags_alone_stand_beside_the_network(rollout: Made) -> None:
    scene = rollout({"flags_only.checks": 0.3, "one.mate_in_one.solve_rate": 0.9})
    assert list(rows(rollout_tables.flags(scene, "x.md")).values()) == [["30.0%"], ["90.0%"]]


def test_of_other_runs_and_positions_from_outside_only_what_exists_is_shown(rollout: Made) -> None:
    scene = rollout({"one.kqk.win_rate": 0.9})
    assert rollout_tables.baselines(scene) == rollout_tables.decides(scene) == rollout_tables.outside(scene) == ""
    facts = {"baselines.published.endings": 0.9, "baselines.ppo.endings": 0.5, "baselines.ppo.steps": 1200.4}
    scene = rollout(facts)
    assert rows(rollout_tables.baselines(scene)) == {
        "As published": ["90.0%", "not recorded"],
        "Learnt value (PPO)": ["50.0%", "1,200"],
    }
    assert rollout_tables.decides(scene) == "", "one seed says nothing of what decides"
    assert rollout_tables.baselines(scene, "equal_steps") == ""
    scene = rollout(facts | {"baselines.ppo.equal_steps.endings": 0.1})
    assert rows(rollout_tables.baselines(scene, "equal_steps")) == {"Learnt value (PPO)": ["10.0%"]}


@pytest.mark.parametrize(
    ("theirs", "verdict"),
    [(0.50, "no different in"), (0.56, "no different in"), (0.58, "better in"), (0.42, "worse in")],
)
def test_what_decides_is_said_by_the_spread_of_both_even_when_it_is_nothing(
    rollout: Made, theirs: float, verdict: str
) -> None:
    facts = seeded("baselines.published.games", 0.5, 0.03) | seeded("baselines.uniform.games", theirs, 0.04)
    assert f">{verdict} whole games</span>." in rollout_tables.decides(rollout(facts))


def test_positions_from_outside_stand_beside_those_of_our_own(rollout: Made) -> None:
    outside = {"rate": 0.8, "puzzles": 1200, "low": 0.75, "high": 0.84}
    facts = {f"outside.mate_in_one.{name}": value for name, value in outside.items()}
    facts |= {"one.mate_in_one.solve_rate": 0.9, "outside.kqk.win_rate": 1.0}
    source = {"kind": "outside", "step": 0, "source": "a <public> set"}
    html = rollout_tables.outside(rollout(facts, events=[source]))
    assert "a &lt;public&gt; set</span>." in html
    assert rows(html) == {
        "Mate in one, with the first move": ["1,200", "80.0%", "75.0% to 84.0%", "90.0%"],
        "King and queen, by Syzygy's tables": ["not recorded", "100.0%", "not recorded", "not run"],
    }


def test_the_opponent_of_the_last_game_has_a_name(rollout: Made) -> None:
    shown = rollout({}, events=[{"kind": "showcase", "step": 0, "opponent": "material_2"}])
    assert ">the two-ply material opponent<" in rollout_tables.opponent(shown)
