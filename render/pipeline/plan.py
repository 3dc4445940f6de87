"""What a scene's pictures depend on, read from the disk as hashes. No scene and no Manim is imported for it.

The key of a section is a hash over the recording's two files, the fonts, the versions of everything that puts
pixels or bytes in place, the fields of the quality, the section's name, and the sources of the scene's import
closure: its module, the encoder, and every module of this project that they import, found by reading their
`import` statements wherever these stand. A module imported under a name computed at run time is not seen.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import importlib.metadata
import importlib.util
import json
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from engines.recording import RecordingError, sha256
from render import theme
from render.pipeline import InputError
from render.theme import Quality

DRAWN_WITH = ("manim", "pycairo", "av", "uharfbuzz", "numpy")  # their versions are part of every key


@dataclass(frozen=True)
class Places:
    """Where things are: the one thing a test changes."""

    assets: Path = theme.ASSETS  # recordings/ is read; videos/, posters/, stills/ and captions/ are written
    cache: Path = theme.ASSETS.parent / ".cache" / "render"
    scenes: str = "render.scenes"  # the package whose modules are scenes

    @property
    def recordings(self) -> Path:
        """The folder of recordings."""
        return self.assets / "recordings"

    def manifest(self, scene: str) -> Path:
        """The file that says what is published of a scene."""
        return self.assets / "videos" / f"{scene}.json"


@dataclass(frozen=True)
class Inputs:
    """All that the pictures of one scene depend on, except the quality."""

    scene: str
    recording_sha256: str  # of the npz
    head_sha256: str  # of the json
    fonts_sha256: str
    drawing_sha256: str  # sources of the scene and the encoder, with all they import
    render_version: str  # the same and the rest of the pipeline: what is published depends on it
    versions: tuple[tuple[str, str], ...]  # package, version

    def key(self, section: str, quality: Quality) -> str:
        """The name under which a drawn section is kept: changes with anything that could change it."""
        parts = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "render_version"}
        text = json.dumps([parts, section, asdict(quality)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def scene_names(places: Places) -> list[str]:
    """The scenes there are, by the modules present; none is imported."""
    package = importlib.util.find_spec(places.scenes)
    if package is None or package.submodule_search_locations is None:
        raise InputError(f"{places.scenes} is not a package of scenes")
    found = pkgutil.iter_modules(package.submodule_search_locations)
    return sorted(module.name for module in found if not module.name.startswith("_"))


def pick(kind: str, name: str, known: Iterable[str]) -> str:
    """The name itself where it is known.

    Raises:
        InputError: it is not; lists what is known and suggests the nearest.
    """
    names = list(known)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, 1)
    meant = f"did you mean {near[0]}? There" if near else "there"
    raise InputError(f"no {kind} {name!r}; {meant} is: {', '.join(names) or 'none yet'}")


def inputs(places: Places, scene: str) -> Inputs:
    """Hash what the scene is drawn from.

    Raises:
        RecordingError: there is no recording.
    """
    module = f"{places.scenes}.{scene}"
    recording, head = (places.recordings / f"{scene}.{kind}" for kind in ("npz", "json"))
    for path in (recording, head):
        if not path.is_file():
            raise RecordingError(f"{path}: missing; make it with `click record {scene}`")
    drawing = closure(module, "render.pipeline.encode")
    return Inputs(
        scene=scene,
        recording_sha256=sha256(recording),
        head_sha256=sha256(head),
        fonts_sha256=_digest({path.name: path for path in theme.FONTS.iterdir() if path.suffix in {".otf", ".ttf"}}),
        drawing_sha256=_digest(drawing),
        render_version=_digest(drawing | closure("render.pipeline.make"))[:16],
        versions=tuple((name, importlib.metadata.version(name)) for name in DRAWN_WITH),
    )


def closure(*modules: str) -> dict[str, Path]:
    """Modules and all of this project that they import, name -> file."""
    found: dict[str, Path] = {}
    waiting = set(modules)
    tops = {name.partition(".")[0] for name in (*modules, "engines.recording")}
    while waiting:
        name = waiting.pop()
        path = _file(name) if name not in found and name.partition(".")[0] in tops else None
        if path:
            found[name] = path
            waiting.update(_imports(path, name))
    return found


def _imports(path: Path, name: str) -> Iterator[str]:
    """The modules that a file may import, with their parents. `from a import b` may mean a module a.b."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    yield name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes(), path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            yield base
            for alias in node.names:
                yield f"{base}.{alias.name}"


def _file(name: str) -> Path | None:
    """A module's file, found without importing anything below its top package; None where it is no module."""
    top, _, rest = name.partition(".")
    spec = importlib.util.find_spec(top) if top else None
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder, *rest.split(".")) if rest else Path(folder)
        for candidate in (path / "__init__.py", path.with_suffix(".py")):
            if candidate.is_file():
                return candidate
    return None


def _digest(files: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
