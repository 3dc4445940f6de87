"""The group of the film on the page: the step that the film's rule picks, as the drawn board has its moves."""

from __future__ import annotations

from html import unescape

import numpy as np
import pytest

from stagelight.render.pages import rollout_group
from stagelight.render.pages.rollout_group import Group
from support.rollout_recording import DEPTHS, REWARDS, Made


def test_it_is_the_first_a_move_from_mate_whose_rollouts_differ(rollout: Made) -> None:
    group = Group(rollout(), "x.md")
    assert group.index == 2, "the first step is two moves from mate, in the second all are paid"
    numbers = {name: group.number(name) for name in ("step", "legal_moves", "paid", "reward_mean")}
    assert numbers == {"step": 3, "legal_moves": 4, "paid": 2, "reward_mean": 0.5}
    assert (group.number("advantage_paid"), group.number("advantage_other")) == (0.5, -0.5)
    assert group.number("mate_before") == pytest.approx(0.4 + 0.2), "of the moves 7 and 9, which were paid"
    assert group.number("mate_after") == pytest.approx(0.0 + 0.2)


def test_where_none_is_a_move_from_mate_the_first_that_differ_will_do(rollout: Made) -> None:
    assert Group(rollout(game_depth=DEPTHS + 2), "x.md").index == 0


def test_a_black_learners_moves_are_written_for_the_turned_board(rollout: Made) -> None:
    assert Group(rollout(), "x.md").moves == ["Qa2#", "R1b3", "Ke8", "O-O"]
    turned = rollout(game_reward=REWARDS[[0, 2, 1]])
    assert Group(turned, "x.md").moves == ["Qa7#", "R8b6", "Ke1", "O-O"]


def test_the_table_pays_what_was_paid(rollout: Made) -> None:
    said, html = rollout_group.table(rollout(), "x.md")
    assert html.count("<td>1</td><td>+0.500</td><td>clipped</td>") == 2
    assert html.count("<td>0</td><td>\N{MINUS SIGN}0.500</td><td>down</td>") == 2
    assert "mean reward 0.500" in said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"game_reward": np.ones_like(REWARDS)}, "each watched group ties"),
        ({"events": []}, "has no step 3 of the training game"),
    ],
)
def test_a_recording_without_such_a_group_ends_the_build_in_one_line(
    rollout: Made, capsys: pytest.CaptureFixture[str], changed: dict[str, object], said: str
) -> None:
    with pytest.raises(SystemExit):
        rollout_group.table(rollout(**changed), "x.md")
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_move_of_an_event_is_written_for_the_drawn_board(rollout: Made) -> None:
    events = [{"step": step, "kind": kind, "san": "Rb8#"} for step, kind in ((1, "white"), (2, "black"))]
    scene = rollout(events=events)
    assert unescape(unescape(rollout_group.on_board(scene, "white", "san", "x.md"))).endswith(">Rb8#</span>")
    assert unescape(unescape(rollout_group.on_board(scene, "black", "san", "x.md"))).endswith(">Rb1#</span>")
