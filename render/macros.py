"""The macros that MkDocs offers to `docs/*.md`: numbers, claims, scenes and tables, all read from recorded runs.

    {{ fact("rollout", "one.kqk.win_rate", "percent") }}         a number of the recording, or of two: "a - b", "a / b"
    {{ setting("rollout", "rule.passed") }}                      a number of its configuration
    {{ constant("engines/village/constants.py", "MESSAGE") }}        a number of the source, or the length of a tuple
    {{ event("rollout", "failure", "san") }}                     a word of one of its events
    {{ holds("does better", "scan", "a > b") }}                  words that rest on a relation between facts
    {{ either("nearer", "no nearer", "scan", "a > b") }}         the words that are true of a relation between facts
    {{ best("village", "calm.reserve_*.return") }}               the text for * in the largest of several facts
    {{ shown("rollout", "reward_mean", "number", 3) }}           a number of the group that the film shows slowly
    {{ on_board("rollout", "surest_mistake", "san") }}           a move of an event, as the drawn board has it
    {% if recorded("rollout", "outside.*") %}                    whether a fact or a kind of event like this is recorded

    {{ scene("rollout", "Reading the light") }}                  the player, its steps and its legend
    {{ heading("rollout", "sample") }} {{ claim("rollout") }}    "01 Sample" and the headline, as the scene has them
    {{ still("rollout", "sample") }}                             the picture of that moment
    {{ transcript("rollout") }} {{ provenance("rollout") }} {{ downloads("rollout") }}
    {{ poster("rollout") }} {{ card_picture("rollout") }} {{ film_length("rollout") }}

    {{ try_board("rollout") }} {{ try_village("village") }} {{ try_scan("scan") }}    tables to try
    {{ learning_curves("rollout", {"mate.1": "mate in one"}, "Held-out starts") }}   success in cells of the curriculum
    {{ script_curves({"ppo-0": "PPO"}) }}                        what scripts from outside wrote while they learnt
    {{ cells("rollout", "What is kept") }}                       success in every cell, over time: what is forgotten
    {{ rollout_results("rollout", "mates") }} {{ rollout_flags("rollout") }} {{ rollout_outside("rollout") }}
    {{ rollout_baselines("rollout") }} {{ rollout_decides("rollout") }} {{ rollout_opponent("rollout") }}
    {{ gain_plot("scan", "headline", "Over the best") }}         gains by acceleration, as a picture and a table
    {{ error_maps("scan") }} {{ training_examples("scan") }} {{ dreams("scan") }}    pictures of the scan's pages
    {{ scan_by_acceleration("scan") }} {{ scan_methods("scan", 16) }} {{ scan_other_measures("scan", 16) }}
    {{ scan_error_bands("scan", 16) }} {{ scan_other_scanners("scan") }} {{ scan_prompts("scan") }}
    {{ scan_errors("scan") }} {{ scan_measured("scan") }}
    {{ village_returns("village") }} {{ village_models("village") }} {{ model_answers("village", 4) }}
    {{ leaderboard("village", "held out") }} {{ leaderboard_entries() }}
    {{ trial("bad-input") }} {{ trial_failures("bad-input") }}   what came of the attempts to break it all, by part
    {{ trial_count("bad-input", "cases") }} {{ trial_run("bad-input") }}

    {{ code("engines/rollout/grpo.py", "rewards") }}             a function, quoted from the source
    {{ cite("shao2024") }} {{ sources() }}                       numbers of works in docs/references.bib, and their list
    {{ citation("rollout") }}                                    the page as others may cite it, with BibTeX
    {{ origins() }} {{ third_parties() }} {{ reading_time() }} {{ decisions() }} {{ log() }} {{ architecture() }}

Behind a scene stand its recording `site_assets/recordings/NAME`, of which nothing is shown unless seal and hashes fit,
and `site_assets/videos/NAME.json`, the manifest that rendering writes last. A page that asks for what they do not hold,
or claims what they contradict, ends the build with one line. All that is taken from them is escaped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stagelight.render.pages import (
    architecture,
    card,
    claims,
    gain_plot,
    leaderboard,
    learning_curves,
    player,
    prose,
    reconstructions,
    rollout_cells,
    rollout_group,
    rollout_tables,
    scan_tables,
    scene_page,
    script_curves,
    trials,
    try_board,
    try_village,
    values,
    village_tables,
)  # fmt: skip
from stagelight.render.pages.citations import Citations
from stagelight.render.pages.markup import el
from stagelight.render.pages.scene_files import RENDER, Scene, fail, load, pick

Macros = Mapping[str, Callable[..., str]]


class Site:
    """The project, its scenes, and the page that is being written.

    Zensical, the theme's successor, gives of a page its path and address alone.
    """

    def __init__(self, env: Any) -> None:
        """Read every scene that mkdocs.yml lists."""
        self.env = env
        self.root = Path(env.project_dir)
        self.extra: dict[str, Any] = env.conf["extra"]
        self.scenes = {name: load(self.root / "site_assets", name) for name in self.extra.get("scenes", [])}

    def page(self) -> str:
        """The path of the page below docs/."""
        return str(self.env.page.file.src_uri if hasattr(self.env.page, "file") else self.env.page.path)

    def markdown(self) -> str:
        """The source of the page."""
        text: str | None = getattr(self.env, "markdown", None)
        return text if text is not None else (self.root / "docs" / self.page()).read_text(encoding="utf-8")

    def base(self) -> str:
        """The way from the page to the root of the site."""
        *folders, file = self.page().split("/")
        deeper = self.env.conf["use_directory_urls"] and file not in ("index.md", "README.md")
        return "../" * (len(folders) + deeper)

    def address(self, name: str) -> str:
        """The way from the page to the page of a scene."""
        return f"{self.base()}{name}/" if self.env.conf["use_directory_urls"] else f"{self.base()}{name}.html"

    def scene(self, name: str) -> Scene:
        """A scene by name."""
        scene: Scene = pick(self.scenes, name, "mkdocs.yml (extra.scenes)", self.page())
        return scene

    def keep(self, data: bytes, name: str = "pictures/{}.png") -> str:
        """The address of a file, which is written when all pages are; {} in its name stands for its hash."""
        return self.base() + self.put(data, name)

    def put(self, data: bytes, name: str = "pictures/{}.png") -> str:
        """The place of a file below the root of the site; {} in its name stands for its hash."""
        name = name.format(hashlib.sha256(data).hexdigest()[:16])
        self.extra.setdefault("kept", {})[name] = data
        return name

    def card(self, title: str, description: str, scene: str | None) -> str:
        """The place of a page's card: the poster of the scene that it is about, else its title and description."""
        assets = self.root / "site_assets"
        if scene:
            return self.put(card.pictured(assets / self.scene(scene).manifest["poster"]["file"]))
        return self.put(card.written(assets / "fonts", self.env.conf["site_name"], title, description))


