"""The copy to read without a network: it opens from a disk, plays, finds, and asks for nothing elsewhere."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from stagelight.render.cli import offline
from support.browser import SCENES, Site, Visit, manifests, needs_scenes
from support.paths import ROOT

pytestmark = [pytest.mark.browser, needs_scenes]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive, made once."""
    path = tmp_path_factory.mktemp("offline") / "site.zip"
    offline.pack(ROOT, path)
    return path


@pytest.fixture(scope="module")
def copy(archive: Path) -> Site:
    """The archive, unpacked."""
    with zipfile.ZipFile(archive) as file:
        file.extractall(archive.parent)
    folder = archive.parent / offline.FOLDER
    return Site(folder, f"{folder.as_uri()}/", manifests())


def test_the_same_files_make_the_same_archive(archive: Path, tmp_path: Path) -> None:
    offline.pack(ROOT, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()
    with zipfile.ZipFile(archive) as file:
        members = file.infolist()
    assert [member.filename for member in members] == sorted(member.filename for member in members)
    assert {member.date_time for member in members} == {offline.DATE}
    assert not [member.filename for member in members if Path(member.filename).name in offline.HOSTS]


def test_it_opens_from_a_disk_leads_everywhere_and_asks_for_nothing_elsewhere(copy: Site, browser: Any) -> None:
    with Visit(browser, copy, "index.html") as visit:
        for link in (".hero__links a", ".pages a[href*=reproduce]"):
            visit.page.goto(copy.url + "index.html")
            visit.page.click(link)
            visit.page.wait_for_load_state("load")
            assert visit.page.url.startswith(copy.url)
            assert visit.page.locator("h1").count() == 1
        visit.page.wait_for_timeout(300)
        assert [url for url in visit.requests if not url.startswith((copy.url, "data:"))] == []
        assert visit.complaints == []


def test_the_video_plays_and_the_legend_follows_it(copy: Site, browser: Any) -> None:
    with Visit(browser, copy, f"{SCENES[0]}.html") as visit:
        visit.page.click(".rail li:nth-child(2) a")
        visit.page.wait_for_function("() => document.querySelector('video').readyState > 2")
        assert visit.time() >= copy.steps()[1]["start"]
        steps, marks = visit.lit()
        assert steps == [copy.steps()[1]["step"]]
        section = next(each for each in copy.manifest["sections"] if each["step"] == steps[0])
        assert set(marks) <= {moment["id"] for moment in section["marks"]}
        visit.page.evaluate(
            "time => { document.querySelector('video').currentTime = time }", section["marks"][0]["start"] + 0.5
        )
        visit.page.wait_for_function("() => document.querySelector('.legend .is-lit')")
        assert section["marks"][0]["id"] in visit.lit()[1]


def test_captions_are_shown_on_a_disk_too(copy: Site, browser: Any) -> None:
    with Visit(browser, copy, f"{SCENES[0]}.html") as visit:
        caption = copy.manifest["sections"][0]["captions"][0]
        visit.page.click("[data-does=captions]")
        visit.page.evaluate(
            "time => { const line = document.querySelector('.controls input'); line.value = time;"
            " line.dispatchEvent(new Event('input')) }",
            caption["start"] + 0.2,
        )
        assert visit.page.locator(".scene__words").inner_text() == caption["text"]


def test_it_can_be_searched(copy: Site, browser: Any) -> None:
    with Visit(browser, copy, "reproduce.html") as visit:
        visit.page.click(".md-search__input")
        visit.page.keyboard.type("advantage")
        visit.page.wait_for_selector(".md-search-result__item a", timeout=15_000)
        links = visit.page.locator(".md-search-result__item a").evaluate_all("found => found.map(each => each.href)")
        assert [link for link in links if "rollout.html" in link]
