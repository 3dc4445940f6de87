"""Sentences about scans: they say nothing that is not so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("scipy")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.data import captions  # noqa: E402
from stagelight.engines.scan.data.synthetic import Fact  # noqa: E402

FACTS = st.builds(
    Fact,
    contrast=st.sampled_from(sorted(captions.CONTRAST_WORDS)),
    pathology=st.sampled_from(sorted(captions.PATHOLOGY_WORDS)),
    side=st.sampled_from(["left", "right", "both", ""]),
    millilitres=st.floats(-1, 200),
    real=st.booleans(),
    head=st.booleans(),
).map(lambda fact: replace(fact, side="", millilitres=0.0) if fact.pathology == "healthy" else fact)


@given(FACTS, st.one_of(st.none(), st.floats(0, 1)), st.just(-1.0) | st.floats(0, 0.15), st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_a_sentence_says_nothing_that_is_not_so(fact: Fact, height: float | None, ventricles: float, seed: int) -> None:
    said = captions.describe(fact, height, np.random.default_rng(seed), ventricles)
    assert ("head" in said) == fact.head
    assert "wide ventricles" not in said or ventricles >= captions.WIDE
    assert "narrow ventricles" not in said or 0 <= ventricles <= captions.NARROW
    sides = {side for side, words in captions.SIDE_WORDS.items() if words in said}
    assert sides <= {fact.side}
    kinds = {kind for kind, words in captions.PATHOLOGY_WORDS.items() if any(f", {w}" in said for w in words)}
    assert kinds <= {fact.pathology}
    assert any(word in said for word in captions.CONTRAST_WORDS[fact.contrast])
    for size in ("small", "large", "medium-sized"):
        assert size not in said or size == captions.size_word(fact.millilitres)
    levels = [level for level in captions.LEVELS if level in said]
    assert levels in ([], [] if height is None else [captions.level_words(height)])


@given(FACTS.filter(lambda f: f.side in ("left", "right")))
def test_a_swapped_side_is_said_wrongly_and_swapping_again_rights_it(fact: Fact) -> None:
    wrong = captions.swapped(fact, "side")
    assert {wrong.side, fact.side} == {"left", "right"}
    assert captions.swapped(wrong, "side") == fact


def test_heads_are_called_heads_and_ventricles_what_they_are() -> None:
    fact = Fact("T1w", "healthy", "", 0, True, head=True)
    said = [captions.describe(fact, None, np.random.default_rng(seed), 0.1) for seed in range(40)]
    openings = {
        opening.format(contrast=c) for opening in captions.HEAD_OPENINGS for c in captions.CONTRAST_WORDS["T1w"]
    }
    assert {opening for opening in openings if any(s.startswith(opening) for s in said)} == openings
    assert 20 < sum(", wide ventricles" in s for s in said) < 40
    said = [captions.describe(fact, None, np.random.default_rng(seed), 0.02) for seed in range(40)]
    assert 20 < sum(", narrow ventricles" in s for s in said) < 40
    assert captions.swapped(fact, "contrast") == replace(fact, contrast="T2w")


def test_words_for_what_has_none_are_refused() -> None:
    with pytest.raises(ValueError, match=r"contrast 'PD'.*T1w"):
        captions.describe(Fact("PD", "healthy", "", 0, True), None, np.random.default_rng(0))
    with pytest.raises(ValueError, match="cannot swap the side ''"):
        captions.swapped(Fact("T1w", "healthy", "", 0, True), "side")
