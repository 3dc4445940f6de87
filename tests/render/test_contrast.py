"""All text can be read: every text in every section, on the pixels that are really round it, and four colours
that colour-blind eyes tell apart.

Wanted, after WCAG 2.2, 1.4.3: 4.5:1; for large type, 48 px of the stage or bold from 36 px, 3:1. No type is below
36 px of the stage, which is 24 px at 720p. Type that is just fading in or out is let be.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from stagelight.engines import recording
from stagelight.render import theme
from stagelight.render.pen import Pen
from stagelight.render.pipeline import gallery
from stagelight.render.scene import Scene, Section
from stagelight.render.scenes.rollout import Rollout
from stagelight.render.scenes.scan import Scan
from stagelight.render.scenes.village import Village
from support.contrast import ENOUGH, ENOUGH_LARGE, linear, luminance, ratio, seen, texts
from support.paths import RECORDINGS

SCENES: dict[str, type[Scene]] = {"rollout": Rollout, "village": Village, "scan": Scan}
SECTIONS = [  # of the scenes that are recorded; a scene may wait for its recording
    section
    for name, scene in SCENES.items()
    if (RECORDINGS / f"{name}.json").is_file()
    for section in scene(recording.load(RECORDINGS, name)).sections()
]
EXHIBITS = tuple(gallery.section(name, exhibit) for name, exhibit in gallery.exhibits())


# --- how well it is seen ------------------------------------------------------------------------------


@pytest.mark.parametrize("section", [*SECTIONS, *EXHIBITS], ids=lambda section: section.name)
def test_every_text_reads_on_what_is_really_round_it(section: Section) -> None:
    small, faint = set[str](), set[str]()
    for t in (section.still, *(section.seconds * share for share in (0.25, 0.5, 0.75))):
        frame, found = texts(section, t)
        assert found or section in EXHIBITS, f"nothing to read at {t:g} s"
        for said in found:
            if said.size < theme.FLOOR - 0.01:
                small.add(str(said))
            if (contrast := seen(frame, said)) < said.wanted:
                faint.add(f"{said}: {contrast:.1f}:1 at {t:.1f} s, wanted {said.wanted:g}:1")
    assert not small, f"below {theme.FLOOR} px: {sorted(small)}"
    assert not faint, "\n".join(sorted(faint))


def test_the_measure_sees_what_is_there() -> None:
    """A faint text, a text on a light ground and one that is covered fail; a plain one gives its colour's contrast."""

    def paint(pen: Pen, _: float) -> None:
        pen.text("plain", 100, 200, 48, theme.TEXT)
        with pen.faded(0.4), pen.moved(0, 0, 0.5):
            pen.text("faint", 200, 800, 72, theme.QUIET)
        pen.context.rectangle(90, 500, 300, 100)
        pen.fill(theme.TEXT)
        pen.text("on light", 100, 560, 48, theme.QUIET)
        pen.text("covered", 100, 760, 48, theme.TEXT)
        pen.context.rectangle(90, 700, 300, 100)
        pen.fill(theme.NIGHT, 0.9)

    frame, found = texts(Section("s", None, "", 1.0, paint, lambda pen: None, (), (), 0.5, ""), 0.5)
    contrast = {said.words: round(seen(frame, said), 1) for said in found}
    assert 15 < contrast["plain"] < 17
    assert {words for words, value in contrast.items() if value < ENOUGH_LARGE} == {"faint", "on light", "covered"}
    assert {said.words: said.size for said in found}["faint"] == 36
    assert {said.words: round(said.alpha, 2) for said in found}["faint"] == 0.4


# --- the palette --------------------------------------------------------------------------------------

MEANING = {name: getattr(theme, name) for name in ("ATTENTION", "KEPT", "LOST", "BELIEF")}
# What is left of light's colours without one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1).
BLIND = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
APART = 10.0  # CIEDE2000; 1 is just noticed side by side. The nearest: good and belief, 11 for tritan eyes


def lab(light: NDArray[np.floating]) -> NDArray[np.floating]:
    """CIELAB, D65, of linear sRGB."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    scaled = (to_xyz @ light.clip(0, 1)) / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def ciede2000(one: NDArray[np.floating], two: NDArray[np.floating]) -> float:
    """The colour difference of CIE 142-2001, in the notation of Sharma, Wu and Dalal (2005)."""
    (L1, a1, b1), (L2, a2, b2) = one, two
    mean_C = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    G = 0.5 * (1 - np.sqrt(mean_C**7 / (mean_C**7 + 25**7)))
    C1, C2 = np.hypot((1 + G) * a1, b1), np.hypot((1 + G) * a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, (1 + G) * a)) for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180
    dH = 2 * np.sqrt(C1 * C2) * np.sin(np.radians(turn) / 2)
    L, C, h = (L1 + L2) / 2, (C1 + C2) / 2, h1 + turn / 2
    waves = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))
    T = 1 + sum(height * np.cos(np.radians(times * h + shift)) for height, times, shift in waves)
    lightness = (L2 - L1) / (1 + 0.015 * (L - 50) ** 2 / np.sqrt(20 + (L - 50) ** 2))
    chroma, hue = (C2 - C1) / (1 + 0.045 * C), dH / (1 + 0.015 * C * T)
    bend = np.sin(np.radians(60 * np.exp(-((((h % 360) - 275) / 25) ** 2))))
    rotation = -2 * np.sqrt(C**7 / (C**7 + 25**7)) * bend
    return float(np.sqrt(lightness**2 + chroma**2 + hue**2 + rotation * chroma * hue))


def test_the_colour_difference_is_the_published_one() -> None:
    """Two of the pairs that Sharma, Wu and Dalal give for testing."""
    pairs = (((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425), ((50, 2.5, 0), (73, 25, -18), 27.1492))
    for one, two, wanted in pairs:
        assert ciede2000(np.array(one), np.array(two)) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("eyes", BLIND)
@pytest.mark.parametrize("pair", list(combinations(MEANING, 2)), ids="-".join)
def test_colours_that_mean_something_stay_apart_for_colour_blind_eyes(eyes: str, pair: tuple[str, str]) -> None:
    one, two = (lab(np.array(BLIND[eyes]) @ linear(np.array(theme.rgb(MEANING[name])))) for name in pair)
    assert ciede2000(one, two) >= APART


@pytest.mark.parametrize("colour", [theme.TEXT, theme.QUIET, *MEANING.values()])
@pytest.mark.parametrize("ground", [theme.NIGHT, theme.NIGHT_HIGH])
def test_every_colour_reads_on_the_night(colour: str, ground: str) -> None:
    one, two = (luminance(np.array(theme.rgb(each))) for each in (colour, ground))
    assert ratio(one, two) >= (7.0 if colour in {theme.TEXT, theme.QUIET} else ENOUGH)
