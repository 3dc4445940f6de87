"""The macros: what they write, what they refuse, and that no number reaches a page any other way."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from functools import partial
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import ImageFont

from stagelight.render import macros
from stagelight.render.pages import learning_curves, player, prose, values
from support.browser import SCENES
from support.pages import offered, refusal, sample, with_curves, write
from support.paths import ROOT
from support.prose import prose as prose_of

HOSTILE = "</p></section><script>alert('1')</script> *x* \"q\" & <img src=x onerror=y>"


# --- numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("rate", "percent"), "80.3%"),
        (("rate", "percent", 0), "80%"),
        (("rate", "probability"), "80.3%"),
        (("rate", "pm"), "80.3 ± 0.9%"),
        (("rate",), "0.80"),
        (("rate", "number", 3), "0.803"),
        (("steps", "integer"), "40,000"),
        (("drop", "signed"), "−0.25"),
        (("rate", "signed", 1), "+0.8"),
        (("time", "duration"), "14 minutes"),
    ],
)
def test_a_fact_is_written_and_carries_its_value(project: Path, arguments: tuple[Any, ...], shown: str) -> None:
    written = offered(project)["fact"]("tiny", *arguments)
    value = sample()[0]["facts"][arguments[0]]
    shown = shown.replace(" ", "\N{NO-BREAK SPACE}")
    assert written == f'<data class="fact" value="{value}" title="tiny: {arguments[0]}">{shown}</data>'


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), (1, "1"), (0.0, "0"), (1.0, "1")])
def test_nothing_and_one_keep_their_value_too(project: Path, value: float, shown: str) -> None:
    head, manifest = sample()
    write(project, {**head, "facts": {"rate": value}}, manifest)
    assert f'value="{value}"' in offered(project)["fact"]("tiny", "rate", "integer")
    assert f">{shown}</data>" in offered(project)["fact"]("tiny", "rate", "integer")


def test_a_setting_is_read_from_the_configuration(project: Path) -> None:
    assert ">0.20</data>" in offered(project)["setting"]("tiny", "eps_low")
    assert ">75%</data>" in offered(project)["setting"]("tiny", "rule.passed", "percent", 0)


def test_a_page_can_ask_whether_something_was_recorded(project: Path) -> None:
    recorded = offered(project)["recorded"]
    assert [bool(recorded("tiny", name)) for name in ("rate*", "failure", "outside.*")] == [True, True, False]


def test_an_event_is_told_in_its_own_words(project: Path) -> None:
    tell = offered(project)["event"]
    assert ">plain words</span>" in tell("tiny", "failure", "san")
    assert ">plain words or Qh5#</span>" in unescape(tell("tiny", "failure", "missed"))
    assert ">75.0%</span>" in unescape(tell("tiny", "failure", "share", "percent"))


@pytest.mark.parametrize(
    ("seconds", "shown"), [(45, "45 seconds"), (60, "60 seconds"), (3600, "60 minutes"), (1, "1 second")]
)
def test_a_duration_keeps_a_sensible_unit(seconds: float, shown: str) -> None:
    assert values.duration(seconds).replace("\N{NO-BREAK SPACE}", " ") == shown


@pytest.mark.parametrize(
    ("name", "arguments", "wanted"),
    [
        ("fact", ("tiny", "rat"), ["docs/deep/page.md", "recordings/tiny.json (facts)", "'rat'", "rate"]),
        ("fact", ("tinny", "rate"), ["docs/deep/page.md", "extra.scenes", "'tinny'", "tiny"]),
        ("fact", ("tiny", "rate", "percentage"), ["docs/deep/page.md", "'percentage'", "percent"]),
        ("setting", ("tiny", "rule.passes"), ["docs/deep/page.md", "(config)", "'passes'", "passed"]),
        ("setting", ("tiny", "odd"), ["docs/deep/page.md", "odd = 'high'", "finite number", "record"]),
        ("fact", ("tiny", "rate", "integer"), ["docs/deep/page.md", "not a whole number", "style"]),
        ("fact", ("tiny", "steps", "pm"), ["docs/deep/page.md", "'steps.sd'"]),
        ("setting", ("tiny", "eps"), ["docs/deep/page.md", "(config)", "'eps'", "eps_low"]),
        ("event", ("tiny", "win", "san"), ["docs/deep/page.md", "(events)", "'win'", "failure"]),
        ("event", ("tiny", "failure", "fen"), ["docs/deep/page.md", "(events), failure", "'fen'"]),
        ("still", ("tiny", "samples"), ["docs/deep/page.md", "videos/tiny.json (sections)", "'samples'", "sample"]),
        ("heading", ("tiny", "position"), ["docs/deep/page.md", "'position'", "numbered step"]),
        ("scene", ("rolout", "Legend"), ["docs/deep/page.md", "'rolout'"]),
        ("code", ("render/macros.py", "nothing"), ["docs/deep/page.md", "does not exist"]),
    ],
)
def test_what_does_not_exist_ends_the_build_in_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], name: str, arguments: tuple[Any, ...], wanted: list[str]
) -> None:
    said = refusal(capsys, lambda: offered(project)[name](*arguments))
    assert [part for part in wanted if part not in said] == []


# --- what rendering left behind ------------------------------------------------------------------------------------


def test_a_scene_not_rendered_yet_says_how_to_render_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "site_assets/videos/tiny.json").unlink()
    assert "click render all" in refusal(capsys, lambda: offered(project))


@pytest.mark.parametrize("file", ["videos/tiny.mp4", "posters/tiny.webp", "captions/legend.vtt", "stills/reward.webp"])
def test_a_named_file_that_is_gone_says_how_to_render_it(
    project: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    (project / "site_assets" / file).unlink()
    said = refusal(capsys, lambda: offered(project))
    assert file in said
    assert "click render all" in said


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"video": 3, "tracks": {}, "sections": []}'])
def test_a_broken_manifest_says_how_to_render_it(
    project: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    (project / "site_assets/videos/tiny.json").write_text(content)
    said = refusal(capsys, lambda: offered(project))
    assert "videos/tiny.json" in said
    assert "click render all" in said


def test_a_manifest_of_an_older_kind_says_how_to_render_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head, manifest = sample()
    del manifest["legend"]
    write(project, head, manifest)
    said = refusal(capsys, lambda: offered(project)["scene"]("tiny", "Legend"))
    assert "docs/deep/page.md" in said
    assert "'legend'" in said
    assert "click render all" in said


def test_a_missing_recording_says_how_to_record_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "site_assets/recordings/tiny.json").unlink()
    assert "click record tiny" in refusal(capsys, lambda: offered(project))


@pytest.mark.parametrize("change", [("0.8034", "0.9034"), ("plain words", "other words"), ('"drop"', '"rate"')])
def test_a_recording_that_was_changed_by_hand_is_not_shown(
    project: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str]
) -> None:
    path = project / "site_assets/recordings/tiny.json"
    path.write_text(path.read_text("utf-8").replace(*change), "utf-8")
    said = refusal(capsys, lambda: offered(project))
    assert "recordings/tiny.json" in said
    assert "click record tiny" in said


def test_a_mark_without_a_drawing_is_asked_for(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "site_assets/img/marks/ray.svg").unlink()
    said = refusal(capsys, lambda: offered(project)["scene"]("tiny", "Legend"))
    assert "img/marks/ray.svg" in said


def test_the_real_build_stops_in_one_line_before_anything_is_rendered(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    for name in (".package", "docs", "engines", "render", "site_assets"):
        shutil.copytree(
            ROOT / name,
            tmp_path / name,
            ignore=shutil.ignore_patterns("videos", "posters", "stills", "captions"),
            symlinks=True,
        )
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet"]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert built.returncode == 1
    assert "Traceback" not in built.stdout + built.stderr
    said = [line for line in (built.stdout + built.stderr).splitlines() if "error" in line.lower()]
    assert said == ["error: site_assets/videos/rollout.json is missing: run `click render all`"]
    assert not (tmp_path / "site").exists()


# --- markup -----------------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """The elements and the text of some markup."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


