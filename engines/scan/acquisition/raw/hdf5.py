"""K-space in HDF5, read by a process of its own: a damaged file can end the process that HDF5's library runs in."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np

from stagelight.engines.scan.acquisition.raw import limits
from stagelight.engines.scan.acquisition.raw.contents import Contents

PROCESS = "stagelight.engines.scan.acquisition.raw.hdf5_process"
MOST_SECONDS = 900


def contents(path: Path) -> Contents:
    """Read a file of fastMRI's or of ISMRMRD's form.

    Raises:
        ValueError: it has neither, or is damaged.
    """
    if importlib.util.find_spec("h5py") is None:
        raise ModuleNotFoundError("h5py", name="h5py")
    command = [sys.executable, "-P", "-m", PROCESS, str(path.absolute())]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, env=environment) as process,
    ):
        timer = threading.Timer(MOST_SECONDS, process.kill)
        timer.start()
        try:
            words, arrays = _received(process.stdout)
        except (ValueError, EOFError, OSError) as error:
            status = process.wait()
            complaints.seek(0)
            raise _failure(complaints.read(), status) from error
        finally:
            timer.cancel()
    return Contents(
        kind=words["kind"],
        source=words["source"],
        spacing=None if words["spacing"] is None else tuple(words["spacing"]),
        averages=words["averages"],
        facts=words["facts"],
        notes=tuple(words["notes"]),
        **arrays,
    )


def _failure(complaints: bytes, status: int) -> ValueError | ModuleNotFoundError:
    """What ended the process, from the last line that it wrote."""
    last = (complaints.decode("utf-8", "replace").splitlines() or [""])[-1]
    error, _, text = last.partition(": ")
    if error == "ModuleNotFoundError":
        name = text.rpartition("named ")[2].strip("'")
        return ModuleNotFoundError(text, name=name)
    if error == "ValueError":
        return ValueError(text)
    what = last if status > 0 else f"status {status}"
    return ValueError(f"HDF5's library failed on it ({limits.plain(what)}), wanted a whole file; copy it again")


def _received(stream: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `hdf5_process.main` writes."""
    words = json.loads(stream.readline())
    arrays = {}
    for name, (dtype, shape) in words["arrays"].items():
        array = np.empty(shape, dtype)
        if stream.readinto(array.data.cast("B")) != array.nbytes:
            raise EOFError(name)
        arrays[name] = array
    return words, arrays
