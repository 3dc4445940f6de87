"""Claims: a relation holds or ends the build in one line, and no comparison in the pages' prose is anything else.

`ALLOWED` lists the phrases that compare without measuring, each under its reason. A phrase that no page uses fails.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.render.pages import claims, values
from stagelight.render.pages.scene_files import Scene
from support.browser import needs_scenes
from support.paths import ASSETS, RECORDINGS, ROOT
from support.prose import prose

# The log and the decisions lie in folders of their own and are left out: what they say was so on their date.
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
EXEMPT = {
    "commands.md": "each command's own help",
    "architecture.md": "the code, its packages and its names: no run",
    "add-a-scene.md": "its recording is made by the reader",
}
WORDS = """
    best better worst worse most mostly least more fewest fewer less first only none nothing every all never always
    twice half double largest larger smallest smaller biggest bigger highest higher lowest lower longest longer shortest
    shorter fastest faster slowest slower nearest nearer closest closer furthest further widest wider easiest easier
    hardest harder likeliest likelier surest surer finest finer rarest rarer strongest stronger weakest weaker simplest
    simpler commonest cheapest cheaper ahead behind hardly
"""
COUNTS = """
    four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen eighteen twenty thirty forty
    fifty sixty seventy eighty ninety hundred hundreds thousand thousands dozen thirds quarter quarters fifth fifths
    tenth sixteenth