PIECES = [
    ("scene", ("tiny", HOSTILE)),
    ("heading", ("tiny", "sample")),
    ("still", ("tiny", "sample")),
    ("claim", ("tiny",)),
    ("transcript", ("tiny",)),
    ("provenance", ("tiny",)),
    ("downloads", ("tiny",)),
    ("poster", ("tiny",)),
    ("event", ("tiny", "failure", "san")),
]


@pytest.mark.parametrize(("name", "arguments"), PIECES)
def test_hostile_words_stay_words(tmp_path: Path, name: str, arguments: tuple[str, ...]) -> None:
    markdown = pytest.importorskip("markdown")
    write(tmp_path, *sample(HOSTILE))
    written = offered(tmp_path)[name](*arguments)
    page = markdown.markdown(f"<section markdown>\n\n{written}\n\n</section>", extensions=["md_in_html", "attr_list"])
    for markup in (written, page):
        reader = Reader()
        reader.feed(markup)
        assert "script" not in [tag for tag, _ in reader.elements]
        assert [attributes for _, attributes in reader.elements if "onerror" in attributes] == []
        values = [str(value) for _, attributes in reader.elements for value in attributes.values()]
        assert HOSTILE in reader.text or any(HOSTILE in value for value in values)


def test_paths_lead_out_of_the_page(project: Path) -> None:
    written = offered(project)["scene"]("tiny", "Legend")
    paths = re.findall(r'(?:src|poster)="([^"]+)"', written)
    assert paths
    assert [path for path in paths if not path.startswith("../../")] == []