def define_env(env: Any) -> None:
    """Offer the macros to MkDocs; called once, before any page is read (by Zensical: for each page)."""
    site = Site(env)
    site.extra["manifests"] = {name: scene.manifest for name, scene in site.scenes.items()}
    site.extra["card"] = site.card
    site.extra["card_size"] = card.SIZE
    site.extra["log"] = prose.log(site.root / "docs/log")
    for name, macro in {**_words(site), **_parts(site), **_tables(site), **_texts(site)}.items():
        env.macro(_checked(macro, name, site.page), name)


def _checked(macro: Callable[..., str], name: str, page: Callable[[], str]) -> Callable[..., str]:
    """The same macro, ending the build in one line where a file lacks what it needs."""

    def checked(*arguments: Any, **options: Any) -> str:
        try:
            return macro(*arguments, **options)
        except KeyError as error:
            fail(f"docs/{page()}: {name}{arguments} needs {error}, which the files of the scene lack: {RENDER}")

    return checked


def _words(site: Site) -> Macros:
    """Numbers, words and claims."""

    def fact(scene: str, quantity: str, style: str = "number", digits: int | None = None) -> str:
        return values.fact(site.scene(scene), quantity, style, digits, site.page())

    def setting(scene: str, name: str, style: str = "number", digits: int | None = None) -> str:
        return values.setting(site.scene(scene), name, style, digits, site.page())

    def constant(path: str, name: str, style: str = "number", digits: int | None = None) -> str:
        number = prose.constant(site.root, path, name, site.page())
        return values.constant(path, name, number, style, digits, site.page())

    def event(scene: str, kind: str, key: str, style: str | None = None) -> str:
        return values.event(site.scene(scene), kind, key, style, site.page())

    def shown(scene: str, name: str, style: str = "number", digits: int | None = None) -> str:
        return rollout_group.shown(site.scene(scene), name, style, digits, site.page())

    def recorded(scene: str, pattern: str) -> str:
        return values.recorded(site.scene(scene), pattern)

    def holds(words: str, scene: str, *relations: str) -> str:
        return claims.holds(site.scene(scene), words, relations, site.page())

    def either(words: str, otherwise: str, scene: str, *relations: str) -> str:
        return claims.either(site.scene(scene), words, otherwise, relations, site.page())

    def best(scene: str, pattern: str) -> str:
        return claims.best(site.scene(scene), pattern, site.page())

    numbers: Macros = {"fact": fact, "setting": setting, "constant": constant, "event": event, "shown": shown}
    return {**numbers, "recorded": recorded, "holds": holds, "either": either, "best": best}


