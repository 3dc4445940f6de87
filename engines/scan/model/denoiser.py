"""A network of slabs as a denoiser of whole volumes; `Prior` is that of the network shown a classical reconstruction.

A volume is cut into slabs, each denoised by itself, and put together again. Where the cuts fall is moved from call to
call, so that no seam stays where it was. All is in units of the scan's scale, see `unit`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from stagelight.engines.experiment import weights
from stagelight.engines.scan.acquisition.operator import Measured, crop
from stagelight.engines.scan.methods.classical import first_guess
from stagelight.engines.scan.model import arithmetic, text_encoder
from stagelight.engines.scan.model.coarse import Coarse
from stagelight.engines.scan.model.conditioning import condition, stack
from stagelight.engines.scan.model.refiner import Config, Given, Refiner
from stagelight.engines.scan.model.unet import Attention

# Of the network that starts from a classical reconstruction.
WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "unrolled.safetensors"
COARSE = WEIGHTS.with_name("coarse.safetensors")  # of the one that dreams a whole head at 4 mm
FINE = WEIGHTS.with_name("fine.safetensors")  # of the one that refines what it knows so far
MULTIPLE = 8  # of each side of a plane, as a network takes it
BATCH = 4  # slabs at a time
FAINT = 1e-3  # a slab whose quick reconstruction stays below is air


@dataclass(frozen=True)
class Prior:
    """What stands ready for one scan."""

    model: Refiner
    scan: Measured  # in units of its scale
    mean: Tensor  # (S, H, W) quick reconstruction
    doubt: Tensor  # (S, H, W)
    extent: tuple[int, int]  # first and last slice with something in it
    lossy: bool = False  # bfloat16 arithmetic where the processor has it: nearly twice as fast

    def given(self, first: int, said: text_encoder.Encoded) -> Given:
        """The conditioning of the slab that begins at a slice."""
        last, (low, high) = first + self.model.config.slices, self.extent
        scan = self.scan
        if scan.acquisition.mask.ndim == 2:
            scan = replace(scan, acquisition=crop(scan.acquisition, first, last), y=scan.y[:, first:last])
        height = ((first + last - 1) / 2 - low) / max(1, high - low)
        return condition(self.mean[first:last], self.doubt[first:last], scan, height, said)

    def denoise(self, x: Tensor, sigma: float, sentence: str = "", shift: int = 0, guidance: float = 1.0) -> Tensor:
        """D(x; sigma) of a volume, (S, H, W).

        Args:
            x: (S, H, W), S at least the slab's.
            sigma: of the noise in x.
            sentence: what is said of the scan.
            shift: 0 to the slab's slices less one: where the cuts fall.
            guidance: 1 listens to the sentence, 0 does not, above 1 overdoes it: D0 + g (D1 - D0).
        """
        if guidance == 0 or not sentence.strip():
            return self._denoise(x, sigma, text_encoder.SILENT, shift)
        told = self._denoise(x, sigma, text_encoder.encode(sentence), shift)
        if guidance == 1:
            return told
        untold = self._denoise(x, sigma, text_encoder.SILENT, shift)
        return untold + guidance * (told - untold)

    def _denoise(self, x: Tensor, sigma: float, said: text_encoder.Encoded, shift: int) -> Tensor:
        slices = self.model.config.slices
        starts = cuts(len(x), slices, shift)
        full = [s for s in starts if float(self.mean[s : s + slices].max()) > FAINT]
        total, count = in_slabs(self.model, x, sigma, lambda s: self.given(s, said), full, self.lossy)
        for s in set(starts) - set(full):
            total[s : s + slices] += self.mean[s : s + slices]
            count[s : s + slices] += 1
        return total / count


def in_slabs(
    model: Refiner, x: Tensor, sigma: float, given: Callable[[int], Given], starts: Sequence[int], lossy: bool
) -> tuple[Tensor, Tensor]:
    """The sum of the denoised slabs that begin at some slices, (S, H, W), and how many lie over each slice, (S, 1, 1).

    Args:
        model: of slabs.
        x: (S, H, W).
        sigma: of the noise in x.
        given: the conditioning of the slab that begins at a slice, padded as `slab` pads.
        starts: first slices.
        lossy: bfloat16 arithmetic where the processor has it.
    """
    slices, device = model.config.slices, next(model.parameters()).device
    total, count = torch.zeros_like(x), torch.zeros(len(x), 1, 1)
    for at in range(0, len(starts), BATCH):
        some = starts[at : at + BATCH]
        told = Given(*(each.to(device) for each in stack([given(s) for s in some])))
        noisy = torch.stack([slab(x, s, slices) for s in some]).contiguous(memory_format=torch.channels_last)
        with torch.no_grad(), arithmetic.autocast(lossy, device.type):
            found = model(noisy.to(device), torch.full((len(some),), sigma, device=device), told).float().cpu()
        for s, one in zip(some, found[:, :, : x.shape[1], : x.shape[2]], strict=True):
            total[s : s + slices] += one[: len(x)]
            count[s : s + slices] += 1
    return total, count


def slab(x: Tensor, first: int, slices: int) -> Tensor:
    """Some slices on a plane of sides that a network takes; a volume of fewer slices repeats its last."""
    part = x[first : first + slices]
    part = torch.cat((part, part[-1:].expand(slices - len(part), -1, -1)))
    height, width = (-n % MULTIPLE for n in part.shape[1:])
    return F.pad(part, (0, width, 0, height))


def ready(model: Refiner, scan: Measured, *, lossy: bool = False) -> Prior:
    """The prior of one scan: makes its quick reconstruction first.

    Raises:
        ValueError: the mask couples slices; the network was trained on planes.
    """
    if scan.acquisition.mask.ndim != 2:
        raise ValueError("a mask over three axes: the network is conditioned on planes; choose poisson or density")
    scan = unit(scan)
    mean, doubt = first_guess(scan)
    filled = torch.nonzero(mean.flatten(1).amax(1) > 0.05).flatten()
    extent = (int(filled[0]), int(filled[-1])) if len(filled) else (0, len(mean) - 1)
    return Prior(model, scan, mean, doubt, extent, lossy)


def unit(scan: Measured) -> Measured:
    """The same measurements in units of their own scale."""
    scale = max(scan.scale, 1e-12)
    return replace(scan, y=scan.y / scale, sigma=scan.sigma / scale, scale=1.0)


def cuts(total: int, slices: int, shift: int) -> list[int]:
    """First slices of slabs that cover a volume; all but the first and last begin at `shift` plus a multiple."""
    if total <= slices:
        return [0]
    return sorted({0, total - slices, *range(shift % slices, total - slices + 1, slices)})


def load(path: Path = WEIGHTS, config: Config | None = None, named: str = "this network") -> Refiner:
    """The published network, or another's weights.

    Raises:
        ValueError: as `fill`.
    """
    model = Refiner(config)
    fill(model.net, path, named)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model.eval()


def fill(net: nn.Module, path: Path, named: str) -> None:
    """Read a network's weights.

    Raises:
        ValueError: no such file, not as it was sealed, or not these weights.
    """
    try:
        net.load_state_dict(weights.read(path)[0])
    except (OSError, ValueError, RuntimeError) as error:
        why = " ".join(str(error).split())[:200]
        raise ValueError(f"{path}: not weights of {named} ({why}); train them, or take the published ones") from error


def publish(model: Refiner | Coarse, path: Path) -> None:
    """Write weights in half precision, sealed."""
    weights.write(path, {name: value.half() for name, value in model.net.state_dict().items()})


def watch(model: nn.Module, on: bool) -> list[list[Tensor]]:
    """Start or stop keeping attention weights; returns each attention's list, which fills while it is on."""
    found = [module for module in model.modules() if isinstance(module, Attention)]
    for module in found:
        module.watch = [] if on else None
    return [module.watch for module in found if module.watch is not None]
