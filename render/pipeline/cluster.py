"""Workers of a Dask cluster in place of local ones: the same `submit`, on any machine that sees the same files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from stagelight.engines.experiment.workers import RETRIES, ClusterError, dask
from stagelight.render.pipeline import InputError, one_line, plan
from stagelight.render.pipeline.plan import Inputs, Places

STALE = "loaded sources that have changed since"
_loaded: dict[str, Inputs] = {}  # in a worker: what it first drew a scene with, which Python does not load again


@contextmanager
def cluster(address: str, places: Places, wanted: Sequence[Inputs]) -> Iterator[Executor]:
    """The workers of the cluster at an address, as an executor.

    Every worker has to see the project in the same folder, hold the same sources and recordings, and have one thread:
    a section is drawn in a process of its own.

    Args:
        wanted: what the pictures depend on, as this process sees it.

    Raises:
        InputError: no Dask, no scheduler, no worker, or one that does not qualify.
    """
    try:
        with dask(address) as client:
            _qualify(client, address, places, wanted)
            yield client.get_executor(pure=False, retries=RETRIES)
    except ClusterError as error:
        raise InputError(str(error)) from None


def _qualify(client: Any, address: str, places: Places, wanted: Sequence[Inputs]) -> None:
    """Refuse a cluster that would draw something else."""
    threads = client.nthreads()
    if not threads:
        raise InputError(f"--cluster {address}: has no workers; start some with `dask worker {address} --nthreads 1`")
    for worker, count in threads.items():
        if count != 1:
            raise InputError(f"--cluster {address}: {worker} has {count} threads, wanted 1; start it with --nthreads 1")
    names = [inputs.scene for inputs in wanted]
    for worker, answers in client.run(_inputs_there, places, names).items():
        for here, there in zip(wanted, answers, strict=True):
            if here != there:
                other = there if isinstance(there, str) else "other sources, another recording or other versions"
                raise InputError(f"--cluster {address}: {worker} has {other} for {here.scene}; give it the same files "
                                 "and restart it")  # fmt: skip


def _inputs_there(places: Places, names: Sequence[str]) -> list[Inputs | str]:
    """In a worker: what the pictures depend on there, or what is wrong."""
    from stagelight.render.pipeline import encode  # noqa: PLC0415  # brings in Manim

    try:
        encode.forget()
        inputs = {name: plan.inputs(places, name) for name in names}
        stale = [name for name, now in inputs.items() if _loaded.setdefault(name, now).drawn_by() != now.drawn_by()]
        return [STALE if name in stale else now for name, now in inputs.items()]
    except Exception as error:  # noqa: BLE001  # reported in one line by the parent
        return [one_line(error)] * len(names)
