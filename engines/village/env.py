"""`village_v0`: the village as others' environments are, for PettingZoo and for Gymnasium.

    from stagelight import village_v0
    village = village_v0.parallel_env(scenario="std")
    observations, infos = village.reset(seed=0)

Three agents, `farmer_0`, `miller_0` and `baker_0`, act in every tick; who is busy goes on with what they do.
Observations are rows of 44 numbers (`constants.SELF`, `constants.KNOWN` and ages); `infos` hold, for each agent, the
`action_mask` and, under `text`, the same row in words. The reward is shared, and an episode's sum is its return.
`vector_env` has many villages, each of one controller.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils.conversions import parallel_to_aec

from stagelight.engines.village import (
    constants,
    kernels,
    observation,
    rendering,
    sanitize,
    scenarios,
    validation,
    worst_case_start,
)
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.exogenous import stack

REPORT, WORDS, SILENCE = "report", "words", "silence"
TALKS = (REPORT, WORDS, SILENCE)  # everyone tells what they see; only what `say` was given; nobody says anything
AGENTS = tuple(f"{name}_0" for name in constants.AGENTS)
STATE = kernels.NUMBERS + kernels.WORKERS + 3  # everything, and the tick's wind, omen and price
OPTIONS = ("scenario", "options")  # of `reset`; the second means nothing, and is what PettingZoo's own tests give
Row = NDArray[np.float32]


class Village(ParallelEnv[str, Row, int]):  # type: ignore[misc]  # PettingZoo has no types
    """Three workers in one village, in step."""

    metadata: ClassVar[dict[str, Any]] = {
        "name": "village_v0", "render_modes": ["human", "ansi", "rgb_array"], "is_parallelizable": True,
        "render_fps": 12,
    }  # fmt: skip

    def __init__(
        self,
        scenario: str = "std",
        talks: str = REPORT,
        max_cycles: int = constants.TICKS,
        render_mode: str | None = None,
    ) -> None:
        """An environment; nothing happens before `reset`.

        Args:
            scenario: a name of `scenarios.SCENARIOS`.
            talks: one of TALKS.
            max_cycles: ticks after which an episode is truncated, at most 480.
            render_mode: `human` (words to standard output), `ansi` (words) or `rgb_array` (uint8 pixels), or None.

        Raises:
            ValueError: one of them is none of these.
        """
        self.scenario = scenarios.named(scenario)
        _one_of("talks", talks, TALKS)
        if render_mode is not None:
            _one_of("render_mode", render_mode, self.metadata["render_modes"])
        self.max_cycles = validation.ticks(max_cycles, "max_cycles")
        self.talks, self.render_mode = talks, render_mode
        self.possible_agents = list(AGENTS)
        self.agents: list[str] = []
        low, high = observation.low_high()
        self.observation_spaces = {agent: spaces.Box(low, high, dtype=np.float32) for agent in AGENTS}
        self.action_spaces = {agent: spaces.Discrete(len(constants.ACTIONS)) for agent in AGENTS}
        self.state_space = spaces.Box(-observation.MOST, observation.MOST, (STATE,), np.float64)
        self.heard: dict[str, str] = {}  # what was said in the last tick, by speaker
        self._said: dict[str, str] = {}
        self._chance = np.random.default_rng()
        self.villages: Villages | None = None

    def observation_space(self, agent: str) -> spaces.Box:
        """Rows of 44 numbers."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Discrete:
        """An action's number, as in `constants.ACTIONS`."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Row], dict[str, dict[str, Any]]]:
        """Begin an episode; the same seed is the same tape. Without one, a new tape follows from the last seed.

        Args:
            seed: of the tape.
            options: `scenario`, the name of one for this episode alone.

        Raises:
            ValueError: no such seed, option or scenario.
        """
        seed, scenario = validation.seed(seed), self._scenario(options)
        if seed is not None:
            self._chance = np.random.default_rng(seed)
        tape_seed = seed if seed is not None else new_seed(self._chance)
        self.villages = Villages(stack([worst_case_start.tape(scenario, tape_seed)]))
        self.agents, self.heard, self._said = list(AGENTS), {}, {}
        return self._observations(), self._infos()

    def say(self, agent: str, text: str) -> None:
        """Give an agent something to say with its next action; the two others read it in the tick after.

        It is cleaned: one line, without control characters, markup and quotation marks.

        Raises:
            ValueError: no text, longer than 200 characters, no such agent, or nobody may speak.
        """
        _one_of("agent", agent, AGENTS)
        if self.talks != WORDS:
            raise ValueError(
                f"talks is {self.talks!r}: to let agents say something, make the village with talks='words'"
            )
        if not isinstance(text, str) or len(text) > constants.MESSAGE:
            found = f"of {len(text)} characters" if isinstance(text, str) else validation.shown(text)
            raise ValueError(f"message {found}, wanted text of at most {constants.MESSAGE} characters")
        self._said[agent] = sanitize.message(text)

    def step(
        self, actions: dict[str, int]
    ) -> tuple[
        dict[str, Row], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]
    ]:  # fmt: skip
        """One tick.

        Raises:
            ValueError: the episode has not begun, or is over; or an action is missing or none. Nothing was done.
        """
        villages = self._running()
        chosen = np.array([_chosen(actions)])
        self._pass_on(villages)
        everyone = np.full((1, 3), self.talks == REPORT)
        reward = float(villages.step(chosen, everyone)[0])
        over = bool(villages.workers[0, kernels.NOW] >= min(self.max_cycles, constants.TICKS))
        found = self._observations(), dict.fromkeys(AGENTS, reward), dict.fromkeys(AGENTS, False)
        infos = self._infos()
        if over:
            self.agents = []
        return *found, dict.fromkeys(AGENTS, over), infos

    def state(self) -> NDArray[np.float64]:
        """(44,) everything: the row of numbers, the row of workers, and this tick's wind, omen and price."""
        if self.villages is None:
            raise ValueError("the village has not begun; call reset first")
        return state(self.villages)

    def render(self) -> str | NDArray[np.uint8] | None:
        """The village now, in the way `render_mode` asks for."""
        if self.render_mode is None:
            gymnasium.logger.warn("render_mode is None: make the village with one to see it")
            return None
        if self.render_mode == "rgb_array":
            return rendering.paint(self.state())
        words = rendering.words(self.state())
        if self.render_mode == "ansi":
            return words
        sys.stdout.write(words + "\n")
        return None

    def close(self) -> None:
        """Nothing is held."""

    def _scenario(self, options: dict[str, Any] | None) -> scenarios.Scenario:
        """The scenario of an episode with some options of `reset`."""
        given = checked(options)
        return scenarios.named(given["scenario"]) if "scenario" in given else self.scenario

    def _running(self) -> Villages:
        if self.villages is None or not self.agents:
            raise ValueError("the episode has not begun or is over; call reset first")
        return self.villages

    def _pass_on(self, villages: Villages) -> None:
        """What was said reaches the others: as words, and what of it is understood as knowledge."""
        self.heard, self._said = self._said, {}
        for speaker, text in self.heard.items():
            villages.hear(0, AGENTS.index(speaker), text)

    def _observations(self) -> dict[str, Row]:
        assert self.villages is not None
        return {agent: self.villages.observations[0, index].copy() for index, agent in enumerate(AGENTS)}

    def _infos(self) -> dict[str, dict[str, Any]]:
        v = self.villages
        assert v is not None
        heard = [
            {constants.AGENTS[AGENTS.index(who)]: text for who, text in self.heard.items() if who != me}
            for me in AGENTS
        ]
        return {
            agent: {"action_mask": v.masks[0, i].copy(), "text": observation.describe(v.observations[0, i], heard[i])}
            for i, agent in enumerate(AGENTS)
        }


