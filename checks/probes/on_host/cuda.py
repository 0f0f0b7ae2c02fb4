"""What CUDA itself sees of each GPU, by its driver library; no toolkit is needed."""

from __future__ import annotations

import ctypes
import os
from functools import partial
from typing import Callable

LIBRARY = "libcuda.so.1"
# CUdevice_attribute of cuda.h.
MULTIPROCESSOR_COUNT = 16
CAPABILITY_MAJOR = 75
CAPABILITY_MINOR = 76

Uuid = str
"""Hexadecimal digits with hyphens, without GPU- or MIG-: CUDA gives bytes."""


class Refusal(Exception):
    """CUDA answers nothing; says why."""


def add_facts(
    gpus: list[dict[str, object]], remarks: list[str], used_bytes: Callable[[str], int] | None
) -> None:
    """Adds what CUDA sees of each GPU; what it does not is told in `remarks`.

    With `used_bytes` (UUID -> what is used of that GPU now) an empty context is measured too.
    """
    try:
        library = load()
        numbers = devices(library)
    except Refusal as refusal:
        remarks.append(f"what CUDA sees could not be read: {refusal}")
        return
    # Of a GPU in MIG mode CUDA shows slices alone.
    for gpu in (gpu for gpu in gpus if not gpu["mig"]):
        uuid = str(gpu["uuid"])
        number = numbers.get(uuid.partition("-")[2])
        try:
            if number is None:
                raise Refusal("CUDA does not show it as a whole GPU")
            gpu.update(facts(library, number))
            if used_bytes:
                gpu["process_mib"] = context_mib(library, number, partial(used_bytes, uuid))
        except Refusal as refusal:
            remarks.append(f"{uuid}: {refusal}")


def load() -> ctypes.CDLL:
    """The library, initialised; raises Refusal."""
    # They would hide GPUs from this process, and are those of whoever logged in.
    os.environ.pop("CUDA_VISIBLE_DEVICES", None)
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError:
        raise Refusal(f"there is no {LIBRARY}") from None
    code = library.cuInit(0)
    if code:
        raise Refusal(f"cuInit answers {_error(library, code)}")
    return library


def devices(library: ctypes.CDLL) -> dict[Uuid, int]:
    """CUDA's number of each device that it shows, by UUID."""
    count = ctypes.c_int()
    _check(library, "cuDeviceGetCount", ctypes.byref(count))
    return {_uuid(library, number): number for number in range(count.value)}


def facts(library: ctypes.CDLL, device: int) -> dict[str, object]:
    """`visible_mib`, `sm_count` and `compute_capability` of one device."""
    total = ctypes.c_size_t()
    _check(library, "cuDeviceTotalMem_v2", ctypes.byref(total), device)
    major = _attribute(library, device, CAPABILITY_MAJOR)
    minor = _attribute(library, device, CAPABILITY_MINOR)
    return {
        "visible_mib": total.value >> 20,
        "sm_count": _attribute(library, device, MULTIPROCESSOR_COUNT),
        "compute_capability": f"{major}.{minor}",
    }


def context_mib(library: ctypes.CDLL, device: int, used_bytes: Callable[[], int]) -> int:
    """What one empty context of this process adds to the GPU's used memory, rounded up."""
    context = ctypes.c_void_p()
    before = used_bytes()
    _check(library, "cuCtxCreate_v2", ctypes.byref(context), 0, device)
    try:
        return -((before - used_bytes()) >> 20)
    finally:
        library.cuCtxDestroy_v2(context)


def _attribute(library: ctypes.CDLL, device: int, attribute: int) -> int:
    value = ctypes.c_int()
    _check(library, "cuDeviceGetAttribute", ctypes.byref(value), attribute, device)
    return value.value


def _uuid(library: ctypes.CDLL, device: int) -> Uuid:
    raw = (ctypes.c_ubyte * 16)()
    # The second version, since CUDA 11.4, tells slices of one GPU apart.
    newer = hasattr(library, "cuDeviceGetUuid_v2")
    _check(library, "cuDeviceGetUuid_v2" if newer else "cuDeviceGetUuid", ctypes.byref(raw), device)
    digits = bytes(raw).hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _check(library: ctypes.CDLL, call: str, *arguments: object) -> None:
    code = getattr(library, call)(*arguments)
    if code:
        raise Refusal(f"{call} answers {_error(library, code)}")


def _error(library: ctypes.CDLL, code: int) -> str:
    name = ctypes.c_char_p()
    library.cuGetErrorName(code, ctypes.byref(name))
    return f"{code} {name.value.decode() if name.value else ''}".strip()
