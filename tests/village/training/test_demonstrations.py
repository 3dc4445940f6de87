"""The lessons of a policy: states, and the facts that decide its choices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios
from stagelight.engines.village.llm import facts
from stagelight.engines.village.training import demonstrations
from stagelight.engines.village.training.demonstrations import Lessons, Reasons, States, balanced, logp, swapped, watch
from stagelight.engines.village.training.networks import Policy

pytestmark = pytest.mark.engine


def policy(seed: int = 1) -> Policy:
    return Policy(16, torch.Generator().manual_seed(seed))


def hunter() -> Policy:
    """A policy that guards where there are rabbits and farms where there are none."""
    found = policy()
    with torch.no_grad():
        for value in found.actor.parameters():
            value.zero_()
        found.actor.first.weight[0, 18] = 1  # rabbits, yes or no
        found.actor.second.weight[0, 0] = 1
        found.actor.last.weight[r.GUARD, 0] = 2
        found.actor.last.bias[r.FARM] = 1
    return found


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    return watch(policy(), scenarios.TRAIN, range(2), 0.2, np.random.default_rng(0))


@pytest.fixture(scope="module")
def seen(lessons: Lessons) -> States:
    return lessons.teacher


def test_pupil_and_teacher_are_in_the_same_village_and_the_teacher_knows_more(lessons: Lessons) -> None:
    mine, theirs = lessons.pupil.observations, lessons.teacher.observations
    np.testing.assert_array_equal(mine[:, : r.KNOWS], theirs[:, : r.KNOWS])
    np.testing.assert_array_equal(lessons.pupil.masks, lessons.teacher.masks)
    np.testing.assert_array_equal(lessons.pupil.memory[:, 0], lessons.teacher.memory[:, 0])
    assert (mine[:, r.AGE :] >= theirs[:, r.AGE :]).all()
    assert (mine[:, r.AGE :] > theirs[:, r.AGE :]).any()


def test_a_state_has_a_line_of_its_worker(seen: States) -> None:
    assert len(seen) > 2000
    assert set(seen.roles) == {0, 1, 2}
    part = seen.only(np.arange(40))
    assert all(line.startswith(r.AGENTS[role]) for line, role in zip(part.lines(), part.roles, strict=True))
    assert all(line.endswith(" next") for line in part.lines())
    chances = np.exp(logp(policy(), part))
    np.testing.assert_allclose(chances.sum(1), 1, rtol=1e-5)
    assert (chances[part.masks == 0] == 0).all()


def test_lessons_are_kept(lessons: Lessons, tmp_path: Path) -> None:
    path = tmp_path / "seen.npz"
    demonstrations.keep(path, lessons)
    again = demonstrations.kept(path)
    assert again is not None
    np.testing.assert_array_equal(again.pupil.observations, lessons.pupil.observations)
    np.testing.assert_array_equal(again.teacher.memory, lessons.teacher.memory)
    path.write_bytes(path.read_bytes()[:200])
    assert demonstrations.kept(path) is None


def test_rare_actions_are_shown_more_often_than_they_come() -> None:
    roles, actions = np.ones(1000, np.int64), np.repeat([r.GRIND, r.SELL], [900, 100])
    drawn = actions[balanced(roles, actions, 20_000, np.random.default_rng(0))]
    assert (drawn == r.SELL).mean() == pytest.approx(0.25, abs=0.02)  # 1 : 3, the roots of 100 and 900


def test_a_swapped_state_differs_in_one_fact(seen: States) -> None:
    baker = seen.only(np.flatnonzero(seen.roles == 2))
    part = baker.only(np.arange(50))
    for fact in facts.FACTS:
        other = swapped(fact, part, baker, np.random.default_rng(0))
        columns = np.flatnonzero((other.observations != part.observations).any(0))
        assert set(columns) <= {fact.column}
        moved = np.flatnonzero((other.memory != part.memory).any(0))
        assert set(moved) <= {"farmer_does": {1, 3}, "miller_does": {2, 4}}.get(fact.name, set())


def test_the_reason_is_the_fact_that_decides(seen: States) -> None:
    guarded = seen.observations[:, r.KNOWS + r.RABBITS] > 0
    part = seen.only(np.concatenate([np.flatnonzero(guarded)[:20], np.flatnonzero(~guarded)[:20]]))
    rabbits = part.observations[:, r.KNOWS + r.RABBITS] > 0
    assert rabbits.any()
    assert not rabbits.all()
    teacher = Reasons(hunter(), seen, draws=24)
    share = teacher.flips(part, np.random.default_rng(0))
    number = [fact.name for fact in facts.FACTS].index("rabbits")
    assert (np.delete(share, number, 1) == 0).all(), "nothing else changes what it does"
    assert (share[:, number] > 0).all()
    said = teacher.sentences(Lessons(part, part), np.random.default_rng(0))
    assert {text for text in said if text} <= {f"rabbits in the field are {n or 'gone'}" for n in range(r.PATIENCE + 1)}
    assert any(said)
    blind = replace(part, observations=part.observations.copy())
    blind.observations[:, r.KNOWS + r.RABBITS] += 1
    assert not any(teacher.sentences(Lessons(blind, part), np.random.default_rng(0))), "the pupil knows it otherwise"
