"""Words from outside, made safe to keep and to show: bounded, without control characters, never markup."""

from __future__ import annotations

import unicodedata

from stagelight.engines.village import constants as r

_MARKUP = dict.fromkeys(map(ord, "<>{}`"))
_HIDDEN = {"Cc", "Cf", "Co", "Cs"}  # control, format (bidirectional overrides too), private, half a pair


_QUOTES = dict.fromkeys(map(ord, '"\u201c\u201d\u201e\u201f\u2033\uff02'), "'")


def message(text: str) -> str:
    """What one worker says to the others: `plain`, and without a quotation mark that could end its quotation."""
    return plain(text, r.MESSAGE).translate(_QUOTES)


def plain(text: str, most: int) -> str:
    """Text that is safe to keep and to show: one line of at most `most` characters, without what opens markup."""
    text = unicodedata.normalize("NFC", text[: 8 * most])
    kept = "".join(
        " " if letter.isspace() else letter
        for letter in text.translate(_MARKUP)
        if letter.isspace() or unicodedata.category(letter) not in _HIDDEN
    )
    return " ".join(kept.split())[:most].rstrip()
