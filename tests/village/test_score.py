"""Agents, the clairvoyant's plan, the bound and the score."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stagelight.engines import recording
from stagelight.engines.experiment import cache
from stagelight.engines.experiment.progress import Interrupted
from stagelight.engines.village import (
    adversary,
    agents,
    benchmark,
    bound,
    clairvoyant,
    fitting,
    planner,
    plans,
    playing,
    record,
    rounds,
    scenarios,
    score,
    scripted_episode,
    stock,
    ticks,
)
from stagelight.engines.village import rules as r
from stagelight.engines.village.core import Villages
from stagelight.engines.village.llm import runs, talk
from stagelight.engines.village.playing import play
from stagelight.engines.village.tape import Tape, draw, stack
from stagelight.engines.village.world import World
from stagelight.render import cli
from stagelight.render.pipeline.plan import Places

pytestmark = pytest.mark.engine


def calm(count: int = 8) -> Tape:
    return stack([draw(scenarios.CALM, seed) for seed in range(count)])


def test_every_agent_plays_and_random_is_the_worst_of_those_who_work_together() -> None:
    drawn = {name: calm(1 if name == "planner" else 8) for name in agents.AGENTS}  # it takes a second for each
    found = {name: agents.episodes(agent, drawn[name])[0].returns.mean() for name, agent in agents.AGENTS.items()}
    assert found["stock"] > found["no_granary"] > found["random"]
    assert found["stock"] > found["no_messages"] > found["random"]


def test_one_worker_alone_cannot_feed_the_village() -> None:
    drawn = calm()
    for name in ("farmer_alone", "miller_alone", "baker_alone"):
        history = agents.episodes(agents.named(name), drawn)[1]
        assert score.measures(history)["hunger_days"].min() > 30


def test_one_worker_who_does_the_whole_chain_feeds_some(tmp_path: Path) -> None:
    seeds = range(2)
    found = rounds.play([rounds.ALONE, "baker_alone"], "calm", seeds, np.full(2, 2.0), rounds.Means(tmp_path, tmp_path))
    alone, craft = (found.played[name].returns.mean() for name in (rounds.ALONE, "baker_alone"))
    assert craft < alone < 0, "more than one who keeps to a craft, and far from enough"


def test_the_compiled_episode_is_the_readable_world_played_by_the_same_lists() -> None:
    tape, p = draw(scenarios.STD, 4), fitting.parameters()
    from stagelight.engines.village import observation

    world, last = World(tape), [r.FREE] * 3
    while not world.over:
        chosen = [r.WAIT] * 3
        for agent in range(3):
            if world.left[agent] == 0:
                choice = int(stock.choose(observation.observe(world, agent), last[agent], p))
                chosen[agent] = last[agent] = choice if world.mask(agent)[choice] else r.WAIT
        world.step(chosen, np.array([world.report(agent, chosen[agent]) for agent in range(3)]))
    assert play(stack([tape]), p)[0].numbers[0, 18] == world.J


def test_a_reserve_by_name() -> None:
    assert agents.named("reserve_2.5").parameters()[stock.RESERVE] == 2.5
    assert not agents.named("reserve_2_silent").talks
    with pytest.raises(ValueError, match="agent 'king': no such agent; choose one of random"):
        agents.named("king")
    with pytest.raises(ValueError, match="parameter 'luck': no such parameter"):
        fitting.parameters({"luck": 1.0})


def test_a_worker_who_filled_a_cart_knows_that_it_is_gone_from_where_it_stood() -> None:
    """Nobody has looked since: without this the baker serves twice from one batch, and walks the second time empty."""
    villages = Villages(calm(1))
    o, p = villages.observations[0, 2].copy(), fitting.parameters()
    o[r.KNOWS + r.BAKERY_BREAD], o[r.AGE + r.BAKERY_BREAD], o[r.PLACE] = 12, 1, r.SQUARE
    stock.recall(o, r.SERVE, p)
    assert o[r.KNOWS + r.BAKERY_BREAD] == 0
    o[r.KNOWS + r.BAKERY_BREAD], o[r.AGE + r.BAKERY_BREAD] = 12, 0  # seen now
    stock.recall(o, r.SERVE, p)
    assert o[r.KNOWS + r.BAKERY_BREAD] == 12
    o[r.KNOWS + r.MILL_FLOUR], o[r.AGE + r.MILL_FLOUR] = 0, p[stock.STALE] + 1  # not heard of for long
    stock.recall(o, r.BAKE, p)
    assert o[r.KNOWS + r.MILL_FLOUR] > 0


def test_every_scenario_has_numbers_of_its_own_and_they_do_no_worse_than_those_for_all() -> None:
    assert set(fitting.fitted()["spoken"]) == {fitting.ALL, *scenarios.SCENARIOS}
    assert set(fitting.fitted()["silent"]) == {fitting.ALL, *(one.name for one in scenarios.CALIBRATED)}
    for rows in fitting.fitted().values():
        for row in rows.values():
            assert len(row) == len(stock.PARAMETERS)
            assert ((np.array(row) >= fitting.LOW) & (np.array(row) <= fitting.HIGH)).all()
    for name in ("calm", "rabbits"):
        drawn = score.tapes(name, range(1000, 1030))
        own, everyone = (play(drawn, fitting.parameters(scenario=one))[0].returns.mean() for one in (name, fitting.ALL))
        assert own > everyone - 0.02


def test_a_fit_finds_numbers_that_do_better() -> None:
    drawn = calm(4)
    poor = fitting.parameters({"reserve": 9.0, "bread_days": 2.4, "ahead": 2.0})
    found = fitting.fit(drawn, poor, True, np.random.default_rng(0), rounds=4, count=24)
    assert play(drawn, found)[0].returns.mean() > play(drawn, poor)[0].returns.mean() + 0.1


def test_a_plan_is_really_played_and_more_search_is_never_worse() -> None:
    tape = draw(scenarios.STD, 7)
    found, p, plan = clairvoyant.plan(tape, fitting.parameters(), 1, 2000)
    assert clairvoyant.played(tape, p, plan) == pytest.approx(found, abs=1e-12)
    fitted = clairvoyant._play(
        clairvoyant._rows(tape), clairvoyant.fit(tape, fitting.parameters(), np.random.default_rng(1))
    )
    assert found >= fitted / r.NORM
    assert found == clairvoyant.plan(tape, fitting.parameters(), 1, 2000)[0]
    began = clairvoyant.choices(tape, p, plan)
    assert playing.replay(stack([tape]), began[None])[1][0, -1, ticks.J] / r.NORM == found, "without any lists"


@pytest.mark.parametrize("name", ["calm", "compound", "illness"])
def test_who_knows_the_weather_is_never_below_what_the_policy_did_in_it(name: str) -> None:
    """The policy's own choices are a plan, which plays as the policy did; the search goes on from there."""
    if not record.POLICY.exists():
        pytest.skip("no policy is published yet")
    from stagelight.engines.village.training import policy, rollouts

    tape = draw(scenarios.named(name), 12)
    villages, _, choices = rollouts.played(policy.load(record.POLICY)[0], stack([tape]))
    p = np.tile(fitting.parameters(), (r.DAYS, 1))
    assert clairvoyant.played(tape, p, choices[0]) == villages.returns[0]
    found = clairvoyant.plan(tape, fitting.parameters(), 0, 300, [choices[0]])[0]
    assert found >= villages.returns[0]


