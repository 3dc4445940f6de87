"""Calls made in order on a thread of their own: a frame is encoded while the next one is drawn.

Encoders work outside Python's lock. Each has a thread of its own and sees its frames in order, so its bytes do not
depend on how the threads take turns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
MOST_WAITING = 4  # calls: they hold frames


class BackgroundCalls(Generic[P, R]):
    """A function whose calls are made one after the other by an executor's thread."""

    def __init__(self, call: Callable[P, R], executor: ThreadPoolExecutor) -> None:
        self.call, self.executor = call, executor
        self.waiting: deque[Future[R]] = deque()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Queue a call. Blocks while too many are waiting; raises what an earlier call raised."""
        self.waiting.append(self.executor.submit(self.call, *args, **kwargs))
        while len(self.waiting) > MOST_WAITING:
            self.waiting.popleft().result()

    def wait(self) -> None:
        """Return when all calls are done; raises what one of them raised."""
        while self.waiting:
            self.waiting.popleft().result()


@contextmanager
def in_background(call: Callable[P, R]) -> Iterator[BackgroundCalls[P, R]]:
    """The function, called on a thread of its own; leaving without an error waits for all of its calls."""
    with ThreadPoolExecutor(1) as executor:
        calls = BackgroundCalls(call, executor)
        yield calls
        calls.wait()
