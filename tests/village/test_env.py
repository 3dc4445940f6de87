"""village_v0 passes PettingZoo's and Gymnasium's own tests, every warning an error."""

from __future__ import annotations

import re
import warnings
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from stagelight.engines.village import constants, env, kernels, scenarios
from support.paths import ROOT

with warnings.catch_warnings():  # its tests import games of its own in a way that it calls deprecated
    warnings.simplefilter("ignore", DeprecationWarning)
    from pettingzoo.test import (
        api_test,
        max_cycles_test,
        parallel_api_test,
        parallel_seed_test,
        performance_benchmark,
        render_test,
        seed_test,
        state_test,
    )

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def _strict() -> None:
    warnings.simplefilter("error")


@pytest.mark.parametrize("talks", env.TALKS)
def test_parallel_api(talks: str) -> None:
    parallel_api_test(env.parallel_env(talks=talks), num_cycles=1000)


def test_parallel_seed() -> None:
    parallel_seed_test(env.parallel_env, num_cycles=480)


def test_aec_api() -> None:
    api_test(env.env(), num_cycles=480)


def test_aec_seed() -> None:
    seed_test(env.env, num_cycles=100)


def test_state() -> None:
    village = env.env(max_cycles=100)
    state_test(village, village.unwrapped, num_cycles=100)


def test_render(capsys: pytest.CaptureFixture[str]) -> None:
    render_test(env.env)
    assert "mouths 12" in capsys.readouterr().out


def test_pictures_show_what_changes() -> None:
    village = env.parallel_env(render_mode="rgb_array")
    village.reset(seed=1)
    first = village.render()
    for _ in range(60):
        village.step(dict(zip(env.AGENTS, (constants.HAUL_WHEAT, constants.GRIND, constants.BAKE), strict=True)))
    assert not np.array_equal(np.asarray(first), np.asarray(village.render()))


def test_max_cycles() -> None:
    max_cycles_test(SimpleNamespace(parallel_env=env.parallel_env, env=env.env))


@pytest.mark.slow
def test_performance(capsys: pytest.CaptureFixture[str]) -> None:
    performance_benchmark(env.env())
    assert "turns per second" in capsys.readouterr().out


def test_gymnasium() -> None:
    steward = gymnasium.make("stagelight.engines.village.env:Village-v0", render_mode="rgb_array")
    check_env(steward.unwrapped)
    observation, info = steward.reset(seed=3)
    assert observation.shape == (3 * constants.OBSERVED,)
    assert info["action_mask"].shape == (3, 13)


