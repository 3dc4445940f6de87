"""A small language model as one worker: one line in, one word and a sentence out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import sanitize
from stagelight.engines.village.agents.language_model import MODEL
from stagelight.engines.village.agents.protocol import Choice, Observation
from stagelight.engines.village.llm import facts, prompt
from stagelight.engines.village.llm.smollm import Choose


class Speaker(Protocol):
    """A model that chooses and says why, such as `smollm.SmolLM`."""

    def answers(self, lines: Sequence[str], choose: Choose) -> tuple[NDArray[np.int64], list[str]]:
        """(N,) actions by their logits, (N, 13), and what is said after each; empty for nothing."""


class Mute:
    """A model whose words nobody asks for, such as one that was not taught any."""

    def __init__(self, next_word: Callable[[Sequence[str]], NDArray[np.float32]]) -> None:
        """A model.

        Args:
            next_word: (N,) lines -> (N, 13) logits of the words that may follow.
        """
        self.next_word = next_word

    def answers(self, lines: Sequence[str], choose: Choose) -> tuple[NDArray[np.int64], list[str]]:
        """(N,) actions, and nothing said after them."""
        return choose(self.next_word(lines)), [""] * len(lines)


class SmallWorker:
    """One worker over one episode: chooses, then says why in the model's own words.

    The others hear what is done and, where the worker sees it now, the fact that the sentence states; nothing else.
    """

    reports = False

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

    def act(self, observation: Observation) -> Choice:
        """The likeliest of the words that are allowed, valid by construction, and the sentence after it."""
        line = prompt.short(observation.values, self.did)
        actions, said = self.model.answers([line], partial(pick, masks=observation.mask[None]))
        action, reason = int(actions[0]), sanitize.plain(said[0], prompt.REASON)
        heard = facts.message(action, reason, observation.values)
        return Choice(action, heard, reason, MODEL, "", (len(line) + len(reason)) // 3)


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
