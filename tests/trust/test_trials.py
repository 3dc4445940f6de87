"""The trials themselves: each finds a fault that is there, says which, and goes on; and their cases, a few of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stagelight.render.pages import trials as pages
from stagelight.render.trials import bad_input, course, hostile_words, results
from stagelight.render.trials.answers import READ, Reader
from stagelight.render.trials.workers import Outcome
from support.broken_reader import broken

FEW = {"bad-input": 100, "hostile-words": 50}
KINDS = {"bad-input": bad_input.READERS, "hostile-words": hostile_words.READERS}
PARTS = [  # the real commands, of which each is a new process, take minutes
    pytest.param(kind, reader, id=f"{kind}: {reader.name}")
    for kind, readers in KINDS.items()
    for reader in readers
    if reader.share
]


def told(readers: tuple[Reader, ...], cases: int) -> list[Outcome]:
    """The outcomes of a run."""
    return list(course.run(readers, 0, cases, lambda *_: None))


def test_every_way_of_failing_is_found_and_named() -> None:
    found = {one.case.partition(" (by hand)")[0]: one for one in told((Reader("broken", 1, broken),), 0)}
    assert {name: one.wrong or one.answer for name, one in found.items()} == {
        "is read": "read", "is refused": "refused", "means something else": "accepted with another meaning",
        "is refused in two lines": "a refusal that is not one printable line",
        "is refused without its name": "a refusal that does not name its file",
        "raises": "raises KeyError", "fills memory": "raises MemoryError", "takes long": "more than 5 s",
        "(-1, 8)": "ends the process (SIGSEGV)", "comes after that": "read",
    }  # fmt: skip


def test_a_result_counts_what_failed_and_is_kept_beside_others(tmp_path: Path) -> None:
    found = results.result("broken", 0, told((Reader("broken", 1, broken),), 4), 3.4)
    assert (found["cases"], found["answered"]) == (14, 7)
    assert [one["count"] for one in found["failures"]] == [1] * 7
    path = tmp_path / "docs" / "trials.json"
    path.parent.mkdir()
    results.keep(found | {"kind": "other"}, path)
    results.keep(found, path)
    results.keep(found, path)
    assert [one["kind"] for one in json.loads(path.read_text())["kinds"]] == ["broken", "other"]
    table = pages.table(tmp_path, "broken", "trust.md")
    assert table.count("<tr>") == 2
    assert ">14<" in pages.total(tmp_path, "broken", "cases", "trust.md")
    assert pages.failures(tmp_path, "broken", "trust.md").count("<li>") == 7


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answered": 13}, "the parts' answered do not add up to 13"),
        ({"failures": []}, "its failures are not those"),
        ({"cases": "14"}, "are whole numbers"),
        ({"kind": "other"}, "has no 'broken'"),
        ({"parts": []}, "no parts"),
    ],
)
def test_a_result_that_does_not_add_up_ends_the_build(
    tmp_path: Path, change: dict[str, object], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = Outcome("one", "a", READ, "", "", 0)
    wrong = Outcome("one", "b", "", "raises KeyError", "b: x", 0)
    (tmp_path / "docs").mkdir()
    results.keep(results.result("broken", 0, [outcome, wrong], 1) | change, tmp_path / pages.FILE)
    with pytest.raises(SystemExit):
        pages.table(tmp_path, "broken", "trust.md")
    assert said in capsys.readouterr().err


def test_a_file_that_holds_no_results_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "trials.json"
    path.write_text("mine")
    with pytest.raises(ValueError, match="not a file of trials"):
        results.keep(results.result("x", 0, [], 1), path)
    assert path.read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "reader"), PARTS)
def test_bad_input_and_hostile_words_are_answered(kind: str, reader: Reader) -> None:
    whole = sum(one.share for one in KINDS[kind])
    found = told((reader,), -(-FEW[kind] * reader.share // whole))
    assert found
    assert [(one.case, one.wrong, one.example) for one in found if one.wrong] == []
