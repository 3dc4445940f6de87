"""The pages in Firefox: nothing is refused, formulas have their font, and the player plays."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from support.browser import SCENES, Site, needs_scenes

if TYPE_CHECKING:
    from support.firefox import Firefox

pytestmark = [pytest.mark.browser, needs_scenes]


@pytest.fixture(scope="module")
def firefox() -> Iterator[Firefox]:
    """Firefox, started once."""
    program = shutil.which("firefox") or shutil.which("firefox-esr")
    if not program:
        pytest.skip("firefox is not installed: apt install firefox-esr")
    pytest.importorskip("tornado")
    from support.firefox import Firefox  # only where it is to be run

    opened = Firefox(program)
    yield opened
    opened.close()


@pytest.mark.parametrize("path", ["", *(f"{scene}/" for scene in SCENES), "architecture/", "leaderboard/"])
def test_nothing_is_refused_nor_complained_of_and_nothing_scrolls_sideways(
    site: Site, firefox: Firefox, path: str
) -> None:
    firefox.open(site.url + path)
    firefox.run("new Promise(done => setTimeout(done, 500))")  # Firefox fetches the next page ahead, once it has time
    assert firefox.run("refused") == []
    assert firefox.complaints == []
    firefox.widen(320, 700)
    assert firefox.run("document.documentElement.scrollWidth") <= 320
    firefox.widen(1280, 800)


@pytest.mark.parametrize("scene", SCENES)
def test_formulas_are_set_with_the_font_that_is_shipped(site: Site, firefox: Firefox, scene: str) -> None:
    firefox.open(f"{site.url}{scene}/")
    loaded = "document.fonts.ready.then(() => [...document.fonts].filter(each => each.status === 'loaded')"
    assert any("STIX Two Math" in name for name in firefox.run(f"{loaded}.map(each => each.family))"))
    assert "STIX Two Math" in firefox.run("getComputedStyle(document.querySelector('math mi')).fontFamily")


@pytest.mark.parametrize("scene", SCENES)
def test_a_step_plays_below_the_pages_own_controls(site: Site, firefox: Firefox, scene: str) -> None:
    step = site._replace(scene=scene).steps()[1]
    firefox.open(f"{site.url}{scene}/")
    assert firefox.run("[document.querySelector('video').controls, document.querySelector('.controls').hidden]") == [
        False,
        False,
    ]
    firefox.run(f"document.querySelector(\".rail a[href='#step-{step['step']}']\").click()")
    film = "document.querySelector('video')"
    time = firefox.run(
        f"new Promise(done => {{ const later = setInterval(() => {{ if ({film}.currentTime > {step['start']} + 0.2)"
        f" {{ clearInterval(later); done({film}.currentTime) }} }}, 50) }})"
    )
    assert step["start"] < time < step["start"] + 10
    assert firefox.run("document.querySelector('.scene__still').hidden")
    assert firefox.run("document.querySelector('.rail [aria-current] .rail__number').textContent") == step["step"]
    assert firefox.complaints == []
