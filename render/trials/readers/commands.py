"""The same input through the real command, in a process of its own: exit code 2, one line, no traceback."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from stagelight.render import theme
from stagelight.render.trials.answers import Bench, Case, Wrong, one_line
from stagelight.render.trials.workers import MOST_BYTES

TRACE = re.compile(r"Traceback|File \"|Error:.*\n.*Error:")
ROOM = 12 << 30  # bytes of addresses, torch's own included
BAD_FEN = "8/8/8/8/8/8/8/8 w - - 0 1\n\x1b[31m\u202e"


def commands(folder: Path) -> Bench:
    """Commands that read a file or a text, with one that cannot be read."""
    (folder / "bad.bin").write_bytes(bytes(range(256)) * 40)
    for name in (
        "bad.nii",
        "bad.nii.gz",
        "bad.npy",
        "bad.h5",
        "bad.dat",
        "bad.pgn",
        "bad.safetensors",
        "a\n\x1b[31m\u202eb.nii",
    ):
        shutil.copy(folder / "bad.bin", folder / name)
    (folder / "empty.nii.gz").touch()
    (folder / "bad.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(9000))
    (folder / "bad.npy").write_bytes(b"\x93NUMPY\x01\x00" + bytes(900))
    (folder / "bad.hdr").write_text("# Dimensions\n-1\n")
    (folder / "talk").mkdir()
    (folder / "talk/std-1.jsonl").write_text("[]\n")
    policy = folder / "cut.safetensors"
    whole = theme.ASSETS / "recordings" / "rollout_policy.safetensors"
    policy.write_bytes(whole.read_bytes()[:-1])
    shutil.copy(whole.with_name(f"{whole.name}.sha256"), folder / f"{policy.name}.sha256")
    scan, start = ("record", "scan"), "8/8/8/4k3/8/8/8/KQ6 w - - 0 1"
    asked: tuple[tuple[str, ...], ...] = (
        ("play", "nothing"),
        ("play", BAD_FEN),
        ("play", "k" * 10_000),
        ("play", ""),
        ("play", start, "--policy", "cut.safetensors"),
        ("play", start, "--policy", "bad.safetensors"),
        ("play", start, "--policy", "missing.safetensors"),
        (*scan, "--volume", "bad.nii"),
        (*scan, "--volume", "bad.nii.gz"),
        (*scan, "--volume", "empty.nii.gz"),
        (*scan, "--volume", "a\n\x1b[31m\u202eb.nii"),
        (*scan, "--volume", "missing.nii"),
        (*scan, "--kspace", "bad.npy"),
        (*scan, "--kspace", "bad.h5"),
        (*scan, "--kspace", "bad.dat"),
        (*scan, "--kspace", "bad.hdr"),
        (*scan, "--kspace", "a\n\x1b[31m\u202eb.nii"),
        ("score", "rollout", "--puzzles", "bad.pgn"),
        ("score", "rollout", "--puzzles", "missing.pgn"),
        ("score", "village", "--transcripts", "talk", "--scenario", "std", "--seeds", "1"),
        (
            "score",
            "village",
            "--base-url",
            "http://u:secret@127.0.0.1/v1",
            "--model",
            "m",
            "--scenario",
            "std",
            "--seeds",
            "1",
        ),
        ("score", "village", "--agent", "\x1b[31m\n\u202e", "--scenario", "std"),
        ("score", "scan", "--only", "\x1b[31m\u202e"),
        ("render", "\x1b[31m\u202e\nnothing"),
        ("check", "\x1b[31m\u202e"),
        ("record", "village", "--seed", "x\x1b[31m"),
        ("render", "scan", "--cluster", "tcp://127.0.0.1:x"),
        ("\x1b[31m\u202e",),
        ("render", "--\x1b[31m"),
    )
    runs = [Case(" ".join(map(ascii, line))[:80], partial(_run, folder, line)) for line in asked]
    stream = Case("uci < bad.bin", partial(_run, folder, ("uci",), b"\xff\0\x1b[31m\n" * 999 + b"quit\n", 0))

    def mutated(seed: int, number: int) -> Case:
        return runs[number % len(runs)]

    return Bench(mutated, (*runs, stream))


def _run(folder: Path, line: tuple[str, ...], fed: bytes = b"", code: int = 2) -> str:
    found = subprocess.run(
        [sys.executable, "-m", "stagelight", *line],
        input=fed,
        cwd=folder,
        env=os.environ | {"XDG_CACHE_HOME": str(folder / "cache")},
        capture_output=True,
        preexec_fn=_bounded(),
        check=False,
    )
    said = found.stderr.decode("utf-8", "replace")
    if TRACE.search(said):
        raise Wrong("a traceback", ascii(said[-300:]))
    if found.returncode != code:
        raise Wrong(f"exit code {found.returncode}, wanted {code}", ascii(said[-300:]))
    if code:
        one_line(said.removesuffix("\n"))
    return "refused" if code else "read"


def _bounded() -> Callable[[], None]:
    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (ROOM + MOST_BYTES, ROOM + MOST_BYTES))

    return bound
