"""`click record scan --volume FILE` and `--kspace FILE`: a reader's own scan, its options, its figures as they come."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from stagelight.engines import recording
from stagelight.render.cli.engine_calls import refusals, stopping_after
from stagelight.render.cli.options import FILE, Command
from stagelight.render.pipeline import progress


@dataclass(frozen=True)
class Given:
    """The options of a scan of a reader's own; None or False where one is not given."""

    volume: Path | None
    kspace: Path | None
    acceleration: float | None
    prompt: str | None
    mask: Path | None
    head: bool | None
    sigma: float | None
    coils: int | None
    samples: int | None
    device: str | None
    recording: bool
    force: bool

    def names(self) -> list[str]:
        """The options that were given."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return [f"--{name}" for name, value in values.items()
                if value is not None and (value is not False or name == "head")]  # fmt: skip


_OPTIONS = (
    click.option(
        "--volume",
        type=FILE,
        metavar="FILE",
        help="scan: scan and reconstruct this volume of a brain, NIfTI or MGH. Example: --volume me.nii.gz",
    ),
    click.option(
        "--kspace",
        type=FILE,
        metavar="FILE",
        help="scan: reconstruct this measured k-space: npy, npz, BART, fastMRI, ISMRMRD, Siemens twix. "
        "Example: --kspace head.h5",
    ),
    click.option(
        "--acceleration",
        type=float,
        metavar="R",
        help="scan: measure one point of k-space in R; default: 16. Example: --acceleration 8",
    ),
    click.option(
        "--prompt",
        metavar="TEXT",
        help="scan: the sentence that conditions the prior. Example: --prompt 'T1-weighted, normal'",
    ),
    click.option(
        "--mask",
        type=FILE,
        metavar="FILE",
        help="scan: the brain is where this volume is above a half; default: found. Example: --mask brain.nii.gz",
    ),
    click.option(
        "--head/--no-head",
        default=None,
        help="scan: scalp and skull are in the volume, or are not; default: found out. Example: --head",
    ),
    click.option(
        "--sigma",
        type=float,
        metavar="S",
        help="scan: noise of the scan, where 1 is the brightest tissue, default 0.01; of --kspace, of a sample as in "
        "the file, default estimated. Example: --sigma 0.02",
    ),
    click.option(
        "--coils",
        type=int,
        metavar="N",
        help="scan: receive with N coils, default 1; of --kspace, compress to N, default 8. Example: --coils 4",
    ),
    click.option(
        "--samples",
        type=click.IntRange(0),
        metavar="N",
        help="scan: samples of reverse diffusion, an even number, for their mean and an uncertainty; minutes each; "
        "default: 2. Example: --samples 4",
    ),
    click.option(
        "--device", metavar="NAME", help="scan: where the networks compute; default: cpu. Example: --device cuda"
    ),
    click.option(
        "--recording", is_flag=True, help="scan: make the recording for the film, too. Example: --recording"
    ),
    click.option(
        "--force", is_flag=True, help="scan: go on with what does not look like a brain. Example: --force"
    ),
)  # fmt: skip


def options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def taken(options: dict[str, Any]) -> Given:
    """The scan's options, taken out of a command's."""
    return Given(**{one.name: options.pop(one.name) for one in fields(Given)})


def run(
    own: Given, given: Mapping[str, Any], seed: int | None, cache: Path, minutes: float | None, fresh: bool,
    out: Path | None,
) -> None:  # fmt: skip
    """Reconstruct what a reader brings, a volume or k-space; `given` are other options, of which none is taken."""
    if own.kspace is None:
        kind, refused = "--volume", given
    else:
        kind, refused = "--kspace", {**given, "--minutes": minutes}
    for name in (name for name, value in refused.items() if value is not None):
        raise click.UsageError(f"A scan of {kind} takes no {name}.")
    if own.kspace is None:
        reconstruct(own, seed, cache / "own", minutes, fresh, out)
    else:
        measured(own, seed, cache / "kspace", fresh, out)


def reconstruct(
    given: Given, seed: int | None, cache: Path, minutes: float | None, fresh: bool, out: Path | None
) -> None:
    """Scan and reconstruct a reader's own volume; figures are printed and files are written as they come."""
    with refusals():
        from stagelight.engines.scan import user_scan  # noqa: PLC0415  # brings in torch
        from stagelight.engines.scan.run_cache import Work  # noqa: PLC0415

        assert given.volume is not None
        asked = user_scan.Asked(
            given.volume,
            **{
                one.name: getattr(given, one.name)
                for one in fields(given)
                if one.name not in ("volume", "kspace", "recording") and getattr(given, one.name) is not None
            },
        )
        for name in ("sigma", "device"):
            if given.recording and getattr(given, name) is not None:
                raise click.UsageError(f"--recording has the published noise, and cpu; leave out --{name}.")
        if fresh:
            shutil.rmtree(cache, ignore_errors=True)
        folder, seed = out or Path.cwd(), seed or 0
        ready = user_scan.scanned(asked, seed)
        click.echo(f"{given.volume}: {ready.own.summary}")
        for note in ready.notes:
            click.echo(f"note: {note}", err=True)
        click.echo("PSNR in dB and SSIM within the brain, as scanned and on the file's own voxels; seconds of one core")
        with stopping_after(minutes) as end, progress.following() as report:
            work = Work(cache, report, end)
            for outcome in user_scan.reconstruct(ready, folder, work):
                click.echo(_row(outcome.name, outcome.figures))
                for path in outcome.paths:
                    click.echo(f"  {path}")
            if given.recording:
                for path in recording.save(user_scan.recorded(asked, seed, work), folder):
                    click.echo(f"  {path}")


