"""What a page may say about a run: the macros that MkDocs offers to `docs/*.md`.

    {{ fact("rollout", "mate_in_one.solve_rate", "percent") }}   a number, read from the recording
    {{ setting("rollout", "eps_low") }}                          a number of its configuration
    {{ event("rollout", "failure", "san") }}                     a word of one of its events
    {{ scene("rollout", "Reading the light") }}                  the player, its steps and its legend
    {{ heading("rollout", "sample") }}                           "01 Sample", as the scene calls it
    {{ still("rollout", "sample") }}                             the picture of that moment
    {{ transcript("rollout") }} {{ provenance("rollout") }} {{ downloads("rollout") }}
    {{ code("engines/rollout/verifier.py", "reward") }}          a function, quoted from the source
    {{ poster("rollout") }} {{ reading_time() }} {{ decisions() }}

Two files stand behind them: `site_assets/recordings/NAME.json`, the head of a recording, and
`site_assets/videos/NAME.json`, the manifest that rendering writes last. A page that asks for something they do
not hold ends the build with one line. Everything taken from them is escaped on its way into the page.

Only the standard library is imported, so that a page never depends on what drew its pictures.
"""

from __future__ import annotations

import ast
import difflib
import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

RENDER = "run `click render all`"
WORDS_PER_MINUTE = 220
VOID = {"img", "source", "track"}


def fail(message: str) -> NoReturn:
    """End the build: one line on standard error, exit status 1, no traceback."""
    sys.stderr.write(f"error: {message}\n")
    raise SystemExit(1)


# --- markup -----------------------------------------------------------------------------------------------------


class Html(str):
    """Markup that `el` has made: everything in it is escaped already."""

    __slots__ = ()


def el(name: str, attributes: Mapping[str, object], *children: str) -> Html:
    """One element. Attribute values and plain strings are escaped; True is a bare attribute, None is left out."""
    bare = "".join(f" {key}" for key, value in attributes.items() if value is True)
    pairs = {key: value for key, value in attributes.items() if value not in (None, True, False)}
    opening = f"<{name}{bare}" + "".join(f' {key}="{escape(str(value))}"' for key, value in pairs.items()) + ">"
    return Html(opening if name in VOID else f"{opening}{join(children)}</{name}>")


def join(children: Iterable[str], between: str = "") -> Html:
    """Children side by side, with what is not markup yet escaped."""
    return Html(between.join(child if isinstance(child, Html) else escape(child, quote=False) for child in children))


def inert(words: str) -> Html:
    """Words for the middle of a Markdown paragraph, where `*` or `_` would otherwise mean something."""
    return Html("".join(escape(each) if each.isalnum() or each in " <>&\"'" else f"&#{ord(each)};" for each in words))


# --- what rendering and recording left behind -------------------------------------------------------------------


class Scene(NamedTuple):
    """One scene as a page sees it."""

    name: str
    head: dict[str, Any]  # of the recording
    manifest: dict[str, Any]  # of the rendered scene
    assets: Path  # the folder that both name their files in


def read(path: Path, remedy: str) -> dict[str, Any]:
    """A JSON object from a file, or the end of the build with what to do about it."""
    shown = "/".join(path.parts[-3:])
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        fail(f"{shown} is missing: {remedy}")
    except (OSError, ValueError) as error:
        fail(f"{shown} cannot be read ({error}), wanted a JSON object: {remedy}")
    if not isinstance(found, dict):
        fail(f"{shown} holds a {type(found).__name__}, wanted a JSON object: {remedy}")
    return found


def named_files(manifest: Any) -> list[str]:
    """Every file a manifest names, in its own order."""
    tracks = manifest["tracks"].values()
    stills = [section["still"]["file"] for section in manifest["sections"]]
    videos = [manifest[kind]["file"] for kind in ("video", "av1") if manifest[kind]]
    return [*videos, manifest["poster"]["file"], manifest["preview"]["file"], *tracks, *stills]


