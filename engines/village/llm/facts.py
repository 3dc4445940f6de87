"""The facts of a worker's line that a sentence can state, each with its value as the line shows it.

    sentence(fact, observation)   "flour at the bakery is 12"
    parse(text)                   ("bakery_flour", "12"); None where the text states no fact

A sentence is true if what `parse` reads from it is what `shown` gives for the observation that its speaker had.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r

# One word for each action, each a single token after a space in SmolLM2's vocabulary; as constants.ACTIONS.
WORDS = (
    "wait", "farm", "guard", "wheat", "mill", "flour", "bake", "serve", "bank", "draw", "sell", "buy", "invest",
)  # fmt: skip
FREE = "free"  # in place of a word, of a worker who does nothing
WIND = ("still", "half", "full")
OMEN = ("hold", "drop")


@dataclass(frozen=True)
class Fact:
    """One number of an observation, and how it is put into words."""

    name: str
    column: int  # of the observation
    template: str  # of the sentence
    words: tuple[str, ...] = ()  # of its values, from the least; a number as it is if there are none
    scale: float = 1.0  # what the value is multiplied with before it is rounded

    @property
    def counted(self) -> bool:
        """Whether it is a number of things, of which there may be none."""
        return not self.words and self.scale == 1 and self.column >= r.KNOWS

    def level(self, observations: NDArray[np.float32]) -> NDArray[np.int64]:
        """(N,) the whole numbers that tell apart the values which are shown."""
        found: NDArray[np.int64] = np.rint(observations[..., self.column] * self.scale).astype(np.int64)
        return found - r.FREE if self.words[:1] == (FREE,) else found

    def shown(self, observation: NDArray[np.float32]) -> str:
        """Its value as the line shows it."""
        level = int(self.level(observation))
        if self.words:
            return self.words[min(max(level, 0), len(self.words) - 1)]
        return str(level) if self.scale == 1 else f"{level / self.scale:.1f}"


def _known(name: str, template: str, words: tuple[str, ...] = (), scale: float = 1.0) -> Fact:
    return Fact(name, r.KNOWS + r.KNOWN.index(name), template, words, scale)


FACTS = (
    _known("ripe", "ripe plots are {}"),
    _known("cut_wheat", "wheat in the field is {}"),
    _known("rabbits", "rabbits in the field are {}"),
    _known("mill_wheat", "wheat at the mill is {}"),
    _known("mill_flour", "flour at the mill is {}"),
    _known("wind", "the wind is {}", WIND, 2.0),
    _known("omen", "the wind will {}", OMEN),
    _known("bakery_flour", "flour at the bakery is {}"),
    _known("bakery_bread", "bread at the bakery is {}"),
    _known("square_bread", "bread on the square is {}"),
    _known("mouths", "mouths to feed are {}"),
    _known("granary", "flour in the bank is {}"),
    _known("coins", "coins are {}"),
    _known("price", "flour sells at {}", (), 10.0),
    *(_known(f"{name}_does", f"the {name} is on {{}}", (FREE, *WORDS)) for name in r.AGENTS),
    Fact("level", r.LEVEL, "the level is {}"),
    Fact("day", r.TODAY, "the day is {}"),
    Fact("hour", r.TICK, "the hour is {}"),
)
BY_NAME = {fact.name: fact for fact in FACTS}
GONE = "gone"  # how a sentence says that of something counted there is nothing
_FORMS = [
    (fact.name, re.compile(re.escape(fact.template).replace(r"\{\}", r"([a-z]+|\d+(?:\.\d)?)"))) for fact in FACTS
]


def sentence(fact: Fact, observation: NDArray[np.float32]) -> str:
    """The fact in plain English, what it is of before how much, so that the value is looked up and not guessed."""
    value = fact.shown(observation)
    return fact.template.format(GONE if value == "0" and fact.counted else value)


def parse(text: str) -> tuple[str, str] | None:
    """The name of the fact that a sentence states, and the value it states; None if it states none."""
    for name, form in _FORMS:
        match = form.fullmatch(text.strip())
        if match:
            return name, "0" if match[1] == GONE and BY_NAME[name].counted else match[1]
    return None


def message(action: int, text: str, observation: NDArray[np.float32]) -> str:
    """What the other workers hear of a choice and its sentence, as `observation.understand` reads it.

    What is done is always told. The fact is told where its speaker sees it now: what was only heard of is not passed on
    as news.

    Args:
        action: index into constants.ACTIONS.
        text: the sentence; empty if there is none.
        observation: (44,) of its speaker.
    """
    said, found = f"doing={r.ACTIONS[action]}", parse(text)
    if found is None or found[0] not in r.KNOWN[: r.FARMER_DOES]:
        return said
    (name, value), at = found, r.AGE + r.KNOWN.index(found[0])
    fact = BY_NAME[name]
    if fact.words:
        value = f"{fact.words.index(value) / fact.scale:g}" if value in fact.words else ""
    return f"{said} {name}={value}" if value and observation[at] == 0 else said


def differing(
    fact: Fact, observations: NDArray[np.float32], donors: NDArray[np.float32], rng: np.random.Generator, tries: int = 4
) -> NDArray[np.int64]:
    """(N,) for each observation one of the donors that shows another value of the fact, or its last try.

    Args:
        fact: to be changed.
        observations: (N, 44).
        donors: (M, 44) real observations.
        rng: of the drawing.
        tries: how often a donor is drawn for an observation that has not found one.
    """
    own, theirs = fact.level(observations), fact.level(donors)
    drawn = rng.integers(len(donors), size=len(observations))
    for _ in range(tries - 1):
        same = np.flatnonzero(theirs[drawn] == own)
        drawn[same] = rng.integers(len(donors), size=len(same))
    return drawn