MEASURED = ("--kspace", "--prompt", "--sigma", "--coils")  # what measured k-space takes


def measured(given: Given, seed: int | None, cache: Path, fresh: bool, out: Path | None) -> None:
    """Reconstruct a reader's own measured k-space by each method; figures and files come as each is finished."""
    with refusals():
        from stagelight.engines.scan import reconstruct, user_kspace  # noqa: PLC0415  # brings in torch
        from stagelight.engines.scan.methods import of_measured  # noqa: PLC0415

        assert given.kspace is not None
        for name in given.names():
            if name not in MEASURED:
                raise click.UsageError(f"--kspace takes no {name}: nothing is simulated.")
        if given.prompt is not None and "diffusion" not in of_measured.available():
            raise click.UsageError("--kspace takes no --prompt here: the weights of the fine network are missing.")
        if fresh:
            shutil.rmtree(cache, ignore_errors=True)
        coils = reconstruct.COILS if given.coils is None else given.coils
        if coils < 1:
            raise click.UsageError(f"--coils {coils}, wanted 1 or more.")
        click.echo("misfit over all points, and error on held-out points, over the noise")
        with progress.following() as report:
            for row in user_kspace.run(
                given.kspace, out or Path.cwd(), cache, given.prompt or "", seed or 0, coils, given.sigma, report
            ):
                if row.method != "report":
                    click.echo(f"{row.method:12} {row.misfit:6.3f} {row.held_out:6.3f}")
                for path in row.paths:
                    click.echo(f"  {path}")


def _row(name: str, figures: Mapping[str, float]) -> str:
    """A method and its figures; of the reference, what the grid that is scanned costs on the file's own voxels."""
    native = f"{figures['native.psnr']:6.2f} {figures['native.ssim']:.3f}"
    if "brain.psnr" in figures:
        scanned = f"{figures['brain.psnr']:6.2f} {figures['brain.ssim']:.3f}"
        return f"{name:12} {scanned}   {native}   {figures['seconds']:6.1f} s"
    if math.isinf(figures["native.psnr"]):
        return f"{name}: the file's own voxels are scanned, nothing is interpolated"
    return f"{name}: the ideal result, the volume as scanned, has {' and '.join(native.split())} on the file's voxels"
