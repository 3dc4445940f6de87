"""Many tasks: the same result from any number of workers, interrupted and resumed, and nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from stagelight.engines.experiment import pool, workers
from stagelight.engines.experiment.progress import Interrupted
from support.pool_tasks import fails, observes, square

PAST = 0.0  # a deadline that has passed


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_are_the_same_with_one_worker_and_with_two(tmp_path: Path, jobs: int) -> None:
    heard: list[tuple[str, int, int]] = []

    def hear(what: str, done: int, total: int, figures: Mapping[str, float], /) -> None:
        heard.append((what, done, total))

    def path(task: int) -> Path:
        return tmp_path / f"{task}.npz"

    found = pool.compute_all([3, 1, 2], square, path, jobs=jobs, progress=hear, what="squares")
    assert {task: int(arrays["square"]) for task, arrays in found.items()} == {3: 9, 1: 1, 2: 4}
    assert list(found) == [3, 1, 2]
    assert heard[-1] == ("squares", 300, 300)
    assert [done for _, done, _ in heard] == sorted(done for _, done, _ in heard)
    path(1).unlink()
    pool.compute_all([3, 1, 2], square, path, jobs=jobs, progress=hear, what="again")
    assert heard[-1] == ("again", 300, 300)
    assert next(done for what, done, _ in heard if what == "again") >= 200


def test_what_was_finished_before_the_deadline_is_kept(tmp_path: Path) -> None:
    def path(task: int) -> Path:
        return tmp_path / f"{task}.npz"

    pool.compute_all([1], square, path)
    with pytest.raises(Interrupted, match="squares: 1 of 3"):
        pool.compute_all([1, 2, 3, 4], square, path, deadline=PAST, what="squares")
    assert sorted(file.stem for file in tmp_path.iterdir()) == ["1", "2"]
    assert int(pool.compute_all([1, 2], square, path, deadline=PAST)[2]["square"]) == 4


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_task_may_observe_the_deadline_itself(tmp_path: Path, jobs: int) -> None:
    with pytest.raises(Interrupted):
        pool.compute_all([1, 3, 2], observes, lambda task: tmp_path / f"{task}.npz", jobs=jobs)
    assert (tmp_path / "1.npz").exists()


def test_a_task_that_fails_ends_the_others(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="task 1 cannot be done"):
        list(pool.run_all([0, 1], fails, jobs=2))


ORPHANS = """
import sys, time
from pathlib import Path
from stagelight.engines.experiment import pool

def wait(task, progress):
    Path(sys.argv[1], str(task)).write_text(str(__import__("os").getpid()))
    time.sleep(600)

if __name__ == "__main__":
    list(pool.run_all([0, 1], wait, jobs=2))
"""


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "orphans.py"
    script.write_text(ORPHANS)
    said = tmp_path / "said"
    said.mkdir()
    parent = subprocess.Popen([sys.executable, str(script), str(said)])
    while len([path for path in said.iterdir() if path.read_text()]) < 2:
        assert parent.poll() is None
        time.sleep(0.05)
    workers = [int(path.read_text()) for path in said.iterdir()]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    while any(running(worker) for worker in workers):  # the suite's own time limit is the bound
        time.sleep(0.05)


def running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_cluster_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "CLUSTER_SECONDS", 1)
    with (
        pytest.raises(workers.ClusterError, match=r"--cluster tcp://127\.0\.0\.1:9: no scheduler answers there"),
        workers.dask("tcp://127.0.0.1:9"),
    ):
        pass


@pytest.mark.slow
def test_a_cluster_computes_the_same_by_the_same_call(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    from support.dask_cluster import Cluster

    cluster = Cluster(tmp_path)
    try:
        found = pool.compute_all(
            [3, 1, 2], square, lambda task: tmp_path / f"{task}.npz", cluster=cluster.address, what="squares"
        )
        with pytest.raises(ValueError, match="task 1 cannot be done"):
            list(pool.run_all([1], fails, cluster=cluster.address))
    finally:
        cluster.close()
    assert {task: int(arrays["square"]) for task, arrays in found.items()} == {3: 9, 1: 1, 2: 4}
    assert sorted(path.stem for path in tmp_path.glob("*.npz")) == ["1", "2", "3"]
