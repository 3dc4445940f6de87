"""Calls made in order on a thread of their own, so that drawing goes on while what was drawn is encoded.

Encoders work outside Python's lock. Each has a thread of its own and sees its frames in order: its bytes do not depend
on how the threads take turns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
AHEAD = 4  # calls that may wait: they hold frames


class Aside(Generic[P, R]):
    """One function, called elsewhere."""

    def __init__(self, call: Callable[P, R], executor: ThreadPoolExecutor) -> None:
        self.call, self.executor = call, executor
        self.waiting: deque[Future[R]] = deque()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call it as soon as the calls before are done; waits if too many are, and raises what one of them raised."""
        self.waiting.append(self.executor.submit(self.call, *args, **kwargs))
        while len(self.waiting) > AHEAD:
            self.waiting.popleft().result()

    def wait(self) -> None:
        """Return when all calls are done; raises what one of them raised."""
        while self.waiting:
            self.waiting.popleft().result()


@contextmanager
def aside(call: Callable[P, R]) -> Iterator[Aside[P, R]]:
    """A function to be called on a thread of its own, whose calls are all done when this is left without an error."""
    with ThreadPoolExecutor(1) as executor:
        made = Aside(call, executor)
        yield made
        made.wait()