class Steward(gymnasium.Env[Row, NDArray[np.int64]]):
    """The village under one head: it sees what all three see, and says what each does. `Village-v0` in Gymnasium."""

    metadata: dict[str, Any] = {"render_modes": ["ansi", "rgb_array"], "render_fps": 12}  # noqa: RUF012  # as in Env

    def __init__(
        self, scenario: str = "std", max_cycles: int = constants.TICKS, render_mode: str | None = None
    ) -> None:
        """As `Village`, whose agents report to the steward in every tick."""
        self.village = Village(scenario, REPORT, max_cycles, render_mode)
        self.render_mode = render_mode
        low, high = observation.low_high()
        self.observation_space = spaces.Box(np.tile(low, 3), np.tile(high, 3), dtype=np.float32)
        self.action_space = spaces.MultiDiscrete([len(constants.ACTIONS)] * 3)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Row, dict[str, Any]]:
        """Begin an episode; as `Village.reset`."""
        seed = validation.seed(seed)
        super().reset(seed=seed)
        tape_seed = seed if seed is not None else new_seed(self.np_random)
        observations, infos = self.village.reset(tape_seed, options)
        return self._all(observations), self._masks(infos)

    def step(self, action: NDArray[np.int64] | Sequence[int]) -> tuple[Row, float, bool, bool, dict[str, Any]]:
        """One tick.

        Raises:
            ValueError: not three actions, or the episode has not begun, or is over. Nothing was done.
        """
        row = (isinstance(action, np.ndarray) and action.ndim == 1) or isinstance(action, list | tuple)
        if not row or len(action) != len(AGENTS):
            words = "three actions, of farmer_0, miller_0 and baker_0, in a row"
            raise ValueError(f"step: {validation.shown(action)}, wanted {words}")
        observations, rewards, _, truncations, infos = self.village.step(dict(zip(AGENTS, action, strict=True)))
        return self._all(observations), rewards[AGENTS[0]], False, truncations[AGENTS[0]], self._masks(infos)

    def render(self) -> Any:
        """The village now."""
        return self.village.render()

    def action_masks(self) -> NDArray[np.bool_]:
        """(39,) which actions each of the three is allowed now, in the form that sb3-contrib asks for."""
        villages = self.village.villages
        if villages is None:
            raise ValueError("the village has not begun; call reset first")
        masks: NDArray[np.bool_] = villages.masks[0].reshape(-1) > 0
        return masks

    def _all(self, observations: dict[str, Row]) -> Row:
        return np.concatenate([observations[agent] for agent in AGENTS])

    def _masks(self, infos: dict[str, dict[str, Any]]) -> dict[str, Any]:
        return {"action_mask": np.stack([infos[agent]["action_mask"] for agent in AGENTS])}


