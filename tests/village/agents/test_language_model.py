"""A worker whose choices a language model makes. No model is needed here."""

from __future__ import annotations

import json

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village.agents.language_model import FALLBACK, MODEL, LanguageAgent, read
from stagelight.engines.village.agents.protocol import Observation
from stagelight.engines.village.llm import prompt
from stagelight.engines.village.observation import observe
from support.village import Told, village

ALL = np.ones(13, np.int8)
GOOD = {"reason": "wind is up", "action": "mill", "message": "mill_flour=12", "note": "sell at 1.2"}


def test_a_choice_is_read_with_its_words() -> None:
    choice = read(json.dumps(GOOD), ALL, 15)
    assert (choice.action, choice.message, choice.reason) == (r.GRIND, "mill_flour=12", "wind is up")
    assert (choice.author, choice.fault, choice.tokens) == (MODEL, "", 15)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("I would mill.", "no JSON object"),
        (json.dumps(GOOD | {"action": "dance"}), "no such action"),
        (json.dumps(GOOD | {"action": 4}), "no text in action"),
        (json.dumps({"reason": "wind", "message": ""}), "no text in action"),
        (json.dumps(GOOD | {"action": "invest"}), "invest is not allowed now"),
    ],
)
def test_an_invalid_reply_is_counted_and_waits(text: str, fault: str) -> None:
    mask = ALL.copy()
    mask[r.INVEST] = 0
    agent = LanguageAgent(Told(text))
    choice = agent.act(Observation(observe(village("std", 7), 1), mask))
    assert (choice.action, choice.author, choice.fault, choice.reason) == (r.WAIT, FALLBACK, fault, "")
    assert (agent.asked, agent.invalid) == (1, 1)
    assert fault in agent.memory[-1]


@pytest.mark.parametrize("said", [{"reason": "wind"}, {}, {"reason": None, "message": None}, {"message": 3}])
def test_a_text_that_is_missing_is_empty(said: dict[str, object]) -> None:
    choice = read(json.dumps({"action": "mill", **said}), ALL, 15)
    assert (choice.action, choice.fault, choice.message) == (r.GRIND, "", "")
    assert choice.reason == (said.get("reason") or "")


def test_the_fault_that_a_server_names_is_kept() -> None:
    assert read("", ALL, 5, "the model refused").fault == "the model refused"
    assert read(json.dumps(GOOD), ALL, 5, "cut off").fault == "", "what can be used is"


def test_what_the_model_says_is_cleaned_and_bounded() -> None:
    said = GOOD | {"message": "<script>" + "a" * 999, "reason": "b\u0000\n" * 999, "note": "{{ x }}" * 99}
    model = Told(json.dumps(said))
    agent = LanguageAgent(model)
    choice = agent.act(Observation(observe(village("std", 7), 1), ALL))
    assert len(choice.message) == r.MESSAGE
    assert len(choice.reason) <= prompt.REASON
    assert len(agent.note) <= prompt.NOTE
    assert not set("<{") & set(choice.message + choice.reason + agent.note)


def test_the_worker_remembers_what_it_did_and_noted() -> None:
    model = Told(json.dumps(GOOD), json.dumps(GOOD | {"note": ""}))
    agent = LanguageAgent(model, remembered=2)
    for _ in range(4):
        agent.act(Observation(observe(village("std", 7), 1), ALL))
    assert "What you did last" not in model.prompts[0][1]["content"]
    last = model.prompts[3][1]["content"]
    assert last.count("mill, because: wind is up") == 2
    assert "Your note to yourself: sell at 1.2" in last
    assert agent.tokens == 60
