"""Language models in many villages at once: one forward pass for all who are free, and their sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village.agents.language_model import MODEL
from stagelight.engines.village.agents.retold import SAID
from stagelight.engines.village.exogenous import Tape
from stagelight.engines.village.llm import facts
from stagelight.engines.village.llm.small_worker import Speaker, pick
from stagelight.engines.village.training.demonstrations import Classroom, Lessons, messages


@dataclass(frozen=True)
class Rollouts:
    """Whole episodes of B villages, and every choice in them."""

    returns: NDArray[np.float64]  # (B,)
    choices: NDArray[np.int8]  # (B, 480, 3) what each began, -1 where nothing was to be chosen
    lessons: Lessons  # what was known where something was chosen, N in all
    actions: NDArray[np.int64]  # (N,) what was chosen
    said: list[str]  # (N,) the sentence after it; empty if there is none

    def events(self, village: int) -> list[dict[str, Any]]:
        """All that was done and said in one village, as `episode_trace` writes it down."""
        ticks, villages, workers = np.nonzero(self.choices.transpose(1, 0, 2) != r.FREE)  # in the order of the choices
        kept = []
        for at in np.flatnonzero(villages == village).tolist():
            action, seen = int(self.actions[at]), self.lessons.pupil.observations[at]
            event = {"step": int(ticks[at]), "kind": SAID, "agent": r.AGENTS[workers[at]], "author": MODEL,
                     "action": r.ACTIONS[action], "message": facts.message(action, self.said[at], seen)}  # fmt: skip
            kept.append(event | ({"reason": self.said[at]} if self.said[at] else {}))
        return kept


def rollouts(
    model: Speaker,
    tapes: Tape,
    temperature: float = 0.0,
    rng: Generator | None = None,
    talks: bool = True,
    report: Callable[[int], object] = lambda _: None,
) -> Rollouts:
    """Let a language model run villages to their end.

    Args:
        model: who is asked.
        tapes: of the villages, stacked.
        temperature: at which actions are drawn; 0: the likeliest.
        rng: of the drawing.
        talks: whether the others hear what is said.
        report: called with the number of ticks done.
    """
    room = Classroom.of([""], tapes)
    count = len(room.villages)
    choices = np.full((count, r.TICKS, 3), r.FREE, np.int8)
    lessons, chosen, all_said = [], [], list[str]()
    while not room.villages.over:
        seen, rows, workers = room.lessons()
        actions, said = np.zeros(0, np.int64), list[str]()
        if len(seen):
            choose = partial(pick, masks=seen.pupil.masks, temperature=temperature, rng=rng)
            actions, said = model.answers(seen.pupil.lines(), choose)
        choices[rows, room.villages.tick, workers] = actions
        room.step(rows, workers, actions, messages(seen.pupil, actions, said) if talks else [""] * len(seen))
        lessons.append(seen)
        chosen.append(actions)
        all_said += said
        report(room.villages.tick)
    return Rollouts(room.villages.returns.copy(), choices, Lessons.joined(lessons), np.concatenate(chosen), all_said)
