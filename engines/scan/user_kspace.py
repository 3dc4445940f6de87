"""Reconstruct a reader's own measured k-space: every method on the same points, files, figures and a report.

There is no reference, so nothing here says how near the truth a picture is. What can be said is how well it explains
what was measured, and how well points that it was not given are predicted.
"""

from __future__ import annotations

import base64
import gzip
import html
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import nibabel as nib
import numpy as np
import torch
from nibabel.orientations import apply_orientation, axcodes2ornt, io_orientation, ornt_transform
from numpy.typing import NDArray
from scipy import ndimage

from stagelight.engines.experiment import cache, provenance
from stagelight.engines.experiment.progress import Progress, silent
from stagelight.engines.recording import atomic, sha256
from stagelight.engines.scan import reconstruct
from stagelight.engines.scan.acquisition.raw.contents import RawScan
from stagelight.engines.scan.acquisition.raw.reading import read
from stagelight.engines.scan.data import grid, nifti
from stagelight.engines.scan.methods import of_measured
from stagelight.engines.scan.methods.of_measured import SIGPY_WEIGHTS, Asked
from stagelight.engines.scan.pictures import grey
from stagelight.engines.scan.reconstruct import Prepared

NAMES = {
    "sigpy": "L1-wavelet, sigpy", "classical": "Mean of total variation and wavelets",
    "diffusion": "Reverse diffusion, shown the scan as measured",
}  # fmt: skip
CLIP = 99.5  # percentile of an image that is white in a picture
WHOLE = 120.0  # mm along each axis, from which a picture may hold a whole head
OBJECT = 0.1  # of white, above which a voxel is not air
STYLE = """body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
figure{display:inline-block;margin:0 1rem 1rem 0}img{width:18rem;max-width:100%;background:#000}
th,td{text-align:left;padding-right:1rem}"""


@dataclass(frozen=True)
class Row:
    """One method's outcome."""

    method: str
    misfit: float  # rms over all measured points, over the noise
    held_out: float  # rms over the points that were kept from it, over the noise
    paths: tuple[Path, ...]  # files that were written


