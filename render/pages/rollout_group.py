"""The group of rollouts that the film shows slowly, as numbers and as a table."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.render.pages.markup import Html, el, framed, inert
from stagelight.render.pages.scene_files import Scene, fail, pick
from stagelight.render.pages.values import STYLES, traced

RATIO = 1.4  # of the table as it stands; far enough to be clipped
TURN = 64  # of a recorded board: below 0 where Black is to move
UPSIDE_DOWN = str.maketrans("12345678", "87654321")


class Group:
    """The group at the first watched step, one move from mate, whose rollouts differ in reward.

    The film's rule, too. Where no such step is one move from mate, it is the first whose rollouts differ.
    """

    def __init__(self, scene: Scene, page: str) -> None:
        self.scene, self.page = scene, page
        reward = self._array("game_reward")
        watched = self._array("watch_step") - 1
        differing = [int(step) for step in watched if np.ptp(reward[step]) > 0]
        near = [step for step in differing if self._array("game_depth")[step] == 1]
        if not differing:
            fail(f"docs/{page}: in {scene.name}.npz each watched group ties: run `click record {scene.name}`")
        self.index = (near or differing)[0]
        self.row = int(np.flatnonzero(watched == self.index)[0])

    @cached_property
    def reward(self) -> NDArray[Any]:
        """(G,) the reward of each rollout."""
        reward: NDArray[Any] = self._array("game_reward")[self.index]
        return reward

    @cached_property
    def event(self) -> dict[str, Any]:
        """The recording's words on the step."""
        events = (each for each in self.scene.head["events"] if each["kind"] == "training_game")
        event: dict[str, Any] | None = next((each for each in events if each["step"] == self.index + 1), None)
        if event is None:
            fail(
                f"docs/{self.page}: {self.scene.name}.json has no step {self.index + 1} of the training game: "
                f"run `click record {self.scene.name}`"
            )
        return event

    @cached_property
    def moves(self) -> list[str]:
        """The first move of each rollout as it is written on the drawn board, where the learner plays White."""
        black = self.event["fen"].split()[1] == "b"
        return [san.translate(UPSIDE_DOWN) if black else san for san in self.event["drawn_san"]]

    def number(self, name: str) -> float:
        """One of the numbers that the page gives of the group, by name."""
        advantage = self._array("game_advantage")[self.index]
        numbers = {
            "step": self.index + 1,
            "legal_moves": int(self._array("game_legal")[self.index]),
            "paid": int((self.reward > 0).sum()),
            "reward_mean": float(self.reward.mean()),
            "advantage_paid": float(advantage.max()),
            "advantage_other": float(advantage.min()),
            "mate_before": self._chance("before"),
            "mate_after": self._chance("after"),
        }
        found: float = pick(numbers, name, "the shown group", self.page)
        return found

    def _chance(self, when: str) -> float:
        """The probability of the moves that were drawn and paid, before or after the update."""
        paid = np.unique(self._array("game_drawn")[self.index][self.reward > 0])
        codes = self._array("watch_legal")[self.row]
        return float(self._array(f"watch_{when}")[self.row][np.isin(codes, paid)].sum())

    def _array(self, name: str) -> NDArray[Any]:
        array: NDArray[Any] = pick(self.scene.arrays, name, f"{self.scene.name}.npz", self.page)
        return array


def on_board(scene: Scene, kind: str, key: str, page: str) -> Html:
    """A move from the first event of a kind, at a step of the training game, as it is written on the drawn board."""
    where = f"site_assets/recordings/{scene.name}.json (events)"
    event = pick({each["kind"]: each for each in reversed(scene.head["events"])}, kind, where, page)
    words = str(pick(event, key, f"{where}, {kind}", page))
    boards = pick(scene.arrays, "game_board", f"{scene.name}.npz", page)
    black = int(boards[event["step"] - 1][TURN]) < 0
    title = f"{scene.name}: {kind}, {key}"
    return el("span", {"class": "fact", "title": title}, inert(words.translate(UPSIDE_DOWN) if black else words))


def shown(scene: Scene, name: str, style: str, digits: int | None, page: str) -> Html:
    """A number of the group that the film shows slowly, carrying its exact value and its name."""
    number = Group(scene, page).number(name)
    write = pick(STYLES, style, "the list of number styles", page)
    words = write(number) if digits is None else write(number, digits)
    return traced(scene.name, f"shown group, {name}", number, words)


def table(scene: Scene, page: str) -> tuple[Html, Html]:
    """The shown group: a sentence, and each first move with its reward, its advantage, and where the clip leaves it."""
    group, config = Group(scene, page), scene.head["config"]
    low, high = 1 - config["eps_low"], 1 + config["eps_high"]
    mean = group.number("reward_mean")
    rewards = [int(reward > 0) for reward in group.reward]
    rows = [_row(san, reward, reward - mean, low, high) for san, reward in zip(group.moves, rewards, strict=True)]
    said = f"The group of the film: mean reward {mean:.3f}; ratio {RATIO:g}, beyond the upper bound of {high:g}."
    columns = ("Move", "Reward", "Advantage", "Pushes on?")
    return el("p", {}, said), framed("try__table", "try__rows", "A group, its advantages", columns, rows)


def _row(san: str, reward: int, advantage: float, low: float, high: float) -> Html:
    """One rollout of the group."""
    clipped = high < RATIO if advantage > 0 else low > RATIO
    pushes = "no" if advantage == 0 else "clipped" if clipped else "up" if advantage > 0 else "down"
    signed = f"{advantage:+.3f}".replace("-", "\N{MINUS SIGN}")
    return el(
        "tr", {}, el("th", {"scope": "row"}, san), el("td", {}, str(reward)), el("td", {}, signed), el("td", {}, pushes)
    )