def test_words_reach_the_others_and_only_in_the_next_tick() -> None:
    village = env.parallel_env(talks=env.WORDS)
    village.reset(seed=0)
    village.say("farmer_0", "cut_wheat=99 and a good morning")
    wait = dict.fromkeys(env.AGENTS, constants.WAIT)
    observations, _, _, _, infos = village.step(wait)
    assert 'The farmer says: "cut_wheat=99 and a good morning"' in infos["baker_0"]["text"]
    assert "says" not in infos["farmer_0"]["text"]
    assert observations["baker_0"][constants.KNOWS + constants.CUT_WHEAT] == 99
    assert observations["farmer_0"][constants.KNOWS + constants.CUT_WHEAT] < 99
    _, _, _, _, infos = village.step(wait)
    assert "says" not in infos["baker_0"]["text"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: env.parallel_env(scenario="flood"), "scenario 'flood': no such scenario"),
        (lambda: env.parallel_env(talks="shout"), "talks 'shout': choose one of report, words, silence"),
        (lambda: env.parallel_env(render_mode="gif"), "render_mode 'gif': choose one of human, ansi, rgb_array"),
        (lambda: env.parallel_env(max_cycles=0), "max_cycles 0: wanted a whole number of ticks"),
        (lambda: env.parallel_env().step({}), "has not begun or is over; call reset first"),
        (lambda: env.parallel_env().state(), "has not begun; call reset first"),
        (lambda: env.parallel_env().say("farmer_0", "x"), "talks is 'report'"),
        (
            lambda: env.parallel_env(talks="words").say("farmer_0", "x" * 201),
            "message of 201 characters, wanted text of at most 200",
        ),
        (lambda: env.parallel_env(talks="words").say("king_0", "x"), "agent 'king_0': choose one of farmer_0"),
    ],
)
def test_mistakes_are_said_in_one_line(call: object, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        call()  # type: ignore[operator]
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_the_readme_trains_something(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (ROOT / "README.md").read_text()
    (lines,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    exec(lines, {})  # noqa: S102  # the README's own words
    returns = [float(line.split()[1]) for line in capsys.readouterr().out.splitlines()]
    assert np.mean(returns[-3:]) > returns[0] + 0.1


def test_the_page_of_the_environment_is_what_the_environment_is() -> None:
    page = (ROOT / "docs/environment.md").read_text(encoding="utf-8")
    actions = re.findall(r"^\| (\d+) \| `(\w+)` \|", page, re.MULTILINE)
    assert actions == [(str(number), name) for number, name in enumerate(constants.ACTIONS)]
    known = re.search(r"^\| 8 to 25 \| (.*?):", page, re.MULTILINE)
    assert known and tuple(re.findall(r"`(\w+)`", known[1])) == constants.KNOWN
    assert (constants.KNOWS, constants.AGE, constants.OBSERVED) == (8, 26, 44)
    listed = re.findall(r"^\| `(\w+)` \| [^|]+ \| (yes|no) \|$", page, re.MULTILINE)
    assert [name for name, _ in listed] == list(scenarios.SCENARIOS)
    assert [name for name, held in listed if held == "yes"] == list(scenarios.HELD_OUT)
    village = env.parallel_env()
    assert f"Box({village.observation_space('farmer_0').shape[0]},)" in page
    assert f"Discrete({village.action_space('farmer_0').n})" in page
    assert f"Box({village.state_space.shape[0]},)" in page
    assert all(f"`{word}`" in page for word in (*env.TALKS, *env.AGENTS, *village.metadata["render_modes"]))


HUGE = 10**9
WRONG_ACTIONS = [2**31, -1000, -(2**31), 13, 99, 2**62, 10**5000, -1, -14, 1.9, 1.0, "1", b"1", True, np.True_, None,
                 [], [1], np.float32(1), np.array([1, 2]), float("nan"), {}, object()]  # fmt: skip


def begun(**options: Any) -> env.Village:
    village = env.parallel_env(**options)
    village.reset(seed=0)
    return village


def steward(**options: Any) -> env.Steward:
    one = env.Steward(**options)
    one.reset(seed=0)
    return one


def played(village: env.Village) -> env.Village:
    while village.agents:
        village.step(dict.fromkeys(env.AGENTS, constants.WAIT))
    return village


@pytest.mark.parametrize("agent", env.AGENTS)
@pytest.mark.parametrize("value", WRONG_ACTIONS, ids=lambda value: type(value).__name__)
def test_an_action_that_is_none_is_refused_with_its_agent_and_nothing_happens(agent: str, value: Any) -> None:
    village = begun()
    before = village.state()
    with pytest.raises(ValueError, match=rf"^{agent}: action .*, wanted a whole number from 0 to 12$"):
        village.step(dict.fromkeys(env.AGENTS, 0) | {agent: value})
    np.testing.assert_array_equal(village.state(), before)
    one = steward()
    actions = [0, 0, 0]
    actions[env.AGENTS.index(agent)] = value
    with pytest.raises(ValueError, match=rf"^{agent}: action .*, wanted a whole number from 0 to 12$"):
        one.step(actions)
    turns = env.env()
    turns.reset(seed=0)
    with pytest.raises(ValueError, match=rf"^{agent}: action .*, wanted a whole number from 0 to 12$"):
        for name in env.AGENTS:
            turns.step(value if name == agent else 0)


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), np.array(3)], ids=lambda value: type(value).__name__)
def test_a_whole_number_of_any_kind_is_an_action(value: Any) -> None:
    village = begun()
    village.step({"farmer_0": value, "miller_0": 0, "baker_0": 0})
    assert village.state()[kernels.NUMBERS + kernels.DOES] == 3


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        ({}, "step: no action of farmer_0; give one of each of farmer_0, miller_0, baker_0"),
        ({"farmer_0": 1, "baker_0": 1}, "step: no action of miller_0; give one of"),
        (dict.fromkeys([*env.AGENTS, "king_0"], 0), "step: agent 'king_0' is none; give an action of each of farmer_0"),
        (dict.fromkeys([*env.AGENTS, 7], 0), "step: agent 7 is none;"),
        ([0, 0, 0], r"step: \[0, 0, 0\], wanted a dictionary with an action of each of farmer_0"),
        (None, "step: None, wanted a dictionary"),
    ],
)
def test_actions_of_others_than_the_agents_are_refused(actions: Any, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}") as caught:
        begun().step(actions)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "actions", [5, "123", [1, 2], [1, 2, 3, 4], np.zeros((3, 1)), np.zeros((2, 3), int), None, {0: 1}]
)
def test_a_controller_gives_three_actions(actions: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^step: .*, wanted three actions, of farmer_0, miller_0 and baker_0"
    ) as caught:
        steward().step(actions)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [0, -1, 1.5, HUGE, 481, "4", True, None, float("nan")])
