"""Calls on a thread of their own: in order, few at a time, and no error is lost."""

from __future__ import annotations

import threading

import pytest

from stagelight.render.pipeline.background import MOST_WAITING, in_background


def test_calls_are_made_in_order_and_all_of_them() -> None:
    made: list[int] = []
    with in_background(made.append) as call:
        for index in range(50):
            call(index)
    assert made == list(range(50))


def test_only_a_few_calls_wait() -> None:
    gate, begun = threading.Event(), threading.Event()
    made: list[int] = []

    def slow(index: int) -> None:
        begun.set()
        gate.wait()
        made.append(index)

    def caller() -> None:
        with in_background(slow) as call:
            for index in range(20):
                call(index)
                asked.append(index)

    asked: list[int] = []
    thread = threading.Thread(target=caller)
    thread.start()
    begun.wait()
    thread.join(0.2)
    assert thread.is_alive()
    assert len(asked) <= MOST_WAITING + 1
    gate.set()
    thread.join()
    assert made == list(range(20))


@pytest.mark.parametrize("last", [False, True])
def test_what_a_call_raises_reaches_the_caller(last: bool) -> None:
    def refuse(index: int) -> None:
        if last is (index == 19) and (last or index == 2):
            raise OSError("no room")

    with pytest.raises(OSError, match="no room"), in_background(refuse) as call:
        for index in range(20):
            call(index)


def test_an_error_of_the_caller_ends_the_thread() -> None:
    before = threading.active_count()
    with pytest.raises(KeyError), in_background(print) as call:
        call()
        raise KeyError
    assert threading.active_count() == before