def test_no_agent_scores_above_the_clairvoyant(tmp_path: Path) -> None:
    seeds, means = range(3), rounds.Means(record.POLICY, tmp_path)
    table = rounds.scored(rounds.QUICK, "rabbits", seeds, np.full(3, -9.0), means)
    best = table.pop("clairvoyant")
    assert set(table) == set(rounds.QUICK)
    assert best["returns"] >= max(row["returns"] for row in table.values())
    assert table["random"]["score"] == pytest.approx(0)
    assert all(row["score"] <= 1 + 1e-9 for row in table.values())
    assert table["policy"]["score_low"] <= table["policy"]["score"] <= table["policy"]["score_high"]
    with pytest.raises(ValueError, match=r"agent 'king': no such agent; .* or policy, the trained one"):
        rounds.scored(["king"], "rabbits", seeds, np.zeros(3), means)


def test_what_is_promised_is_read_off_the_table() -> None:
    facts = {
        f"score.{where}.{who}.return": value
        for where in scenarios.SCENARIOS
        for who, value in {
            "clairvoyant": 2.0, "random": -1.0, "policy": 1.7, "stock": 1.1, "roles": 1.0, "hoarder": 0.8,
            "sell_all": 0.7, "no_granary": 0.5, "no_messages": 0.9, **{f"reserve_{d}": 0.6 for d in score.RESERVES},
        }.items()
    }  # fmt: skip
    facts["score.crash.reserve_3.return"] = 1.4
    found = benchmark.verdict(facts) | benchmark.gains(facts)
    assert found["calibration.scripted_share"] == pytest.approx(0.5)
    assert found["calibration.granary_cost"] == pytest.approx(0.3)
    assert found["calibration.message_cost"] == pytest.approx(0.1)
    assert found["trained.gain_over_reserve.train"] == pytest.approx(0.2)
    assert found["trained.gain_over_reserve.held_out"] == pytest.approx(0.1), "against the best of all reserves"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["calm", "rabbits", "compound"])
