"""The built site in a real browser: what a reader meets, and what a reader must never meet."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree  # of our own making

import numpy as np
import pytest

from stagelight.render.pages import values
from stagelight.render.pages.rollout_group import Group
from stagelight.render.pages.scene_files import load
from support.browser import SCENES, Site, Visit, needs_scenes
from support.contrast import ENOUGH, luminance, ratio
from support.paths import ASSETS, ROOT

pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

PAGES = [
    page.removesuffix("index.md").replace(".md", "/")
    for page in sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))
]
# What a reader may set for every text, after WCAG 2.2, 1.4.12.
SPACING = """* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
    p { margin-bottom: 2em !important }"""
FIRST_LOAD = 270 * 1024  # bytes, as they come over the wire; 25 of the kilobytes are the font of formulas
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


def test_only_a_page_that_quotes_documentation_waits_for_its_styles(site: Site) -> None:
    pages = {page: page.read_text(encoding="utf-8") for page in site.folder.rglob("*.html")}
    waiting = {page.relative_to(site.folder).as_posix() for page, text in pages.items() if "_mkdocstrings.css" in text}
    assert waiting == {"engines/index.html"}


def test_every_built_asset_is_named_and_every_named_asset_is_built(site: Site) -> None:
    manifests = [json.loads(path.read_text(encoding="utf-8")) for path in (site.folder / "videos").glob("*.json")]
    named = {
        file for manifest in manifests for file in re.findall(rf'"((?:{"|".join(BUILT)})/[^"]+)"', json.dumps(manifest))
    } | {f"videos/{manifest['scene']}.json" for manifest in manifests}
    found = {str(path.relative_to(site.folder)) for name in BUILT for path in (site.folder / name).iterdir()}
    assert found == named


@pytest.mark.parametrize("scene", SCENES)
def test_a_step_of_the_page_is_a_step_of_the_scene(site: Site, scene: str) -> None:
    page = (site.folder / scene / "index.html").read_text(encoding="utf-8")
    steps = [step["step"] for step in site._replace(scene=scene).steps()]
    assert re.findall(r'<h2 id="step-(\d+)">', page) == steps
    assert steps == [f"{k:02}" for k in range(1, len(steps) + 1)]
    assert len(steps) >= 4


@pytest.mark.parametrize("scene", SCENES)
def test_an_entry_of_the_legend_leads_to_a_place_on_the_page(site: Site, scene: str) -> None:
    page = (site.folder / scene / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'<div data-mark="[^>]*>\s*<dt><img [^>]*><a href="#([\w-]+)">', page)
    assert len(links) == len(site.manifests[scene]["legend"])
    assert [link for link in links if f'id="{link}"' not in page] == []


def test_what_a_page_may_load_is_said_by_the_page_and_by_the_host(site: Site) -> None:
    headers = (site.folder / "_headers").read_text(encoding="utf-8")
    for path in site.folder.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
        assert policy, path
        assert f"Content-Security-Policy: {policy[1]}; frame-ancestors 'self'\n" in headers
        assert "script-src 'self';" in policy[1]
        assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", page) == [], "a script in the page itself"
        assert re.findall(r"\son[a-z]+=", re.sub(r'"[^"]*"', '""', page)) == []
    assert re.search(r"^/videos/\*\.mp4\n  Cache-Control: .*immutable", headers, re.M)


def test_every_table_has_a_name_of_its_own_and_every_row_the_cell_that_names_it(site: Site) -> None:
    seen = 0
    for path in site.folder.rglob("*.html"):
        tables = re.findall(r"(?s)<table([^>]*)>(.*?)</table>", path.read_text(encoding="utf-8"))
        names = [name for start, _ in tables for name in re.findall(r'aria-label="([^"]+)"', start)]
        assert len(names) == len(set(names)) == len(tables), f"{path.parent.name}: {names}"
        for _, inside in tables:
            head, _, body = inside.partition("</thead>")
            assert re.findall(r'<th(?!ead|[^>]* scope="col")', head) == []
            rows = re.findall(r"(?s)<tr>\s*<(th|td)([^>]*)>\s*(.*?)</\1>", body)
            assert [row for row in rows if (row[0] == "th" and ' scope="row"' in row[1]) == (not row[2])] == []
            seen += len(rows)
    assert seen > 200


def test_what_others_read_of_the_site_leads_into_it(site: Site) -> None:
    feed = ElementTree.fromstring((site.folder / "feed.xml").read_text(encoding="utf-8"))  # noqa: S314
    name = "{http://www.w3.org/2005/Atom}"
    entries = feed.findall(f"{name}entry")
    assert len(entries) > 3
    for entry in entries:
        address, _, anchor = (entry.findtext(f"{name}id") or "").partition("#")
        log = site.folder / urlsplit(address).path.lstrip("/") / "index.html"
        page = log.read_text(encoding="utf-8")
        assert f'id="{anchor}"' in page
        content = entry.find(f"{name}content")
        assert content is not None and content.get("type") == "html"
        words = (content.text or "").strip()
        assert len(words) > len(entry.findtext(f"{name}summary") or "")
        assert words in page, "the whole entry, as the page has it"
        assert page.index(words) > page.index(f'id="{anchor}"')
        assert "<h2" not in words, "one entry"
    assert "sitemap.xml" in (site.folder / "robots.txt").read_text()


def test_every_page_has_a_card_of_its_own(site: Site) -> None:
    found = {}
    for path in site.folder.rglob("index.html"):
        page = path.read_text(encoding="utf-8")
        cards = dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):[\w:]+)" content="([^"]*)"', page))
        assert cards["og:image"] == cards["twitter:image"]
        assert cards["og:image:type"] == "image/png"
        assert {"og:title", "og:description", "og:url", "og:image:alt", "twitter:card", "twitter:title"} <= cards.keys()
        file = site.folder / urlsplit(cards["og:image"]).path.lstrip("/")
        head = file.read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        size = int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
        assert [int(cards[f"og:image:{side}"]) for side in ("width", "height")] == list(size) == [1200, 630]
        assert file.stat().st_size <= 300_000
        found[path.parent.name] = cards["og:image"]
    assert found[SCENES[0]] != found[SCENES[1]] != found["credits"] != found["architecture"]


# --- what a reader never meets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PAGES, "404.html"])
def test_no_third_party_no_error_no_video_before_play(site: Site, browser: Any, path: str) -> None:
    with Visit(browser, site, path) as visit:
        visit.page.wait_for_timeout(300)
        assert [url for url in visit.requests if not url.startswith(site.url)] == []
        assert visit.complaints == []
        assert films(visit) == []


@pytest.mark.parametrize("path", PAGES)
def test_a_first_visit_is_small_and_nothing_jumps(site: Site, browser: Any, path: str) -> None:
    with Visit(browser, site, "404.html", reduced_motion="reduce") as visit:  # no loop plays
        wire: list[float] = []
        visit.page.goto("about:blank")
        session = visit.context.new_cdp_session(visit.page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.loadingFinished", lambda event: wire.append(event["encodedDataLength"]))
        visit.page.add_init_script(
            "window.jumped = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries())"
            " if (!entry.hadRecentInput) window.jumped += entry.value })"
            ".observe({ type: 'layout-shift', buffered: true })"
        )
        visit.page.goto(site.url + path, wait_until="load")
        visit.page.wait_for_timeout(800)
        assert sum(wire) <= FIRST_LOAD
        assert visit.page.evaluate("window.jumped") <= 0.001


def test_the_search_is_fetched_when_somebody_searches(site: Site, browser: Any) -> None:
    with Visit(browser, site, "how-it-is-made/") as visit:
        visit.page.wait_for_timeout(300)
        assert [url for url in visit.requests if "/search" in url] == []
        visit.page.click(".md-search__input")
        visit.page.keyboard.type("advantage")
        visit.page.wait_for_selector(".md-search-result__item a", timeout=10_000)
        links = visit.page.locator(".md-search-result__item a").evaluate_all("found => found.map(each => each.href)")
        assert [link for link in links if "/rollout/" in link]
        assert visit.complaints == []


@pytest.mark.parametrize(
    ("words", "scene"),
    [("advantage", "rollout"), ("mate", "rollout"), ("rollout", "rollout"), ("reserve", "village"),
     ("miller", "village"), ("village", "village"), ("prior", "scan"), ("acceleration", "scan"), ("k-space", "scan")],
)  # fmt: skip
def test_the_search_finds_scenes_first(site: Site, browser: Any, words: str, scene: str) -> None:
    with Visit(browser, site, "how-it-is-made/") as visit:
        visit.page.click(".md-search__input")
        visit.page.keyboard.type(words)
        first = visit.page.locator(".md-search-result__item > a").first
        first.wait_for(timeout=10_000)
        visit.page.wait_for_function(
            "() => !document.querySelector('.md-search-result__meta').textContent.includes('…')"
        )
        visit.page.wait_for_timeout(500)
        assert urlsplit(str(first.get_attribute("href"))).path.startswith(f"/{scene}/")


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_is_printed_on_twelve_pages_at_most(site: Site, browser: Any, scene: str) -> None:
    with Visit(browser, site, f"{scene}/") as visit:
        visit.page.evaluate("document.querySelectorAll('img').forEach(each => { each.loading = 'eager' })")
        visit.page.wait_for_load_state("networkidle")
        paper = visit.page.pdf(format="A4", prefer_css_page_size=True)
        assert 3 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 12
        visit.page.emulate_media(media="print")
        for part in (".controls", ".rail", ".scene__keys", ".try"):
            assert not visit.page.locator(part).first.is_visible(), part


def test_where_nothing_may_be_stored_the_page_and_its_scheme_work(site: Site, browser: Any) -> None:
    with Visit(browser, site, "404.html") as visit:
        visit.page.add_init_script(
            "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })"
        )
        visit.page.goto(f"{site.url}{SCENES[0]}/", wait_until="load")
        visit.page.locator("[data-md-component=palette] label:visible").first.click()
        assert visit.page.evaluate("document.body.dataset.mdColorScheme") == "slate"
        assert visit.page.locator(".controls").is_visible()
        assert visit.complaints == []


def test_in_a_readers_own_few_colours_what_is_lit_is_told(site: Site, browser: Any) -> None:
    with Visit(browser, site, f"{SCENES[0]}/", forced_colors="active", reduced_motion="reduce") as visit:
        visit.page.click(".rail li:nth-child(2) a")
        time = next(mark["start"] for part in site.manifest["sections"] for mark in part["marks"]) + 0.1
        visit.page.evaluate("document.activeElement.blur()")
        outline = "selector => getComputedStyle(document.querySelector(selector)).outlineStyle"
        assert visit.page.evaluate(outline, ".rail a[aria-current]") == "solid"
        assert visit.page.evaluate(outline, ".rail a:not([aria-current])") == "none"
        colour = "selector => getComputedStyle(document.querySelector(selector), '::{}').backgroundColor"
        played, ahead = (visit.page.evaluate(colour.format(part), ".rail a") for part in ("after", "before"))
        ground = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert len({played, ahead, ground}) == 3
        visit.page.evaluate(
            "time => { const line = document.querySelector('.controls input'); line.value = time;"
            " line.dispatchEvent(new Event('input')) }",
            time,
        )
        assert visit.page.evaluate(outline, ".legend .is-lit") == "solid"
        assert visit.page.evaluate(outline, ".legend [data-mark]:not(.is-lit)") == "none"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", *(f"{scene}/" for scene in SCENES), "learnt-from/", "dreams/"])
def test_the_words_of_a_picture_read_until_it_is_there(site: Site, browser: Any, path: str, scheme: str) -> None:
    def light(colour: str) -> float:
        return float(luminance(np.array([int(part) / 255 for part in re.findall(r"\d+", colour)[:3]])))

    with Visit(browser, site, path, color_scheme=scheme) as visit:
        found = visit.page.evaluate(
            """() => [...document.querySelectorAll('img[alt]:not([alt=""])')].map((picture) => {
                let ground = picture;
                while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)' && ground.parentElement)
                    ground = ground.parentElement;
                return [picture.alt, getComputedStyle(picture).color, getComputedStyle(ground).backgroundColor] })"""
        )
        assert found
        assert [each for each in found if ratio(light(each[1]), light(each[2])) < ENOUGH] == []


def test_loops_play_while_they_are_seen_until_a_reader_stops_them(played: Site, browser: Any) -> None:
    with Visit(browser, played, f"{played.scene}/") as visit:
        page, stills = visit.page, visit.page.locator(".still")
        assert loops(visit) == [], "none is loaded before it is seen"
        for place, step in enumerate(played.steps()):
            stills.nth(place).scroll_into_view_if_needed()
            page.wait_for_function("n => document.querySelectorAll('video.loop')[n].matches('.is-playing')", arg=place)
            assert loops(visit)[-1] in {each["file"] for each in step["loops"]}
            assert max(each["bytes"] for each in step["loops"]) <= 400_000
        stop = stills.last.get_by_role("button")
        stop.click()
        page.wait_for_function("() => [...document.querySelectorAll('video.loop')].every(loop => loop.paused)")
        assert stop.inner_text() == "Let the pictures move"
        assert visit.complaints == []


def test_the_first_page_moves_where_that_is_welcome(site: Site, browser: Any) -> None:
    with Visit(browser, site, "") as visit:
        visit.page.wait_for_selector(".poster .loop.is-playing")
        assert visit.page.get_by_role("button", name="Stop the moving pictures").is_visible()
    with Visit(browser, site, "", reduced_motion="reduce") as visit:
        visit.page.wait_for_timeout(300)
        assert loops(visit) == []
        assert not visit.page.locator(".loop__stop").is_visible()


def films(visit: Visit) -> list[str]:
    """The videos that a page asked for, other than loops, which start where they come into view."""
    return [url for url in visit.requests if url.endswith(".mp4") and ".loop." not in url]


def loops(visit: Visit) -> list[str]:
    """The loops that a page asked for, in order."""
    return [url.removeprefix(visit.site.url) for url in dict.fromkeys(visit.requests) if ".loop." in url]


def test_of_all_pictures_the_first_page_loads_one_poster_and_small_ones(site: Site, browser: Any) -> None:
    with Visit(browser, site, "") as visit:
        visit.page.wait_for_timeout(300)
        images = [url.removeprefix(site.url) for url in visit.requests if "/posters/" in url or "/stills/" in url]
        assert [name for name in images if ".glimpse." not in name] == [site.manifest["poster"]["file"]]
        assert site.manifest["glimpse"]["bytes"] <= 25_000
        assert site.manifest["poster"]["bytes"] <= 100_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*PAGES, "404.html"])
def test_every_width_and_scheme_fits_and_is_accessible(site: Site, browser: Any, path: str, scheme: str) -> None:
    with Visit(browser, site, path, color_scheme=scheme, reduced_motion="reduce") as visit:
        assert (
            visit.page.evaluate("document.body.dataset.mdColorScheme") == {"light": "default", "dark": "slate"}[scheme]
        )
        visit.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        for width in (320, 360, 768, 1280, 1440):
            visit.page.set_viewport_size({"width": width, "height": 800})
            for spacing in ("", SPACING):
                visit.page.evaluate(
                    """spacing => { const sheet = new CSSStyleSheet(); sheet.replaceSync(spacing);
                        document.adoptedStyleSheets = [sheet] }""",
                    spacing,
                )
                inner, outer = visit.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
                assert inner <= outer, f"scrolls sideways at {width} px {spacing and 'with more space in the text'}"
            visit.page.evaluate("document.adoptedStyleSheets = []")
            if width in (320, 1280):
                found = axe.Axe().run(visit.page).response["violations"]
                told = [f"{rule['id']}: {[node['html'][:120] for node in rule['nodes'][:3]]}" for rule in found]
                assert told == [], f"at {width} px"


# --- the player -------------------------------------------------------------------------------------------------


@pytest.fixture(params=SCENES)
def played(site: Site, request: pytest.FixtureRequest) -> Site:
    """The site, looking at one scene after the other."""
    return site._replace(scene=request.param)


@pytest.mark.parametrize("kind", ["video", "av1"])
def test_either_video_plays_and_shows_each_step_where_it_starts(played: Site, browser: Any, kind: str) -> None:
    if not played.manifest[kind]:
        pytest.skip("the scene has no AV1")
    file = played.manifest[kind]["file"]
    with Visit(browser, played, f"{played.scene}/") as visit:
        duration = visit.page.evaluate(
            """async (src) => { const video = document.querySelector('video');
                await new Promise((loaded) => { video.onloadeddata = loaded; video.src = src; video.load() });
                return video.duration }""",
            f"../{file}",
        )
        assert duration == pytest.approx(played.manifest["duration"], abs=0.001)
        for section in played.manifest["sections"]:
            shown = visit.page.evaluate(
                """async (time) => { const video = document.querySelector('video');
                    const seeked = new Promise((found) => video.requestVideoFrameCallback((_, frame) => found(frame)));
                    video.currentTime = time; return (await seeked).mediaTime }""",
                section["start"] + 0.001,
            )
            assert shown == pytest.approx(section["start"], abs=0.002), section["name"]


def test_the_browser_takes_the_first_video_it_can_play(played: Site, browser: Any) -> None:
    with Visit(browser, played, f"{played.scene}/") as visit:
        visit.page.evaluate("document.querySelector('video').load()")
        visit.page.evaluate(
            "document.querySelector('video').play().then(() => document.querySelector('video').pause())"
        )
        playing = visit.page.evaluate("document.querySelector('video').currentSrc")
        wanted = played.manifest["av1"] or played.manifest["video"]
        assert playing.endswith(wanted["file"])


def test_a_telephone_gets_the_upright_cut_while_it_is_held_upright(played: Site, browser: Any) -> None:
    upright, current = played.manifest["upright"], "document.querySelector('.scene video').currentSrc"
    with Visit(browser, played, f"{played.scene}/", viewport={"width": 390, "height": 844}) as visit:
        box = visit.page.locator(".scene video").bounding_box()
        assert box["height"] / box["width"] == pytest.approx(upright["height"] / upright["width"], abs=0.01)
        pictures = {url.removeprefix(played.url) for url in visit.requests if "/posters/" in url}
        assert upright["poster"]["file"] in pictures
        assert played.manifest["poster"]["file"] not in pictures
        size = visit.page.inner_text(".controls__load")
        assert size == values.size((upright["av1"] or upright["video"])["bytes"])
        visit.page.click(".controls__play")
        visit.page.wait_for_function("() => document.querySelector('.scene video').readyState > 1")
        assert visit.page.evaluate(current).endswith((upright["av1"] or upright["video"])["file"])
        visit.page.evaluate("document.querySelector('.scene video').pause()")
        at = visit.time()
        visit.page.set_viewport_size({"width": 844, "height": 390})
        wide = played.manifest["av1"] or played.manifest["video"]
        visit.page.wait_for_function(f"file => {current}.endsWith(file)", arg=wide["file"])
        assert visit.time() == pytest.approx(at, abs=0.1)
        assert visit.complaints == []


def test_a_step_is_covered_by_the_still_of_its_own_cut(played: Site, browser: Any) -> None:
    with Visit(browser, played, f"{played.scene}/", viewport={"width": 390, "height": 844}) as visit:
        step = played.steps()[1]
        visit.page.route("**/*.mp4", lambda route: None)  # never answered
        visit.page.click(f".rail a[href='#step-{step['step']}']")
        place = played.manifest["sections"].index(step)
        wanted = played.manifest["upright"]["sections"][place]["still"]["file"]
        assert visit.page.evaluate("document.querySelector('.scene__still').src").endswith(wanted)


def test_a_step_seeks_the_video_and_lights_itself_and_its_legend(played: Site, browser: Any) -> None:
    with Visit(browser, played, f"{played.scene}/") as visit:
        for step in played.steps():
            visit.page.click(f".rail a[href='#step-{step['step']}']")
            visit.page.wait_for_function(
                "([from, to]) => { const v = document.querySelector('video');"
                " return v.readyState > 1 && !v.seeking && v.currentTime >= from && v.currentTime < to }",
                arg=[step["start"] - 0.05, step["start"] + 5],
            )
            visit.page.evaluate("document.querySelector('video').pause()")
            assert step["start"] - 0.05 <= visit.time() < step["start"] + 5
            assert visit.lit() == ([step["step"]], legend_at(played, visit.time()))
        assert visit.complaints == []


def test_the_page_follows_the_video(played: Site, browser: Any) -> None:
    with Visit(browser, played, f"{played.scene}/") as visit:
        visit.page.evaluate("document.querySelector('video').play()")
        visit.page.wait_for_function("() => document.querySelector('video').readyState > 2")
        visit.page.evaluate("document.querySelector('video').pause()")
        for section in played.manifest["sections"]:
            middle = section["start"] + section["duration"] / 2
            visit.page.evaluate("time => { document.querySelector('video').currentTime = time }", middle)
            visit.page.wait_for_function("() => !document.querySelector('video').seeking")
            visit.page.wait_for_timeout(60)
            assert visit.lit() == ([section["step"]] if section["step"] else [], legend_at(played, middle))


def test_keys_go_to_a_step_while_the_player_has_the_focus(played: Site, browser: Any) -> None:
    with Visit(browser, played, f"{played.scene}/") as visit:
        visit.page.keyboard.press("2")
        assert visit.time() == 0
        visit.page.focus("video")
        for index, step in enumerate(played.steps(), 1):
            visit.page.keyboard.press(str(index))
            visit.page.wait_for_timeout(80)
            assert step["start"] <= visit.time() < step["start"] + 2


def test_keys_do_what_the_page_says_of_them(played: Site, browser: Any) -> None:
    with Visit(browser, played, f"{played.scene}/") as visit:
        page = visit.page
        page.evaluate("document.querySelector('video').play()")
        page.wait_for_function("() => document.querySelector('video').readyState > 2")
        page.evaluate("document.querySelector('video').pause()")
        page.focus(".rail a")

        def pressed(key: str) -> float:
            page.keyboard.press(key)
            page.wait_for_function("() => !document.querySelector('video').seeking")
            return visit.time()

        page.evaluate("document.querySelector('video').currentTime = 20")
        frame = 1 / played.manifest["fps"]
        assert pressed("ArrowRight") == pytest.approx(25, abs=0.01)
        assert pressed("ArrowLeft") == pytest.approx(20, abs=0.01)
        before = pressed(",")
        assert pressed(".") - before == pytest.approx(frame, abs=1e-3)
        assert pressed(".") - before == pytest.approx(2 * frame, abs=1e-3)
        assert pressed(",") - before == pytest.approx(frame, abs=1e-3)
        page.keyboard.press(">")
        assert page.evaluate("document.querySelector('video').playbackRate") == 1.25
        page.wait_for_function("() => document.querySelector('.controls output').value === 'Speed 1.25'")
        for _ in range(9):
            page.keyboard.press("<")
        assert page.evaluate("document.querySelector('video').playbackRate") == 0.25
        page.keyboard.press("c")
        words = page.locator(".scene__words")
        caption = played.manifest["sections"][0]["captions"][0]
        page.evaluate("time => { document.querySelector('video').currentTime = time }", caption["start"] + 0.2)
        page.wait_for_function("() => document.querySelector('.scene__words').textContent")
        assert words.inner_text() == caption["text"]
        assert page.evaluate(
            "[...document.querySelector('video').textTracks].every(each => each.mode !== 'showing')"
        ), "nothing lies over the picture"
        page.keyboard.press(" ")
        page.wait_for_function("() => !document.querySelector('video').paused")
        page.keyboard.press(" ")
        page.wait_for_function("() => document.querySelector('video').paused")
        page.keyboard.press("f")
        page.wait_for_function("() => document.fullscreenElement?.matches('.scene__screen')")
        page.keyboard.press("f")
        page.wait_for_function("() => !document.fullscreenElement")
        assert visit.complaints == []


def test_captions_and_controls_lie_below_the_picture_and_not_on_it(played: Site, browser: Any) -> None:
    for size in ({"width": 1280, "height": 800}, {"width": 320, "height": 640}):
        with Visit(browser, played, f"{played.scene}/", viewport=size) as visit:
            assert not visit.page.evaluate("document.querySelector('video').controls")
            for filled in (False, True):
                if filled:
                    visit.page.click("[data-does=fill]")
                    visit.page.wait_for_function("() => document.fullscreenElement")
                else:
                    visit.page.click("[data-does=captions]")
                video, words, controls = (
                    visit.page.locator(part).bounding_box() for part in (".scene video", ".scene__words", ".controls")
                )
                assert video["y"] + video["height"] <= words["y"] + 1
                assert words["y"] + words["height"] <= controls["y"] + 1
                assert controls["y"] + controls["height"] <= size["height"] or not filled
                assert words["height"] > 20


def test_on_a_slow_line_the_picture_is_that_of_the_step(played: Site, browser: Any) -> None:
    step = played.steps()[1]
    with Visit(browser, played, f"{played.scene}/") as visit:
        held: list[Any] = []
        let = False

        def answer(route: Any) -> None:
            if let:
                route.continue_()
            else:
                held.append(route)

        visit.page.route("**/*.mp4", answer)
        visit.page.click(f".rail a[href='#step-{step['step']}']")
        picture = visit.page.locator(".scene__still")
        picture.wait_for(state="visible")
        assert picture.get_attribute("src").endswith(step["still"]["file"])
        over, under = (visit.page.locator(part).bounding_box() for part in (".scene__still", ".scene video"))
        assert over == under
        assert visit.page.locator(".controls__load").inner_text() == "Loading"
        let = True
        for route in held:
            route.continue_()
        picture.wait_for(state="hidden")
        assert visit.time() >= step["start"]


def test_the_whole_player_is_reached_by_keyboard_alone(played: Site, browser: Any) -> None:
    with Visit(browser, played, f"{played.scene}/", reduced_motion="reduce") as visit:
        reached = []
        for _ in range(60):
            visit.page.keyboard.press("Tab")
            reached.append(
                visit.page.evaluate(
                    "(e => e.closest('.scene') && e.tagName + (e.getAttribute('href') || ''))(document.activeElement)"
                )
            )
        steps = [f"A#step-{step['step']}" for step in played.steps()]
        assert list(dict.fromkeys(each for each in reached if each in steps)) == steps
        assert {"BUTTON", "INPUT", "SELECT"} <= set(reached)
        visit.page.focus(".rail li:nth-child(3) a")
        outline = visit.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        visit.page.keyboard.press("Enter")
        assert visit.time() == pytest.approx(played.steps()[2]["start"])


def test_a_still_plays_from_its_step(played: Site, browser: Any) -> None:
    with Visit(browser, played, f"{played.scene}/") as visit:
        step = played.steps()[2]
        visit.page.click(f".still a[data-seek='{step['start']:g}']")
        visit.page.wait_for_function("() => !document.querySelector('video').paused")
        assert step["start"] <= visit.time() < step["start"] + 5


def test_an_address_names_a_moment(played: Site, browser: Any) -> None:
    end = played.manifest["duration"]
    for address, time in (("#t=12.5", 12.5), ("#t=0:09", 9), ("#step-03", played.steps()[2]["start"]), ("#t=1.2.3", 0),
                          ("#t=99999", end)):  # fmt: skip
        with Visit(browser, played, f"{played.scene}/{address}") as visit:
            assert visit.time() == pytest.approx(time)
            assert visit.complaints == []
            assert films(visit) == []


def test_reduced_motion_shows_stills_and_plays_nothing(played: Site, browser: Any) -> None:
    with Visit(browser, played, f"{played.scene}/", reduced_motion="reduce") as visit:
        for step in played.steps():
            visit.page.click(f".rail a[href='#step-{step['step']}']")
            visit.page.wait_for_function("() => document.querySelector('.rail [aria-current]')")
            assert visit.page.evaluate("document.querySelector('video').paused")
            still = visit.page.locator(".scene__still")
            assert still.is_visible()
            assert still.evaluate("picture => picture.src") == played.url + step["still"]["file"]
            assert visit.time() == pytest.approx(step["start"])
            assert visit.lit() == ([step["step"]], legend_at(played, step["start"]))
        assert [url for url in visit.requests if url.endswith(".mp4")] == []


def test_the_player_survives_a_page_announced_twice(played: Site, browser: Any) -> None:
    with Visit(browser, played, f"{played.scene}/", reduced_motion="reduce") as visit:
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


def test_without_a_script_the_page_is_whole(played: Site, browser: Any) -> None:
    with Visit(browser, played, f"{played.scene}/", java_script_enabled=False) as visit:
        page = visit.page
        assert page.locator("video[controls]").is_visible()
        assert page.locator(".still img").count() == len(played.steps())
        for step in played.steps():
            assert page.locator(f".rail a[href='#step-{step['step']}']").is_visible()
            heading = " ".join((page.locator(f"#step-{step['step']}").text_content() or "").split())
            assert heading.startswith(f"{step['step']} {step['title'].partition(':')[0]}")
            assert page.locator(f".still a[href$='#t={step['start']:g}']").count() == 1
        assert page.locator("math").count() >= 1
        assert page.locator(".legend dt").all_inner_texts() == [entry["name"] for entry in played.manifest["legend"]]
        for section in played.manifest["sections"]:
            for sentence in (*(words["text"] for words in section["captions"]), section["alt"]):
                assert sentence in (page.locator(".transcript").text_content() or "")


# --- what a reader can try ---------------------------------------------------------------------------------------


def test_a_position_set_up_by_keyboard_is_answered_by_the_policy(site: Site, browser: Any) -> None:
    with Visit(browser, site, "rollout/") as visit:
        page, box = visit.page, visit.page.locator("[data-try=board]")
        button = box.locator("button")
        size = re.search(r"loads (\S+ MB)", button.inner_text())
        assert [url for url in visit.requests if "/weights/" in url] == [], "only when asked for"
        button.press("Enter")
        box.locator("[role=gridcell]:focus").wait_for()
        weights = next(url for url in visit.requests if "/weights/" in url).removeprefix(site.url)
        assert size
        assert size[1] == f"{(site.folder / weights).stat().st_size / 1e6:.1f} MB"
        for key in ("Home", *("ArrowUp",) * 7):  # from a1 to a8, emptying a board
            page.keyboard.press(key)
        for rank in range(8, 0, -1):
            page.keyboard.press("Home")
            for _ in range(8):
                page.keyboard.press("Delete")
                page.keyboard.press("ArrowRight")
            if rank > 1:
                page.keyboard.press("ArrowDown")
        assert "has no king" in box.locator("#board-said").inner_text()
        for key in ("Home", "R", "End", "ArrowLeft", "K", *("ArrowUp",) * 6, "p", "ArrowLeft", "p",
                    "ArrowRight", "ArrowRight", "p", "ArrowLeft", "ArrowUp", "k"):  # fmt: skip
            page.keyboard.press(key)
        assert box.locator("#board-fen").input_value() == "6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1"
        assert box.locator("#board-said").inner_text().endswith("Ra8#, 100.0 %: checkmate.")
        assert box.locator("line").count() == 1
        assert box.locator("ol li b").all_inner_texts() == ["Ra8#"]
        report = axe.Axe().run(page, context="[data-try=board]")
        assert report.response["violations"] == [], report.generate_report()
        assert visit.complaints == []


def test_a_tap_moves_a_piece_on_a_small_screen(site: Site, browser: Any) -> None:
    options = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "color_scheme": "dark"}
    with Visit(browser, site, "rollout/", **options) as visit:
        box = visit.page.locator("[data-try=board]")
        box.locator("button").tap()
        box.get_by_role("button", name="The opening").tap()
        for square in ("e2, white pawn", "e4"):
            box.get_by_role("gridcell", name=square, exact=True).tap()
        box.get_by_role("radio", name="Black", exact=True).tap()
        assert box.locator("#board-fen").input_value().startswith("rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b")
        assert box.locator("#board-said").inner_text().startswith("Black to move, 20 legal moves.")
        assert visit.page.evaluate("document.documentElement.scrollWidth") == 320
        assert visit.complaints == []


def test_without_a_script_the_recorded_group_stands(site: Site, browser: Any) -> None:
    with Visit(browser, site, "rollout/", java_script_enabled=False) as visit:
        box = visit.page.locator("[data-try=board]")
        assert not box.locator("button").is_visible()
        group = Group(load(ASSETS, "rollout"), "rollout.md")
        assert box.locator("tbody th").all_inner_texts() == group.moves
        assert f"mean reward {(group.reward > 0).mean():.3f}" in box.inner_text()


def test_a_mask_is_painted_by_keyboard_and_by_pointer(site: Site, browser: Any) -> None:
    with Visit(browser, site, "scan/") as visit:
        box = visit.page.locator("[data-try=scan]")

        def told(words: str, where: str = ".try__note") -> None:
            box.locator(where, has_text=words).wait_for(timeout=10_000)

        box.scroll_into_view_if_needed()
        told("1,280 of 20,480 points, 1 in 16.")
        told("this very mask")
        for name, said in (("Every 4th row", "1 in 4."), ("All", "off by 0.0%"), ("None", "none of 20,480 points")):
            box.get_by_role("button", name=name, exact=True).press("Enter")
            told(said)
        told("Reverse diffusion (mean of 6), 1 in 4.", "figcaption")
        plane = box.locator("canvas").first
        for key in ("ArrowUp", "Shift+ArrowLeft", "Space", "+", "Space"):
            plane.press(key)
        told("Brush, 15 wide, 8 left and 1 up of the centre: measured", ".paint__place")
        told("225 of 20,480 points")
        plane.scroll_into_view_if_needed()
        edge = plane.bounding_box()
        low = edge["y"] + edge["height"] * (1 - 0.5 / 160)  # the lowest row
        visit.page.mouse.move(edge["x"] + 2, low)
        visit.page.mouse.down()
        visit.page.mouse.move(edge["x"] + edge["width"] - 2, low)
        visit.page.mouse.up()
        told("1,249 of 20,480 points")  # eight rows more: the others of the brush are below the edge
        assert visit.complaints == []


def test_without_a_script_the_table_of_reconstructions_stands_alone(site: Site, browser: Any) -> None:
    with Visit(browser, site, "scan/", java_script_enabled=False) as visit:
        box = visit.page.locator("[data-try=scan]")
        assert [box.locator(kind).filter(visible=True).count() for kind in ("canvas", "button", "input", "select")] == [
            0
        ] * 4
        assert box.locator("td").first.is_visible()


def test_a_reader_can_play_the_village_by_keyboard(site: Site, browser: Any) -> None:
    with Visit(browser, site, "village/") as visit:
        page, box = visit.page, visit.page.locator("[data-try=village]")

        def loaded(name: str) -> bool:
            return any(name in url for url in visit.requests)

        def part(name: str) -> Any:
            return box.locator(f"[data-part={name}]")

        assert not loaded("village_engine.js")
        box.locator(".try__ask button").first.press("Enter")
        page.wait_for_function("() => document.activeElement.id === 'town-weather'")
        assert box.locator(".town").is_visible()
        part("reserve-days").press("ArrowRight")
        assert part("reserve-said").inner_text() == "5"
        for day in range(1, 41):
            part("step").press("Enter")
            assert part("said").inner_text().startswith(f"Day {day}: ")
        for agent in ("reserve_5", "policy"):
            if agent == "policy":
                assert not loaded("/weights/")
                part("agent").press("End")
                page.wait_for_function("() => !document.querySelector('[data-part=step]').disabled")
                for _ in range(40):
                    part("step").press("Enter")
            wanted = f"{load(ASSETS, 'village').head['facts'][f'score.compound.{agent}.return']:.4f}"
            assert f"Recorded with these settings: {wanted}, the mean of 100 seeds." in part("end").inner_text()
            part("check").press("Enter")
            page.wait_for_function(
                "() => document.querySelector('[data-part=checked]').textContent.startsWith('Mean')", timeout=120_000
            )
            assert part("checked").inner_text() == f"Mean return here {wanted}, recorded {wanted}."
        assert visit.complaints == []


def test_without_a_script_the_table_of_reserves_stands(site: Site, browser: Any) -> None:
    with Visit(browser, site, "village/", java_script_enabled=False) as visit:
        box = visit.page.locator("[data-try=village]")
        assert not box.locator("button").first.is_visible()
        assert not box.locator(".town__box").is_visible()
        assert box.locator("table").is_visible()


def test_the_scripts_are_small() -> None:
    import gzip

    first = set(re.findall(r"^  - path: js/(.+)$", (ROOT / "mkdocs.yml").read_text(), re.M))  # of every page
    for script in (ASSETS / "js").glob("*.js"):
        most = 5 if script.name in first else 16  # kB; the others are loaded when a reader asks for them
        assert len(gzip.compress(script.read_bytes())) <= most * 1024
