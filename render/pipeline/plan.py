"""The inputs of a scene's pictures, read from the disk as hashes. No scene and no Manim is imported for it.

The key of a section is a hash over the parts of the recording that it declares (see `recording_deps`), the
fonts, the versions of everything that puts pixels or bytes in place, the fields of the quality, the section's name,
and the sources of the section's import closure: the scene's module, the encoder, and every module of this project
that they import, found by reading their `import` statements wherever these stand. A module imported under a name
computed at run time is not seen.

Where a scene is a package, a module of it that defines a function `section` draws the section of its own name.
Other sections do not depend on it, unless something besides the package itself imports it, or the package uses
more of it than that function.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import importlib.metadata
import importlib.util
import json
import pkgutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from stagelight.engines.experiment import provenance
from stagelight.engines.experiment.provenance import SourceError
from stagelight.engines.recording import RecordingError, load_head, sha256
from stagelight.render import theme
from stagelight.render.pipeline import InputError, RenderError
from stagelight.render.recording_deps import declared_parts, parts
from stagelight.render.theme import Quality

DRAWN_WITH = (
    "manim",
    "pycairo",
    "av",
    "uharfbuzz",
    "numpy",
    "pillow",
    "imageio",
)  # their versions are part of every key


@dataclass(frozen=True)
class Places:
    """The folders that the pipeline reads and writes, and the package of scenes: the one thing a test changes."""

    assets: Path = theme.ASSETS  # recordings/ is read; videos/, posters/, stills/ and captions/ are written
    cache: Path = theme.ASSETS.parent / ".cache" / "render"
    scenes: str = "stagelight.render.scenes"  # the package whose modules are scenes
    installed: Path | None = None  # recordings to read where the assets have no folder of them

    @property
    def recordings(self) -> Path:
        """The folder that recordings are read from."""
        return self.recorded if self.installed is None or self.recorded.is_dir() else self.installed

    @property
    def recorded(self) -> Path:
        """The folder that recordings are written to."""
        return self.assets / "recordings"

    def manifest(self, scene: str) -> Path:
        """The file that says what is published of a scene."""
        return self.assets / "videos" / f"{scene}.json"


Sources = tuple[tuple[str, str], ...]  # module, sha256 of its file


@dataclass(frozen=True)
class Inputs:
    """All that the pictures of one scene depend on, except the quality."""

    scene: str
    recording_sha256: str  # of the npz
    head_sha256: str  # of the json
    parts: tuple[tuple[str, str], ...]  # of the recording: name, hash
    fonts_sha256: str
    drawing: Sources  # the scene and the encoder, with all they import but what draws single sections
    apart: tuple[tuple[str, Sources], ...]  # section -> what it alone is drawn with
    render_version: str  # the same and the rest of the pipeline: what is published depends on it
    versions: tuple[tuple[str, str], ...]  # package, version

    def made_of(self, section: str, quality: Quality, reads: Sequence[str]) -> dict[str, str]:
        """All that a section's pictures depend on, each with its hash, version or value.

        Args:
            reads: the declared names of the recording's parts that the section reads.
        """
        apart = dict(self.apart)
        own = (apart[section],) if section in apart else tuple(apart.values())
        return {
            **{f"the recording's {name}": digest for name, digest in declared_parts(dict(self.parts), reads).items()},
            "the fonts": self.fonts_sha256,
            "the quality": json.dumps(asdict(quality), sort_keys=True),
            **dict(self.drawing),
            **{module: digest for sources in own for module, digest in sources},
            **dict(self.versions),
        }

    def drawn_by(self) -> tuple[Sources, tuple[tuple[str, Sources], ...], str]:
        """The code alone."""
        return self.drawing, self.apart, self.render_version

    def key(self, section: str, quality: Quality, reads: Sequence[str]) -> str:
        """The name under which a drawn section is kept: changes with anything that could change it."""
        text = json.dumps([self.scene, section, self.made_of(section, quality, reads)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def scene_names(places: Places) -> list[str]:
    """The scenes there are, by the modules present; none is imported."""
    package = importlib.util.find_spec(places.scenes)
    if package is None or package.submodule_search_locations is None:
        raise InputError(f"{places.scenes} is not a package of scenes")
    modules = pkgutil.iter_modules(package.submodule_search_locations)
    return sorted(module.name for module in modules if not module.name.startswith("_"))


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
        RecordingError: there is no recording, or its json half is not one.
        RenderError: a source is not Python.
    """
    module = f"{places.scenes}.{scene}"
    recording, head = (places.recordings / f"{scene}.{kind}" for kind in ("npz", "json"))
    for path in (recording, head):
        if not path.is_file():
            raise RecordingError(f"{path}: missing; make it with `click record {scene}`")
    everything = closure(module, "stagelight.render.pipeline.encode")
    drawers = _drawers(module, everything)
    common = closure(module, "stagelight.render.pipeline.encode", scene=module, without=drawers)
    return Inputs(
        scene=scene,
        recording_sha256=sha256(recording),
        head_sha256=sha256(head),
        parts=tuple(parts(load_head(places.recordings, scene)).items()),
        fonts_sha256=_digest({path.name: path for path in theme.FONTS.iterdir() if path.suffix in {".otf", ".ttf"}}),
        drawing=_sources(common),
        apart=tuple(
            (name.rpartition(".")[2], _sources(closure(name, scene=module, without=drawers)))
            for name in sorted(drawers - set(common))
        ),
        render_version=_digest(everything | closure("stagelight.render.pipeline.make"))[:16],
        versions=tuple((name, importlib.metadata.version(name)) for name in DRAWN_WITH),
    )


def closure(*modules: str, scene: str = "", without: Collection[str] = ()) -> dict[str, Path]:
    """Modules and all of this project that they import, name -> file.

    What `scene` itself imports of `without` is not followed.
    """
    try:
        return provenance.closure(
            *modules, follow=lambda importer, imported: importer != scene or imported not in without
        )
    except SourceError as error:
        raise RenderError(str(error)) from error


def _drawers(scene: str, among: Mapping[str, Path]) -> set[str]:
    """The modules of a scene's package that draw one section each."""
    top = provenance.parsed(among[scene], among[scene].read_bytes()) if scene in among else ast.Module([], [])
    used = {
        node.value.id
        for node in ast.walk(top)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr != "section"
    }
    return {
        name
        for name, path in among.items()
        if name.rpartition(".")[0] == scene and name.rpartition(".")[2] not in used and _has_section(path)
    }


def _has_section(path: Path) -> bool:
    body = provenance.parsed(path, path.read_bytes()).body
    return any(isinstance(node, ast.FunctionDef) and node.name == "section" for node in body)


def _sources(files: Mapping[str, Path]) -> Sources:
    return tuple((name, sha256(path)) for name, path in sorted(files.items()))


def _digest(files: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
