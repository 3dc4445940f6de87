"""The gallery: every component has an example, which shows something and is the same every time."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stagelight.render import cli, components, stage
from stagelight.render.pipeline import InputError, gallery
from stagelight.render.pipeline.gallery import Exhibit
from stagelight.render.pipeline.plan import Places
from support.drawing import SMALL

EXHIBITS = dict(gallery.exhibits())
WITHOUT = {
    "phantom": "what others show in their exhibits",
    "upright": "another stage",
}  # modules without an exhibit -> why


def test_every_component_has_an_exhibit() -> None:
    found = pkgutil.walk_packages(components.__path__, f"{components.__name__}.")
    modules = {module.name.removeprefix(f"{components.__name__}.") for module in found if not module.ispkg}
    assert modules - WITHOUT.keys() <= EXHIBITS.keys(), "give each an `exhibit(pen, t)`"
    assert WITHOUT.keys() <= modules - EXHIBITS.keys()


@pytest.mark.parametrize(("name", "exhibit"), EXHIBITS.items(), ids=list(EXHIBITS))
def test_an_exhibit_shows_something_and_is_the_same_every_time(name: str, exhibit: Exhibit) -> None:
    once = gallery.picture(name, exhibit, SMALL).copy()
    gallery.picture(name, exhibit, SMALL, 0.4)
    assert np.array_equal(once, gallery.picture(name, exhibit, SMALL))
    changed = (once != stage.night(SMALL.width, SMALL.height)).any(axis=2)
    assert changed.mean() > 0.005


def test_the_sheet_names_each_and_the_stills_lie_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen: list[tuple[str, Exhibit]] = [(name, EXHIBITS[name]) for name in ("bars", "board", "fan", "frame")]
    monkeypatch.setattr(gallery, "exhibits", lambda: iter(chosen))
    places = Places(tmp_path / "assets", tmp_path / "cache")
    assert cli.run(["render", "gallery", "--quality", "draft"], places) == 0
    path = places.cache / "gallery" / "sheet.png"
    assert capsys.readouterr().out == f"{path}\n"
    assert sorted(file.name for file in path.parent.iterdir()) == [
        *("bars.png", "board.png", "fan.png", "frame.png", "sheet.png"),
    ]
    with Image.open(path) as sheet, Image.open(path.with_name("fan.png")) as still:
        assert still.size == (640, 360)
        step = 360 + 2 * gallery.GAP + gallery.LABEL
        assert sheet.size == (3 * (gallery.TILE + gallery.GAP) + gallery.GAP, 2 * step + gallery.GAP)
        labels = np.asarray(sheet)[gallery.GAP + 360 : gallery.GAP + step - gallery.GAP].max(axis=(0, 2))
    assert all(labels[x : x + 100].max() > 120 for x in range(gallery.GAP, 1800, gallery.TILE + gallery.GAP))
    out = gallery.make(places, SMALL, tmp_path / "mine" / "all.webp")
    assert {file.suffix for file in out.parent.iterdir()} == {".webp"}
    assert cli.run(["render", "gallery", "--still", "3"], places) == 2
    with pytest.raises(InputError, match=re.escape("all.gif: wanted a name that ends in .png or .webp")):
        gallery.make(places, SMALL, tmp_path / "all.gif")


def test_a_component_in_a_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shelf" / "deep").mkdir(parents=True)
    for file in ("shelf/__init__.py", "shelf/plain.py", "shelf/deep/__init__.py"):
        (tmp_path / file).write_text("")
    (tmp_path / "shelf" / "deep" / "vase.py").write_text(
        "def exhibit(pen, t):\n    pen.disc(960, 540, 99, '#FFFFFF')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(gallery, "components", importlib.import_module("shelf"))
    assert [name for name, _ in gallery.exhibits()] == ["deep.vase"]
