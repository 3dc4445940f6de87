"""Numbers as they are printed in a picture and said in a caption."""

from __future__ import annotations

MINUS = "\N{MINUS SIGN}"
COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def percent(probability: float) -> str:
    """A probability to one decimal, and never certainty, which a softmax does not reach."""
    words = f"{100 * probability:.1f} %"
    return "> 99.9 %" if words == "100.0 %" else words


def in_words(count: int) -> str:
    """A small count in words; a large one in digits."""
    return COUNTS[count] if count < len(COUNTS) else str(count)


def counted(count: int, thing: str) -> str:
    """A count of things in words: `one move`, `two moves`."""
    return f"{in_words(count)} {thing}{'' if count == 1 else 's'}"


def signed(value: float) -> str:
    """A number to three digits with its sign."""
    return with_minus(f"{value:+.3g}")


def with_minus(number: str) -> str:
    """A printed number with a true minus sign in place of a hyphen."""
    return number.replace("-", MINUS)
