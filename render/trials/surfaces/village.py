"""The village: what its workers hear, what a language model's worker remembers, and the bubble over a head."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from stagelight.engines.village import constants
from stagelight.engines.village.agents.language_model import FALLBACK, MODEL, LanguageAgent
from stagelight.engines.village.agents.protocol import Observation
from stagelight.engines.village.env import AGENTS, WORDS, Village
from stagelight.render import theme, typeset
from stagelight.render.components.village import bubble
from stagelight.render.trials.answers import READ, Bench, Wrong
from stagelight.render.trials.surfaces.bench import bench, seen

WIDE, ROWS = 600.0, 4
VOICES = tuple(f"The {name} says:" for name in constants.AGENTS)
OPENS = set("<>{}`")  # what opens markup, a template or a chat's own marks


def heard(_: Path) -> Bench:
    """A message to the others stands in one line of their text, between the quotation marks of its speaker."""
    village = Village(talks=WORDS)

    def text_after(words: str) -> list[str]:
        village.reset(seed=1)
        village.say(AGENTS[0], words[: constants.MESSAGE])
        infos = village.step(dict.fromkeys(AGENTS, constants.WAIT))[-1]
        return [str(infos[agent]["text"]) for agent in AGENTS]

    usual = [text.count("\n") for text in text_after("hello")]

    def answer(words: str) -> str:
        for text, lines in zip(text_after(words), usual, strict=True):
            seen(text, 4000, "an observation")
            said = [line for line in text.split("\n") if line.startswith(VOICES)]
            if text.count("\n") > lines or len(said) > 1:
                raise Wrong("a message of more than one line", ascii(text[-300:]))
            if any(line.count('"') != 2 or not line.endswith('"') for line in said):
                raise Wrong("a message that ends its own quotation", ascii(said[0]))
            if OPENS & set("".join(said)):
                raise Wrong("a message with markup", ascii(said[0]))
        return READ

    return bench(answer)


def remembered(_: Path) -> Bench:
    """A reply's reason, message and note, as they come back in the next prompt."""
    village = Village(talks=WORDS)
    infos = village.reset(seed=1)[1]
    assert village.villages is not None
    values = village.villages.observations[0, 0].copy()
    mask = infos[AGENTS[0]]["action_mask"]
    view = Observation(values, mask)
    plain = _prompt(view, "hello")

    def answer(words: str) -> str:
        text = _prompt(view, words)
        seen(text, 6000, "a prompt")
        if text.count("\n") > plain.count("\n"):
            raise Wrong("remembered words of more than one line", ascii(text[-400:]))
        if any(
            voice in line and not line.startswith(("- day", "Your note"))
            for line in text.split("\n")
            for voice in VOICES
        ):
            raise Wrong("another's voice in a memory", ascii(text[-400:]))
        return READ

    return bench(answer)


def _prompt(view: Observation, words: str) -> str:
    """The next prompt after a reply full of such words; one that looks like a thought is taken for none, and waits."""
    agent = LanguageAgent()
    reply = json.dumps({"reason": words, "action": "wait", "message": words[: constants.MESSAGE], "note": words})
    choice = agent.takes(view, reply, 1)
    if choice.author != (FALLBACK if choice.fault else MODEL):
        raise Wrong("words with another author", choice.author)
    return agent.asks(view)[0][-1]["content"]


def bubbles(_: Path) -> Bench:
    """The lines of a speech bubble: only glyphs of the shipped font, as many lines as there is room for."""

    def answer(words: str) -> str:
        lines = bubble.wrap(words, WIDE, ROWS)
        if len(lines) > ROWS or any(bubble.width(line) > WIDE for line in lines):
            raise Wrong("words outside of their bubble", ascii(lines)[:200])
        for line in lines:
            seen(line, bubble.MOST, "a bubble")
            if lost := [each for each in line if not typeset.has(each, theme.SANS)]:
                raise Wrong("a character without a glyph", ascii(lost)[:200])
            if not np.isfinite(typeset.shape(line, theme.SANS).advance):
                raise Wrong("a line without a width", ascii(line)[:200])
        return READ

    return bench(answer)
