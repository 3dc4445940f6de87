"""The scans: fetched from their origin by SHA-256, or read from a local copy, and laid on one grid.

`STAGELIGHT_DATA=<folder>` names a local copy that holds `mri/...`; otherwise pooch fetches each file from its origin
into the user's cache. The scans of the three adults with multiple sclerosis and of studyforrest were cropped,
converted or resampled after their publication, so no origin serves these bytes: they want the local copy.

The grid: 128 x 160 x 144 voxels, right-anterior-superior, 1 mm, float32 in [0, 1], brain only. A brain that is larger
than the grid, as Colin27's is in its stereotaxic space, is sampled more coarsely, evenly in all directions.
"""

from __future__ import annotations

import os
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import nibabel as nib
import numpy as np
import pooch
from numpy.typing import NDArray

from stagelight.engines.recording import sha256
from stagelight.engines.scan.data import grid

_STROKE = "https://raw.githubusercontent.com/neurolabusc/VolumeRenderingData/d15be4d1863d1372270e38d8fe95bffaf80cce3a"
_LABELS = "https://raw.githubusercontent.com/BBillot/SynthSeg/3168fdf38ad220bd1927be43b67c5e9409a78ee7/data/training_label_maps"
_DEBIAN = "https://deb.debian.org/debian/pool/main/m/mricron/mricron-data_1.2.20211006+dfsg-4_all.deb"
_DEBIAN_SHA256 = "d40aa0ed66cf89bf6cafa049ad3884703c9d975c2ee2737525b7196528df9d6f"
_ARC = "https://raw.githubusercontent.com"
_SIGPY = f"{_ARC}/mikgroup/sigpy-mri-tutorial/b21dcdcfac8557ebb4c2bda1e9faf2cb1e1b6a33"


@dataclass(frozen=True)
class Scan:
    """One file of the registry."""

    file: str  # below the data folder
    sha256: str
    url: str  # "" where no origin serves these bytes
    subject: str
    contrast: str  # T1w, T2w, FLAIR, T1w+contrast; labels
    head: bool  # with scalp and skull
    licence: str
    source: str  # whom to cite
    held_out: bool = False  # never trained on, nor used to choose a setting of the prior


@dataclass(frozen=True)
class Volume:
    """A scan on the grid."""

    name: str
    x: NDArray[np.float32]  # (128, 160, 144), RAS, [0, 1]: 1 is the 99.9th percentile within the brain
    brain: NDArray[np.bool_]  # (128, 160, 144)
    affine: NDArray[np.float64]  # (4, 4), grid index -> mm
    spacing: float  # mm
    scan: Scan


