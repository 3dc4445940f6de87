"""A transcript of a language model's answers. No model is needed here."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from dataclasses import asdict
from pathlib import Path

import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village.llm import prompt, transcript
from stagelight.engines.village.llm.transcript import Transcript, TranscriptError
from stagelight.engines.village.llm.types import Messages, ModelError, Reply, Schema
from support.village import Told

ASKED = [{"role": "user", "content": "Where to?"}]


def test_a_transcript_replays_without_the_model(tmp_path: Path) -> None:
    path, model = tmp_path / "run.jsonl", Told('{"verbatim": "<b>\\u202e"}', "second")
    with Transcript(path, model) as live:
        replies = [live.ask(ASKED, {"x": 1}), live.ask(ASKED, {"x": 2}), live.ask(ASKED, {"x": 1})]
    assert len(model.prompts) == 2
    replay = Transcript(path)
    assert [replay.ask(ASKED, {"x": x}) for x in (1, 2, 1)] == replies
    assert replies[0].text == '{"verbatim": "<b>\\u202e"}'
    assert (replay.name, replay.asked, len(replay)) == ("told", 0, 2)


def test_replies_are_bounded_so_that_the_transcript_can_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.jsonl"
    with Transcript(path, Told("\u2603" * 200_000)) as live:
        replies = [live.ask(ASKED, {"x": x}) for x in range(100)]
    assert path.stat().st_size < 4 << 20
    assert [Transcript(path).ask(ASKED, {"x": x}) for x in range(100)] == replies
    worst = path.stat().st_size / 100 + 2 * len(json.dumps(prompt.SYSTEM))
    assert worst * r.TICKS * len(r.AGENTS) < transcript.MAX_BYTES, "the longest run there can be"
    monkeypatch.setattr(transcript, "MAX_BYTES", path.stat().st_size + 10)
    with Transcript(path, Told("no room")) as live, pytest.raises(TranscriptError, match="full"):
        live.ask(ASKED, {"x": 100})
    assert len(Transcript(path)) == 100


def test_a_transcript_is_of_one_setting_which_it_names(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with Transcript(path, Told("yes"), {"max_tokens": 200}) as live:
        live.ask(ASKED, {})
    assert Transcript(path).settings == {"max_tokens": 200}
    with pytest.raises(TranscriptError, match=r"'max_tokens': 200}, not 'told' with {'max_tokens': 900}; give another"):
        Transcript(path, Told("no"), {"max_tokens": 900})


def test_an_unseen_prompt_is_said_clearly(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with Transcript(path, Told("yes")) as live:
        live.ask(ASKED, {})
    unseen: list[tuple[Messages, Schema]] = [([{"role": "user", "content": "Where <b>else?"}], {}), (ASKED, {"x": 1})]
    for messages, schema in unseen:
        with pytest.raises(
            TranscriptError, match=r"run.jsonl: no answer to prompt [0-9a-f]{24} .*--base-url"
        ) as caught:
            Transcript(path).ask(messages, schema)
        assert "<" not in str(caught.value)


def test_a_missing_or_foreign_or_damaged_transcript_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with pytest.raises(TranscriptError, match="missing; record it"):
        Transcript(path)
    with Transcript(path, Told("yes")) as live:
        live.ask(ASKED, {})
        with pytest.raises(TranscriptError, match="another run is writing"):
            Transcript(path, Told("no"))
    other = Told("no")
    other.name = "other"
    with pytest.raises(TranscriptError, match=r"of model 'told' with {}, not 'other'"):
        Transcript(path, other)
    whole = path.read_bytes()
    head, entry = whole.splitlines()
    for damage in (
        whole.replace(b'"schema": 2', b'"schema": 9'), head + b"\n" + entry[:40] + b"\n", b"[]\n", b"\xff\xfe\n",
        whole.replace(b'"tokens_in": 10', b'"tokens_in": "10"'), b"[" * 9000 + b"\n",
    ):  # fmt: skip
        path.write_bytes(damage)
        with pytest.raises(TranscriptError, match=r"line \d is not a transcript's"):
            Transcript(path)


def _record_until_killed(path: Path) -> None:
    with Transcript(path, Told("yes")) as live:
        for number in range(10_000):
            live.ask([{"role": "user", "content": str(number)}], {})
            if number == 20:
                with path.open("ab") as file:  # what a kill in the middle of a write leaves
                    file.write(b'{"prompt": "cut')
                os.kill(os.getpid(), signal.SIGKILL)


def test_a_run_that_was_killed_goes_on_and_asks_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    process = multiprocessing.get_context("fork").Process(target=_record_until_killed, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    model = Told("yes")
    with Transcript(path, model) as live:
        for number in range(25):
            live.ask([{"role": "user", "content": str(number)}], {})
    assert len(model.prompts) == 4
    assert len(Transcript(path)) == 25


class Down:
    """A model that is not there."""

    name = "down"

    def ask(self, messages: Messages, schema: Schema) -> Reply:
        raise ModelError("not there")


def test_a_model_that_cannot_be_asked_ends_the_run_and_keeps_what_was_said(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with Transcript(path, Told("yes")) as live:
        live.ask(ASKED, {})
    down = Down()
    down.name = "told"
    with Transcript(path, down) as again:
        assert asdict(again.ask(ASKED, {}))["text"] == "yes"
        with pytest.raises(ModelError, match="not there"):
            again.ask(ASKED, {"x": 1})
    assert len(Transcript(path)) == 1