def test_no_plan_exceeds_the_bound(name: str) -> None:
    tape = draw(scenarios.named(name), 3)
    assert clairvoyant.plan(tape, fitting.parameters(), 0, 2000)[0] < bound.upper(tape) <= 2.375 + 1e-6


def test_plans_are_kept_and_taken_up(tmp_path: Path) -> None:
    first = plans.returns(["calm"], [1], tmp_path, None, trials=50)["calm"]
    (path,) = tmp_path.rglob("*.npz")
    cache.write(path.with_name("calm-2.npz"), {"return": np.array(9.0)})
    both = plans.returns(["calm"], [1, 2], tmp_path, None, trials=50)["calm"]
    assert list(both) == [first[0], 9.0]
    with pytest.raises(Interrupted, match="1 of 2"):
        plans.returns(["calm"], [1, 2, 3, 4], tmp_path, None, trials=50, deadline=0.0)
    assert {file.stem for file in tmp_path.rglob("*.npz")} == {"calm-1", "calm-2", "calm-3"}
    path.write_text("[]")
    assert plans.returns(["calm"], [1], tmp_path, None, trials=50)["calm"] == first


def test_plans_come_with_the_code_for_the_first_seeds(tmp_path: Path) -> None:
    """They are better than any list on the same tape, and are found again from a file that the command writes."""
    seeds = score.SEALED_SEEDS[: rounds.SLOW[rounds.ENDPOINT]]
    found = plans.shipped(list(scenarios.SCENARIOS), seeds)
    assert found is not None
    for name, returns in found.items():
        lists = agents.episodes(agents.named("stock"), score.tapes(name, seeds), name)[0].returns
        assert (returns > lists).all(), name
    assert plans.shipped(["calm"], range(3)) is None
    searched = plans.search(["calm", "illness"], [1, 2], tmp_path, None, trials=50)
    plans.save(searched, tmp_path / "new")
    again = plans.shipped(["illness", "calm"], [2, 1], tmp_path / "new")
    assert again is not None
    for name in ("calm", "illness"):
        assert list(again[name]) == [searched[name, 2]["return"], searched[name, 1]["return"]]
    path = tmp_path / "new" / "plans.npz"
    path.write_bytes(path.read_bytes()[:200] + b"\0\0\0\0" + path.read_bytes()[204:])
    with pytest.raises(ValueError, match="plans"):
        plans.shipped(["calm"], [1], tmp_path / "new")


def test_random_scores_nothing_and_the_clairvoyant_one() -> None:
    drawn = calm()
    villages, history = agents.episodes(agents.AGENTS["random"], drawn)
    facts = score.table(villages.workers, history, np.full(8, 2.0), float(villages.returns.mean()))
    assert facts["score"] == pytest.approx(0)
    assert facts["score_worst"] <= facts["score_low"] <= facts["score"] <= facts["score_high"]
    villages, history = agents.episodes(agents.AGENTS["stock"], drawn)
    facts = score.table(villages.workers, history, villages.returns, -0.6)
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


def test_the_adversary_never_helps() -> None:
    p = fitting.parameters()
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
    from stagelight.engines.village.speed import throughput

    found = throughput(count=32, rounds=3, cycles=300)
    assert found["env.steps_per_second"] > 500_000
    assert found["env.ratio_to_mpe2"] > 100


