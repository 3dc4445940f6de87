"""Teaching a small language model in the village, run for real on a tiny one with random weights."""

from __future__ import annotations

import importlib.util
import json
import time
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stagelight.engines.experiment.progress import Interrupted
from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels as ticks
from stagelight.engines.village import scenarios
from stagelight.engines.village.agents.scripted import BatchPlanned
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.evaluation import metrics as score
from stagelight.engines.village.llm.prompt import WORDS
from stagelight.engines.village.training import language, lessons, school
from stagelight.engines.village.training.lessons import balanced, watch
from stagelight.engines.village.training.networks import Policy
from stagelight.engines.village.training.trial import best_of, trial

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed in v:FutureWarning"),  # peft's
]
needed = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("transformers", "peft")), reason="the extra village-llm"
)
VOCABULARY = 97
TINY = language.Config(
    examples=48, batch=8, rate=5e-3, rank=2, alpha=4, first_layer=0, modules=("q_proj", "v_proj", "down_proj")
)


def expert() -> Policy:
    return Policy(16, torch.Generator().manual_seed(1))


def clockwork(prompts: Any) -> Any:
    """A model that answers by the hash of the prompt."""
    return np.array([np.random.default_rng(zlib.crc32(text.encode())).normal(size=13) for text in prompts], np.float32)


def tokens(text: str, add_special_tokens: bool = False) -> dict[str, list[int]]:
    """A token a word."""
    assert not add_special_tokens
    return {"input_ids": [zlib.crc32(word.encode()) % VOCABULARY for word in text.split()]}


def small() -> Any:
    """The small model, with two layers of sixteen units instead of the real ones."""
    from transformers import LlamaConfig, LlamaForCausalLM

    from stagelight.engines.village.llm.small import Small

    torch.manual_seed(0)
    found = Small.__new__(Small)
    found.tokenizer = tokens
    found.model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
        )
    ).eval()
    found.words = torch.arange(len(WORDS))
    return found


def test_a_lesson_is_an_experts_allowed_choice_with_the_line_that_led_to_it() -> None:
    found = watch(expert(), scenarios.TRAIN, range(2), 0.05, np.random.default_rng(0))
    assert len(found) == len(found.masks) == len(found.actions) == len(found.roles) > 2000
    assert (found.masks[np.arange(len(found)), found.actions] == 1).all()
    assert set(found.roles) == {0, 1, 2}
    assert all(text.startswith(r.AGENTS[role]) for text, role in zip(found.prompts, found.roles, strict=True))
    assert found.prompts[0].endswith("next")


def test_rare_actions_are_shown_more_often_than_they_come() -> None:
    found = watch(expert(), ("calm",), range(2), 0.2, np.random.default_rng(0))
    pick = balanced(found, 20_000, np.random.default_rng(0))
    came = np.bincount(found.actions[found.roles == 1], minlength=13) / (found.roles == 1).sum()
    shown = np.bincount(found.actions[pick][found.roles[pick] == 1], minlength=13) / (found.roles[pick] == 1).sum()
    assert shown[came.argmax()] < came.max()
    rare = np.flatnonzero(came > 0)[came[came > 0].argmin()]
    assert shown[rare] > came[rare]


def test_a_trial_is_whole_episodes_and_its_best_are_kept() -> None:
    tapes = score.tapes("calm", [1, 1, 1, 2, 2, 2])
    found = trial(clockwork, tapes, 1.0, np.random.default_rng(0))
    assert len(found.returns) == 6
    assert len(set(found.returns)) > 2, "words are drawn, so the same tape is run differently"
    assert (found.lessons.masks[np.arange(len(found.lessons)), found.lessons.actions] == 1).all()
    kept = best_of(found, 2)
    best = [int(found.returns[:3].argmax()), 3 + int(found.returns[3:].argmax())]
    assert len(kept) == np.isin(found.village, best).sum()
    np.testing.assert_array_equal(trial(clockwork, tapes).returns[:3], np.repeat(trial(clockwork, tapes).returns[0], 3))


def test_what_a_trial_chose_can_be_played_again() -> None:
    tapes = score.tapes("std", [1, 2])
    found = trial(clockwork, tapes)
    again = play(Villages(tapes), BatchPlanned(found.choices))
    np.testing.assert_array_equal(again.returns, found.returns)
    np.testing.assert_allclose(again.history[:, -1, ticks.J] / r.NORM, found.returns)


def test_a_pupil_is_corrected_where_it_goes_astray(tmp_path: Path) -> None:
    own = watch(expert(), ("calm",), range(2), 0.0, np.random.default_rng(0))
    found = watch(expert(), ("calm",), range(2), 0.0, np.random.default_rng(0), clockwork)
    tapes = score.tapes("calm", range(2))
    assert found.prompts == trial(clockwork, tapes).lessons.prompts, "the pupil acts"
    assert (found.actions != trial(clockwork, tapes).lessons.actions).any(), "and the expert says what is right"
    both = own + found
    lessons.keep(tmp_path / "both.npz", both)
    again = lessons.kept(tmp_path / "both.npz")
    assert again is not None
    assert again.prompts == own.prompts + found.prompts
    np.testing.assert_array_equal(again.actions, both.actions)
    whole = (tmp_path / "both.npz").read_bytes()
    for broken in (b"PK\x03\x04 cut off", whole[:200] + bytes(200) + whole[400:]):
        (tmp_path / "both.npz").write_bytes(broken)
        assert lessons.kept(tmp_path / "both.npz") is None


@needed
def test_a_tiny_model_is_taught_put_down_and_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from peft import PeftModel

    monkeypatch.setattr(school.shown, "__defaults__", (1, school.FIRST_LESSON))
    monkeypatch.setattr(school, "UNSEEN", 64)
    terms = school.Terms(TINY, replace(TINY, examples=16), 1, replace(TINY, examples=16), 1, 2)
    for _ in range(2):
        with pytest.raises(Interrupted):
            school.teach(expert(), small(), tmp_path, terms, deadline=time.monotonic())
    rest = school.teach(expert(), small(), tmp_path, terms)
    pupil = small()
    whole = school.teach(expert(), pupil, tmp_path / "whole", terms)
    assert rest.done == rest.updates == 2
    for one, other in zip(rest.policy.parameters(), whole.policy.parameters(), strict=True):
        assert torch.equal(one, other)
    changed = [name for name, value in whole.policy.named_parameters() if "lora_B" in name and value.abs().max() > 0]
    assert changed, "something was learnt"
    found = school.agreement(whole, expert())
    assert 0 <= found["agreement"] <= 1
    assert 0 < found["commonest"] < 1
    folder = language.publish(whole, tmp_path / "adapter", {"seed": 0})
    assert json.loads((folder / "about.json").read_text()) == {"seed": 0}
    assert str(tmp_path) not in (folder / "adapter_config.json").read_text()
    again = PeftModel.from_pretrained(small().model, str(folder))
    for (name, one), (_, other) in zip(again.named_parameters(), whole.policy.named_parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-3, msg=name)