def run(
    path: Path, folder: Path, kept: Path, prompt: str = "", seed: int = 1, coils: int = reconstruct.COILS,
    sigma: float | None = None, progress: Progress = silent,
) -> Iterator[Row]:  # fmt: skip
    """Reconstruct a file with each method in turn; a method's files are written before its row is yielded.

    Written into `folder`: `<name>_<method>.nii.gz`, the magnitude, of all that is seen where something folds over;
    `<name>_<method>_complex.nii.gz`, the image that the first maps see; where a method says what it may be off by,
    `<name>_<method>_spread.nii.gz`; and last `<name>_brain.nii.gz`, or where no whole brain is found
    `<name>_object.nii.gz`, what is not air, and `<name>_report.html`.

    Args:
        path: of the k-space, in any format that `acquisition.raw` reads.
        folder: for the files.
        kept: folder of what was computed before, which is not computed again.
        prompt: a sentence about the scan, for the network.
        seed: of which points are held out, and of diffusion.
        coils: virtual ones, at most.
        sigma: noise in real and imaginary part of each sample; None: estimated.
        progress: told of each step.

    Raises:
        ValueError: the file cannot be read or reconstructed; in one line.
    """
    torch.set_num_threads(1)
    raw = read(path)
    try:
        ready = reconstruct.prepare(
            raw.kspace, _sampled(raw), raw.maps, sigma, kind=raw.kind, noise_scan=raw.noise, coils=coils
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    raw = replace(raw, kspace=np.zeros((0, 0, 0, 0), np.complex64))  # it may take gigabytes
    stem, rows, images, affine = path.name.split(".")[0], [], {}, _affine(raw)
    folder.mkdir(parents=True, exist_ok=True)
    version = provenance.code_version(of_measured.__name__, reconstruct.__name__)
    for method in of_measured.available():
        name = provenance.key(version, sha256(path), method, prompt, seed, coils, sigma)
        found = cache.get_or_compute(
            kept / f"kspace-{name}.npz", partial(_computed, ready, method, prompt, seed, progress),
            "image", "folded", "spread", "misfit", "held_out",
        )  # fmt: skip
        images[method] = _magnitude(found)
        paths = _write(found, folder / f"{stem}_{method}", affine)
        rows.append(Row(method, float(found["misfit"]), float(found["held_out"]), tuple(paths)))
        yield rows[-1]
    within, mask = _within(images["classical"], affine)
    _save(mask, affine, folder / f"{stem}_{within}.nii.gz")
    report = folder / f"{stem}_report.html"
    with atomic(report) as file:
        file.write(report_page(path, raw, ready, rows, images).encode())
    yield Row("report", np.nan, np.nan, (folder / f"{stem}_{within}.nii.gz", report))


def _sampled(raw: RawScan) -> NDArray[np.bool_]:
    """What was measured, (S, H, W); of a volume, at any place along the readout, (H, W)."""
    return np.asarray(raw.mask.any(0)) if raw.kind == "volume" else raw.mask


def _computed(ready: Prepared, method: str, prompt: str, seed: int, progress: Progress) -> cache.Arrays:
    """The best of a method's settings by the held-out points, and its image from all points."""
    tried = {}
    for weight in SIGPY_WEIGHTS if method == "sigpy" else (Asked.weight,):
        asked = Asked(prompt, seed=seed, weight=weight)
        tried[asked] = reconstruct.prediction(ready, method, asked, progress)
    asked = min(tried, key=lambda one: tried[one])
    found, nothing = reconstruct.solve(ready, method, asked, progress), np.zeros(0)
    return {
        "image": found.image, "folded": nothing if found.folded is None else found.folded,
        "spread": nothing if found.spread is None else found.spread,
        "misfit": np.array(found.misfit), "held_out": np.array(tried[asked]),
    }  # fmt: skip


def _affine(raw: RawScan) -> NDArray[np.float64]:
    """Index (s, h, w) -> mm: the file's, or its spacing, or 1 mm."""
    return raw.affine if raw.affine is not None else np.diag([*(raw.spacing or (1.0, 1.0, 1.0)), 1.0])


def _magnitude(found: cache.Arrays) -> NDArray[np.float32]:
    """The modulus (S, H, W), of both sets' images where there are two."""
    seen = np.abs(found["image"])
    return np.asarray(np.hypot(seen, np.abs(found["folded"])) if found["folded"].size else seen, np.float32)


def _within(image: NDArray[np.float32], affine: NDArray[np.float64]) -> tuple[str, NDArray[np.uint8]]:
    """The brain (S, H, W) of a head that is in the picture as a whole, or else what is not air; and which it is."""
    turn, steps = io_orientation(affine), np.linalg.norm(affine[:3, :3], axis=0)
    if (np.array(image.shape) * steps >= WHOLE).all():
        upright = apply_orientation(image, turn)
        brain = grid.brain_of(upright, steps[np.argsort(turn[:, 0])])
        if nifti.USUAL[0] <= np.count_nonzero(brain) * float(np.prod(steps)) / 1e6 <= nifti.USUAL[1]:
            back = ornt_transform(axcodes2ornt("RAS"), turn)
            return "brain", np.asarray(apply_orientation(brain, back), np.uint8)
    blurred = ndimage.gaussian_filter(image, (0, 1, 1))
    lit = blurred > OBJECT * np.percentile(blurred, CLIP)
    return "object", np.stack([ndimage.binary_fill_holes(grid.largest(each)) for each in lit]).astype(np.uint8)


def _write(found: cache.Arrays, stem: Path, affine: NDArray[np.float64]) -> list[Path]:
    parts = {"": _magnitude(found), "_complex": found["image"].astype(np.complex64)}
    if found["spread"].size:
        parts["_spread"] = found["spread"].astype(np.float32)
    for name, values in parts.items():
        _save(values, affine, stem.with_name(f"{stem.name}{name}.nii.gz"))
    return [stem.with_name(f"{stem.name}{name}.nii.gz") for name in parts]


def _save(values: NDArray[Any], affine: NDArray[np.float64], path: Path) -> None:
    image = nib.Nifti1Image(values, affine)
    image.header.set_xyzt_units("mm")
    with atomic(path) as file:
        file.write(gzip.compress(image.to_bytes(), 6, mtime=0))


def report_page(
    path: Path, raw: RawScan, ready: Prepared, rows: list[Row], images: dict[str, NDArray[np.float32]]
) -> str:
    """One page of HTML, pictures and all. What comes from the file is text."""
    peer = next(row.held_out for row in rows if row.method == "sigpy")
    table = "".join(
        f"<tr><th scope=row>{html.escape(NAMES[row.method])}</th><td>{row.misfit:.3f}</td><td>{row.held_out:.3f}</td>"
        f"<td>{row.held_out / peer:.3f}</td></tr>"
        for row in rows
    )
    pictures = "".join(
        f'<figure><img alt="{html.escape(NAMES[name])}" src="data:image/png;base64,{_png(image)}">'
        f"<figcaption>{html.escape(NAMES[name])}</figcaption></figure>"
        for name, image in images.items()
    )
    facts = {"file": path.name, "format": raw.source, **raw.facts, "coils": str(len(raw.coils))}
    facts |= {"grid": " x ".join(map(str, raw.mask.shape)), "acceleration": f"{raw.acceleration:.2f}"}
    facts |= {"noise, real and imaginary part": f"{ready.sigma:.3g}"}
    said = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items())
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in (*raw.notes, *ready.notes))
    title = html.escape(path.name)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}, reconstructed</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style><h1>{title}, reconstructed</h1>'
        "<p>No reference exists: nothing below says how near the truth a picture is, and none of it is for diagnosis."
        "</p>"
        "<table><thead><tr><th>method</th><th>misfit over noise</th><th>error on held-out points over noise</th>"
        f"<th>over sigpy's</th></tr></thead><tbody>{table}</tbody></table>"
        "<p>Misfit: 1 explains the measurements to their noise. Held-out points are a tenth of those outside of the "
        "centre; their own noise alone is 1. sigpy's weight is chosen on these very points, which favours it.</p>"
        f"{pictures}<h2>The scan</h2><dl>{said}</dl><ul>{notes}</ul></html>"
    )


def _png(image: NDArray[np.float32]) -> str:
    """The middle slice as a picture, base64."""
    middle = image[len(image) // 2]
    white = max(float(np.percentile(middle, CLIP)), 1e-12)
    made = BytesIO()
    imageio.imwrite(made, grey(middle, white), extension=".png")
    return base64.b64encode(made.getvalue()).decode()
