"""What was asked of a language model and what it answered, verbatim, so that a run replays without the model.

One line of JSON a prompt, written and synced before the answer is used; a line cut off by a kill is dropped when the
file is next opened. The same prompt is asked once: asking again gives the answer on file. A run that was cut off
therefore goes on where it stopped, and pays for nothing twice. What is written is bounded, so that it can be read
again. All answers of a file are of one model and one setting of it, named in its first line.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any, Self

from stagelight.engines.village import sanitize
from stagelight.engines.village.llm.types import Messages, Model, ModelError, Reply, Schema

SCHEMA = 2
MAX_BYTES = 64 << 20  # of a transcript
MAX_LINE = 1 << 20
MAX_TEXT = 4000  # characters of a reply that are kept; six times as many bytes, for each of at most 1,440 choices


class TranscriptError(ModelError):
    """A transcript cannot be used, or holds no answer."""


class Transcript:
    """A model with a memory on disk; without a model, the memory alone. Close it, or use it in a `with`."""

    def __init__(self, path: Path, model: Model | None = None, settings: dict[str, Any] | None = None) -> None:
        """Open or begin a transcript.

        Args:
            path: the file; it need not exist if there is a model.
            model: who answers a prompt that is not on file.
            settings: whatever else an answer depends on, temperature and seed say; without a model, those on file.

        Raises:
            TranscriptError: missing without a model, damaged, of another model or other settings, or in use.
        """
        self.path, self._model = path, model
        self._writing = threading.Lock()
        self._file: IO[bytes] | None = None
        if model is None and not path.exists():
            raise TranscriptError(f"{path}: missing; record it with a model, by --base-url and --model")
        if model is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b")
            _lock(self._file, path)
        self.asked = 0  # answers by the model, not from file
        try:
            self.name, self.settings, self._replies, whole = _read(path)
            if model is not None:
                self._continue(model, settings or {}, whole)
        except ModelError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._replies)

    def close(self) -> None:
        """Let others write."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def ask(self, messages: Messages, schema: Schema) -> Reply:
        """The answer on file, or else the model's, which then is on file; any thread may ask.

        Raises:
            TranscriptError: the prompt is not on file and there is no model.
            ModelError: the model's own.
        """
        key = _key(messages, schema)
        if key in self._replies:
            return self._replies[key]
        if self._model is None or self._file is None:
            begins = sanitize.plain(messages[-1]["content"] if messages else "", 80)
            raise TranscriptError(
                f"{self.path}: no answer to prompt {key} ({begins!r}...) among its {len(self)}; the run is not the "
                "one recorded: use its scenario, seed and code version, or record again with --base-url and --model"
            )
        reply = self._model.ask(messages, schema)
        reply = replace(reply, text=reply.text[:MAX_TEXT])
        entry = {"prompt": key, "messages": [dict(message) for message in messages], "reply": asdict(reply)}
        with self._writing:
            self._append(entry)
            self._replies[key] = reply
            self.asked += 1
        return reply

    def _continue(self, model: Model, settings: dict[str, Any], whole: int) -> None:
        """Drop a line that was cut off; begin the file with its head if it is new."""
        assert self._file is not None
        if not self.name:
            self.name, self.settings = model.name, settings
        if (self.name, self.settings) != (model.name, settings):
            raise TranscriptError(
                f"{self.path}: of model {self.name!r} with {self.settings}, not {model.name!r} with {settings}; "
                "give another folder or file"
            )
        self._file.truncate(whole)
        if not whole:
            self._append({"schema": SCHEMA, "model": model.name, "settings": settings})

    def _append(self, entry: dict[str, Any]) -> None:
        """Write a line; one that would make the file unreadable is refused."""
        assert self._file is not None
        line = json.dumps(entry, ensure_ascii=True).encode() + b"\n"
        if len(line) > MAX_LINE or self._file.seek(0, os.SEEK_END) + len(line) > MAX_BYTES:
            raise TranscriptError(f"{self.path}: full, at {MAX_BYTES} bytes or {MAX_LINE} in a line; give another file")
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())


def _key(messages: Messages, schema: Schema) -> str:
    """A prompt's name: a hash of everything an answer depends on but the model and its settings."""
    asked = [[dict(message) for message in messages], schema]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:24]


def _read(path: Path) -> tuple[str, dict[str, Any], dict[str, Reply], int]:
    """The model's name and settings, the replies, and how many bytes of the file are whole lines."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise TranscriptError(f"{path}: more than {MAX_BYTES} bytes, not a transcript")
    whole = data.rfind(b"\n") + 1
    lines = data[:whole].splitlines()
    if not lines:
        return "", {}, {}, 0
    number = 1
    try:
        head = _line(lines[0])
        if head["schema"] != SCHEMA:
            raise ValueError(f"schema {head['schema']!r}, wanted {SCHEMA}")
        replies = {}
        for number, line in enumerate(lines[1:], 2):  # noqa: B007  # named in the error
            entry = _line(line)
            replies[str(entry["prompt"])] = _checked(entry["reply"])
        return str(head["model"]), dict(head["settings"]), replies, whole
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        why = sanitize.plain(str(error), 120)
        raise TranscriptError(
            f"{path}: line {number} is not a transcript's ({why}); delete it and record again"
        ) from error


def _line(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise ValueError(f"more than {MAX_LINE} bytes")
    value = json.loads(line)
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _checked(value: dict[str, Any]) -> Reply:
    reply = Reply(**value)
    kinds = {"text": str, "tokens_in": int, "tokens_out": int, "counted": bool, "attempts": int, "fault": str}
    for name, kind in kinds.items():
        if type(getattr(reply, name)) is not kind:
            raise TypeError(f"{name} is not {kind.__name__}")
    return reply


def _lock(file: IO[bytes], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise TranscriptError(f"{path}: another run is writing it; give another file") from None
