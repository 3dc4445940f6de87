"""Rollout: watching a model learn to play. Drawn from the recording of a GRPO run on mate in one.

One module for each section, in order: `position`, `sample`, `reward`, `advantage`, `update`, `training`, `curriculum`.
In each, `section` holds the words and times, `backdrop` draws what does not move, `paint` draws the rest.
"""

from __future__ import annotations

from typing import ClassVar

from stagelight.render.components import frame
from stagelight.render.scene import Mark, Scene, Section
from stagelight.render.scenes.rollout import advantage, curriculum, position, reward, sample, training, update

HEADLINES = {
    "position": "A position, one move from mate",
    "sample": "It tries a group of moves",
    "reward": "The rules pay for checkmate, nothing else",
    "advantage": "Compared with the group, not with a teacher",
    "update": "The network moves towards what paid",
    "training": "From a fan of guesses to one move",
    "curriculum": "Then the start slides back, to the opening",
}
RAIL = ("Position", "01 Sample", "02 Reward", "03 Advantage", "04 Update", "It learns", "Sliding back")


class Rollout(Scene):
    """The rollout scene. A recording made for a reader's position has no whole games, and no last section."""

    name: ClassVar[str] = "rollout"
    title: ClassVar[str] = "Watching a model learn to play"
    claim: ClassVar[str] = "Paid only for checkmate, a network with random weights learns to find it."
    reads: ClassVar[tuple[str, ...]] = ("arrays.slide_depth?",)
    legend: ClassVar[tuple[Mark, ...]] = (
        Mark("ray", "Ray", "a legal move; its width and brightness are the policy's probability of it"),
        Mark("ring", "Ring", "the verifier's +1: the move checkmates"),
        Mark("bar", "Bar from the line", "advantage, reward minus the group's mean: teal reinforced, rose and dashed "
             "suppressed"),
        Mark("jolt", "Jolt", "how far a unit's incoming weights moved in that step"),
        Mark("counter", "Counter", "training steps done"),
        Mark("ruler", "Ruler marker", "how far from mate, in plies, the games of training start"),
    )  # fmt: skip

    def sections(self) -> tuple[Section, ...]:
        """The sections, each within its frame; the last one only if the run has whole games."""
        games = (curriculum,) if "slide_depth" in self.recording.arrays else ()
        modules = (position, sample, reward, advantage, update, training, *games)
        sections = [module.section(self.recording) for module in modules]
        rail = RAIL[: len(sections)]
        return tuple(
            frame.framed(section, "ROLLOUT", HEADLINES[section.name], rail, station)
            for station, section in enumerate(sections)
        )


SCENE = Rollout
