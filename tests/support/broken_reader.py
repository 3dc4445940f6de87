"""A reader for `click trial` that fails in every way there is, begun in a process of its own."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from stagelight.render.trials.answers import READ, REFUSED, Bench, Case, answered


def broken(_: Path) -> Bench:
    """Ten cases, of which three are answered as they should be."""

    def ends() -> str:
        os.kill(os.getpid(), signal.SIGSEGV)
        return READ

    def burns() -> str:
        until = time.process_time() + 5.5
        while time.process_time() < until:
            pass
        return READ

    def fills() -> str:
        return READ if bytearray(3 << 30) else REFUSED

    def unlucky() -> int:
        raise KeyError("x")

    def refuses(words: str) -> str:
        def read() -> int:
            raise ValueError(words)

        return answered(read, (ValueError,), naming="file.x")

    cases = {
        "is read": lambda: answered(lambda: 7, (ValueError,), lambda found: found == 7),
        "is refused": lambda: refuses("file.x: not a file of ours; give another"),
        "means something else": lambda: answered(lambda: 8, (ValueError,), lambda found: found == 7),
        "is refused in two lines": lambda: refuses("file.x: no\nnot at all"),
        "is refused without its name": lambda: refuses("no"),
        "raises": lambda: answered(unlucky, (ValueError,)),
        "fills memory": fills,
        "takes long": burns,
        "ends the process": ends,
        "comes after that": lambda: READ,
    }
    made = tuple(Case(name, answer) for name, answer in cases.items())
    return Bench(lambda seed, number: made[(seed + number) % 2], made)
