"""The network and one scan's conditioning, as a function on whole volumes: `denoise(x, sigma)`.

A volume is cut into slabs, each denoised by itself, and put together again. Where the cuts fall is moved from call to
call, so that no seam stays where it was. All is in units of the scan's scale, see `unit`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from stagelight.engines.experiment import weights
from stagelight.engines.scan.acquisition.operator import Measured, crop
from stagelight.engines.scan.methods.classical import first_guess
from stagelight.engines.scan.model import arithmetic, refiner, text_encoder
from stagelight.engines.scan.model.conditioning import condition, stack
from stagelight.engines.scan.model.refiner import Config, Given, Refiner
from stagelight.engines.scan.model.unet import Attention

WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "prior.safetensors"
ALONE = WEIGHTS.with_name("alone.safetensors")  # of a network that never sees a scan
FINE = WEIGHTS.with_name("fine.safetensors")  # of the one that refines what it knows so far
FAINT = 1e-3  # a slab whose quick reconstruction stays below is air


@dataclass(frozen=True)
class Prior:
    """What stands ready for one scan."""

    model: Refiner
    scan: Measured  # in units of its scale
    mean: Tensor  # (S, H, W) quick reconstruction
    doubt: Tensor  # (S, H, W)
    extent: tuple[int, int]  # first and last slice with something in it
    blind: bool = False  # without the scan: the prior alone
    batch: int = 4  # slabs at a time
    lossy: bool = False  # bfloat16 arithmetic where the processor has it: nearly twice as fast

    def given(self, first: int, said: text_encoder.Encoded) -> Given:
        """The conditioning of the slab that begins at a slice."""
        last, (low, high) = first + self.model.config.slices, self.extent
        scan = self.scan
        if scan.acquisition.mask.ndim == 2:
            scan = replace(scan, acquisition=crop(scan.acquisition, first, last), y=scan.y[:, first:last])
        height = ((first + last - 1) / 2 - low) / max(1, high - low)
        return condition(self.mean[first:last], self.doubt[first:last], scan, height, said, self.blind)

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
        slices, device = self.model.config.slices, next(self.model.parameters()).device
        total, count = torch.zeros_like(x), torch.zeros(len(x), 1, 1)
        starts = cuts(len(x), slices, shift)
        full = [s for s in starts if self.blind or float(self.mean[s : s + slices].max()) > FAINT]
        for s in set(starts) - set(full):
            total[s : s + slices] += self.mean[s : s + slices]
            count[s : s + slices] += 1
        for at in range(0, len(full), self.batch):
            some = full[at : at + self.batch]
            given = Given(*(each.to(device) for each in stack([self.given(s, said) for s in some])))
            noisy = torch.stack([x[s : s + slices] for s in some]).contiguous(memory_format=torch.channels_last)
            with torch.no_grad(), arithmetic.autocast(self.lossy, device.type):
                levels = torch.full((len(some),), sigma, device=device)
                found = self.model(noisy.to(device), levels, given).float().cpu()
            for s, slab in zip(some, found, strict=True):
                total[s : s + slices] += slab
                count[s : s + slices] += 1
        return total / count


def ready(model: Refiner, scan: Measured, *, blind: bool = False, lossy: bool = False) -> Prior:
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
    return Prior(model, scan, mean, doubt, extent, blind, lossy=lossy)


def unit(scan: Measured) -> Measured:
    """The same measurements in units of their own scale."""
    scale = max(scan.scale, 1e-12)
    return replace(scan, y=scan.y / scale, sigma=scan.sigma / scale, scale=1.0)


def cuts(total: int, slices: int, shift: int) -> list[int]:
    """First slices of slabs that cover a volume; all but the first and last begin at `shift` plus a multiple."""
    if total <= slices:
        return [0]
    return sorted({0, total - slices, *range(shift % slices, total - slices + 1, slices)})


def alone(prior: Prior, model: Refiner) -> Prior:
    """The same scan, of which the prior is told nothing; `model` is of the network that never sees one."""
    return replace(prior, model=model, blind=True)


def load(path: Path = WEIGHTS, config: Config | None = None, named: str = "this network") -> Refiner:
    """The published network, or another's weights; of `ALONE`, or of a file of that name, the one without a scan.

    Raises:
        ValueError: no such file, not as it was sealed, or not these weights.
    """
    model = Refiner(config or (refiner.ALONE if path.name == ALONE.name else None))
    try:
        model.net.load_state_dict(weights.read(path)[0])
    except (OSError, ValueError, RuntimeError) as error:
        why = " ".join(str(error).split())[:200]
        raise ValueError(f"{path}: not weights of {named} ({why}); train them, or take the published ones") from error
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model.eval()


def publish(model: Refiner, path: Path) -> None:
    """Write weights in half precision, sealed."""
    weights.write(path, {name: value.half() for name, value in model.net.state_dict().items()})


def watch(model: Refiner, on: bool) -> list[list[Tensor]]:
    """Start or stop keeping attention weights; returns each attention's list, which fills while it is on."""
    found = [module for module in model.modules() if isinstance(module, Attention)]
    for module in found:
        module.watch = [] if on else None
    return [module.watch for module in found if module.watch is not None]
