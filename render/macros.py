"""The macros that MkDocs offers to `docs/*.md`: all that a page may say about a run.

    {{ fact("rollout", "mate_in_one.solve_rate", "percent") }}   a number, read from the recording
    {{ setting("rollout", "eps_low") }}                          a number of its configuration
    {{ constant("engines/village/rules.py", "MESSAGE") }}        a number of the rules, read from the source
    {{ event("rollout", "failure", "san") }}                     a word of one of its events
    {{ scene("rollout", "Reading the light") }}                  the player, its steps and its legend
    {{ heading("rollout", "sample") }}                           "01 Sample", as the scene calls it
    {{ still("rollout", "sample") }}                             the picture of that moment
    {{ transcript("rollout") }} {{ provenance("rollout") }} {{ downloads("rollout") }}
    {{ code("engines/rollout/verifier.py", "reward") }}          a function, quoted from the source
    {{ try_group("rollout") }}                                   a recorded group to set rewards in
    {{ try_reserve("village") }}                                 what a reserve is worth, a table to choose from
    {{ try_scan("scan") }}                                       recorded reconstructions to choose from
    {{ errors("scan") }}                                         where each method is off
    {{ scored_by_rate("scan") }} {{ scored_tried("scan", 16) }}   tables of what was scored
    {{ scored_scanners("scan", 16) }} {{ scored_words("scan") }}  and more of them
    {{ scored_agents("village") }} {{ answers("village", 4) }}   who reaches what; a language model's own words
    {{ gains("scan", "Over the best classical method") }}        gains by acceleration, as a picture and a table
    {{ curves("rollout", "tails_9", {"curriculum_slide": "slides back"}, "boards reached", "Mates") }}
                                                                 learning curves of several runs, from its arrays
    {{ cite("shao2024") }} {{ sources() }}                       numbers of works in docs/references.bib, and their list
    {{ origins() }} {{ third_parties() }}                        what each scene was made from; what others made
    {{ poster("rollout") }} {{ reading_time() }} {{ decisions() }} {{ log() }} {{ architecture() }}

Two files stand behind them: `site_assets/recordings/NAME.json`, the head of a recording, and
`site_assets/videos/NAME.json`, the manifest that rendering writes last. A page that asks for something they do
not hold ends the build with one line. Everything taken from them is escaped on its way into the page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stagelight.render.pages import (
    architecture,
    figures,
    gains,
    pieces,
    plots,
    prose,
    reserve,
    scans,
    scored,
    tries,
    villages,
)
from stagelight.render.pages.citations import Citations
from stagelight.render.pages.markup import el
from stagelight.render.pages.published import RENDER, Scene, fail, load, pick


def whole(macro: Callable[..., str], name: str, page: Callable[[], str]) -> Callable[..., str]:
    """The same macro, ending the build in one line where a file lacks what it needs."""

    def checked(*arguments: Any, **options: Any) -> str:
        try:
            return macro(*arguments, **options)
        except KeyError as error:
            fail(f"docs/{page()}: {name}{arguments} needs {error}, which the files of the scene lack: {RENDER}")

    return checked


def define_env(env: Any) -> None:
    """Offer the macros to MkDocs; called once, before any page is read.

    Zensical, the theme's successor, calls it for each page, and says of a page its path and address alone.
    """
    root = Path(env.project_dir)
    scenes = {name: load(root / "site_assets", name) for name in env.conf["extra"].get("scenes", [])}
    env.conf["extra"]["manifests"] = {name: scene.manifest for name, scene in scenes.items()}

    env.conf["extra"]["log"] = prose.log(root / "docs/log")

    works = Citations(root / "docs/references.bib")

    def page() -> str:
        return str(env.page.file.src_uri if hasattr(env.page, "file") else env.page.path)

    def words() -> str:
        found = getattr(env, "markdown", None)
        return found if found is not None else (root / "docs" / page()).read_text(encoding="utf-8")

    def base() -> str:
        *folders, file = page().split("/")
        deeper = env.conf["use_directory_urls"] and file not in ("index.md", "README.md")
        return "../" * (len(folders) + deeper)

    def address(name: str) -> str:
        return f"{base()}{name}/" if env.conf["use_directory_urls"] else f"{base()}{name}.html"

    def get(name: str) -> Scene:
        found: Scene = pick(scenes, name, "mkdocs.yml (extra.scenes)", page())
        return found

    def measured(scene: str, name: str, style: str = "number", digits: int | None = None) -> str:
        return figures.fact(get(scene), "facts", name, style, digits, page())

    def chosen(scene: str, name: str, style: str = "number", digits: int | None = None) -> str:
        return figures.fact(get(scene), "config", name, style, digits, page())

    def named(path: str, name: str, style: str = "number", digits: int | None = None) -> str:
        return figures.constant(path, name, prose.constant(root, path, name, page()), style, digits, page())

    def keep(picture: bytes) -> str:
        name = f"pictures/{hashlib.sha256(picture).hexdigest()[:16]}.png"
        env.conf["extra"].setdefault("pictures", {})[name] = picture
        return base() + name

    macros: dict[str, Callable[..., str]] = {
        "constant": named,
        "fact": measured,
        "setting": chosen,
        "event": lambda scene, kind, key, style=None: figures.event(get(scene), kind, key, style, page()),
        "scene": lambda name, legend_title: pieces.player(get(name), base(), legend_title, words()),
        "heading": lambda name, section: pieces.heading(get(name), section, page()),
        "still": lambda name, section: pieces.still(get(name), base(), section, page()),
        "claim": lambda name: el("p", {"class": "claim"}, get(name).manifest["claim"]),
        "transcript": lambda name: pieces.transcript(get(name)),
        "provenance": lambda name: pieces.provenance(get(name)),
        "downloads": lambda name: pieces.downloads(get(name), base()),
        "try_group": lambda name: tries.group(get(name), page()),
        "try_reserve": lambda name: reserve.table(get(name), page()),
        "try_scan": lambda name: scans.choose(get(name), page(), keep),
        "seen": lambda name: scans.seen(get(name), page(), keep),
        "errors": lambda name: scans.errors(get(name), page(), keep),
        "scored_by_rate": lambda name: scored.by_rate(get(name), page()),
        "scored_tried": lambda name, rate: scored.tried(get(name), rate, page()),
        "scored_otherwise": lambda name, rate: scored.otherwise(get(name), rate, page()),
        "scored_bands": lambda name, rate: scored.bands(get(name), rate, page()),
        "scored_scanners": lambda name, rate: scored.scanners(get(name), rate, page()),
        "scored_words": lambda name: scored.words(get(name), page()),
        "scored_agents": lambda name: villages.agents(get(name), page()),
        "answers": lambda name, count: villages.answers(get(name), page(), count),
        "gains": lambda name, title: gains.plot(get(name), title, page()),
        "curves": lambda name, measured, runs, across, title: plots.curves(
            get(name), measured, runs, across, title, page()
        ),
        "poster": lambda name: pieces.poster(get(name), base(), address(name)),
        "glimpse": lambda name: pieces.glimpse(get(name), base()),
        "length": lambda name: pieces.length(get(name)),
        "code": lambda path, name: prose.code(root, path, name, page()),
        "reading_time": lambda: prose.reading_time(words()),
        "origins": lambda: pieces.origins(scenes.values()),
        "third_parties": lambda: prose.third_parties(root),
        "cite": lambda *keys: works.cite(keys, page()),
        "sources": lambda notes=MappingProxyType({}): works.sources(notes, page()),
        "decisions": lambda: prose.decisions(root / "docs"),
        "architecture": lambda: architecture.figure(root),
        "log": lambda: prose.log_index(root / "docs/log"),
    }
    for name, macro in macros.items():
        env.macro(whole(macro, name, page), name)


def on_post_build(env: Any) -> None:
    """Put the pictures that pages asked for beside them; called by MkDocs when all pages are written."""
    folder = Path(env.conf["site_dir"])
    for name, picture in env.conf["extra"].get("pictures", {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
