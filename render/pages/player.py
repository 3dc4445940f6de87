"""The player of a scene: the video with its tracks and controls, the rail of its steps, its legend, and its keys."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from stagelight.render.pages.markup import Html, el
from stagelight.render.pages.scene_files import Scene, fail, title_parts
from stagelight.render.pages.values import clock, size

KEYS = (  # with a name for each sign that is not read aloud
    (((",", "comma"), (".", "full stop")), "one frame"),
    ((("\N{LEFTWARDS ARROW}", "left"), ("\N{RIGHTWARDS ARROW}", "right")), "five seconds"),
    ((("space", ""),), "play"),
    ((("<", "less than"), (">", "greater than")), "speed"),
    ((("c", ""),), "captions"),
    ((("f", ""),), "full screen"),
)
TRACKS = (  # kind, name in the manifest, label
    ("captions", "captions", "English"),
    ("chapters", "chapters", "Chapters"),
    ("descriptions", "descriptions", "Descriptions"),
    ("metadata", "legend", "Legend"),
)
UPRIGHT = "(max-width: 33.98em) and (orientation: portrait)"  # the screens that get the upright cut, as in scene.css
SPEEDS = (0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2)  # those of the browsers' own controls


def player(scene: Scene, base: str, legend_title: str, markdown: str) -> Html:
    """The video, the step rail and the legend, complete without a script.

    The controls below the picture take the place of the browser's own once the script that moves them is there. A page
    on a disk may read no track: the captions, and the still of each section, are written here for the script.
    `markdown` is that of the page: an entry of the legend leads to the paragraph that explains it, which has the id
    `mark-ENTRY`, or else to the first step that shows it.
    """
    manifest = scene.manifest
    steps = [section for section in manifest["sections"] if section["step"]]
    return el(
        "figure",
        {
            **{"class": "scene", "data-scene": scene.name},
            **{"data-fps": manifest["fps"], "data-length": f"{manifest['duration']:g}"},
            **{"data-title": manifest["title"], "data-captions": json.dumps(_captions(manifest))},
            "data-stills": json.dumps(_stills(manifest, base)),
        },
        el(
            "div",
            {"class": "scene__screen"},
            el(
                "div",
                {"class": "scene__picture"},
                _poster(manifest, base),
                _video(scene, base),
                el("img", {"class": "scene__still", "alt": "", "hidden": True}),
            ),
            el("p", {"class": "scene__words", "aria-live": "polite", "hidden": True}),
            _controls(manifest, base),
        ),
        el(
            "nav",
            {"class": "rail", "aria-label": "Steps of the scene"},
            el("ol", {}, *(el("li", {}, _stop(section, base)) for section in steps)),
        ),
        _legend(scene, base, legend_title, markdown),
        _keys(len(steps)),
    )


def _video(scene: Scene, base: str) -> Html:
    """The video element with its sources and tracks; a browser takes the first source that it can play."""
    manifest = scene.manifest
    video = base + manifest["video"]["file"]
    return el(
        "video",
        {
            **{"controls": True, "playsinline": True, "preload": "none"},
            **{"width": manifest["width"], "height": manifest["height"]},
            "aria-label": f"{manifest['title']}. {manifest['claim']}",
        },
        *(source(each, base, size(each["bytes"]), UPRIGHT) for each in _videos(manifest["upright"])),
        *(source(each, base, size(each["bytes"])) for each in _videos(manifest)),
        *(
            el("track", {"kind": kind, "label": label, "srclang": "en", "src": base + manifest["tracks"][name]})
            for kind, name, label in TRACKS
        ),
        el("p", {}, "This browser plays no video here: ", el("a", {"href": video}, "download it"), "."),
    )


def _poster(manifest: Mapping[str, Any], base: str) -> Html:
    """The picture behind the video, which lets it be seen until there is a film; a video has no poster for each cut."""
    wide, turned = manifest["poster"], manifest["upright"]["poster"]
    size_of = {"width": wide["width"], "height": wide["height"]}
    return el(
        "picture",
        {"class": "scene__poster"},
        el("source", {"media": UPRIGHT, "srcset": base + turned["file"],
                      "width": turned["width"], "height": turned["height"]}),
        el("img", {"src": base + wide["file"], "alt": "", "fetchpriority": "high", **size_of}),
    )  # fmt: skip


def _stills(manifest: Mapping[str, Any], base: str) -> list[tuple[float, str, str]]:
    """The start of each section, its still and that of the upright cut."""
    pairs = zip(manifest["sections"], manifest["upright"]["sections"], strict=True)
    return [(each["start"], base + each["still"]["file"], base + turned["still"]["file"]) for each, turned in pairs]


def source(file: Mapping[str, Any], base: str, said: str | None = None, media: str | None = None) -> Html:
    """A file that a video may play, on which screens, and its size in words where a script shows it."""
    kind = f'video/mp4; codecs="{file["codecs"]}"'
    return el("source", {"src": base + file["file"], "type": kind, "media": media, "data-size": said})


def _videos(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The files of the film, the smaller one first."""
    return [each for each in (manifest["av1"], manifest["video"]) if each]


def _captions(manifest: Mapping[str, Any]) -> list[tuple[float, float, str]]:
    """Start, end and text of every caption."""
    return [(words["start"], words["end"], words["text"])
            for section in manifest["sections"] for words in section["captions"]]  # fmt: skip


