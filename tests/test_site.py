"""The built site in a real browser: what a reader meets, and what a reader must never meet."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from browsing import ASSETS, Site, Visit, needs_scenes

pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

BUILT = ("videos", "posters", "stills", "captions")

pytestmark = [pytest.mark.browser, needs_scenes]


def cues(site: Site) -> list[tuple[float, float, dict[str, Any]]]:
    """The cues of the legend track: start, end, payload."""
    text = (site.folder / site.manifest["tracks"]["legend"]).read_text(encoding="utf-8")
    found = re.findall(r"(?:(\d+):)?(\d+):([\d.]+) --> (?:(\d+):)?(\d+):([\d.]+).*\n(.+)", text)

    def seconds(hours: str, minutes: str, rest: str) -> float:
        return 3600 * int(hours or 0) + 60 * int(minutes) + float(rest)

    return [(seconds(*row[:3]), seconds(*row[3:6]), json.loads(row[6])) for row in found]


def legend_at(site: Site, time: float) -> list[str]:
    """The legend entries that belong to a time, in the order of the page."""
    wanted = {mark for start, end, cue in cues(site) if start <= time + 0.001 < end for mark in cue["legend"]}
    return [entry["id"] for entry in site.manifest["legend"] if entry["id"] in wanted]


# --- files ------------------------------------------------------------------------------------------------------


def test_every_asset_a_page_names_exists(site: Site) -> None:
    named = 0
    for page in site.folder.rglob("*.html"):
        for link in re.findall(r'\b(?:src|href|poster)="([^"#?]+)', page.read_text(encoding="utf-8")):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = site.folder / parts.path.lstrip("/") if parts.path.startswith("/") else page.parent / parts.path
            assert target.exists(), f"{page.relative_to(site.folder)} names {link}, which the site does not have"
            named += 1
    assert named > 50


def test_every_built_asset_is_named_and_every_named_asset_is_built(site: Site) -> None:
    manifests = [json.loads(path.read_text(encoding="utf-8")) for path in (site.folder / "videos").glob("*.json")]
    named = {
        file for manifest in manifests for file in re.findall(rf'"((?:{"|".join(BUILT)})/[^"]+)"', json.dumps(manifest))
    } | {f"videos/{manifest['scene']}.json" for manifest in manifests}
    found = {str(path.relative_to(site.folder)) for name in BUILT for path in (site.folder / name).iterdir()}
    assert found == named


def test_a_step_of_the_page_is_a_step_of_the_scene(site: Site) -> None:
    page = (site.folder / "rollout" / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'<h2 id="step-(\d+)">', page) == [step["step"] for step in site.steps()]
    assert [step["step"] for step in site.steps()] == ["01", "02", "03", "04"]


# --- what a reader never meets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "rollout/", "how-it-is-made/", "decisions/", "404.html"])
def test_no_third_party_no_error_no_video_before_play(site: Site, browser: Any, path: str) -> None:
    with Visit(browser, site, path) as visit:
        visit.page.wait_for_timeout(300)
        assert [url for url in visit.requests if not url.startswith(site.url)] == []
        assert visit.complaints == []
        assert [url for url in visit.requests if url.endswith(".mp4")] == []


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_the_preview_moves_only_where_it_is_asked_for(site: Site, browser: Any, motion: str) -> None:
    def asked(visit: Visit) -> bool:
        visit.page.wait_for_timeout(300)
        return any(url.endswith(site.manifest["preview"]["file"]) for url in visit.requests)

    with Visit(browser, site, "", reduced_motion=motion) as visit:
        assert not asked(visit), "nothing moves, or is loaded, unasked"
        visit.page.hover(".poster")
        assert asked(visit) is (motion == "no-preference")
        moving = visit.page.locator(".poster__preview")
        assert moving.is_visible() is (motion == "no-preference")
        visit.page.mouse.move(0, 0)
        assert not moving.is_visible()
        assert visit.complaints == []


def test_of_all_pictures_the_first_page_loads_the_poster_alone(site: Site, browser: Any) -> None:
    with Visit(browser, site, "") as visit:
        visit.page.wait_for_timeout(300)
        images = [url.removeprefix(site.url) for url in visit.requests if "/posters/" in url or "/stills/" in url]
        assert images == [site.manifest["poster"]["file"]]
        assert site.manifest["poster"]["bytes"] <= 100_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "rollout/"])
def test_every_width_and_scheme_fits_and_is_accessible(site: Site, browser: Any, path: str, scheme: str) -> None:
    with Visit(browser, site, path, color_scheme=scheme, reduced_motion="reduce") as visit:
        assert (
            visit.page.evaluate("document.body.dataset.mdColorScheme") == {"light": "default", "dark": "slate"}[scheme]
        )
        visit.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        for width in (360, 768, 1280, 1440):
            visit.page.set_viewport_size({"width": width, "height": 800})
            inner, outer = visit.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert inner <= outer, f"scrolls sideways at {width} px"
            if width in (360, 1280):
                found = axe.Axe().run(visit.page).response["violations"]
                told = [f"{rule['id']}: {[node['html'][:120] for node in rule['nodes'][:3]]}" for rule in found]
                assert told == [], f"at {width} px"


# --- the player -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["video", "av1"])
def test_either_video_plays_and_shows_each_step_where_it_starts(site: Site, browser: Any, kind: str) -> None:
    if not site.manifest[kind]:
        pytest.skip("the scene has no AV1")
    file = site.manifest[kind]["file"]
    with Visit(browser, site, "rollout/") as visit:
        duration = visit.page.evaluate(
            """async (src) => { const video = document.querySelector('video');
                await new Promise((loaded) => { video.onloadeddata = loaded; video.src = src; video.load() });
                return video.duration }""",
            f"../{file}",
        )
        assert duration == pytest.approx(site.manifest["duration"], abs=0.001)
        for section in site.manifest["sections"]:
            shown = visit.page.evaluate(
                """async (time) => { const video = document.querySelector('video');
                    const seeked = new Promise((found) => video.requestVideoFrameCallback((_, frame) => found(frame)));
                    video.currentTime = time; return (await seeked).mediaTime }""",
                section["start"] + 0.001,
            )
            assert shown == pytest.approx(section["start"], abs=0.002), section["name"]


def test_the_browser_takes_the_first_video_it_can_play(site: Site, browser: Any) -> None:
    with Visit(browser, site, "rollout/") as visit:
        visit.page.evaluate("document.querySelector('video').load()")
        visit.page.evaluate(
            "document.querySelector('video').play().then(() => document.querySelector('video').pause())"
        )
        playing = visit.page.evaluate("document.querySelector('video').currentSrc")
        wanted = site.manifest["av1"] or site.manifest["video"]
        assert playing.endswith(wanted["file"])


def test_a_step_seeks_the_video_and_lights_itself_and_its_legend(site: Site, browser: Any) -> None:
    with Visit(browser, site, "rollout/") as visit:
        for step in site.steps():
            visit.page.click(f".rail a[href='#step-{step['step']}']")
            visit.page.wait_for_function(
                "([from, to]) => { const v = document.querySelector('video');"
                " return v.readyState > 1 && !v.seeking && v.currentTime >= from && v.currentTime < to }",
                arg=[step["start"] - 0.05, step["start"] + 5],
            )
            visit.page.evaluate("document.querySelector('video').pause()")
            assert step["start"] - 0.05 <= visit.time() < step["start"] + 5
            assert visit.lit() == ([step["step"]], legend_at(site, visit.time()))
        assert visit.complaints == []


def test_the_page_follows_the_video(site: Site, browser: Any) -> None:
    with Visit(browser, site, "rollout/") as visit:
        visit.page.evaluate("document.querySelector('video').play()")
        visit.page.wait_for_function("document.querySelector('video').readyState > 2")
        visit.page.evaluate("document.querySelector('video').pause()")
        for section in site.manifest["sections"]:
            middle = section["start"] + section["duration"] / 2
            visit.page.evaluate("time => { document.querySelector('video').currentTime = time }", middle)
            visit.page.wait_for_function("!document.querySelector('video').seeking")
            visit.page.wait_for_timeout(60)
            assert visit.lit() == ([section["step"]] if section["step"] else [], legend_at(site, middle))


def test_keys_go_to_a_step_while_the_player_has_the_focus(site: Site, browser: Any) -> None:
    with Visit(browser, site, "rollout/") as visit:
        visit.page.keyboard.press("2")
        assert visit.time() == 0
        visit.page.focus("video")
        for index, step in enumerate(site.steps(), 1):
            visit.page.keyboard.press(str(index))
            visit.page.wait_for_timeout(80)
            assert step["start"] <= visit.time() < step["start"] + 2


def test_a_still_plays_from_its_step(site: Site, browser: Any) -> None:
    with Visit(browser, site, "rollout/") as visit:
        step = site.steps()[2]
        visit.page.click(f".still a[data-seek='{step['start']:g}']")
        visit.page.wait_for_function("!document.querySelector('video').paused")
        assert step["start"] <= visit.time() < step["start"] + 5


def test_an_address_names_a_moment(site: Site, browser: Any) -> None:
    for address, time in (("#t=12.5", 12.5), ("#step-03", site.steps()[2]["start"])):
        with Visit(browser, site, f"rollout/{address}") as visit:
            assert visit.time() == pytest.approx(time)
            assert [url for url in visit.requests if url.endswith(".mp4")] == []


def test_reduced_motion_shows_stills_and_plays_nothing(site: Site, browser: Any) -> None:
    with Visit(browser, site, "rollout/", reduced_motion="reduce") as visit:
        for step in site.steps():
            visit.page.click(f".rail a[href='#step-{step['step']}']")
            visit.page.wait_for_function("document.querySelector('.rail [aria-current]')")
            video = visit.page.evaluate(
                "(video => ({ paused: video.paused, poster: video.poster }))(document.querySelector('video'))"
            )
            assert video == {"paused": True, "poster": site.url + step["still"]["file"]}
            assert visit.time() == pytest.approx(step["start"])
            assert visit.lit() == ([step["step"]], legend_at(site, step["start"]))
        assert [url for url in visit.requests if url.endswith(".mp4")] == []


def test_the_player_survives_a_page_announced_twice(site: Site, browser: Any) -> None:
    with Visit(browser, site, "rollout/", reduced_motion="reduce") as visit:
        seeks = visit.page.evaluate(
            """() => {
                document$.next(document); document$.next(document);
                const video = document.querySelector('video'); let count = 0;
                const time = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'currentTime');
                Object.defineProperty(video, 'currentTime', {
                    get: () => time.get.call(video), set: (to) => { count += 1; time.set.call(video, to) } });
                document.querySelector('.rail a').click();
                return count }"""
        )
        assert seeks == 1


def test_without_a_script_the_page_is_whole(site: Site, browser: Any) -> None:
    with Visit(browser, site, "rollout/", java_script_enabled=False) as visit:
        page = visit.page
        assert page.locator("video[controls][poster]").is_visible()
        assert page.locator(".still img").count() == len(site.steps())
        for step in site.steps():
            assert page.locator(f".rail a[href='#step-{step['step']}']").is_visible()
            heading = " ".join((page.locator(f"#step-{step['step']}").text_content() or "").split())
            assert heading.startswith(f"{step['step']} {step['title'].partition(':')[0]}")
            assert page.locator(f".still a[href$='#t={step['start']:g}']").count() == 1
        assert page.locator("math").count() >= 4
        assert page.locator(".legend dt").all_inner_texts() == [entry["name"] for entry in site.manifest["legend"]]
        for section in site.manifest["sections"]:
            for sentence in (*(words["text"] for words in section["captions"]), section["alt"]):
                assert sentence in (page.locator(".transcript").text_content() or "")


# --- what a reader can try ---------------------------------------------------------------------------------------


def test_a_reader_can_pay_a_group(site: Site, browser: Any) -> None:
    with Visit(browser, site, "rollout/") as visit:
        box = visit.page.locator("[data-try=group]")
        paid = box.locator("input[type=checkbox]")
        count = paid.count()
        for at in range(count):
            paid.nth(at).set_checked(at < 2)
        cells = [box.locator("tbody tr").nth(at).locator("td").all_inner_texts() for at in range(count)]
        advantages = [float(row[1].replace("\N{MINUS SIGN}", "-")) for row in cells]
        assert advantages == pytest.approx([1 - 2 / count] * 2 + [-2 / count] * (count - 2), abs=6e-4)
        assert float(box.locator(".try__mean output").inner_text()) == pytest.approx(2 / count, abs=6e-4)
        for ratio, said in ((1.4, ["clipped", "down"]), (1.0, ["up", "down"]), (0.6, ["up", "clipped"])):
            box.locator("input[type=range]").fill(str(ratio))
            assert [box.locator("tbody tr").nth(at).locator("td").last.inner_text() for at in (0, 2)] == said
        for at in range(count):
            paid.nth(at).set_checked(True)
        assert "nothing to learn" in box.locator(".try__note").inner_text()
        assert visit.complaints == []


def test_without_a_script_the_recorded_group_stands(site: Site, browser: Any) -> None:
    with Visit(browser, site, "rollout/", java_script_enabled=False) as visit:
        box = visit.page.locator("[data-try=group]")
        assert box.locator("input[type=checkbox]").first.is_disabled()
        assert not box.locator("input[type=range]").is_visible()
        head = json.loads((ASSETS / "recordings" / "rollout.json").read_text(encoding="utf-8"))
        group = next(event for event in head["events"] if event["kind"] == "group")
        assert box.locator("tbody th").all_inner_texts() == group["san"]
        assert box.locator(".try__mean output").inner_text() == f"{head['facts']['spotlight.reward_mean']:.3f}"


def test_the_scripts_are_small() -> None:
    import gzip

    for script in (ASSETS / "js").glob("*.js"):
        assert len(gzip.compress(script.read_bytes())) <= 5 * 1024
