"""A small language model as one worker: one line in, one word and a sentence out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.village import rules as r
from stagelight.engines.village.llm import facts, prompt, words
from stagelight.engines.village.llm.agent import MODEL, Choice

NextWord = Callable[[Sequence[str]], NDArray[np.float32]]  # (N,) lines -> (N, 13) logits of facts.WORDS


class Speaker(Protocol):
    """A model that chooses and says why, such as `smollm.SmolLM`."""

    def next_word(self, lines: Sequence[str]) -> NDArray[np.float32]:
        """(N, 13) logits of the words that may follow."""

    def sentences(self, lines: Sequence[str], actions: Sequence[int]) -> list[str]:
        """What is said after each choice; empty for nothing."""


class SmallWorker:
    """One worker over one episode: chooses, then says why in the model's own words.

    What they see they report in every tick, as the trained policy's workers do; beside it the others hear the fact that
    the sentence states.
    """

    reports = True

    def __init__(self, model: Speaker) -> None:
        """A worker who has done nothing yet.

        Args:
            model: who answers.
        """
        self.model, self.did = model, r.FREE

    def see(self, observation: NDArray[np.float32]) -> None:
        """Remember what was last being done."""
        if observation[r.ACTION] >= 0:
            self.did = int(observation[r.ACTION])

    def act(self, observation: NDArray[np.float32], mask: NDArray[np.int8], heard: dict[str, str]) -> Choice:
        """The likeliest of the words that are allowed, valid by construction, and the sentence after it."""
        line = prompt.short(observation, self.did)
        action = int(pick(self.model.next_word([line]), mask[None])[0])
        said = words.plain(self.model.sentences([line], [action])[0], prompt.REASON)
        return Choice(action, facts.message(said), said, MODEL, "", (len(line) + len(said)) // 3)


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