def load(assets: Path, name: str) -> Scene:
    """The scene `name`, with every file it names in place."""
    manifest = read(assets / "videos" / f"{name}.json", RENDER)
    head = read(assets / "recordings" / f"{name}.json", f"run `click record {name}`")
    shown = f"site_assets/videos/{name}.json"
    try:
        files = named_files(manifest)
    except (KeyError, TypeError) as error:
        fail(f"{shown} has no {error} where a manifest needs it: {RENDER}")
    for file in files:
        if not (assets / file).is_file():
            fail(f"{shown} names {file}, which does not exist: {RENDER}")
    return Scene(name, head, manifest, assets)


def pick(options: Mapping[str, Any], wanted: str, where: str, page: str) -> Any:
    """An entry by name; a wrong name ends the build with the nearest right ones."""
    if wanted in options:
        return options[wanted]
    near = difflib.get_close_matches(wanted, options, 3, 0.4) or sorted(options)[:6]
    fail(f"docs/{page}: {where} has no {wanted!r}, wanted one of {', '.join(near)}: correct the name on the page")


def section_of(scene: Scene, name: str, page: str) -> dict[str, Any]:
    """One section of the scene, by name."""
    sections = {section["name"]: section for section in scene.manifest["sections"]}
    found: dict[str, Any] = pick(sections, name, f"site_assets/videos/{scene.name}.json (sections)", page)
    return found


def titled(section: Mapping[str, Any]) -> tuple[str, str]:
    """A section's title in two parts: "Sample: a group of moves" -> "Sample", ": a group of moves"."""
    short, colon, rest = str(section["title"]).partition(":")
    return short, colon + rest


def label(section: Mapping[str, Any]) -> str:
    """What a section is called in running text: "01 Sample"."""
    return f"{section['step'] or ''} {titled(section)[0]}".strip()


# --- numbers ----------------------------------------------------------------------------------------------------


def percent(value: float, digits: int = 1) -> str:
    """0.803 -> 80.3%, and 0.99996 -> >99.9%: never a rounded-up certainty."""
    words = number(100 * value, digits)
    if value < 1 and words == number(100.0, digits):
        return f">{number(100 - 10.0**-digits, digits)}%"
    return words + "%"


def probability(value: float, digits: int = 1) -> str:
    """As `percent`, but never 100%: a softmax does not reach certainty, though its stored value may round to 1."""
    return percent(min(value, math.nextafter(1.0, 0.0)), digits)


def number(value: float, digits: int = 2) -> str:
    """-0.25 -> −0.25, with a real minus sign and thousands apart."""
    return f"{value:,.{digits}f}".replace("-", "−")


def integer(value: float) -> str:
    """40000 -> 40,000."""
    if value != round(value):
        raise ValueError(f"{value} is not a whole number")
    return number(value, 0)


def signed(value: float, digits: int = 2) -> str:
    """0.25 -> +0.25."""
    return ("+" if value >= 0 else "") + number(value, digits)


def duration(value: float) -> str:
    """840 -> 14 minutes."""
    for size, unit in ((3600, "hour"), (60, "minute"), (1, "second")):
        if value >= 1.5 * size or size == 1:
            count = round(value / size)
            return f"{count}\N{NO-BREAK SPACE}{unit}{'' if count == 1 else 's'}"
    raise AssertionError("unreachable")


STYLES: dict[str, Callable[..., str]] = {
    "percent": percent,
    "probability": probability,
    "number": number,
    "integer": integer,
    "signed": signed,
    "duration": duration,
}


