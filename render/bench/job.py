"""A whole job in a process of its own, from nothing to an mp4.

    python -m stagelight.render.bench.job KIND PICTURE SECONDS FILE

KIND is `plain`, Manim with its own encoder, or `staged`: two processes, this one and a worker, each draw and encode
one half of the frames, and the halves are joined. Frames are hashed on the way, as they are in any scene.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from stagelight.render import theme
from stagelight.render.pipeline import executor

QUALITY = theme.QUALITIES["web"]
# On top of the preset. Everything moves here, and `web`'s own choice for scenes gives files half as large again as
# Manim's. A shorter lookahead or larger partitions would be quicker, and worse pictures or larger files. Coarser
# motion makes the files of slices and of the cube too large; the network's edges stay where they are.
ENCODING = "bframes=0:weightp=0:me=dia:rc-lookahead=10:partitions=p8x8,p4x4,i4x4"
MOTION = {"network": 1, "slices": 2, "cube": 2}  # x264's subme


def main(kind: str, name: str, seconds: float, path: Path) -> None:
    """Do one job."""
    with tempfile.TemporaryDirectory(prefix="stagelight-bench-") as folder:
        if kind == "plain":
            from stagelight.render.bench import plain  # noqa: PLC0415  # the worker of the other kind need not load it

            shutil.move(plain.film(name, QUALITY, seconds, Path(folder)), path)
        else:
            path.write_bytes(staged(name, seconds, Path(folder)))


def staged(name: str, seconds: float, folder: Path) -> bytes:
    """Draw and encode in two processes; the mp4."""
    frames = round(seconds * QUALITY.fps)
    half = frames // 2
    parts = [(folder / "first.mp4", 0, half), (folder / "second.mp4", half, frames)]
    with executor.pool(1) as worker:
        later = worker.submit(part, name, seconds, *parts[1])
        part(name, seconds, *parts[0])
        later.result()
    from stagelight.render.pipeline import video  # noqa: PLC0415  # loaded already by `part`, after the worker was started

    return video.join([(path, (stop - start) / QUALITY.fps) for path, start, stop in parts])


def part(name: str, seconds: float, path: Path, start: int, stop: int) -> None:
    """Draw and encode frames start to stop."""
    from av.video.reformatter import VideoReformatter  # noqa: PLC0415

    from stagelight.render.bench.staged import section  # noqa: PLC0415  # brings in Manim, which takes a second
    from stagelight.render.pipeline import encode, video  # noqa: PLC0415
    from stagelight.render.pipeline.background import in_background  # noqa: PLC0415
    from stagelight.render.stage import Film  # noqa: PLC0415

    film, converter = Film(section(name, seconds), QUALITY), VideoReformatter()
    keys = f"keyint={video.KEYFRAME_SECONDS * QUALITY.fps}:scenecut=0:force-cfr=1:threads=1:lookahead-threads=1"
    params = f"{keys}:{ENCODING}:subme={MOTION[name]}"
    options = {"preset": QUALITY.preset, "crf": str(QUALITY.crf), "x264-params": params}
    writer = video.Writer("libx264", QUALITY, options)
    with in_background(writer.add) as encoder:
        for index, (frame, _) in enumerate(encode.hashed(film, range(start, stop))):
            encoder(encode.encodable(converter, frame), index)
    path.write_bytes(writer.finish(stop - start))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), Path(sys.argv[4]))
