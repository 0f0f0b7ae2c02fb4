"""The names people give to quantised files, as llama.cpp's file types."""

import re

from deploys.plan.memory.quantization_mix import DEFAULT_TYPES

_OTHER_NAMES = {"MXFP4": "MXFP4_MOE", "FP16": "F16", "FP32": "F32"}


def file_type(words: str) -> tuple[str, bool] | None:
    """(file type, made with an importance matrix), or None for a mix without a published rule.

    Where nothing is said, i-quants are taken to have one: llama-quantize refuses the small ones
    without it, and publishers use it for all of them.
    """
    found = re.fullmatch(r"([A-Za-z0-9_]+)(?: \(?(imatrix|static)\)?)?", words.strip())
    if not found:
        return None
    name = _OTHER_NAMES.get(found[1].upper(), found[1].upper())
    matrix = found[2] == "imatrix" or (found[2] is None and name.startswith("IQ"))
    return (name, matrix) if name in DEFAULT_TYPES else None


def says_how(words: str) -> bool:
    """Whether it is said if an importance matrix was used."""
    return "imatrix" in words or "static" in words
