"""Agents, the clairvoyant's plan, the bound and the score."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engines.village import adversary, agents, bound, clairvoyant, scenarios, score, stock
from engines.village import rules as r
from engines.village.playing import play
from engines.village.tape import Tape, draw, stack
from engines.village.world import World

pytestmark = pytest.mark.engine


def calm(count: int = 8) -> Tape:
    return stack([draw(scenarios.CALM, seed) for seed in range(count)])


def test_every_agent_plays_and_random_is_the_worst_of_those_who_work_together() -> None:
    drawn = calm()
    found = {name: agents.episodes(agent, drawn)[0].returns.mean() for name, agent in agents.AGENTS.items()}
    assert found["stock"] > found["no_granary"] > found["random"]
    assert found["stock"] > found["no_messages"] > found["random"]


def test_one_worker_alone_cannot_feed_the_village() -> None:
    drawn = calm()
    for name in ("farmer_alone", "miller_alone", "baker_alone"):
        history = agents.episodes(agents.named(name), drawn)[1]
        assert score.measures(history)["hunger_days"].min() > 30


def test_the_compiled_episode_is_the_readable_world_played_by_the_same_lists() -> None:
    tape, p = draw(scenarios.STD, 4), stock.parameters()
    from engines.village import observation

    world = World(tape)
    while not world.over:
        chosen = [r.WAIT] * 3
        for agent in range(3):
            if world.left[agent] == 0:
                choice = int(stock.act(observation.observe(world, agent), p))
                chosen[agent] = choice if world.mask(agent)[choice] else r.WAIT
        world.step(chosen, np.array([world.report(agent, chosen[agent]) for agent in range(3)]))
    assert play(stack([tape]), p)[0].numbers[0, 18] == world.J


def test_a_reserve_by_name() -> None:
    assert agents.named("reserve_2.5").parameters()[stock.RESERVE] == 2.5
    assert not agents.named("reserve_2_silent").talks
    with pytest.raises(ValueError, match="agent 'king': no such agent; choose one of random"):
        agents.named("king")
    with pytest.raises(ValueError, match="parameter 'luck': no such parameter"):
        stock.parameters({"luck": 1.0})


def test_a_plan_is_really_played_and_more_search_is_never_worse() -> None:
    tape = draw(scenarios.STD, 7)
    found, p, plan = clairvoyant.plan(tape, stock.parameters(), 1, 2000)
    rows = clairvoyant._rows(tape)
    again = clairvoyant.follow(rows[0].copy(), rows[1].copy(), *rows[2:], p, plan, *clairvoyant.memory())
    assert again / r.NORM == pytest.approx(found, abs=1e-12)
    fitted = clairvoyant._play(rows, clairvoyant.fit(tape, stock.parameters(), np.random.default_rng(1)))
    assert found >= fitted / r.NORM
    assert found == clairvoyant.plan(tape, stock.parameters(), 1, 2000)[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["calm", "rabbits", "compound"])
def test_no_plan_exceeds_the_bound(name: str) -> None:
    tape = draw(scenarios.named(name), 3)
    assert clairvoyant.plan(tape, stock.parameters(), 0, 2000)[0] < bound.upper(tape) <= 2.375 + 1e-6


def test_the_clairvoyants_returns_are_kept_and_taken_up(tmp_path: Path) -> None:
    first = score.clairvoyant_returns("calm", [1], tmp_path, trials=50)
    (path,) = tmp_path.iterdir()
    kept = json.loads(path.read_text())
    path.write_text(json.dumps(kept | {"2": 9.0}))
    both = score.clairvoyant_returns("calm", [1, 2], tmp_path, trials=50)
    assert list(both) == [first[0], 9.0]


def test_random_scores_nothing_and_the_clairvoyant_one() -> None:
    drawn = calm()
    villages, history = agents.episodes(agents.AGENTS["random"], drawn)
    facts = score.table(villages.workers, history, np.full(8, 2.0), float(villages.returns.mean()), True)
    assert facts["score"] == pytest.approx(0)
    assert facts["score_worst"] <= facts["score_low"] <= facts["score"] <= facts["score_high"]
    villages, history = agents.episodes(agents.AGENTS["stock"], drawn)
    facts = score.table(villages.workers, history, villages.returns, -0.6, True)
    assert facts["score"] == pytest.approx(1)
    assert facts["share"] == pytest.approx(1)


def test_a_crisis_begins_and_ends_where_it_should() -> None:
    share = np.ones((3, r.DAYS))
    reserve = np.zeros((3, r.DAYS))
    share[0, 10:13] = 0.1  # hungry on the second such day, recovered after four good ones
    share[1, 10] = 0.1  # one day is no crisis
    share[2, 38:] = 0.0  # never recovered
    hungry, recovery = score.crises(share, reserve)
    assert list(hungry) == [1, 0, 1]
    assert recovery[0] == 2
    assert np.isnan(recovery[1:]).all()
    reserve[0] = 1.0  # with food in the granary it is no crisis
    assert score.crises(share, reserve)[0][0] == 0


def test_gini_is_nothing_when_even_and_nearly_one_when_all_is_in_a_day() -> None:
    share = np.zeros((2, r.DAYS))
    share[0], share[1, 3] = 0.7, 1.0
    even, uneven = score.gini(share)
    assert even == pytest.approx(0, abs=1e-12)
    assert uneven == pytest.approx(1 - 1 / r.DAYS)


def test_the_interval_holds_the_mean_and_narrows() -> None:
    values = np.random.default_rng(0).normal(1, 1, 400)
    low, high = score.interval(values)
    assert low < values.mean() < high
    assert high - low < np.subtract(*score.interval(values[:25])[::-1])


def test_the_adversary_never_helps() -> None:
    p = stock.parameters()
    for seed in range(3):
        worst = play(stack([adversary.tape(scenarios.ADVERSARIAL, seed)]), p)[0].returns[0]
        starts = range(5, 31, adversary.EVERY)
        tried = play(stack([draw(scenarios.ADVERSARIAL, seed, start) for start in starts]), p)[0].returns
        assert worst == tried.min()
    plain = adversary.tape(scenarios.STD, 1)
    np.testing.assert_array_equal(plain.wind, draw(scenarios.STD, 1).wind)


def test_the_compiled_village_is_fast() -> None:
    """The promise is a million steps a second of a quiet core; here half of it, on a core that is not."""
    pytest.importorskip("mpe2")
    from engines.village.speed import throughput

    found = throughput(count=32, rounds=3, cycles=300)
    assert found["env.steps_per_second"] > 500_000
    assert found["env.ratio_to_mpe2"] > 100
