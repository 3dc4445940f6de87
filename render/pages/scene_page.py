"""The parts of a scene's page beside the player: stills, headings, transcript, provenance, downloads, poster, card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stagelight.render.pages.markup import Html, el, fold, framed, join
from stagelight.render.pages.player import source
from stagelight.render.pages.scene_files import Scene, fail, label, section_of, title_parts
from stagelight.render.pages.values import clock, size

STOP = el("button", {"type": "button", "class": "loop__stop", "hidden": True}, "Stop the moving pictures")


def still(scene: Scene, base: str, name: str, page: str) -> Html:
    """The picture of a section, with a link that plays from there (without a script: opens the video there)."""
    section = section_of(scene, name, page)
    manifest = scene.manifest
    poster = manifest["poster"]  # the reader has it already where it is the same picture
    file = poster["file"] if poster["section"] == name else section["still"]["file"]
    picture = el(
        "img",
        {
            **{"src": base + file, "alt": section["alt"], "loading": "lazy", "decoding": "async"},
            **{"width": manifest["width"], "height": manifest["height"]},
        },
    )
    start = f"{section['start']:g}"
    link = {"href": f"{base}{manifest['video']['file']}#t={start}", "data-seek": start}
    play = el("a", link, f"Play {label(section)}")
    caption = el("figcaption", {}, f"At {clock(section['still']['time'])}. ", play, STOP)
    return el("figure", {"class": "still"}, el("div", {"class": "looping"}, picture, _loop(section, base)), caption)


def _loop(section: Mapping[str, Any], base: str) -> Html:
    """Some seconds of a section, over its still; `js/loops.js` plays them while they are seen."""
    how = {"muted": True, "loop": True, "playsinline": True, "preload": "none"}
    return el("video", {"class": "loop", "hidden": True, "aria-hidden": "true", "tabindex": -1, **how},
              *(source(each, base) for each in section["loops"]))  # fmt: skip


def heading(scene: Scene, name: str, page: str) -> Html:
    """The heading of a step, numbered and named as in the scene; the rail links to its id."""
    section = section_of(scene, name, page)
    if not section["step"]:
        fail(f"docs/{page}: section {name!r} of {scene.name} is not a numbered step: write its heading on the page")
    number_of = el("span", {"class": "step__number"}, section["step"])
    short, rest = title_parts(section)
    return el("h2", {"id": f"step-{section['step']}"}, number_of, " ", short, el("span", {"class": "step__rest"}, rest))


def transcript(scene: Scene) -> Html:
    """All captions and picture descriptions, in the order of the video."""
    parts = []
    for section in scene.manifest["sections"]:
        time = el("span", {"class": "transcript__time"}, clock(section["start"]))
        pictured = section["still"]["time"]
        before = [words["text"] for words in section["captions"] if words["start"] <= pictured]
        after = [words["text"] for words in section["captions"] if words["start"] > pictured]
        picture = el("p", {"class": "transcript__seen"}, el("b", {}, "On screen: "), section["alt"])
        first, second = (el("p", {}, join(sentences, " ")) if sentences else Html() for sentences in (before, after))
        parts += [el("h3", {}, time, f" {label(section)}", title_parts(section)[1]), first, picture, second]
    return fold("Read the scene instead", *parts, kind="fold transcript")


def provenance(scene: Scene) -> Html:
    """The run that the video was drawn from, in one line."""
    origin = scene.manifest["provenance"]
    return el(
        "p",
        {"class": "provenance"},
        "Drawn from the recording ",
        el("b", {}, origin["recording"]),
        f" (seed {origin['seed']}, ",
        el("a", {"href": "#the-files"}, "files and hashes"),
        ").",
    )


def origins(scenes: Iterable[Scene]) -> Html:
    """Every scene's recording, seed and hashes, as a table."""
    columns = ("Scene", "Seed", "Recording", "Engine's code", "Drawing's code")
    rows = []
    for scene in scenes:
        origin = scene.manifest["provenance"]
        hashes = (origin["recording_sha256"][:16], origin["code_version"], origin["render_version"])
        cells = [el("td", {}, el("code", {}, each)) for each in hashes]
        rows.append(el("tr", {}, el("th", {"scope": "row"}, scene.name), el("td", {}, str(origin["seed"])), *cells))
    return framed("plotted__table", "origins", "Origins", columns, rows)


