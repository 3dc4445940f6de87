"""village_v0 passes PettingZoo's and Gymnasium's own tests, every warning an error."""

from __future__ import annotations

import re
import warnings
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from stagelight.engines.village import constants, env, scenarios
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
        (lambda: env.parallel_env(max_cycles=0), "max_cycles 0: wanted a positive number"),
        (lambda: env.parallel_env().step({}), "has not begun or is over; call reset first"),
        (lambda: env.parallel_env().state(), "has not begun; call reset first"),
        (lambda: env.parallel_env().say("farmer_0", "x"), "talks is 'report'"),
        (lambda: env.parallel_env(talks="words").say("farmer_0", "x" * 201), "message of 201 characters, at most 200"),
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