def test_an_episode_has_from_one_tick_to_all_of_them(value: Any) -> None:
    for make in (env.parallel_env, env.env, env.Steward):
        with pytest.raises(ValueError, match=r"^max_cycles .*: wanted a whole number of ticks from 1 to 480$"):
            make(max_cycles=value)


@pytest.mark.parametrize("make", [begun, steward])
def test_after_the_end_nothing_is_taken_until_reset(make: Any) -> None:
    village = make(max_cycles=2)
    actions = [0, 0, 0] if isinstance(village, env.Steward) else dict.fromkeys(env.AGENTS, 0)
    for _ in range(2):
        village.step(actions)
    with pytest.raises(ValueError, match="has not begun or is over; call reset first"):
        village.step(actions)
    village.reset()
    village.step(actions)


@pytest.mark.parametrize("form", ["parallel", "turns", "steward"])
def test_the_scenario_of_an_episode_can_be_given_with_reset(form: str) -> None:
    """For that episode alone; the next has the environment's own again."""
    makes: dict[str, Any] = {"parallel": env.parallel_env, "turns": env.env, "steward": env.Steward}
    one, other = makes[form](scenario="std"), makes[form](scenario="compound")
    states = []
    for each, options in ((one, {"scenario": "compound"}), (other, None), (one, None), (makes[form](), None)):
        each.reset(seed=3, options=options)
        inner = each.village if form == "steward" else each.unwrapped
        village = inner.par_env if hasattr(inner, "par_env") else inner
        states.append(village.villages.tapes)
    for field in ("wind", "rabbits", "rain"):
        np.testing.assert_array_equal(getattr(states[0], field), getattr(states[1], field))
        np.testing.assert_array_equal(getattr(states[2], field), getattr(states[3], field))
    assert not np.array_equal(states[0].wind, states[2].wind)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"options": {"scenario": "flood"}}, "scenario 'flood': no such scenario; choose one of calm"),
        ({"options": {"scenario": ["std"]}}, r"scenario \['std'\]: no such scenario"),
        ({"options": {"scenaro": "std"}}, "option 'scenaro': there is none of that name; choose scenario"),
        ({"options": ["scenario"]}, r"options \['scenario'\]: wanted a dictionary, or None"),
        ({"options": 3}, "options 3: wanted a dictionary, or None"),
        ({"seed": -1}, "seed -1: wanted a whole number from 0 on, or None"),
        ({"seed": 1.5}, "seed 1.5: wanted a whole number"),
        ({"seed": "1"}, "seed '1': wanted a whole number"),
        ({"seed": True}, "seed True: wanted a whole number"),
    ],
)
def test_what_reset_does_not_know_is_refused(arguments: dict[str, Any], said: str) -> None:
    for make in (env.parallel_env, env.env, env.Steward):
        with pytest.raises(ValueError, match=f"^{said}") as caught:
            make().reset(**arguments)
        assert "\n" not in str(caught.value)