def _parts(site: Site) -> Macros:
    """The parts of a scene's page, and its poster elsewhere."""
    get, page, base = site.scene, site.page, site.base
    return {
        "scene": lambda name, legend: player.player(get(name), base(), legend, site.markdown()),
        "heading": lambda name, section: scene_page.heading(get(name), section, page()),
        "claim": lambda name: el("p", {"class": "claim"}, get(name).manifest["claim"]),
        "still": lambda name, section: scene_page.still(get(name), base(), section, page()),
        "transcript": lambda name: scene_page.transcript(get(name)),
        "provenance": lambda name: scene_page.provenance(get(name)),
        "downloads": lambda name: scene_page.downloads(get(name), base()),
        "poster": lambda name: scene_page.poster(get(name), base(), site.address(name)),
        "card_picture": lambda name: scene_page.card_picture(get(name), base()),
        "film_length": lambda name: scene_page.film_length(get(name)),
        "origins": lambda: scene_page.origins(site.scenes.values()),
    }


def _tables(site: Site) -> Macros:
    """Tables, plots and pictures of a recording."""
    get, page, keep = site.scene, site.page, site.keep
    return {
        "on_board": lambda name, kind, key: rollout_group.on_board(get(name), kind, key, page()),
        "try_board": lambda name: try_board.board(get(name), page(), site.base(), keep),
        "try_village": lambda name: try_village.village(get(name), site.root, page(), site.base(), keep),
        "try_scan": lambda name: reconstructions.choose(get(name), page(), keep),
        "learning_curves": lambda name, cells, title: learning_curves.plot(get(name), cells, title, page()),
        "script_curves": lambda files: script_curves.plot(site.root, files, page()),
        "cells": lambda name, title: rollout_cells.plot(get(name), title, page()),
        "rollout_results": lambda name, part: rollout_tables.results(get(name), part, page()),
        "rollout_flags": lambda name: rollout_tables.flags(get(name), page()),
        "rollout_baselines": lambda name, kind="": rollout_tables.baselines(get(name), kind),
        "rollout_decides": lambda name: rollout_tables.decides(get(name)),
        "rollout_outside": lambda name: rollout_tables.outside(get(name)),
        "rollout_opponent": lambda name: rollout_tables.opponent(get(name)),
        "gain_plot": lambda name, network, title: gain_plot.plot(get(name), network, title, page()),
        "error_maps": lambda name: reconstructions.error_maps(get(name), page(), keep),
        "training_examples": lambda name: reconstructions.training_examples(get(name), page(), keep),
        "dreams": lambda name: reconstructions.dreams(get(name), page(), keep),
        "scan_by_acceleration": lambda name: scan_tables.by_acceleration(get(name), page()),
        "scan_methods": lambda name, rate: scan_tables.methods(get(name), rate, page()),
        "scan_other_measures": lambda name, rate: scan_tables.other_measures(get(name), rate, page()),
        "scan_error_bands": lambda name, rate: scan_tables.error_bands(get(name), rate, page()),
        "scan_other_scanners": lambda name: scan_tables.other_scanners(get(name), page()),
        "scan_prompts": lambda name: scan_tables.prompts(get(name), page()),
        "scan_errors": lambda name: scan_tables.errors(get(name), page()),
        "scan_measured": lambda name: scan_tables.measured(get(name), page()),
        "village_models": lambda name: village_tables.models(get(name), page()),
        "village_returns": lambda name: village_tables.returns(get(name), page()),
        "leaderboard": lambda name, kind: leaderboard.board(get(name), site.root, kind, page()),
        "leaderboard_entries": lambda: leaderboard.descriptions(site.root),
        "model_answers": lambda name, count: village_tables.answers(get(name), page(), count),
    }


def _texts(site: Site) -> Macros:
    """Text from outside a scene."""
    root, page = site.root, site.page
    works = Citations(root / "docs/references.bib")
    return {
        "code": lambda path, name: prose.code(root, path, name, page()),
        "trial": lambda kind: trials.table(root, kind, page()),
        "trial_count": lambda kind, what: trials.total(root, kind, what, page()),
        "trial_run": lambda kind: trials.about(root, kind, page()),
        "trial_failures": lambda kind: trials.failures(root, kind, page()),
        "cite": lambda *keys: works.cite(keys, page()),
        "sources": lambda notes=MappingProxyType({}): works.sources(notes, page()),
        "citation": lambda name: prose.citation(
            root, site.scene(name).manifest["title"], f"stagelight-{name}", f"{site.env.conf['site_url']}{name}/"
        ),
        "third_parties": lambda: prose.third_parties(root),
        "reading_time": lambda: prose.reading_time(site.markdown()),
        "decisions": lambda: prose.decisions(root / "docs"),
        "log": lambda: prose.log_index(root / "docs/log"),
        "architecture": lambda: architecture.figure(root),
    }


def on_post_build(env: Any) -> None:
    """Write the files that pages asked for; called by MkDocs when all pages are written."""
    folder = Path(env.conf["site_dir"])
    for name, data in env.conf["extra"].get("kept", {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