def state(villages: Villages, index: int = 0) -> NDArray[np.float64]:
    """(44,) everything in one of some villages, as `Village.state` gives it."""
    tapes, now = villages.tapes, min(int(villages.workers[index, kernels.NOW]), kernels.LAST)
    chance = tapes.wind[index, now], tapes.omen[index, now], tapes.price[index, now]
    return np.array([*villages.numbers[index], *villages.workers[index], *chance], np.float64)


def new_seed(chance: np.random.Generator) -> int:
    """The seed of a tape that was given none."""
    return int(chance.integers(2**62))


def checked(options: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The options of a `reset`.

    Raises:
        ValueError: they are no dictionary, or one of them means nothing.
    """
    if options is not None and not isinstance(options, Mapping):
        raise ValueError(f"options {validation.shown(options)}: wanted a dictionary, or None")
    for name in options or {}:
        if name not in OPTIONS:
            raise ValueError(f"option {validation.shown(name)}: there is none of that name; choose scenario")
    return options or {}


def _chosen(actions: Mapping[str, Any]) -> list[int]:
    """The actions of all agents, in order."""
    everyone = ", ".join(AGENTS)
    if not isinstance(actions, Mapping):
        raise ValueError(f"step: {validation.shown(actions)}, wanted a dictionary with an action of each of {everyone}")
    for agent in actions:
        if agent not in AGENTS:
            raise ValueError(f"step: agent {validation.shown(agent)} is none; give an action of each of {everyone}")
    for agent in AGENTS:
        if agent not in actions:
            raise ValueError(f"step: no action of {agent}; give one of each of {everyone}")
    return [validation.action(actions[agent], agent) for agent in AGENTS]


def _one_of(what: str, value: Any, names: Sequence[str]) -> None:
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"{what} {validation.shown(value)}: choose one of {', '.join(names)}")


def parallel_env(
    scenario: str = "std", talks: str = REPORT, max_cycles: int = constants.TICKS, render_mode: str | None = None
) -> Village:
    """`village_v0` for agents that act at once."""
    return Village(scenario, talks, max_cycles, render_mode)


def env(
    scenario: str = "std", talks: str = REPORT, max_cycles: int = constants.TICKS, render_mode: str | None = None
) -> AECEnv[str, Row, int]:
    """`village_v0` for agents that act in turn."""
    return parallel_to_aec(Village(scenario, talks, max_cycles, render_mode))


gymnasium.register(
    "Village-v0",
    entry_point="stagelight.engines.village.env:Steward",
    vector_entry_point="stagelight.engines.village.vector_env:VillageVectorEnv",
)
