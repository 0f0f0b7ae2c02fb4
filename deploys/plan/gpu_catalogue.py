"""GPUs nobody has to own: the committed facts of gpus.yaml, for what-if plans."""

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from deploys.settings.words import Frozen
from deploys.settings.yaml_text import loaded

FILE = Path(__file__).with_name("gpus.yaml")
# The most that CUDA was seen to miss of NVML's total: 430 to 640 MiB over the entries of gpus.yaml
# that have both.
MOST_MISSING_MIB = 640

Positive = Annotated[int, Field(gt=0)]


class CatalogueGpu(Frozen):
    """One model of GPU."""

    name: str
    other_names: tuple[str, ...] = ()
    compute_capability: Annotated[str, Field(pattern=r"^\d+\.\d$")]
    sm_count: Positive
    nvml_mib: Positive
    visible_mib: Positive | None
    """What CUDA reports; None: not known."""
    process_mib: Positive | None = None
    """Of an empty context; None: not measured."""
    bandwidth_gb_per_second: Positive
    memory_class: Literal["gddr", "hbm"]
    nvlink: Literal["none", "bridge", "fabric"]
    fp8: bool
    """Computes in it, rather than only storing weights in it."""
    fp4: bool
    bf16: bool
    source: str

    @property
    def usable_mib(self) -> int:
        """What CUDA sees, or the least it will."""
        return self.visible_mib or self.nvml_mib - MOST_MISSING_MIB


class _Catalogue(Frozen):
    gpus: tuple[CatalogueGpu, ...]


@cache
def read_gpus() -> tuple[CatalogueGpu, ...]:
    """All entries, in the file's order."""
    return _Catalogue.model_validate(loaded(FILE.read_text()), strict=False).gpus


@cache
def find_gpu(words: str) -> CatalogueGpu | None:
    """The entry named in words like `NVIDIA GeForce RTX 4090` or `RTX 4090 x3`; None if none is.

    A `Ti`, `Super` or `Laptop` after the name is another GPU.
    """
    found = [
        (len(name), entry)
        for entry in read_gpus()
        for name in (entry.name, *entry.other_names)
        if re.search(rf"(?<![\w-]){re.escape(name)}(?! *(ti|super|laptop)\b)(?![\w-])", words, re.I)
    ]
    return max(found, key=lambda match: match[0])[1] if found else None