def test_an_episode_is_what_the_compiled_villages_play() -> None:
    steps = list(scripted_episode.run(scripted_episode.Config("rabbits", "reserve_4"), 11))
    assert len(steps) == r.TICKS
    villages, history = agents.episodes(agents.named("reserve_4"), stack([draw(scenarios.RABBITS, 11)]), "rabbits")
    np.testing.assert_array_equal(np.array([step.numbers for step in steps]), history[0])
    assert sum(step.reward for step in steps) == pytest.approx(villages.returns[0])
    assert all(len(text) <= r.MESSAGE for step in steps for text in step.messages)
    with pytest.raises(ValueError, match="agent 'random': an episode is played by lists"):
        next(scripted_episode.run(scripted_episode.Config(agent="random"), 0))


def test_a_planner_knows_nothing_of_the_tape() -> None:
    """The same observation gives the same choice, whatever is to come."""
    tapes = stack([draw(scenarios.CALM, 3), draw(scenarios.PLAGUE, 3)])
    villages = Villages(tapes)
    chosen = [
        planner.choose(villages.observations[b, 0], r.FREE, villages.masks[b, 0], fitting.parameters())
        for b in range(2)
    ]
    assert chosen[0] == chosen[1]
    s, w = planner.believed(villages.observations[0, 1])
    assert s[17] == 0
    assert w[15] == 0
    assert s[12] == 24
    villages, history = planner.play(stack([draw(scenarios.CALM, 3)]), fitting.parameters())
    assert villages.returns[0] > 0
    assert history.shape == (1, r.TICKS, 25)


def test_the_command_refuses_what_is_not_there_in_a_line(places: Places, capfd: pytest.CaptureFixture[str]) -> None:
    for option, name, wanted in (
        ("--agent", "king", "or policy, the trained one"),
        ("--scenario", "moon", "choose one of calm"),
    ):
        assert cli.run(["score", "village", option, name], places) == 2
        said = capfd.readouterr().err.splitlines()
        assert said[-1].startswith("error: ")
        assert wanted in said[-1]


def test_the_command_prints_what_was_asked_for(
    places: Places, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        plans, "returns", lambda names, seeds, *_, **__: {one: np.full(len(seeds), 2.2) for one in names}
    )
    asked = ["score", "village", "--agent", "stock", "--scenario", "calm", "--seeds", "3"]
    assert cli.run(asked, places) == 0
    assert re.search(r"^calm +stock +1\.\d+ +0\.\d+ +\[.*\] +0\.\d+$", capfd.readouterr().out, re.M)
    assert cli.run([*asked, "--json"], places) == 0
    rows = json.loads(capfd.readouterr().out)
    assert [row["agent"] for row in rows] == ["stock", "clairvoyant"]
    assert {"days_fed", "hunger_days", "lowest_reserve", "net_worth", "gini", "invalid", "messages"} <= set(rows[0])


@pytest.mark.slow
def test_the_final_table_is_written_beside_the_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bound, "upper", lambda tape: 2.375)
    monkeypatch.setattr(clairvoyant, "plan", lambda tape, start, *_: (2.0, start, None))
    idle = np.zeros((2, r.TICKS, 3), np.int8)
    monkeypatch.setattr(runs, "small", lambda scenario, seeds, *_: runs.Run(idle, 9.0, 3.0))
    monkeypatch.setattr(talk, "asked", lambda *_: ([{"step": 0, "kind": talk.KIND}], {"llm.valid_json_share": 1.0}))
    before = recording.load(record.POLICY.parent, "village")
    made = benchmark.compare(before, tmp_path, lambda *_: None, 1, seeds=2)
    assert made.config["compared"]["seeds"] == made.facts["compared.seeds"] == 2
    assert {name for _, name, _ in benchmark.lines(made.facts)} == {*rounds.AGENTS, "clairvoyant"}
    assert len(benchmark.lines(made.facts)) == (len(rounds.AGENTS) + 1) * len(scenarios.SCENARIOS)
    assert made.fact("llm.gain.share") == made.fact("llm.gain.share.low") == 0, "both of them idle"
    for name in ("calibration.scripted_share", "trained.gain_over_reserve.held_out", "bound.gap"):
        assert np.isfinite(made.fact(name))
    story = [event for event in made.events if event["kind"] != talk.KIND]
    assert story == [event for event in before.events if event["kind"] != talk.KIND]
    assert len(made.events) == len(story) + 1, "what it answered takes the place of what it answered before"
    recording.save(made, tmp_path)
    with pytest.raises(ValueError, match="run `click record village`"):
        benchmark.compare(replace(before, code_version="0"), tmp_path, lambda *_: None, 1)
