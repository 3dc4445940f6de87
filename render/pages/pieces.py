"""The parts of a scene's page: player, legend, stills, headings, transcript, provenance, downloads, poster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from stagelight.render.pages.figures import clock, size
from stagelight.render.pages.markup import Html, el, framed, join
from stagelight.render.pages.published import Scene, fail, label, section_of, titled

KEYS = (  # and how they are read aloud, where the sign alone would not be
    (((",", "comma"), (".", "full stop")), "one frame"),
    ((("\N{LEFTWARDS ARROW}", "left"), ("\N{RIGHTWARDS ARROW}", "right")), "five seconds"),
    ((("space", ""),), "play"),
    ((("<", "less than"), (">", "greater than")), "speed"),
    ((("c", ""),), "captions"),
    ((("f", ""),), "full screen"),
)


def player(scene: Scene, base: str, legend_title: str, markdown: str) -> Html:
    """The video with its tracks, the step rail, and the legend: complete without a script.

    `markdown` is that of the page: an entry of the legend leads to the paragraph that explains it, which says so by
    the id `mark-ENTRY`, or else to the first step in which it is seen.
    """
    manifest = scene.manifest
    video = base + manifest["video"]["file"]
    tracks = [
        el("track", {"kind": kind, "label": label, "srclang": "en", "src": base + manifest["tracks"][name]})
        for kind, name, label in (
            ("captions", "captions", "English"),
            ("chapters", "chapters", "Chapters"),
            ("descriptions", "descriptions", "Descriptions"),
            ("metadata", "legend", "Legend"),
        )
    ]
    screen = el(
        "video",
        {
            **{"controls": True, "playsinline": True, "preload": "none"},
            **{"width": manifest["width"], "height": manifest["height"]},
            **{"poster": base + manifest["poster"]["file"], "aria-label": f"{manifest['title']}. {manifest['claim']}"},
        },
        *(
            el("source", {"src": base + each["file"], "type": f'video/mp4; codecs="{each["codecs"]}"'})
            for each in (manifest["av1"], manifest["video"])  # a browser takes the first that it can play
            if each
        ),
        *tracks,
        el("p", {}, "This browser plays no video here: ", el("a", {"href": video}, "download it"), "."),
    )
    steps = [section for section in manifest["sections"] if section["step"]]
    stops = [
        el(
            "a",
            {
                "href": f"#step-{section['step']}",
                "data-start": f"{section['start']:g}",
                "data-end": f"{section['start'] + section['duration']:g}",
                "data-still": base + section["still"]["file"],
            },
            el("span", {"class": "rail__number"}, section["step"]),
            " ",
            el("span", {"class": "rail__title"}, titled(section)[0]),
        )
        for section in steps
    ]
    title_id = f"{scene.name}-legend"
    return el(
        "figure",
        {
            **{"class": "scene", "data-scene": scene.name},
            **{"data-fps": manifest["fps"], "data-length": f"{manifest['duration']:g}"},
        },
        el("div", {"class": "scene__screen"}, screen),
        el(
            "nav",
            {"class": "rail", "aria-label": "Steps of the scene"},
            el("ol", {}, *(el("li", {}, stop) for stop in stops)),
        ),
        el(
            "div",
            {"class": "legend"},
            el("h2", {"class": "legend__title", "id": title_id}, legend_title),
            el("dl", {"aria-labelledby": title_id},
               *(mark(scene, base, entry, markdown) for entry in manifest["legend"])),
        ),
        _keys(len(steps)),
    )  # fmt: skip


def _keys(steps: int) -> Html:
    """A line that names the keyboard shortcuts, and the speed once it is changed."""
    known = [(tuple((str(at), "") for at in range(1, steps + 1)), "steps"), *KEYS]
    told = [part for keys, does in known for part in (*(_key(*key) for key in keys), f" {does}", ", ")]
    return el("p", {"class": "scene__keys"}, "Keys: ", *told[:-1], ". ", el("output", {}))


def _key(sign: str, spoken: str) -> Html:
    """A key, and its name for those who hear it."""
    if not spoken:
        return el("kbd", {}, sign)
    return el("kbd", {}, el("span", {"aria-hidden": "true"}, sign), el("span", {"class": "spoken"}, f" {spoken} "))


def paragraph(scene: Scene, entry: str, markdown: str) -> str | None:
    """The anchor at which a page explains an entry of the legend: of a paragraph, else of a step, else None."""
    if re.search(rf"#mark-{re.escape(entry)}\b", markdown):
        return f"mark-{entry}"
    shown = (each["step"] for each in scene.manifest["sections"] if each["step"] and entry in _marks(each))
    return next((f"step-{step}" for step in shown), None)


def _marks(section: Mapping[str, Any]) -> set[str]:
    """The entries of the legend that light up in a section."""
    return {moment["id"] for moment in section["marks"]}


def mark(scene: Scene, base: str, entry: Mapping[str, Any], markdown: str) -> Html:
    """One entry of the legend, with the drawing of its mark and a link to where it is explained."""
    drawing = f"img/marks/{entry['id']}.svg"
    if not re.fullmatch(r"[a-z0-9_-]+", entry["id"]) or not (scene.assets / drawing).is_file():
        fail(f"site_assets/videos/{scene.name}.json has the legend entry {entry['id']!r}: draw site_assets/{drawing}")
    picture = el("img", {"src": base + drawing, "alt": "", "width": 48, "height": 32})
    place = paragraph(scene, entry["id"], markdown)
    name = el("a", {"href": f"#{place}"}, entry["name"]) if place else entry["name"]
    times = " ".join(f"{moment['start']:g}-{moment['end']:g}" for section in scene.manifest["sections"]
                     for moment in section["marks"] if moment["id"] == entry["id"])  # fmt: skip
    return el(
        "div", {"data-mark": entry["id"], "data-times": times}, el("dt", {}, picture, name), el("dd", {}, entry["text"])
    )


def still(scene: Scene, base: str, name: str, page: str) -> Html:
    """The picture of a section, with a link that plays from there (without a script: opens the video there)."""
    section = section_of(scene, name, page)
    manifest = scene.manifest
    shown = manifest["poster"]  # the reader has it already where it is of the same picture
    file = shown["file"] if shown["section"] == name else section["still"]["file"]
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
    caption = el("figcaption", {}, f"At {clock(section['still']['time'])}. ", play)
    return el("figure", {"class": "still"}, picture, caption)


def heading(scene: Scene, name: str, page: str) -> Html:
    """The heading of a step, numbered and named as in the scene; steps link to its id."""
    section = section_of(scene, name, page)
    if not section["step"]:
        fail(f"docs/{page}: section {name!r} of {scene.name} is not a numbered step: write its heading on the page")
    number_of = el("span", {"class": "step__number"}, section["step"])
    short, rest = titled(section)
    return el("h2", {"id": f"step-{section['step']}"}, number_of, " ", short, el("span", {"class": "step__rest"}, rest))


def transcript(scene: Scene) -> Html:
    """Everything that is said and seen, in the order of the video."""
    parts = []
    for section in scene.manifest["sections"]:
        time = el("span", {"class": "transcript__time"}, clock(section["start"]))
        shown = section["still"]["time"]
        before = [words["text"] for words in section["captions"] if words["start"] <= shown]
        after = [words["text"] for words in section["captions"] if words["start"] > shown]
        seen = el("p", {"class": "transcript__seen"}, el("b", {}, "On screen: "), section["alt"])
        said = [el("p", {}, join(sentences, " ")) if sentences else Html() for sentences in (before, after)]
        parts += [el("h3", {}, time, f" {label(section)}", titled(section)[1]), said[0], seen, said[1]]
    return el("details", {"class": "fold transcript"}, el("summary", {}, "Read the scene instead"), *parts)


def provenance(scene: Scene) -> Html:
    """One line: which run the video was drawn from."""
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
    """The files of a scene with their sizes, and the hashes they were made from."""
    manifest, origin = scene.manifest, scene.manifest["provenance"]
    tracks = manifest["tracks"]
    files = [
        ("The video", manifest["video"]["file"]),
        *([("The video in AV1, smaller", manifest["av1"]["file"])] if manifest["av1"] else []),
        ("Its captions", tracks["captions"]),
        ("Its chapters", tracks["chapters"]),
        ("Its transcript: what is said and what is seen", tracks["transcript"]),
        ("All that it says, with its times", tracks["scene"]),
        ("The recording, words and facts", f"recordings/{scene.name}.json"),
        ("The recording, arrays", f"recordings/{scene.name}.npz"),
    ]
    weights = f"recordings/{scene.name}_policy.safetensors"
    files += [("The weights of the policy", weights)] if (scene.assets / weights).is_file() else []
    rows = []
    for called, file in files:
        path = scene.assets / file
        if not path.is_file():
            fail(f"site_assets/{file} is missing: run `click record {scene.name}`")
        name = file.rpartition("/")[2]
        link = el("a", {"href": base + file, "download": True}, called)
        rows.append(el("li", {}, link, el("span", {}, f"{name.rpartition('.')[2]}, {size(path.stat().st_size)}")))
    hashes = [
        ("recording", origin["recording_sha256"]),
        ("video", manifest["video"]["sha256"]),
        ("engine's code", origin["code_version"]),
        ("drawing's code", origin["render_version"]),
        *sorted(origin["versions"].items()),
    ]
    terms = [part for key, value in hashes for part in (el("dt", {}, key), el("dd", {}, el("code", {}, str(value))))]
    made_from = el("details", {"class": "fold"}, el("summary", {}, "Hashes and versions"), el("dl", {}, *terms))
    return el("div", {}, el("ul", {"class": "downloads"}, *rows), made_from)


def poster(scene: Scene, base: str, address: str) -> Html:
    """The poster as a link to the page of the scene; it moves only while it is pointed at or has the focus."""
    manifest = scene.manifest
    size_of = {"width": manifest["width"], "height": manifest["height"], "fetchpriority": "high"}
    picture = el("img", {"src": base + manifest["poster"]["file"], "alt": manifest["title"], **size_of})
    moving = el(
        "img",
        {
            **{"class": "poster__preview", "src": base + manifest["preview"]["file"], "alt": ""},
            **{"width": manifest["preview"]["width"], "height": manifest["preview"]["height"], "loading": "lazy"},
        },
    )
    return el(
        "a",
        {"class": "poster", "href": address},
        picture,
        moving,
        el("span", {}, f"Watch the scene, {clock(manifest['duration'])}"),
    )


def glimpse(scene: Scene, base: str) -> Html:
    """The poster, small, on a card whose words say what it is; fetched when a reader comes near it."""
    small = scene.manifest["glimpse"]
    picture = {"src": base + small["file"], "alt": "", "width": small["width"], "height": small["height"]}
    return el("div", {"class": "card__picture"}, el("img", {**picture, "loading": "lazy", "decoding": "async"}))


def length(scene: Scene) -> Html:
    """The duration of the film, as the foot of a card."""
    return el("p", {"class": "card__foot"}, f"A film of {clock(scene.manifest['duration'])}, in steps")
