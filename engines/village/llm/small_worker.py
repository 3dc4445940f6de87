"""A small language model as one worker: one line in, one word out, no words of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village.agents.language_model import MODEL
from stagelight.engines.village.agents.protocol import Choice, Observation
from stagelight.engines.village.llm import prompt

NextWord = Callable[[Sequence[str]], NDArray[np.float32]]  # (N,) prompts -> (N, 13) logits of prompt.WORDS


class SmallWorker:
    """One worker over one episode. What is to be said is the standard report; a reason is not asked for."""

    reports = True

    def __init__(self, next_word: NextWord) -> None:
        """A worker who has done nothing yet.

        Args:
            next_word: `small.Small.next_word`.
        """
        self.next_word, self.last = next_word, r.FREE

    def see(self, observation: NDArray[np.float32]) -> None:
        """Nothing is remembered but the last choice."""

    def act(self, observation: Observation) -> Choice:
        """The likeliest of the words that are allowed: valid by construction."""
        line = prompt.short(observation.values, self.last)
        self.last = int(pick(self.next_word([line]), observation.mask[None])[0])
        return Choice(self.last, "", "", MODEL, "", len(line) // 3)


def pick(
    logits: NDArray[np.float32], masks: NDArray[np.int8], temperature: float = 0.0, rng: Generator | None = None
) -> NDArray[np.int64]:
    """(N,) of the words that are allowed the likeliest; above temperature 0 drawn, by `rng`."""
    scores = np.where(masks > 0, logits, -np.inf)
    if temperature > 0:
        assert rng is not None
        scores = scores / temperature + rng.gumbel(size=scores.shape)
    picked: NDArray[np.int64] = scores.argmax(1)
    return picked
