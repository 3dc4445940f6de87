"""Every section of every scene reads what it declares: no more, which is refused, and no less."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stagelight.engines import recording
from stagelight.render import theme
from stagelight.render.pipeline.plan import Places, scene_names
from stagelight.render.scene import Scene
from stagelight.render.scenes.rollout import Rollout
from stagelight.render.scenes.scan import Scan
from stagelight.render.scenes.village import Village
from stagelight.render.stage import Film
from support.paths import RECORDINGS

TINY = theme.Quality("tiny", 160, 90, 1, 30, "ultrafast")
SCENES: dict[str, type[Scene]] = {scene.name: scene for scene in (Rollout, Scan, Village)}
# Facts that make a scene show something else instead: there it reads other parts.
ALTERNATIVES: dict[str, tuple[dict[str, float], ...]] = {"scan": ({"ring.radius": 0.0},)}


def test_these_are_all_scenes() -> None:
    assert sorted(SCENES) == scene_names(Places())


@pytest.mark.parametrize("name", ["rollout", "village", pytest.param("scan", marks=pytest.mark.slow)])
def test_each_section_reads_all_that_it_declares_and_nothing_else(name: str) -> None:
    """A frame a second is drawn, and the last one: a read of anything else ends it."""
    recorded = recording.load(RECORDINGS, name)
    unread: dict[str, set[str]] = {}
    for facts in ({}, *ALTERNATIVES.get(name, ())):
        scene = SCENES[name](replace(recorded, facts={**recorded.facts, **facts}))
        for section in scene.sections():
            if unread.get(section.name) == set():
                continue
            film = Film(section, TINY)
            for index in range(len(film)):
                film.frame(index)
            film.at(section.seconds)
            assert section.excerpt is not None, f"{section.name}: give it `@reads`"
            never = set(section.excerpt.unread()) - set(scene.reads)
            unread[section.name] = unread.get(section.name, never) & never
        assert scene.recording.unread() == [], "the scene declares what it never reads"
    assert not any(unread.values()), f"declared and never read: {unread}"