def test_the_player_is_whole_without_a_script(project: Path) -> None:
    reader = Reader()
    reader.feed(offered(project)["scene"]("tiny", "Legend"))
    video = dict(reader.elements)["video"]
    assert {"controls", "playsinline", "width", "height"} <= set(video)
    assert video["preload"] == "none"
    assert {attributes["kind"] for tag, attributes in reader.elements if tag == "track"} == {
        "captions",
        "chapters",
        "descriptions",
        "metadata",
    }
    sources = [found for tag, found in reader.elements if tag == "source" and "src" in found]
    assert [(found["src"], found.get("media")) for found in sources[:1]] == [
        ("../../videos/tiny.upright.mp4", player.UPRIGHT)
    ]
    assert [(found["src"], found["type"]) for found in sources if "media" not in found] == [
        ("../../videos/tiny.av1.mp4", 'video/mp4; codecs="av01.0.08M.08"'),
        ("../../videos/tiny.mp4", 'video/mp4; codecs="avc1.640028"'),
    ]
    links = [attributes for tag, attributes in reader.elements if tag == "a" and "data-start" in attributes]
    assert [(link["href"], link["data-start"], link["data-end"]) for link in links] == [
        ("#step-01", "5", "10"),
        ("#step-02", "10", "15"),
    ]


def test_the_controls_wait_for_the_script_with_a_tick_for_each_step_and_a_name_for_each_part(project: Path) -> None:
    written = offered(project)["scene"]("tiny", "Legend")
    reader = Reader()
    reader.feed(written)
    group = next(found for tag, found in reader.elements if found.get("class") == "controls")
    assert "hidden" in group
    assert "aria-label" in group
    buttons = re.findall(r'<button type="button"[^>]* data-does="(\w+)"[^>]*>([^<]+)</button>', written)
    others = [("captions", "Captions"), ("link", "Copy link"), ("fill", "Full screen")]
    assert buttons == [("play", "Play"), ("smaller", "Smaller"), *others]
    assert [found["style"] for tag, found in reader.elements if tag == "i"] == ["left: 33.333%", "left: 66.667%"]
    options = [found for tag, found in reader.elements if tag == "option"]
    assert [option["value"] for option in options if "selected" in option] == ["1"]
    named = [found.get("aria-label") for tag, found in reader.elements if tag in ("input", "select")]
    assert named == ["Time", "Speed"]


def test_captions_and_stills_are_in_the_page_itself(project: Path) -> None:
    reader = Reader()
    reader.feed(offered(project)["scene"]("tiny", "Legend"))
    figure = dict(reader.elements)["figure"]
    captions = json.loads(str(figure["data-captions"]))
    assert captions[:2] == [[0, 1, "plain words 0"], [3, 4, "plain words 3"]]
    assert len(captions) == 6
    stills = [[start, f"../../stills/{name}.webp", f"../../stills/{name}.upright.webp"]
              for start, name in ((0, "position"), (5, "sample"), (10, "reward"))]  # fmt: skip
    assert json.loads(str(figure["data-stills"])) == stills


def test_each_file_of_the_film_says_its_size(project: Path) -> None:
    head, manifest = sample()
    manifest["video"]["bytes"] = 3_400_000
    write(project, head, manifest)
    written = offered(project)["scene"]("tiny", "Legend")
    assert re.findall(r'<source [^>]*data-size="([^"]+)"', written) == ["1 kB", "1 kB", "3.4 MB"], "upright first"
    assert '<span class="controls__load">1 kB</span>' in written, "of the one that is asked for first"


def test_a_card_shows_the_small_poster_when_it_is_come_near(project: Path) -> None:
    made = offered(project)
    assert 'posters/tiny.glimpse.webp"' in made["card_picture"]("tiny")
    assert 'loading="lazy"' in made["card_picture"]("tiny")
    assert "A film of 0:15" in made["film_length"]("tiny")


def test_without_av1_there_is_one_source_for_each_cut(project: Path) -> None:
    head, manifest = sample()
    manifest["av1"] = None
    write(project, head, manifest)
    assert offered(project)["scene"]("tiny", "Legend").count("<source src") == 2
    assert "AV1" not in offered(project)["downloads"]("tiny")