_CSAR = "Center for the Study of Aphasia Recovery; github.com/neurolabusc/VolumeRenderingData"
_LESJAK = "Lesjak et al., Neuroinformatics 2017, doi 10.1007/s12021-017-9348-7"
_MS_HASHES = {
    "07_FLAIR": "427b8bcdb2a19a70e37d0a4d11c7ea4231b995008cc780a73827566dbf7dc2e6",
    "07_T1": "fbfcabf81c2f576c49d61f6ef95117822205a9d48586d608200c265f3e7f951f",
    "07_T1POST": "c8e308f252682732b46e850c147ebc6beeb6a396a9d58cb902f17d548c8039b6",
    "07_T2": "0e02df6d0e88696ba6c9fbcbade01c54a2ab6bbc3b1193d4236a19944881889f",
    "19_FLAIR": "404b881c68579036c747f74c848b9ee4afd19a7d092b2a0ed56393347eb834e9",
    "19_T1": "a0cc86ae936ba11dd463b1bcaf8e47716d3b36c8e7e071bfef7c60380be485cf",
    "19_T1POST": "2900ac670d434bd5fd579010bd73b1159e83e115dc894fe56230209e21eecace",
    "19_T2": "c8a750e3611ddf1fdcd4370ebe4de8bb02e3042e8e01236744db168a05ef9841",
    "26_FLAIR": "00b06c518c720f2d277e7fa795f37280ac332058e33232dfb46ea87822ec7a49",
    "26_T1": "b79a8f65dda68eb17bdbb959a307989a0df4b8116579fce5b23a5a2c4ea54593",
    "26_T1POST": "fce44b3cc1c8733f9c3a4e0123a8fdeefc88709602e7539977680bbdc0c0aa0c",
    "26_T2": "bf4641f2bca3a48d38e2757225e487389bad4c574549bdeab9e86f9209ab3c16",
}
_LABEL_HASHES = (
    "edbf1229a0552f8ce37438d02f59e810583b71b0a1b4d31dc38e5e2b2517acb1",
    "65e64c6b9415f389dfda5182ec3a269836925b04166ea82f47b230e54980d0a4",
    "f746e2f90e4dccd7bbbdc18bdd6374e455ddb7fc044504a0a42edc8507cf1aa0",
    "fbcf9d5d3b946dc53cff2e9954abb8c8172960ac35b1bf80c3ca240b4feda140",
    "a53baa7b0faea832d45f8a5b9a234b2b6d4ca92bf5c98baeada4a935cc2f1183",
    "57d8c612469359da78b7c16647cc6979be461eb03b59805e7ebded51554f9ead",
    "feaa1e8f320e037709a51e30881fe8076a45fc06611a09bbd87e76f8f3f89826",
    "f4a9d39c5c64bc5457de84b10a4c4b47f3bb6257e9f396ffa61d290015f178d2",
    "6f41f2b755c97185167d887d95180ca4c754578f81cd30fe8119df1e20bb27d5",
    "4a0147bf1d52c6853176777554165d79a01656ddb8f8474da48b65d6218b664e",
    "02e468bbb652ff0da18eeb73932f09813150ef95155ba7669831849da8517196",
    "5d0a47dd3ff4d821cc758e388a49da5744bf86dee423ed93bf727472a8454d8d",
    "d11cf676fbd5b9316fe30acbca98c854cf88dbcee74a5fe22092ac91ccd8d3a1",
    "7b8d1783c1b5b71b454644169d848b28fa57a33ca4a9b49ff88ad897b8aea570",
    "a896e39351622c2e138195780ba267811d7d162df0da0091126550f5de3b74ff",
    "f48c442569883055440a930ad098b4e747d72deb6369f529e4486c36b0cbfe81",
    "b3497de68fe813494b619d71513bafc872b7e367ee442decd8fabc094f4402fc",
    "dbf3b2297907c88481594a2441a47aa13c75452cd7323fec0313b785b04c9671",
    "719d714096fdd3c0964ad9dae6115cef9de8d93a25105504879b0dfa844da0f8",
    "4c2ab7e6a7711a6e00b7e6c6b40d5fd8c318d0aea3c472248b97d9d4c8cea555",
)
_CONTRASTS = {"FLAIR": "FLAIR", "T1": "T1w", "T1POST": "T1w+contrast", "T2": "T2w"}
_MIT, _CC0 = "MIT", "CC0"
SCANS: dict[str, Scan] = {
    "stroke_T1": Scan(
        "mri/stroke_T1.nii.gz",
        "8e28e653578a2cd21d15064da5b089db16a205887c76baed8a65d01e8f2ab79e",
        f"{_STROKE}/stroke/T1.nii.gz",
        "stroke",
        "T1w",
        False,
        _MIT,
        _CSAR,
        held_out=True,
    ),
    "stroke_T2": Scan(
        "mri/stroke_T2.nii.gz",
        "7cc2d618998228998fb1a9abf3ccfa8ed844aa99d84c9c6bf26b763a44406c89",
        f"{_STROKE}/stroke/T2.nii.gz",
        "stroke",
        "T2w",
        False,
        _MIT,
        _CSAR,
        held_out=True,
    ),
    "stroke_FLAIR": Scan(
        "mri/stroke_FLAIR.nii.gz",
        "a50cf2bbc22875644fa7f49b3a7d58f0287427a6e37faed9d420ce3495346666",
        f"{_STROKE}/stroke/FLAIR.nii.gz",
        "stroke",
        "FLAIR",
        False,
        _MIT,
        _CSAR,
        held_out=True,
    ),
    "colin27": Scan(
        "mri/colin27_ch2.nii.gz",
        "a009051127f64dc3dd554d5f5b589870ea72106d9642c21b4e7093e478cfc309",
        _DEBIAN,
        "colin27",
        "T1w",
        True,
        "BSD-3-Clause",
        "McConnell Brain Imaging Centre; Holmes et al., JCAT 1998",
        held_out=True,
    ),
    "seg3d": Scan(
        "mri/seg3D_MR.nii.gz",
        "56ac78228a4744aff9e3124977e4f35a3813a8ccd8719449321b8d1ef3b7e03a",
        f"{_STROKE}/seg3D/MR.nii.gz",
        "seg3d",
        "T1w",
        True,
        _MIT,
        "Seg3DData, University of Utah",
    ),
    "studyforrest": Scan(
        "mri/training/studyforrest_sub02_T1w_1mm_u8.nii.gz",
        "1485d3b33c0ff14609221fb4cbb158b7539372e8dca62c9ba371b09f111e6eaf",
        "",
        "studyforrest_02",
        "T1w",
        True,
        "PDDL",
        "studyforrest; github.com/datalad/example-dicom-structural",
    ),
    "arc_M2265": Scan(
        "mri/training/arc_M2265_T2w_conformed.nii.gz",
        "049ae488305a4403d488c34e8f0e9a0333daa28ef0d3733161be28d0bd611b4f",
        f"{_ARC}/neurolabusc/T2lesion/75c1105a431ee6a604032b58d3f5b1626fb0093c/public/M2265_T2w.nii.gz",
        "arc_M2265",
        "T2w",
        True,
        _CC0,
        "Aphasia Recovery Cohort, OpenNeuro ds004884",
    ),
    "arc_M2307": Scan(
        "mri/training/arc_M2307_T2w.nii.gz",
        "308fef1e5be94426e8b6d722dcbfee0c9a78b40f1bb88f5002a824ffc05f890a",
        f"{_ARC}/rordenlab/niimath-bitmap/9b22e85fbd6ba112f2d44c02c932d6aa26a7fe81/M2307_T2.nii.gz",
        "arc_M2307",
        "T2w",
        False,
        _CC0,
        "Aphasia Recovery Cohort, OpenNeuro ds004884",
    ),
}
SCANS |= {
    f"ms_{key}": Scan(
        f"mri/training/ms_patient{key}.nii.gz",
        digest,
        "",
        f"ms_{key[:2]}",
        _CONTRASTS[key[3:]],
        False,
        "CC BY",
        _LESJAK,
    )
    for key, digest in _MS_HASHES.items()
}
LABELS: dict[str, Scan] = {
    f"labels_{n:02}": Scan(
        f"mri/synthseg_labels/training_seg_{n:02}.nii.gz", digest, f"{_LABELS}/training_seg_{n:02}.nii.gz",
        f"labels_{n:02}", "labels", True, "Apache-2.0", "SynthSeg; github.com/BBillot/SynthSeg",
    )
    for n, digest in enumerate(_LABEL_HASHES, 1)
}  # fmt: skip
MEASURED: dict[str, Scan] = {
    "head_8_coils": Scan(
        "mri/raw/sigpy_brain_8ch_poisson_r8.npy",
        "bcfd07b767d26602bfccd08329321be57d500dc3f6b208cccddeb59162573045",
        f"{_SIGPY}/data/cartesian_ksp.npy",
        "sigpy_head", "k-space", True, "BSD-3-Clause", "sigpy-mri-tutorial; github.com/mikgroup/sigpy-mri-tutorial",
        held_out=True,
    ),
}  # fmt: skip


