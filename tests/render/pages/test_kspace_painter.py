"""The mask to paint on the scan's page: what travels within the page, and what is hidden until the script is there."""

from __future__ import annotations

import base64
import re
import zlib

import numpy as np
import pytest

from stagelight.engines import recording
from stagelight.render.pages import kspace_painter
from support.paths import ASSETS
from support.scan_recording import Made


def test_a_slice_and_its_mask_come_out_of_the_page_as_they_went_in(made: Made) -> None:
    scene = made()
    html = "".join(kspace_painter.canvases(scene, "scan.md"))
    found = re.search(r'data-slice="([^"]+)"', html)
    assert found and 'data-rate="16"' in html and html.count('width="5" height="7"') == 2
    held = np.frombuffer(zlib.decompress(base64.b64decode(found[1])), np.uint8)
    slice_, mask = held[:35].reshape(7, 5), np.unpackbits(held[35:])[:35].reshape(7, 5)
    assert np.abs(slice_ / 63 * 255 - scene.arrays["reference_axial"]).max() <= 2.1
    assert (mask == scene.arrays["mask"].T[::-1]).all()  # of an odd side: rows upwards, the middle stays


def test_the_recorded_mask_on_the_slices_own_transform_gives_what_was_recorded() -> None:
    arrays = recording.load(ASSETS / "recordings", "scan").arrays
    held = np.frombuffer(
        zlib.decompress(base64.b64decode(kspace_painter.packed(arrays["reference_axial"], arrays["mask"]))), np.uint8
    )
    rows, columns = shape = arrays["reference_axial"].shape
    picture, mask = held[: rows * columns].reshape(shape) / 63, np.unpackbits(held[rows * columns :]).reshape(shape)
    recorded = arrays["zero_filled_axial"] / 255

    def off(mask: np.ndarray) -> float:
        made = np.fft.ifft2(np.fft.fft2(picture) * np.fft.ifftshift(mask)).real.clip(0, 1)
        return float(np.sqrt(np.mean((made - recorded) ** 2)))

    assert mask[rows // 2, columns // 2]
    assert off(mask) < 0.025  # the scan's phase and noise
    assert min(off(np.roll(mask, by, axis)) for by in (-1, 1) for axis in (0, 1)) > 1.2 * off(mask)


def test_all_of_it_is_hidden_until_the_script_is_there_and_each_part_has_a_name(made: Made) -> None:
    parts = [*kspace_painter.tools(made()), *kspace_painter.canvases(made(), "scan.md"), *kspace_painter.words()]
    for part in parts:
        assert re.match(r'<\w+ hidden class="[^"]*\bpaint\b', part)
    html = "".join(parts)
    assert set(re.findall(r'label for="([\w-]+)"', html)) == {"paint-brush", "paint-erase"}
    assert html.count("aria-label=") == 3 and html.count('aria-describedby="paint-keys"') == html.count(
        'id="paint-keys"'
    )
    assert "Every 16th row" in html


def test_every_mask_to_begin_with_is_known_to_the_script() -> None:
    script = (ASSETS / "js/kspace.js").read_text()
    presets = script[script.index("const presets") : script.index("/** Bring one box")]
    assert re.findall(r"(?m)^    (\w+): \(", presets) == list(kspace_painter.PRESETS)


@pytest.mark.parametrize("less", ["reference_axial", "mask"])
def test_a_recording_without_them_ends_the_build(made: Made, capsys: pytest.CaptureFixture[str], less: str) -> None:
    with pytest.raises(SystemExit):
        kspace_painter.canvases(made(less=less), "scan.md")
    assert less in capsys.readouterr().err