def downloads(scene: Scene, base: str) -> Html:
    """The files of a scene with their sizes, and the hashes of its sources."""
    rows = []
    for title, file in _files(scene):
        path = scene.assets / file
        if not path.is_file():
            fail(f"site_assets/{file} is missing: run `click record {scene.name}`")
        link = el("a", {"href": base + file, "download": True}, title)
        rows.append(el("li", {}, link, el("span", {}, f"{path.suffix[1:]}, {size(path.stat().st_size)}")))
    origin = scene.manifest["provenance"]
    hashes = [
        ("recording", origin["recording_sha256"]),
        ("video", scene.manifest["video"]["sha256"]),
        ("engine's code", origin["code_version"]),
        ("drawing's code", origin["render_version"]),
        *sorted(origin["versions"].items()),
    ]
    terms = [part for key, value in hashes for part in (el("dt", {}, key), el("dd", {}, el("code", {}, str(value))))]
    return el(
        "div", {}, el("ul", {"class": "downloads"}, *rows), fold("Hashes and versions", el("dl", {}, *terms))
    )  # fmt: skip


def _files(scene: Scene) -> list[tuple[str, str]]:
    """The title and the path of each file that a reader can take away."""
    manifest, tracks = scene.manifest, scene.manifest["tracks"]
    weights = f"recordings/{scene.name}_policy.safetensors"
    policy = [("The weights of the policy", weights), ("Their seal, a SHA-256", f"{weights}.sha256")]
    for path in sorted((scene.assets / "recordings").glob(f"{scene.name}_policy_*.safetensors")):
        seed = path.stem.rpartition("_")[2]
        policy += [(f"The weights of seed {seed}", f"recordings/{path.name}"),
                   (f"The seal of seed {seed}", f"recordings/{path.name}.sha256")]  # fmt: skip
    return [
        ("The video", manifest["video"]["file"]),
        *([("The video in AV1, smaller", manifest["av1"]["file"])] if manifest["av1"] else []),
        *([("The video, smaller, for slow lines", manifest["slow"]["file"])] if manifest["slow"] else []),
        ("The upright cut, for telephones", manifest["upright"]["video"]["file"]),
        ("Its captions", tracks["captions"]),
        ("Its chapters", tracks["chapters"]),
        ("Its transcript: captions and descriptions", tracks["transcript"]),
        ("All its words, with their times", tracks["scene"]),
        ("The recording, words and facts", f"recordings/{scene.name}.json"),
        ("The recording, arrays", f"recordings/{scene.name}.npz"),
        *(policy if (scene.assets / weights).is_file() else []),
    ]


def poster(scene: Scene, base: str, address: str) -> Html:
    """The poster as a link to the page of the scene, with the loop of its section over it."""
    manifest = scene.manifest
    size_of = {"width": manifest["width"], "height": manifest["height"], "fetchpriority": "high"}
    picture = el("img", {"src": base + manifest["poster"]["file"], "alt": manifest["title"], **size_of})
    section = next(each for each in manifest["sections"] if each["name"] == manifest["poster"]["section"])
    link = el(
        "a",
        {"class": "poster", "href": address},
        el("span", {"class": "looping"}, picture, _loop(section, base)),
        el("span", {"class": "poster__words"}, f"Watch the scene, {clock(manifest['duration'])}"),
    )
    return el("div", {"class": "posted"}, link, STOP)


def card_picture(scene: Scene, base: str) -> Html:
    """The poster, small, on a card whose words describe it; fetched when a reader comes near it."""
    small = scene.manifest["glimpse"]
    picture = {"src": base + small["file"], "alt": "", "width": small["width"], "height": small["height"]}
    return el("div", {"class": "card__picture"}, el("img", {**picture, "loading": "lazy", "decoding": "async"}))


def film_length(scene: Scene) -> Html:
    """The length of the film, for the foot of a card."""
    return el("p", {"class": "card__foot"}, f"A film of {clock(scene.manifest['duration'])}, in steps")