def path(name: str) -> Path:
    """Where a file of the registry is, checked; fetched first if there is no local copy.

    Raises:
        ValueError: no such name; missing from the local copy; other bytes than the registry's; not to be had.
    """
    scan = (SCANS | LABELS | MEASURED).get(name)
    if scan is None:
        raise ValueError(
            f"no scan {name!r}; choose one of {', '.join([*SCANS, *MEASURED, 'labels_01', '...', 'labels_20'])}"
        )
    folder = os.environ.get("STAGELIGHT_DATA", "")
    file = Path(folder) / scan.file if folder else _fetched(scan)
    if not file.is_file():
        raise ValueError(f"{file}: missing; STAGELIGHT_DATA must name a folder that holds {scan.file}")
    if sha256(file) != scan.sha256:
        raise ValueError(f"{file}: not the {name} of the registry (SHA-256 differs); delete it and fetch it again")
    return file


def _fetched(scan: Scan) -> Path:
    """The file in the user's cache, from its origin."""
    if not scan.url:
        raise ValueError(f"{scan.file}: no origin serves it; set STAGELIGHT_DATA to a folder that holds it")
    cache, inside = Path(pooch.os_cache("stagelight")), scan.url == _DEBIAN
    expected = _DEBIAN_SHA256 if inside else scan.sha256
    try:
        got = pooch.retrieve(scan.url, f"sha256:{expected}", Path(scan.file).name + ".deb" * inside, cache,
                             processor=_unpack if inside else None)  # fmt: skip
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise ValueError(f"{scan.url}: cannot be fetched ({why}); set STAGELIGHT_DATA to a local copy") from error
    return Path(got)


def _unpack(package: str, action: str, _: object) -> str:
    """Pooch's processor for a Debian package: the one scan inside it."""
    out = Path(package).with_suffix("")
    if action != "fetch" or not out.is_file():
        data, at = Path(package).read_bytes(), 8  # an `ar` archive: a magic word, then members with 60-byte heads
        while at < len(data):
            member, size = data[at : at + 16].decode().strip(), int(data[at + 48 : at + 58])
            if member.startswith("data.tar"):
                with tarfile.open(fileobj=BytesIO(data[at + 60 : at + 60 + size])) as archive:
                    inner = archive.extractfile("./usr/share/mricron/templates/ch2.nii.gz")
                    out.write_bytes(inner.read() if inner else b"")
            at += 60 + size + size % 2
    return str(out)


def load(name: str) -> Volume:
    """A scan on the grid.

    Raises:
        ValueError: as `path`; or label maps were asked for, which are no scan.
    """
    file = path(name)
    if name not in SCANS:
        raise ValueError(f"{name}: label maps are no scan; read {file} itself")
    image = nib.as_closest_canonical(nib.load(file))
    raw = np.asarray(image.dataobj, np.float32)
    placed = grid.place(raw, np.asarray(image.affine), head=SCANS[name].head)
    return Volume(name, placed.x, placed.brain, placed.affine, placed.spacing, SCANS[name])
