"""Text that others wrote, made safe to keep and to show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stagelight.engines.village import sanitize


@given(st.text(), st.integers(1, 80))
def test_words_are_one_bounded_line_without_markup_or_hidden_characters(text: str, most: int) -> None:
    found = sanitize.plain(text, most)
    assert len(found) <= most
    assert not set(found) & set("<>{}`\n\r\t\x1b\x00\u202e\u200b")
    assert sanitize.plain(found, most) == found


def test_what_opens_markup_and_what_turns_text_around_is_left_out() -> None:
    said = "<img src=x onerror=alert(1)>\u202e {{ config }} \x1b[31m\tsell   now"
    assert sanitize.plain(said, 200) == "img src=x onerror=alert(1) config [31m sell now"