def test_the_transcript_is_in_the_order_of_the_video(project: Path) -> None:
    reader = Reader()
    reader.feed(offered(project)["transcript"]("tiny"))
    told = reader.text.partition("01 plain words")[2].partition("02 plain words")[0]
    assert told == "plain words 0On screen: plain wordsplain words 30:10 "


def test_code_is_quoted_whole_from_the_source() -> None:
    written = prose.code(ROOT, "render/pages/values.py", "clock", "page.md")
    assert 'def clock(seconds: float) -> str:\n    """75.4 -> 1:15."""\n    return f"{int(seconds)' in written
    assert "def size" not in written


def test_reading_time_counts_words_alone() -> None:
    words = "word " * 441
    assert prose.reading_time(words) == "3\N{NO-BREAK SPACE}minutes"
    assert prose.reading_time(words + "{{ x }} " * 900 + "```\n" + words + "```") == "3\N{NO-BREAK SPACE}minutes"


# --- the pages --------------------------------------------------------------------------------------------------


def literals(markdown: str) -> list[str]:
    """Every place where a digit or a percentage stands in the prose, with the words around it; names are left out."""
    text = re.sub(r"\b(?:Colin27|SmolLM2|Chess960|HDF5|L1)\b", " ", prose_of(markdown))
    return [" ".join(found.split()) for found in re.findall(r"[^\n]{0,30}(?:\d|%|\bper ?cent\b)[^\n]{0,30}", text)]


PROSE = ["index.md", "reproduce.md", "bring-your-own.md", *(f"{name}.md" for name in SCENES)]


@pytest.mark.parametrize("page", PROSE)
def test_every_number_in_the_prose_comes_from_a_recording(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert literals(text) == []
    assert "fact(" in text or "origins(" in text or page == "bring-your-own.md"


@pytest.mark.parametrize(
    "prose",
    ["It solves 80 of them.", "Colin27 gains 2 dB.", "Half a percent more.", "About 5%.", "*4,000* steps", "- 3 seeds"],
)
def test_a_literal_number_would_be_found(prose: str) -> None:
    assert literals(prose)


@pytest.mark.parametrize(
    "prose", ['{{ fact("a", "b", "percent", 0) }}', "`eps = 0.2`", "[DAPO](https://arxiv.org/abs/2503.14476)"]
)
def test_what_is_not_prose_is_left_alone(prose: str) -> None:
    assert literals(prose) == []


def test_the_page_and_the_scene_share_one_palette() -> None:
    theme = (ROOT / "render" / "theme.py").read_text(encoding="utf-8")
    style = (ROOT / "site_assets" / "css" / "base.css").read_text(encoding="utf-8")
    names = {"night": "NIGHT", "attention": "ATTENTION", "kept": "KEPT", "lost": "LOST", "belief": "BELIEF"}
    for ours, theirs in names.items():
        listed = re.search(rf"^([A-Z_, ]*\b{theirs}\b[A-Z_, ]*) = (.*?)(?:  #|$)", theme, re.M)
        assert listed, f"render/theme.py no longer has {theirs}"
        place = [name.strip() for name in listed[1].split(",")].index(theirs)
        wanted = re.findall(r"#[0-9A-Fa-f]{6}", listed[2])[place]
        assert re.search(rf"--{ours}: {wanted};", style, re.I), f"--{ours} is not {wanted}"


def test_the_shipped_font_has_every_sign_of_every_formula() -> None:
    font = ImageFont.truetype(str(ROOT / "site_assets/fonts/STIXTwoMath-Regular.woff2"), 40)
    formulas = [found for page in (ROOT / "docs").rglob("*.md")
                for found in re.findall(r"(?s)<math.*?</math>", page.read_text(encoding="utf-8"))]  # fmt: skip
    signs = {sign for found in formulas for sign in unescape(re.sub(r"<[^>]*>", "", found)) if not sign.isspace()}
    # A single letter in <mi> is drawn by its slanted twin.
    letters = {sign for sign in signs if sign.isascii() and sign.isalpha()}
    slanted = {chr(0x1D434 + ord(sign) - 65 - 6 * sign.islower()) for sign in letters}
    slanted = {"\N{PLANCK CONSTANT}" if sign == chr(0x1D455) else sign for sign in slanted}
    missing = bytes(font.getmask(chr(0x10FFFD)))
    assert len(signs) > 50
    assert bytes(font.getmask("\N{SNOWMAN}")) == missing, "a sign that it lacks is found missing"
    assert [sign for sign in sorted(signs | slanted) if bytes(font.getmask(sign)) == missing] == []


@pytest.mark.parametrize(("value", "said"), [(1.0, ">99.9%"), (0.99996, ">99.9%"), (0.9994, "99.9%"), (0.5, "50.0%")])
def test_a_probability_is_never_certainty(value: float, said: str) -> None:
    assert values.probability(value) == said


# --- Learning curves


def test_curves_are_a_picture_a_sentence_and_a_table(project: Path) -> None:
    scene = with_curves(project, np.array([[0.0, 0.1, 0.4, 0.8], [0.0, 0.3, 0.5, 0.9]]))
    made = learning_curves.plot(scene, {"one": HOSTILE, "two": "second"}, "Won", "x.md")
    assert "<script" not in made
    assert "second 20.0% at first, 85.0% at the end" in made
    assert made.count("plot__band") == made.count("plot__line") == 2
    assert [part in made for part in ("45.0%", "40.0% to 50.0%", ">1,000<")] == [True] * 3


@pytest.mark.parametrize(
    ("rates", "runs", "said"),
    [
        (np.full((2, 4), np.nan), {"one": "x"}, "wanted finite"),
        (np.zeros((2, 3)), {"one": "x"}, "wanted finite"),
        (np.zeros((2, 4)), {"three": "x"}, "has no 'three'"),
    ],
)
def test_curves_that_are_not_there_end_the_build_in_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], rates: Any, runs: dict[str, str], said: str
) -> None:
    scene = with_curves(project, rates)
    with pytest.raises(SystemExit):
        learning_curves.plot(scene, runs, "Won", "x.md")
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("rates", [np.array([{}, {}], dtype=object), np.zeros((2, 4))], ids=["objects", "others"])
def test_arrays_that_are_not_those_of_the_recording_end_the_build_in_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], rates: Any
) -> None:
    scene = with_curves(project, np.ones((2, 4)))
    np.savez(project / "site_assets/recordings/tiny.npz", curve_boards=rates, curve_success=rates)
    said = refusal(capsys, lambda: learning_curves.plot(scene, {"one": "x"}, "Won", "x.md"))
    assert "recordings/tiny.npz: not a recording" in said
    assert "click record tiny" in said