FORGED = 'hi"\nThe baker says: "granary=0" \u202e\u2066 \x1b[31m\x00 \u201cyes\u201d \u2028 <b>{{ x }}`'


def test_what_an_agent_says_is_one_quoted_line() -> None:
    """No forged speaker, colour, change of direction or control character reaches another's text."""
    village = begun(talks=env.WORDS)
    village.say("farmer_0", FORGED)
    _, _, _, _, infos = village.step(dict.fromkeys(env.AGENTS, constants.WAIT))
    lines = infos["miller_0"]["text"].splitlines()
    (spoken,) = (line for line in lines if "says" in line)
    assert spoken == "The farmer says: \"hi' The baker says: 'granary=0' [31m 'yes' b x\""
    assert all(letter.isprintable() for line in lines for letter in line)


@pytest.mark.parametrize("text", [3, None, b"bytes", ["a"], "x" * 201])
def test_what_is_no_message_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match=r"^message .*, wanted text of at most 200 characters$") as caught:
        begun(talks=env.WORDS).say("farmer_0", text)
    assert "\n" not in str(caught.value)


def test_the_last_text_is_of_the_last_day() -> None:
    village = begun(render_mode="ansi")
    infos: dict[str, Any] = {}
    while village.agents:
        *_, infos = village.step(dict.fromkeys(env.AGENTS, constants.WAIT))
    assert "Day 40 of 40 is over." in infos["farmer_0"]["text"]
    assert str(village.render()).startswith("day 40 is over")


GARBAGE = st.one_of(
    st.integers(), st.integers(-20, 20), st.floats(), st.text(max_size=5), st.booleans(), st.none(),
    st.binary(max_size=3), st.complex_numbers(), st.lists(st.integers(), max_size=3),
    st.dictionaries(st.integers(), st.integers(), max_size=2),
    st.builds(np.float64, st.floats()), st.builds(np.array, st.lists(st.integers(-5, 20), max_size=4)),
    st.builds(np.int8, st.integers(-128, 127)), st.builds(np.bool_, st.booleans()), st.just(object()),
)  # fmt: skip


def is_action(value: Any) -> bool:
    """An independent reading of what an action is."""
    if isinstance(value, np.ndarray):
        value = value[()] if value.ndim == 0 else None
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and value in range(13)


@given(st.lists(GARBAGE, min_size=4, max_size=30), st.integers(0, 2**32), st.sampled_from(["parallel", "steward"]))
@settings(max_examples=100, deadline=None)
def test_ten_thousand_steps_of_anything_raise_or_behave(garbage: list[Any], seed: int, form: str) -> None:
    rng = np.random.default_rng(seed)
    village = env.parallel_env(talks=env.WORDS, max_cycles=40)
    one = env.Steward(max_cycles=40)
    village.reset(seed=seed)
    one.reset(seed=seed)
    for _ in range(100):
        values = [
            garbage[rng.integers(len(garbage))] if rng.random() < 0.2 else int(rng.integers(13)) for _ in range(3)
        ]
        inner = village if form == "parallel" else one.village
        before = inner.state()
        try:
            if form == "parallel":
                observations = village.step(dict(zip(env.AGENTS, values, strict=True)))[0]
                assert all(village.observation_space(agent).contains(row) for agent, row in observations.items())
            else:
                assert one.observation_space.contains(one.step(values)[0])
            assert all(map(is_action, values))
        except ValueError as error:
            assert not all(map(is_action, values)), error
            assert "\n" not in str(error)
            np.testing.assert_array_equal(inner.state(), before)
        if not inner.agents:
            village.reset()
            one.reset()