def _controls(manifest: Mapping[str, Any], base: str) -> Html:
    """The controls of the film, hidden until a script moves them; the steps are ticks on the line of time."""
    length = manifest["duration"]
    starts = [section["start"] for section in manifest["sections"] if section["step"]]
    ticks = (el("i", {"style": f"left: {start / length:.3%}"}) for start in starts)
    speeds = (el("option", {"value": f"{each:g}", "selected": each == 1 or None}, f"{each:g}\N{MULTIPLICATION SIGN}")
              for each in SPEEDS)  # fmt: skip
    time = {"type": "range", "min": 0, "max": f"{length:g}", "step": 0.1, "value": 0, "aria-label": "Time"}
    return el(
        "div",
        {"class": "controls", "role": "group", "aria-label": "Controls of the film", "hidden": True},
        el(
            "span",
            {"class": "controls__line"},
            el("input", time),
            el("span", {"class": "controls__ticks", "aria-hidden": "true"}, *ticks),
        ),
        el("button", {"type": "button", "class": "controls__play", "data-does": "play"}, "Play"),
        el("span", {"class": "controls__load"}, size(_videos(manifest)[0]["bytes"])),
        *_smaller(manifest, base),
        el("span", {"class": "controls__time"}, f"0:00 / {clock(length)}"),
        el("select", {"aria-label": "Speed"}, *speeds),
        *(
            el("button", {"type": "button", "data-does": does, "aria-pressed": pressed}, words)
            for does, words, pressed in (
                ("captions", "Captions", "false"),
                ("link", "Copy link", None),
                ("fill", "Full screen", None),
            )
        ),
        el("output", {}),
    )


def _smaller(manifest: Mapping[str, Any], base: str) -> list[Html]:
    """The button that takes the smaller file in place of the film, or puts the film back."""
    if not (small := manifest["slow"]):
        return []
    turned = manifest["upright"]["slow"]
    data = {
        **{"data-does": "smaller", "data-file": base + small["file"], "data-size": size(small["bytes"])},
        **{"data-upright-file": base + turned["file"], "data-upright-size": size(turned["bytes"])},
    }
    return [el("button", {"type": "button", "aria-pressed": "false", **data}, "Smaller")]


def _stop(section: Mapping[str, Any], base: str) -> Html:
    """One step of the rail."""
    return el(
        "a",
        {
            "href": f"#step-{section['step']}",
            "data-start": f"{section['start']:g}",
            "data-end": f"{section['start'] + section['duration']:g}",
        },
        el("span", {"class": "rail__number"}, section["step"]),
        " ",
        el("span", {"class": "rail__title"}, title_parts(section)[0]),
    )


def _legend(scene: Scene, base: str, title: str, markdown: str) -> Html:
    title_id = f"{scene.name}-legend"
    return el(
        "div",
        {"class": "legend"},
        el("h2", {"class": "legend__title", "id": title_id}, title),
        el("dl", {"aria-labelledby": title_id},
           *(_mark(scene, base, entry, markdown) for entry in scene.manifest["legend"])),
    )  # fmt: skip


def _mark(scene: Scene, base: str, entry: Mapping[str, Any], markdown: str) -> Html:
    """One entry of the legend, with the drawing of its mark and a link to its explanation."""
    drawing = f"img/marks/{entry['id']}.svg"
    if not re.fullmatch(r"[a-z0-9_-]+", entry["id"]) or not (scene.assets / drawing).is_file():
        fail(f"site_assets/videos/{scene.name}.json has the legend entry {entry['id']!r}: draw site_assets/{drawing}")
    picture = el("img", {"src": base + drawing, "alt": "", "width": 48, "height": 32})
    place = explanation(scene, entry["id"], markdown)
    name = el("a", {"href": f"#{place}"}, entry["name"]) if place else entry["name"]
    times = " ".join(f"{moment['start']:g}-{moment['end']:g}" for section in scene.manifest["sections"]
                     for moment in section["marks"] if moment["id"] == entry["id"])  # fmt: skip
    return el(
        "div", {"data-mark": entry["id"], "data-times": times}, el("dt", {}, picture, name), el("dd", {}, entry["text"])
    )


def explanation(scene: Scene, entry: str, markdown: str) -> str | None:
    """The id of the paragraph that explains an entry of the legend, else of the first step that shows it."""
    if re.search(rf"#mark-{re.escape(entry)}\b", markdown):
        return f"mark-{entry}"
    steps = (section for section in scene.manifest["sections"] if section["step"])
    return next((f"step-{step['step']}" for step in steps if entry in {mark["id"] for mark in step["marks"]}), None)


def _keys(steps: int) -> Html:
    """A line that lists the keys."""
    keys = [(tuple((str(at), "") for at in range(1, steps + 1)), "steps"), *KEYS]
    parts = [part for signs, does in keys for part in (*(_key(*sign) for sign in signs), f" {does}", ", ")]
    return el("p", {"class": "scene__keys"}, "Keys: ", *parts[:-1], ".")


def _key(sign: str, spoken: str) -> Html:
    """A key, with its name for screen readers."""
    if not spoken:
        return el("kbd", {}, sign)
    return el("kbd", {}, el("span", {"aria-hidden": "true"}, sign), el("span", {"class": "spoken"}, f" {spoken} "))