def fact(scene: Scene, kind: str, name: str, style: str, digits: int | None, page: str) -> Html:
    """A number of the run, carrying its exact value and its name; `pm` adds the entry `name.sd` as a spread.

    `kind` is the part of the recording's head it stands in: "facts" (measured) or "config" (chosen).
    """
    where = f"site_assets/recordings/{scene.name}.json ({kind})"
    write = pick({**STYLES, "pm": percent}, style, "the list of number styles", page)
    values = []
    for key in [name, f"{name}.sd"] if style == "pm" else [name]:
        value = pick(scene.head[kind], key, where, page)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            fail(f"docs/{page}: {where} has {key} = {value!r}, wanted a finite number: record the run again")
        values.append(value)
    try:
        shown = [write(value) if digits is None else write(value, digits) for value in values]
    except (TypeError, ValueError) as error:
        fail(f"docs/{page}: {name} cannot be written as {style} ({error}): choose another style")
    text = "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}".join(shown).replace("%\N{NO-BREAK SPACE}±", "\N{NO-BREAK SPACE}±")
    return el("data", {"class": "fact", "value": values[0], "title": f"{scene.name}: {name}"}, text)


def event(scene: Scene, kind: str, key: str, style: str | None, page: str) -> Html:
    """A word the run wrote down, from its first event of a kind; several are joined by "or".

    A number among the words is written in a `style`, as `fact` does.
    """
    where = f"site_assets/recordings/{scene.name}.json (events)"
    events = {entry["kind"]: entry for entry in reversed(scene.head["events"])}
    found = pick(pick(events, kind, where, page), key, f"{where}, {kind}", page)
    if style:
        found = pick(STYLES, style, "the list of number styles", page)(found)
    words = " or ".join(map(str, found)) if isinstance(found, list) else str(found)
    return el("span", {"class": "fact", "title": f"{scene.name}: {kind}, {key}"}, inert(words))


def clock(seconds: float) -> str:
    """75.4 -> 1:15."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def size(count: int) -> str:
    """4200000 -> 4.2 MB."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"


# --- pieces of a page -------------------------------------------------------------------------------------------


def player(scene: Scene, base: str, legend_title: str) -> Html:
    """The video with its tracks, the step rail, and the legend: complete without a script."""
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
    keys = [el("kbd", {}, str(index)) for index in range(1, len(steps) + 1)]
    title_id = f"{scene.name}-legend"
    return el(
        "figure",
        {"class": "scene", "data-scene": scene.name},
        el("div", {"class": "scene__screen"}, screen),
        el(
            "nav",
            {"class": "rail", "aria-label": "Steps of the scene"},
            el("ol", {}, *(el("li", {}, stop) for stop in stops)),
            el("p", {"class": "rail__keys"}, "Keys in the player: ", *keys),
        ),
        el(
            "div",
            {"class": "legend"},
            el("h2", {"class": "legend__title", "id": title_id}, legend_title),
            el("dl", {"aria-labelledby": title_id}, *(mark(scene, base, entry) for entry in manifest["legend"])),
        ),
    )


def mark(scene: Scene, base: str, entry: Mapping[str, Any]) -> Html:
    """One entry of the legend, with the drawing of its mark."""
    drawing = f"img/marks/{entry['id']}.svg"
    if not re.fullmatch(r"[a-z0-9_-]+", entry["id"]) or not (scene.assets / drawing).is_file():
        fail(f"site_assets/videos/{scene.name}.json has the legend entry {entry['id']!r}: draw site_assets/{drawing}")
    picture = el("img", {"src": base + drawing, "alt": "", "width": 48, "height": 32})
    return el("div", {"data-mark": entry["id"]}, el("dt", {}, picture, entry["name"]), el("dd", {}, entry["text"]))


