"""What is said of recorded village runs: their facts and events, all read from what was written down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village.counterfactual import SWAYED
from stagelight.engines.village.episode_trace import Arrays
from stagelight.engines.village.exogenous import Tape
from stagelight.engines.village.kernels import COIN, HUNGER, LEVEL, RABBITS, STORE, J, N
from stagelight.engines.village.seed_selection import Story


def fed(arrays: Arrays) -> NDArray[np.float64]:
    """(40,) bread eaten over bread needed, each day."""
    eaten, missed = (arrays[name].astype(np.float64).reshape(r.DAYS, r.DAY).sum(1) for name in ("eaten", "missed"))
    found: NDArray[np.float64] = eaten / (eaten + missed)
    return found


def stored(arrays: Arrays) -> NDArray[np.float64]:
    """(40,) days of bread in the granary at the end of each day."""
    nights = arrays["state"][r.DAY :: r.DAY].astype(np.float64)
    found: NDArray[np.float64] = nights[:, STORE] / nights[:, N]
    return found


@dataclass(frozen=True)
class Narrative:
    """Finished runs on one tape, ready to be told."""

    runs: Mapping[str, Arrays]
    said: Sequence[Mapping[str, Any]]  # by the shown workers
    tape: Tape
    story: Story | None  # None if nothing of the kind happened

    def facts(self) -> dict[str, float]:
        """Dotted name -> number."""
        found: dict[str, float] = {"days": r.DAYS, "ticks_a_day": r.DAY}
        if self.story:
            found |= {
                "story.still_days": self.story.blows - self.story.still,
                "story.bridged_days": self.story.hungry[0] - self.story.still,
                "story.hungry_days": len(self.story.hungry),
                "story.recovery_days": self.story.recovered - self.story.blows,
                "story.least_fed": float(fed(self.runs["shown"])[[day - 1 for day in self.story.hungry]].min()),
            }
        for name, run in self.runs.items():
            last, eaten = run["state"][-1], fed(run)
            found |= {
                f"{name}.return": float(last[J]) / r.NORM,
                f"{name}.fed": float(run["eaten"].sum() / (run["eaten"].sum() + run["missed"].sum())),
                f"{name}.days_fed": int((eaten >= 0.95).sum()),
                f"{name}.hungry_days": int((eaten < 0.7).sum()),
                f"{name}.mouths": int(last[N]),
                f"{name}.level": int(last[LEVEL]),
                f"{name}.coins": float(last[COIN]),
                f"{name}.stored": float(stored(run)[-1]),
                f"{name}.stored_most": float(stored(run).max()),
                f"{name}.hunger_most": float(run["state"][:, HUNGER].max()),
            }
        shown = self.runs["shown"]
        found |= {"shown.invalid": int((~shown["valid"]).sum()), "shown.choices": int((shown["chosen"] >= 0).sum()),
                  "shown.messages": sum("message" in event for event in self.said),
                  "shown.sentences": sum("reason" in event for event in self.said),
                  "shown.swayed": sum(event["kind"] == SWAYED for event in self.said)}  # fmt: skip
        return {
            name: int(value) if float(value).is_integer() else round(float(value), 6) for name, value in found.items()
        }

    def events(self) -> Iterator[dict[str, Any]]:
        """Every word in order: what happened, and what was said when bread or coins were at stake."""
        happened = sorted([*self._happened(), *self.said], key=lambda event: event["step"])
        yield from (dict(event) for event in happened)

    def _happened(self) -> Iterator[dict[str, Any]]:
        story, shown = self.story, self.runs["shown"]
        if story:
            days = {"wind_drops": story.still, "granary_dry": story.dry, "hungry": story.hungry[0],
                    "wind_returns": story.blows, "recovered": story.recovered}  # fmt: skip
            yield from ({"step": (day - 1) * r.DAY, "kind": kind, "day": day} for kind, day in days.items())
        patience, level, mouths = (shown["state"][:, column] for column in (RABBITS, LEVEL, N))
        for tick in np.flatnonzero((patience[1:] > 0) & (patience[:-1] == 0)):
            yield {"step": int(tick), "kind": "rabbits", "day": int(tick) // r.DAY + 1}
        for tick in np.flatnonzero(np.diff(level) > 0):
            yield {"step": int(tick), "kind": "invested", "day": int(tick) // r.DAY + 1, "level": int(level[tick + 1])}
        for tick in np.flatnonzero(np.diff(mouths)):
            kind = "joined" if mouths[tick + 1] > mouths[tick] else "left"
            yield {"step": int(tick), "kind": kind, "day": int(tick) // r.DAY + 1, "mouths": int(mouths[tick + 1])}