"""
FLAGGED = re.compile(rf"\b(?:{'|'.join((WORDS + COUNTS).split())}|as (?:good|well|often|many|much))\b", re.I)
ALLOWED = {
    "a promise of the whole project, which other tests keep": [
        "Nothing is acted", "Nothing in the scene is acted", "draws every scene", "every network is trained with",
        "only by naming it",
    ],
    "a rule of the algorithm or of the game": [
        "become more likely, the others less likely", "most probable move", "most probable action", "four steps",
        "none, half or full", "labels a move as good", "the first dawn",
    ],
    "an order, not a rank": ["first seed", "The first command", "Its first answers"],
    "how runs are set up": [
        "the learning rate that does best", "Four coils",
    ],
    "how the scene chooses what it draws": [
        "the strongest between each two layers", "always a group that the run trained on",
    ],
    "the engine keeps the best, and the recording holds that one alone": [
        "The best of the three is recorded", "most confident mistake",
    ],
    "the recorded number is an extreme by the definition of its fact": [
        "The largest fall of a mastered cell", "where it matters least", "compared here with the best of the scripts",
        "over the best classical method",
        "nearest training volume", "The highest of a dream",
    ],
    "the number before it, or the table after it, is computed as the best": [
        "is the best reserve of those tried", "the best of each column is bold",
    ],
    "a definition": [
        "A higher number of decibels is nearer to", "ten times the logarithm", "one frame in ten", "in eight bits",
    ],
    "advice to the reader, or a caution without a measurement": [
        "may be easier or harder", "Better lists would", "Try it: measure less",
    ],
    "measured elsewhere, with a link to the record": ["came a little nearer"],
    "a scenario's parameters beside another's": [
        "more often and for longer", "a longer spell in which less grows", "when it hurts most",
    ],
}  # fmt: skip


def sentences(markdown: str) -> str:
    """All that a page says in its own words: its prose, and the words it gives to macros that are no claims."""
    words = [
        text
        for macro, arguments in re.findall(r"\{\{ (\w+)\((.*?)\) \}\}", markdown, re.S)
        if macro not in ("holds", "either", "fact", "sources")
        for text in re.findall(r'"([^"]*)"', arguments)
        if " " in text
    ]
    return " ".join(f"{prose(markdown)} | {' | '.join(words)}".split())


def unclaimed(text: str) -> list[str]:
    """Every comparison, superlative, quantifier and count that is no claim and not allowed, with its surroundings."""
    for phrase in (phrase for phrases in ALLOWED.values() for phrase in phrases):
        text = re.sub(rf"\b{re.escape(phrase)}\b", "", text, flags=re.I)
    return [text[max(0, found.start() - 40) : found.end() + 40] for found in FLAGGED.finditer(text)]


def calls(macro: str) -> Iterator[tuple[str, list[str]]]:
    """Every call of a macro on the pages, with its arguments."""
    for name, text in PAGES.items():
        for arguments in re.findall(rf"\{{\{{ {macro}(\(.*?\)) \}}\}}", text):
            yield name, list(ast.literal_eval(arguments))


@pytest.mark.parametrize("page", sorted(PAGES.keys() - EXEMPT.keys()))
def test_every_comparison_in_the_prose_is_a_claim(page: str) -> None:
    assert unclaimed(sentences(PAGES[page])) == []


def test_every_allowed_phrase_is_used_and_needed() -> None:
    said = " ".join(sentences(text) for name, text in PAGES.items() if name not in EXEMPT)
    phrases = [phrase for phrases in ALLOWED.values() for phrase in phrases]
    assert [phrase for phrase in phrases if not re.search(rf"\b{re.escape(phrase)}\b", said, re.I)] == []
    assert [phrase for phrase in phrases if not FLAGGED.search(phrase)] == []
    assert len(set(phrases)) == len(phrases)
    assert PAGES.keys() >= EXEMPT.keys()


@pytest.mark.parametrize(
    "text",
    [
        "It is the best.", "It needs fewer steps.", "No more than that, the FIRST of all.", "It never fails.",
        "twice as fast", "Some sixty tokens.", "Nothing is learnt.", "as often", "{{ fact('a', 'b') }} is nearer",
        '{{ learning_curves("a", {"b": "c"}, "The best of them") }}',
    ],
)  # fmt: skip
def test_an_unclaimed_comparison_would_be_found(text: str) -> None:
    assert unclaimed(sentences(text))


@pytest.mark.parametrize(
    "text",
    [
        '{{ holds("the best", "scan", "a > b") }}',
        '{{ either("nearer", "no nearer", "scan", "a > b") }}',
        '{{ fact("scan", "a.first - b.most") }}',
        "`at most`",
        "The first seed.",
    ],
)
def test_a_claim_code_and_what_is_allowed_pass(text: str) -> None:
    assert unclaimed(sentences(text)) == []


# --- the claims of the pages --------------------------------------------------------------------------------------


def worlds(numbers: Mapping[str, Any]) -> Iterator[dict[str, float]]:
    """The same names with other numbers: all alike, and rising and falling by their names."""
    for constant in (0.0, 1.0, -1.0, 1e9, -1e9):
        yield dict.fromkeys(numbers, constant)
    for sign in (1e3, -1e3):
        yield {name: 0.0 if name.endswith(".sd") else sign * at for at, name in enumerate(numbers)}


def could_fail(head: Mapping[str, Any], relation: str) -> bool:
    """Tell if other facts break a relation."""
    kinds = ({"facts": facts, "config": config} for facts, config in
             zip(worlds(head["facts"]), worlds(head["config"]), strict=True))  # fmt: skip
    return not all(passes(on({**head, **kind}), relation) for kind in kinds)


def test_every_claim_of_the_pages_holds_and_could_fail(capsys: pytest.CaptureFixture[str]) -> None:
    vacuous = []
    for page, (words, name, *relations) in calls("holds"):
        head = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
        claims.holds(on(head), words, relations, page)
        vacuous += [(page, words, relation) for relation in relations if not could_fail(head, relation)]
    for page, (words, otherwise, name, *relations) in calls("either"):
        head = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
        claims.either(on(head), words, otherwise, relations, page)
        vacuous += [(page, words, relation) for relation in relations if not could_fail(head, relation)]
    capsys.readouterr()
    assert vacuous == []


@pytest.mark.slow
@needs_scenes
def test_a_build_ends_in_one_line_where_a_claim_no_longer_holds(tmp_path: Path) -> None:
    assets, changed = tmp_path / "site_assets", "recordings/village.json"
    for name in (".package", "docs", "engines", "render", "mkdocs.yml", "THIRD_PARTY.md", "CITATION.cff"):
        (tmp_path / name).symlink_to(ROOT / name)
    for path in (*ASSETS.iterdir(), *RECORDINGS.iterdir()):
        below = path.relative_to(ASSETS)
        if below.as_posix() not in (changed, "recordings"):
            (assets / below).parent.mkdir(parents=True, exist_ok=True)
            (assets / below).symlink_to(path)
    head = json.loads((ASSETS / changed).read_text(encoding="utf-8"))
    first, second = "calm.hoarder.return", "calm.investor.return"
    head["facts"][first], head["facts"][second] = head["facts"][second], head["facts"][first]
    (assets / changed).write_text(json.dumps({**head, "seal": recording.seal(head)}), encoding="utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict"]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    said = (built.stdout + built.stderr).strip()
    assert built.returncode == 1
    assert said.count("\n") == 0
    assert said.startswith('error: docs/village.md: "selling wins" no longer holds: calm.investor.return = ')
    assert not (tmp_path / "site/village").exists()


def on(head: Mapping[str, Any]) -> Scene:
    return Scene(head["name"], dict(head), {}, ASSETS)


def passes(scene: Scene, relation: str) -> bool:
    try:
        claims.holds(scene, "words", [relation], "page.md")
    except SystemExit:
        return False
    return True


# --- relations ----------------------------------------------------------------------------------------------------

FACTS = {
    "a": 2.0, "b": 1.0, "c": 1.0, "a.sd": 0.4, "b.sd": 0.7, "c.sd": 0.0, "odd": float("nan"), "truth": True,
    "gain.one.r4": -0.1, "gain.two.r4": -0.2, "gain.two.lesion.r4": 0.5, "gain.one.r8": 0.4, "gain.two.r8": 0.3,
    "calm.reserve_0.return": 1.5, "calm.reserve_2.return": 1.75, "calm.reserve_10.return": 1.25,
    "calm.reserve.return": 9.0, "tie.x": 3.0, "tie.y": 3.0, "lone.x": 1.0, "zero": 0.0,
}  # fmt: skip


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    folder = tmp_path / "recordings"
    recording.save(Recording("tiny", 0, {"high": 0.28, "low": 0.2}, "v", {}, (), {}), folder)
    return Scene("tiny", {**recording.load_head(folder, "tiny"), "facts": FACTS}, {}, tmp_path)


def refusal(capsys: pytest.CaptureFixture[str], call: Callable[[], object]) -> str:
    with pytest.raises(SystemExit) as ended:
        call()
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert said.startswith("error: docs/page.md: ")
    assert said.count("\n") == 1
    return said


@pytest.mark.parametrize(
    "relation",
    [
        "a > b", "b < a", "a > b > -1", "b = c", "b >= c", "b <= c", "a ~ b", "b ~ c", "a > 1.5", "high > low",
        "gain.*.r4 < 0", "gain.*.r4 < gain.*.r8", "gain.{one,two}.r{4,8} < 0.5", "0 > gain.*.r4", "a - b > 0.5",
        "a / b >= 2", "calm.reserve_2.return > calm.reserve_{0,10}.return", "gain.*.r8 - gain.*.r4 > 0.4",
        "gain.*.r4 < gain.*.*.r4",
    ],
)  # fmt: skip
def test_what_is_true_is_written(scene: Scene, relation: str) -> None:
    written = claims.holds(scene, "it *is* <so>", [relation], "page.md")
    assert unescape(unescape(written)) == f'<span class="fact" title="tiny: {relation}">it *is* <so></span>'
    assert "*is*" not in written
    assert "<so>" not in written


@pytest.mark.parametrize(
    ("relation", "wanted"),
    [
        ("b > a", ["b = 1 > a = 2"]),
        ("a > b > c", ["b = 1 > c = 1"]),
        ("b > c", ["b = 1 > c = 1"]),
        ("a = b", ["a = 2 = b = 1"]),
        ("a ~ c", ["a = 2 ~ c = 1"]),
        ("gain.*.r4 > 0", ["gain.one.r4 = -0.1 > 0"]),
        ("gain.*.r8 > 0.35", ["gain.two.r8 = 0.3 > 0.35"]),
        ("gain.*.r8 < gain.*.r4", ["gain.one.r8 = 0.4 < gain.one.r4 = -0.1"]),
        ("calm.reserve_0.return > calm.reserve_*.return", ["calm.reserve_0.return = 1.5 > calm.reserve_0.return"]),
        ("a - b > 1", ["a - b = 1 > 1"]),
        ("truth > 0", ["truth = True", "finite number"]),
        ("odd > 0", ["odd = nan", "finite number"]),
        ("0 < odd", ["odd = nan", "finite number"]),
        ("a > missing", ["'missing'", "recordings/tiny.json (facts)"]),
        ("a > nan", ["'nan'"]),
        ("a ~ zero", ["'zero.sd'"]),
        ("gain.*.r5 > 0", ["no fact like gain.*.r5", "but gain."]),
        ("gain.{one,three}.r4 < 0", ["no fact like gain.three.r4"]),
        ("gain.*.r4 > gain.*.*.r4", ["gain.two.r4 = -0.2 > gain.two.lesion.r4 = 0.5"]),
        ("gain.{one,two}.r4 < gain.*.*.r4", ["wildcards", "differ"]),
        ("gain.{one,two}.r4 < gain.{two,one}.r4", ["wildcards", "differ"]),
        ("a / zero > 1", ["divides by zero = 0"]),
        ("a", ["rests on 'a'", "> < >= <= = ~"]),
        ("a > ", ["rests on 'a > '"]),
        ("a>b", ["rests on 'a>b'"]),
    ],
)
def test_what_is_not_true_ends_the_build_in_one_line(
    scene: Scene, capsys: pytest.CaptureFixture[str], relation: str, wanted: list[str]
) -> None:
    said = refusal(capsys, lambda: claims.holds(scene, "it is so", [relation], "page.md"))
    assert [part for part in wanted if part not in said] == []


def test_every_relation_of_a_claim_has_to_hold(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(capsys, lambda: claims.holds(scene, "it is so", ["a > b", "b > a"], "page.md"))
    assert '"it is so" no longer holds: b = 1 > a = 2 (site_assets/recordings/tiny.json): change' in said
    assert "names no relation" in refusal(capsys, lambda: claims.holds(scene, "it is so", [], "page.md"))


@pytest.mark.parametrize(
    ("relations", "written"),
    [
        (["a > b"], '<span class="fact" title="tiny: a &gt; b">nearer</span>'),
        (["b > a"], '<span class="fact" title="tiny: not b &gt; a">no nearer</span>'),
        (["a > b", "b > c"], '<span class="fact" title="tiny: not a &gt; b; b &gt; c">no nearer</span>'),
        (["gain.*.r8 > gain.*.r4"], '<span class="fact" title="tiny: gain.*.r8 &gt; gain.*.r4">nearer</span>'),
    ],
)
def test_where_both_outcomes_have_words_the_true_ones_are_written(
    scene: Scene, relations: list[str], written: str
) -> None:
    assert claims.either(scene, "nearer", "no nearer", relations, "page.md") == written


def test_words_for_both_outcomes_still_need_a_relation_and_its_facts(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    either = claims.either
    assert "names no relation" in refusal(capsys, lambda: either(scene, "so", "not so", [], "page.md"))
    assert "'missing'" in refusal(capsys, lambda: either(scene, "so", "not so", ["a > missing"], "page.md"))


def test_the_best_is_written_by_its_own_text(scene: Scene) -> None:
    written = claims.best(scene, "calm.reserve_*.return", "page.md")
    assert written == '<data class="fact" value="1.75" title="tiny: best of calm.reserve_*.return">2</data>'


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("tie.*", ["a tie of", "x", "y", "at 3"]),
        ("lone.*", ["fits 1 fact", "two or more"]),
        ("nowhere.*", ["no fact like nowhere.*"]),
        ("a", ["fits 1 fact"]),
    ],
)
def test_a_best_that_is_none_ends_the_build(
    scene: Scene, capsys: pytest.CaptureFixture[str], pattern: str, wanted: list[str]
) -> None:
    said = refusal(capsys, lambda: claims.best(scene, pattern, "page.md"))
    assert [part for part in wanted if part not in said] == []


def test_a_fact_may_be_a_difference_or_a_ratio(scene: Scene) -> None:
    assert values.fact(scene, "a - b", "signed", 1, "page.md") == (
        '<data class="fact" value="1.0" title="tiny: a - b">+1.0</data>'
    )
    assert ">200%<" in values.fact(scene, "a / b", "percent", 0, "page.md")