def still(scene: Scene, base: str, name: str, page: str) -> Html:
    """The picture of a section, with a link that plays from there (without a script: opens the video there)."""
    section = section_of(scene, name, page)
    manifest = scene.manifest
    picture = el(
        "img",
        {
            **{"src": base + section["still"]["file"], "alt": section["alt"], "loading": "lazy", "decoding": "async"},
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
    rows = []
    for label, file in files:
        path = scene.assets / file
        if not path.is_file():
            fail(f"site_assets/{file} is missing: run `click record {scene.name}`")
        name = file.rpartition("/")[2]
        link = el("a", {"href": base + file, "download": True}, f"{label}")
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


def poster(scene: Scene, base: str) -> Html:
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
        {"class": "poster", "href": f"{base}{scene.name}/"},
        picture,
        moving,
        el("span", {}, f"Watch the scene, {clock(manifest['duration'])}"),
    )


def code(root: Path, path: str, name: str, page: str) -> str:
    """A function or class of the source, quoted whole, as Markdown."""
    try:
        source = (root / path).read_text(encoding="utf-8")
    except OSError:
        fail(f"docs/{page}: the source {path} does not exist: correct the path on the page")
    nodes = {
        node.name: node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    node = pick(nodes, name, path, page)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    text = "\n".join(source.splitlines()[first - 1 : node.end_lineno])
    fence = "`" * max(4, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    summary = el("summary", {}, "The code that does it: ", el("code", {}, f"{path}, {name}"))
    return f'<details class="fold" markdown>\n{summary}\n\n{fence} python\n{text}\n{fence}\n\n</details>'


def reading_time(markdown: str) -> str:
    """How long the words of a page take, in whole minutes."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?s)<math.*?</math>|\{\{.*?\}\}|<[^>]*>|```.*?```", " ", markdown))
    return duration(60 * max(1, math.ceil(len(words) / WORDS_PER_MINUTE))) if words else "no time"


def decisions(docs: Path) -> str:
    """The decision records as a Markdown list, each with its own title."""
    entries = []
    for path in sorted(docs.glob("decisions/[0-9]*.md")):
        title = path.read_text(encoding="utf-8").lstrip().partition("\n")[0].lstrip("# ")
        entries.append(f"- [{escape(title, quote=False)}]({path.name})")
    return "\n".join(entries) or "None written yet."


def whole(macro: Callable[..., str], name: str, page: Callable[[], str]) -> Callable[..., str]:
    """The same macro, ending the build in one line where a file lacks what it needs."""

    def checked(*arguments: Any, **options: Any) -> str:
        try:
            return macro(*arguments, **options)
        except KeyError as error:
            fail(f"docs/{page()}: {name}{arguments} needs {error}, which the files of the scene lack: {RENDER}")

    return checked


def define_env(env: Any) -> None:
    """Offer the macros to MkDocs; called once, before any page is read."""
    root = Path(env.project_dir)
    scenes = {name: load(root / "site_assets", name) for name in env.conf["extra"].get("scenes", [])}
    env.conf["extra"]["manifests"] = {name: scene.manifest for name, scene in scenes.items()}

    def page() -> str:
        return str(env.page.file.src_uri)

    def base() -> str:
        return "../" * sum(part not in ("", ".") for part in env.page.file.url.split("/"))

    def get(name: str) -> Scene:
        found: Scene = pick(scenes, name, "mkdocs.yml (extra.scenes)", page())
        return found

    def measured(scene: str, name: str, style: str = "number", digits: int | None = None) -> str:
        return fact(get(scene), "facts", name, style, digits, page())

    def chosen(scene: str, name: str, style: str = "number", digits: int | None = None) -> str:
        return fact(get(scene), "config", name, style, digits, page())

    macros: dict[str, Callable[..., str]] = {
        "fact": measured,
        "setting": chosen,
        "event": lambda scene, kind, key, style=None: event(get(scene), kind, key, style, page()),
        "scene": lambda name, legend_title: player(get(name), base(), legend_title),
        "heading": lambda name, section: heading(get(name), section, page()),
        "still": lambda name, section: still(get(name), base(), section, page()),
        "claim": lambda name: el("p", {"class": "claim"}, get(name).manifest["claim"]),
        "transcript": lambda name: transcript(get(name)),
        "provenance": lambda name: provenance(get(name)),
        "downloads": lambda name: downloads(get(name), base()),
        "poster": lambda name: poster(get(name), base()),
        "code": lambda path, name: code(root, path, name, page()),
        "reading_time": lambda: reading_time(env.markdown),
        "decisions": lambda: decisions(root / "docs"),
    }
    for name, macro in macros.items():
        env.macro(whole(macro, name, page), name)
