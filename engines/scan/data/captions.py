"""Sentences about a scan that say only what is so: contrast, pathology, side, size, and where its slices lie.

`describe` is given the `Fact` of an image and picks words by chance: phrasing, and which of the things it knows it
says. What is not known (the side of a patient's lesions) is not said. `SWAPPED` makes the false sentences of the
language test.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stagelight.engines.scan.data.synthetic import Fact

CONTRAST_WORDS = {"T1w": ("T1-weighted", "T1"), "T2w": ("T2-weighted", "T2"), "FLAIR": ("FLAIR", "T2-FLAIR"),
                  "T1w+contrast": ("contrast-enhanced T1-weighted", "T1-weighted post-contrast")}  # fmt: skip
PATHOLOGY_WORDS = {
    "healthy": ("no lesion", "a healthy brain", "normal anatomy"),
    "stroke": ("a chronic stroke", "an old infarct", "a stroke cavity"),
    "white-matter lesions": ("white-matter lesions", "white-matter hyperintensities"),
    "tumour": ("a tumour", "a brain tumour with oedema"),
    "multiple sclerosis": ("multiple sclerosis", "multiple sclerosis with white-matter lesions"),
    "epilepsy": ("epilepsy",),
}
SIDE_WORDS = {"left": "in the left hemisphere", "right": "in the right hemisphere", "both": "in both hemispheres"}
LEVELS = ("at the base of the brain", "in the lower part of the brain", "at the middle of the brain",
          "in the upper part of the brain", "at the top of the brain")  # fmt: skip
HEAD_OPENINGS = (
    "{contrast} MRI of the head",
    "A {contrast} head scan with skull and scalp",
    "An axial {contrast} magnetic resonance image of the head",
)
WIDE, NARROW = 0.07, 0.025  # ventricles' share of the cerebrum, above and below which it is said
OPENINGS = (
    "{contrast} MRI of the brain",
    "A {contrast} brain scan",
    "An axial {contrast} magnetic resonance image",
    "{contrast}",
)
SWAPPED = {"left": "right", "right": "left", "T1w": "T2w", "T2w": "T1w", "FLAIR": "T1w"}


def size_word(millilitres: float) -> str:
    """Small below 5 ml, large from 40 ml, "" where the volume is not known (below 0) or there is none."""
    if millilitres <= 0:
        return ""
    return "small" if millilitres < 5 else "large" if millilitres >= 40 else "medium-sized"


def level_words(height: float) -> str:
    """Where slices lie, of their middle's height in the brain: 0 is its lowest point, 1 its highest."""
    return LEVELS[int(np.clip(height * len(LEVELS), 0, len(LEVELS) - 1))]


def describe(fact: Fact, height: float | None, rng: np.random.Generator, ventricles: float = -1.0) -> str:
    """A true sentence. `height` as in `level_words`; None is of a whole volume. `ventricles`: -1 where not known.

    Raises:
        ValueError: a contrast, pathology or side that has no words.
    """
    for kind, words, value in (
        ("contrast", CONTRAST_WORDS, fact.contrast),
        ("pathology", PATHOLOGY_WORDS, fact.pathology),
        ("side", SIDE_WORDS | {"": ""}, fact.side),
    ):
        if value not in words:
            raise ValueError(f"no words for the {kind} {value!r}; choose one of {', '.join(map(repr, words))}")
    contrast = CONTRAST_WORDS[fact.contrast][int(rng.integers(len(CONTRAST_WORDS[fact.contrast])))]
    openings = HEAD_OPENINGS if fact.head else OPENINGS
    said = openings[int(rng.integers(len(openings)))].format(contrast=contrast)
    if rng.random() < 0.85:
        said += _illness(fact, rng)
    if ventricles >= 0 and not NARROW < ventricles < WIDE and rng.random() < 0.7:
        said += ", wide ventricles" if ventricles >= WIDE else ", narrow ventricles"
    if height is not None and rng.random() < 0.5:
        said += f", slices {level_words(height)}"
    return said + "."


def _illness(fact: Fact, rng: np.random.Generator) -> str:
    """What is said of the patient: ", " and the pathology, with side and size as far as they are known."""
    words = PATHOLOGY_WORDS[fact.pathology]
    illness = words[int(rng.integers(len(words)))]
    size = size_word(fact.millilitres) if fact.pathology in ("stroke", "tumour") else ""
    if size and rng.random() < 0.7:
        article, rest = illness.split(" ", 1)
        illness = f"{'a' if article == 'an' else article} {size} {rest}"
    if fact.side and rng.random() < 0.9:
        illness += f" {SIDE_WORDS[fact.side]}"
    return f", {illness}"


def swapped(fact: Fact, what: str) -> Fact:
    """The same image with one thing said wrongly: `what` is "contrast" or "side".

    Raises:
        ValueError: there is nothing to swap.
    """
    old = fact.contrast if what == "contrast" else fact.side if what == "side" else ""
    if old not in SWAPPED:
        raise ValueError(f"cannot swap the {what} {old!r}; wanted contrast, or side of a lesion on one side")
    new = SWAPPED[old]
    return replace(fact, contrast=new) if what == "contrast" else replace(fact, side=new)
