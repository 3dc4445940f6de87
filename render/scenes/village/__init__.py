"""Village: a town no single agent can run alone. Drawn from recorded runs of the village gym.

One module for each section, in order: `dawn`, `goal`, `relay`, `tradeoff`, `disturbances`, `results`. In each,
`section` holds the words and times, and `paint` draws. `town` is all there is to see, `camera` how it is looked at, and
`speech` what is said. The film is one shot, from the first dawn to the last night: each section begins with what the
one before it ended with.
"""

from __future__ import annotations

from typing import ClassVar

from stagelight.render.components import frame
from stagelight.render.scene import Mark, Scene, Section
from stagelight.render.scenes.village import dawn, disturbances, goal, relay, results, tradeoff, upright

HEADLINES = {
    "dawn": "Three workers, one village, forty days",
    "goal": "One goal: everyone eats",
    "relay": "Wheat, flour, bread: nobody makes it alone",
    "tradeoff": "What is left over: store it or sell it?",
    "disturbances": "Stored flour buys time",
    "results": "Forty days",
}
RAIL = ("Dawn", "01 A shared goal", "02 Relay", "03 Store or sell", "04 Disturbances", "Forty days")


class Village(Scene):
    """The village scene."""

    name: ClassVar[str] = "village"
    title: ClassVar[str] = "A town no single agent can run alone"
    claim: ClassVar[str] = "Three workers who each see one place keep a village fed, through still wind and rabbits."
    poster: ClassVar[str | None] = None  # the first step, so that a first visit loads one large picture and not two
    legend: ClassVar[tuple[Mark, ...]] = (
        Mark("gauge", "Gauge", "flour in the granary, in days of bread for the village; dashed, the most it has held"),
        Mark("thread", "Thread", "who waits for the one before"),
        Mark("blades", "Blades", "the wind now; still blades grind nothing"),
        Mark("coins", "Coins", "what was sold and not yet spent on better tools: growth"),
        Mark("posture", "A child's posture", "hunger: hopping when fed, seated when pinched, curled up when starving"),
        Mark("rabbit", "Rabbit", "a disturbance: it eats the crop until it has been scared often enough"),
        Mark("bubble", "Bubble", "what a worker's author wrote, word for word; its border tells who that is"),
    )  # fmt: skip

    def sections(self) -> tuple[Section, ...]:
        """The sections, each within its frame."""
        modules = (dawn, goal, relay, tradeoff, disturbances, results)
        return tuple(
            frame.flowing(
                section, "VILLAGE", HEADLINES[section.name], RAIL, station, upright.LAYOUTS[section.name], filled=True
            )
            for station, section in enumerate(module.section(self.recording) for module in modules)
        )


SCENE = Village
