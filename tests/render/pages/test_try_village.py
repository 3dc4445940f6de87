"""The village to try on its page: what the script is given, what it finds there, and what stands without it."""

from __future__ import annotations

import base64
import json
import re
from html import unescape
from pathlib import Path

import pytest

from stagelight.engines import recording
from stagelight.render.pages import try_village
from stagelight.render.pages.scene_files import Scene
from support.pages import refusal
from support.paths import ASSETS, ROOT


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene("village", recording.load_head(ASSETS / "recordings", "village"), {}, ASSETS)


def made(scene: Scene, root: Path = ROOT) -> tuple[str, dict[str, bytes]]:
    """The markup of the macro, and the files that it keeps."""
    kept: dict[str, bytes] = {}

    def keep(data: bytes, name: str) -> str:
        kept[name] = data
        return f"../{name.format('hash')}"

    return try_village.village(scene, root, "village.md", "../", keep), kept


def test_the_script_is_given_the_scripts_numbers_and_the_recorded_returns(scene: Scene) -> None:
    html, _ = made(scene)
    data = {name: unescape(value) for name, value in re.findall(r'data-(numbers|recorded|seeds)="([^"]+)"', html)}
    fitted = json.loads((ROOT / try_village.NUMBERS).read_text(encoding="utf-8"))["spoken"]
    assert json.loads(data["numbers"]) == {name: fitted[name] for name in try_village.WEATHER}
    recorded = json.loads(data["recorded"])
    assert recorded["calm"]["reserve_4"] == scene.head["facts"]["score.calm.reserve_4.return"]
    assert all({"reserve_0", "stock", "policy"} <= set(row) for row in recorded.values())
    assert data["seeds"] == "770000 100"


def test_the_weights_are_the_published_file_and_come_when_they_are_asked_for(scene: Scene) -> None:
    html, kept = made(scene)
    script = kept["weights/{}.js"].decode()
    found = re.fullmatch(r'villageEngine\.learnt\("([^"]+)"\);\n', script)
    assert found
    published = (ASSETS / "recordings" / "village_policy.safetensors").read_bytes()
    assert base64.b64decode(found[1]) == published
    assert 'data-load="../weights/hash.js"' in html
    assert f"(loads {round(len(script) / 1000)} kB)" in html


def test_every_part_that_the_script_looks_for_is_there(scene: Scene) -> None:
    html, _ = made(scene)
    there = set(re.findall(r'data-part="([\w-]+)"', html))
    script = (ASSETS / "js" / "village.js").read_text(encoding="utf-8")
    wanted = set(re.findall(r'\b(?:parts?|light)\("([\w-]+)"', script))
    assert len(wanted) > 20
    assert wanted - there == set()
    lines = {f"{place}{line}" for place in ("field", "bakery", "granary", "market", "square") for line in (1, 2)}
    assert lines | {"mill0", "mill1", "mill2"} <= there


def test_without_a_script_the_table_stands_and_nothing_else(scene: Scene) -> None:
    html, _ = made(scene)
    for opening in re.findall(r'<p class="try__ask"[^>]*>|<div class="town__box"[^>]*>', html):
        assert " hidden" in opening
    assert html.index("</table>") > html.rindex("data-part=")
    assert "Storing 5 days, with the bad stretch from day 6: return" in html


@pytest.mark.parametrize("broken", ["missing", "changed"])
def test_weights_that_are_not_as_they_were_sealed_end_the_build(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    if broken == "changed":
        (folder / "village_policy.safetensors").write_bytes(b"other weights")
        (folder / "village_policy.safetensors.sha256").write_text("0" * 64)
    said = refusal(capsys, lambda: try_village.weights(scene._replace(assets=tmp_path)))
    assert "village_policy.safetensors" in said
