"""Cards: a picture of the asked size and kind, with all its words on it, and small."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stagelight.render.pages import card
from support.paths import ASSETS

FONTS = ASSETS / "fonts"


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("PNG", card.SIZE)
        return np.asarray(image.convert("RGB")).astype(int)


@pytest.mark.parametrize("words", ["", "Some words that say what the page is about. " * 40, "L" + "o" * 200 + "ng"])
def test_a_card_of_words_keeps_its_edges_free(words: str) -> None:
    data = card.written(FONTS, "Stagelight", "A title that is longer than a line of the card has room for", words)
    assert len(data) < 100_000
    ground = [int(card.NIGHT[at : at + 2], 16) for at in (1, 3, 5)]
    far = np.abs(pixels(data) - ground).sum(axis=2) > 60
    assert far[100:300, card.MARGIN : -card.MARGIN].any()
    assert not far[-20:, 20:].any()
    assert far[:, 20 : card.MARGIN - 8].sum() == 0


def test_other_words_are_another_card_and_the_same_words_the_same_bytes() -> None:
    first = card.written(FONTS, "Stagelight", "One", "words")
    assert card.written(FONTS, "Stagelight", "Two", "words") != first
    card.written.cache_clear()
    assert card.written(FONTS, "Stagelight", "One", "words") == first


def test_a_poster_is_shown_whole(tmp_path: Path) -> None:
    Image.new("RGB", (1280, 720), "#ff0000").save(tmp_path / "poster.webp", lossless=True)
    red = pixels(card.pictured(tmp_path / "poster.webp"))[:, :, 0] > 200
    assert red.any(axis=1).all()
    assert red.any(axis=0).sum() == pytest.approx(card.SIZE[1] * 16 / 9, abs=1)


def test_the_card_has_the_colours_of_the_page() -> None:
    style = (ASSETS / "css/base.css").read_text(encoding="utf-8")
    for name, colour in (("night", card.NIGHT), ("ivory", card.IVORY), ("mist", card.MIST), ("attention", card.AMBER)):
        assert re.search(rf"--{name}: {colour};", style, re.I), name
