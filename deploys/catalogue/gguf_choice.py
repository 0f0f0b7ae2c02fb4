"""Which of the GGUF files of a folder are asked for: repositories hold a dozen quantizations."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from deploys.catalogue.folder import Folder
from deploys.catalogue.split_names import is_later_part, part_names, whole_name
from deploys.settings.refusal import Complaint, Refused

SUFFIX = ".gguf"
# Files beside models: towers, and what llama-quantize read.
TOWER = "mmproj"
MATRIX = "imatrix"
# F16 first, as llama.cpp itself takes it with `-hf`: towers are small and lose by quantization.
TOWER_TYPES = ("f16", "bf16", "f32", "q8_0")
# The file types at the end of names, as publishers write them: Q4_K_M, IQ2_XXS, UD-Q4_K_XL, BF16.
QUANTIZATION = re.compile(
    r"(?:^|[-._/])((?:UD-)?(?:I?Q\d\w*|TQ\d_\d|MXFP4(?:_MOE)?|NVFP4|BF16|F16|F32|FP16))$",
    re.IGNORECASE,
)


class Choice(NamedTuple):
    """One model of the folder: its files in order, and their bytes together."""

    label: str
    """Its quantization, where the name says it, else its name."""
    names: tuple[str, ...]
    size_bytes: int


def chosen(folder: Folder, wanted: str) -> Choice:
    """What `wanted` names: a file, or a quantization; empty: the only one. Raises Refused."""
    choices = choices_of(folder)
    fitting = [choice for choice in choices if not wanted or _fits(choice, wanted)]
    if len(fitting) != 1:
        raise _refused(folder, _found(choices, fitting, wanted), _hint(folder, choices))
    missing = [name for name in fitting[0].names if name not in folder.sizes]
    if missing:
        raise _refused(folder, f"lacks {', '.join(missing)}", "all parts of the file, or another")
    return fitting[0]


def choices_of(folder: Folder) -> list[Choice]:
    """Every model of the folder, smallest first; parts that are not there count nothing."""
    choices = []
    for name in folder.sizes:
        if name.endswith(SUFFIX) and not is_later_part(name) and not _is_beside(name):
            names = part_names(name)
            size = sum(folder.sizes.get(part, 0) for part in names)
            choices.append(Choice(_label(name), names, size))
    return sorted(choices, key=lambda choice: (choice.size_bytes, choice.names))


def projector_name(sizes: Mapping[str, int], asked: str) -> str:
    """The tower's file: the one asked for, else the best of those there; empty: there is none."""
    if asked:
        return asked
    towers = sorted(name for name in sizes if name.endswith(SUFFIX) and TOWER in name.lower())
    labels = {_label(name).lower(): name for name in towers}
    named = (labels[word] for word in TOWER_TYPES if word in labels)
    return next(named, towers[0] if towers else "")


def _is_beside(name: str) -> bool:
    return TOWER in name.lower() or MATRIX in name.lower()


def _label(name: str) -> str:
    stem = whole_name(name).removesuffix(SUFFIX)
    found = QUANTIZATION.search(stem)
    return found[1] if found else stem.rpartition("/")[2]


def _fits(choice: Choice, wanted: str) -> bool:
    first = choice.names[0]
    names = {
        first,
        first.rpartition("/")[2],
        whole_name(first),
        whole_name(first).rpartition("/")[2],
    }
    return wanted in names or wanted.lower() == choice.label.lower()


def _found(choices: list[Choice], fitting: list[Choice], wanted: str) -> str:
    if not choices:
        return "holds no GGUF file of a model"
    if not fitting:
        return f"holds no {wanted}"
    if wanted:
        return f"holds {len(fitting)} files that {wanted} fits"
    return f"holds {len(choices)} quantizations"


def _hint(folder: Folder, choices: list[Choice]) -> str:
    if not choices:
        return "a repository with .gguf files, or with config.json and .safetensors"
    width = max(len(choice.label) for choice in choices)
    lines = [
        f"  {choice.label:<{width}}  {choice.size_bytes / 2**20:10,.0f} MiB  {choice.names[0]}"
        for choice in choices
    ]
    example = f"{folder.name.removeprefix('hub:')}:{choices[0].label}"
    return "\n".join([f"add one of them, for instance {example}", *lines])


def _refused(folder: Folder, found: str, hint: str) -> Refused:
    return Refused([Complaint(folder.name, "", found, hint)])
