"""Village: a town no single agent can run alone. Drawn from recorded runs of the village gym.

One module for each section, in order: `dawn`, `goal`, `relay`, `tradeoff`, `disturbances`, `results`. In each,
`section` holds the words and times, and `paint` draws. Everything moves, so no section has a backdrop.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from stagelight.render.components import frame
from stagelight.render.pen import Pen
from stagelight.render.scene import Mark, Scene, Section
from stagelight.render.scenes.village import dawn, disturbances, goal, relay, results, tradeoff

HEADLINES = {
    "dawn": "Three workers, one village, forty days",
    "goal": "One goal: everyone eats",
    "relay": "Wheat, flour, bread: nobody makes it alone",
    "tradeoff": "What is left over: store it or sell it?",
    "disturbances": "Stored flour bridges still wind",
    "results": "Forty days, and what others reach",
}
PACE = {"relay": None}  # where the camera moves, every picture is drawn; elsewhere cut-outs move on twos
TWOS = 15
RAIL = ("Dawn", "01 A shared goal", "02 Relay", "03 Hedge", "04 Disturbances", "The ledger")


class Village(Scene):
    """The village scene."""

    name: ClassVar[str] = "village"
    title: ClassVar[str] = "A town no single agent can run alone"
    claim: ClassVar[str] = "Three workers who each see one place keep a village fed, through still wind and rabbits."
    poster: ClassVar[str | None] = None  # the first step, so that a first visit loads one large picture and not two
    legend: ClassVar[tuple[Mark, ...]] = (
        Mark("gauge", "Gauge", "flour in the granary, in days of bread for the village; dashed, the most it has held"),
        Mark("thread", "Thread", "who waits for whom: taut and dashed while a worker waits for the one before"),
        Mark("blades", "Blades", "the wind now; still blades grind nothing"),
        Mark("coins", "Coins", "what was sold and not yet spent on better tools: growth"),
        Mark("posture", "A child's posture", "hunger: hopping when fed, seated when pinched, curled up when starving"),
        Mark("rabbit", "Rabbit", "a disturbance: it eats the crop until it has been scared often enough"),
        Mark("bubble", "Bubble", "a worker's recorded message, word for word; its border tells who wrote it"),
    )  # fmt: skip

    def sections(self) -> tuple[Section, ...]:
        """The sections, each within its frame."""
        modules = (dawn, goal, relay, tradeoff, disturbances, results)
        return tuple(_framed(station, module.section(self.recording)) for station, module in enumerate(modules))


def _framed(station: int, section: Section) -> Section:
    """Add what every section has: kicker, headline, rail and captions."""
    kicker = f"VILLAGE · {section.step} {section.title.upper()}" if section.step else "VILLAGE"

    def paint(pen: Pen, t: float) -> None:
        section.paint(pen, t)
        frame.header(pen, kicker, HEADLINES[section.name])
        frame.rail(pen, RAIL, station)
        frame.caption(pen, section.captions, t)

    return replace(section, paint=paint, pace=PACE.get(section.name, TWOS))


SCENE = Village
