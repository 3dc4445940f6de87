"""What a model said is never trusted: bounded, without control characters, never markup."""

from __future__ import annotations

import unicodedata

_MARKUP = dict.fromkeys(map(ord, "<>{}`"))
_HIDDEN = {"Cc", "Cf", "Co", "Cs"}  # control, format (bidirectional overrides too), private, half a pair


def plain(text: str, most: int) -> str:
    """Text that is safe to keep and to show: one line of at most `most` characters, without what opens markup."""
    text = unicodedata.normalize("NFC", text[: 8 * most])
    kept = "".join(
        " " if letter.isspace() else letter
        for letter in text.translate(_MARKUP)
        if letter.isspace() or unicodedata.category(letter) not in _HIDDEN
    )
    return " ".join(kept.split())[:most].rstrip()
