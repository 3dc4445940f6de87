"""Finished sections under their keys. A section counts as finished once its sidecar is there and agrees."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from stagelight.engines.recording import atomic, sha256


@dataclass(frozen=True)
class Slot:
    """The place of one section of one scene at one quality in the cache."""

    folder: Path
    section: str
    key: str

    def file(self, kind: str) -> Path:
        """One of its files, by ending: mp4, webp and so on."""
        return self.folder / f"{self.section}-{self.key}.{kind}"

    @property
    def sidecar(self) -> Path:
        """The file that describes the others, written last."""
        return self.file("json")


@dataclass(frozen=True)
class Segment:
    """The result of drawing a section."""

    frames: int
    digests: tuple[str, ...]  # of each frame's RGBA bytes
    files: Mapping[str, str]  # ending -> sha256
    errors: Mapping[str, float]  # ending of a video -> mean squared error of its light, where there are two

    @property
    def frame_hash(self) -> str:
        """One hash over all frames."""
        return over(self.digests)


def over(digests: Iterable[str]) -> str:
    """The hash of a sequence of hashes, in hex."""
    return hashlib.sha256(bytes.fromhex("".join(digests))).hexdigest()


def admit(slot: Slot, segment: Segment, made_of: Mapping[str, str]) -> None:
    """Declare a section finished whose files are in their slot: write the sidecar.

    Args:
        made_of: what the key of `slot` is a hash of.
    """
    with atomic(slot.sidecar) as file:
        file.write(json.dumps({**asdict(segment), "made_of": made_of}, indent=0).encode())


def last_made_of(folder: Path, section: str) -> Mapping[str, str] | None:
    """The dependencies of a section's newest kept drawing, whatever its key; None where there is none."""
    sidecars = [path for path in folder.glob(f"{section}-*.json") if path.stem.rpartition("-")[0] == section]
    for path in sorted(sidecars, key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            return dict(json.loads(path.read_bytes())["made_of"])
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return None


def find(slot: Slot) -> Segment | None:
    """The segment kept in a slot; None where nothing is, or where it is not what its sidecar says."""
    try:
        sidecar = json.loads(slot.sidecar.read_bytes())
        del sidecar["made_of"]
        segment = Segment(**{**sidecar, "digests": tuple(sidecar["digests"])})
        whole = all(sha256(slot.file(kind)) == digest for kind, digest in segment.files.items())
        return segment if whole and len(segment.digests) == segment.frames and segment.frame_hash else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def sweep(folder: Path, keep: Callable[[Path], bool]) -> None:
    """Remove a folder's files that are not to be kept, and what an ended process left half-written.

    Sidecars go first: if this is cut off, none is left that names what is gone.
    """
    for path in sorted(folder.glob("*"), key=lambda path: path.suffix != ".json"):
        if path.is_file() and (path.name.endswith(".part") or not keep(path)):
            path.unlink(missing_ok=True)


@contextmanager
def lock(folder: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Only one process at a time draws into a cache; `on_wait` is called once where another one does already.

    The system gives the lock back when its holder ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
