"""Rollout: watching a model learn to play. Drawn from the recording of one GRPO run, from mate in one to the opening.

One module for each section, in order: `position`, `sample`, `reward`, `advantage`, `update`, `training`, `curriculum`,
`game`. In each, `section` holds the words and times, and `shot` says what stands on the stage at a time. `shot.draw`
paints that: the `pieces`, the `policy_network`, the `fan` of its probabilities, the `group`, in places of `layout`.
Each section begins with what the one before it ended with, so the film has no cut.
"""

from __future__ import annotations

from typing import ClassVar

from stagelight.render.components import frame
from stagelight.render.scene import Mark, Scene, Section
from stagelight.render.scenes.rollout import (
    advantage,
    curriculum,
    game,
    position,
    reward,
    sample,
    training,
    update,
    upright,
)

HEADLINES = {
    "position": "One move from mate",
    "sample": "It tries a group of moves",
    "reward": "Only checkmate is paid",
    "advantage": "Better than the group?",
    "update": "The network shifts towards what paid",
    "training": "Step after step",
    "curriculum": "Then the start slides back",
    "game": "From the first move",
}
RAIL = ("Position", "01 Sample", "02 Reward", "03 Advantage", "04 Update", "It learns", "Sliding back", "Game")


class Rollout(Scene):
    """The rollout scene. A recording made for a reader's position has no curriculum, and ends with `training`."""

    name: ClassVar[str] = "rollout"
    title: ClassVar[str] = "Watching a model learn to play"
    claim: ClassVar[str] = "Paid only for checkmate, a network with random weights learns to find it."
    poster: ClassVar[str | None] = None  # the first step, so that a first visit loads one large picture and not two
    reads: ClassVar[tuple[str, ...]] = ("arrays.frontier_depth?",)
    legend: ClassVar[tuple[Mark, ...]] = (
        Mark("ray", "Ray", "a legal move; its width and brightness are the policy's probability of it"),
        Mark("ring", "Ring", "the verifier's 1: the try ends in checkmate"),
        Mark("bar", "Bar from the line", "advantage, reward minus the group's mean: teal reinforced, rose and dashed "
             "suppressed"),
        Mark("jolt", "Jolt", "how far a unit's incoming weights moved in that step: it is thrown back by as much"),
        Mark("counter", "Counter", "training steps done"),
        Mark("ruler", "Ruler marker", "how far from mate, in moves, the games of training start"),
    )  # fmt: skip

    def sections(self) -> tuple[Section, ...]:
        """The sections, each within its frame; the last two only if the run has a curriculum."""
        further = (curriculum, game) if "frontier_depth" in self.recording.arrays else ()
        modules = (position, sample, reward, advantage, update, training, *further)
        sections = [module.section(self.recording) for module in modules]
        rail = RAIL[: len(sections)]
        return tuple(
            frame.flowing(section, "ROLLOUT", HEADLINES[section.name], rail, station, upright.LAYOUTS[section.name])
            for station, section in enumerate(sections)
        )


SCENE = Rollout