def damaged(data: bytes) -> dict[str, bytes]:
    """A recording's arrays, damaged."""
    return {
        **{"empty": b"", "words": b"no arrays here", "half": data[: len(data) // 2], "one array": npy()},
        **{"flipped": data[:100] + bytes([data[100] ^ 255]) + data[101:], "headless": data[4:]},
    }


def npy() -> bytes:
    """An array that stands alone."""
    out = io.BytesIO()
    np.save(out, np.zeros(3))
    return out.getvalue()


@pytest.mark.parametrize("kind", list(damaged(b"x" * 120)))
def test_damaged_arrays_end_the_build_in_one_line(project: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    scene = with_curves(project, np.zeros((2, 4)))
    path = project / "site_assets/recordings/tiny.npz"
    path.write_bytes(damaged(path.read_bytes())[kind])
    said = refusal(capsys, lambda: learning_curves.plot(scene, {"one": "x"}, "Won", "x.md"))
    assert "recordings/tiny.npz: not a recording" in said
    assert "click record tiny" in said


def test_a_constant_is_a_number_a_default_or_the_length_of_a_tuple(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rules.py").write_text(
        'DAYS, DAY = 40, 12\nPLACES = ("field", "mill")\nNAME = "x"\nSUM = 1 + 2\nclass Config:\n    steps: int = 4\n'
    )
    read = partial(prose.constant, tmp_path, "rules.py", page="page.md")
    assert [read(name) for name in ("DAYS", "DAY", "PLACES", "Config.steps")] == [40, 12, 2, 4]
    assert "wanted a number or a tuple" in refusal(capsys, lambda: read("NAME"))
    assert "has no 'SUM'" in refusal(capsys, lambda: read("SUM"))
    assert "has no 'steps'" in refusal(capsys, lambda: read("steps"))


def test_pictures_that_pages_asked_for_are_written_beside_them(tmp_path: Path) -> None:
    conf = {"site_dir": str(tmp_path), "extra": {"kept": {"pictures/one.png": b"a picture"}}}
    macros.on_post_build(SimpleNamespace(conf=conf))
    assert (tmp_path / "pictures" / "one.png").read_bytes() == b"a picture"
    macros.on_post_build(SimpleNamespace(conf={"site_dir": str(tmp_path), "extra": {}}))  # no page asked
