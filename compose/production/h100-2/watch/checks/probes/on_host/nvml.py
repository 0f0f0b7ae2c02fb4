"""The driver's library as NVIDIA's own nvidia-ml-py calls it; its one file is sent along.

Functions are named, not imported: only this file knows pynvml.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator

import pynvml

Device = Any
"""NVML's handle: a ctypes pointer."""
Error = pynvml.NVMLError
"""`value` is nvmlReturn_t."""

# What a board or a driver lacks; anything else is a failure of the GPU (nvml.h, nvmlReturn_t).
LACKING = (3, 13, 25, 26)
LOST = (15, 16)
DRIVER_NOT_LOADED = 9
LIBRARY_NOT_FOUND = 12
FUNCTION_NOT_FOUND = 13
VERSION_MISMATCH = 18


class Refusal(Exception):
    """NVML does not start; `code` is nvmlReturn_t."""

    def __init__(self, error: pynvml.NVMLError) -> None:
        self.code = int(error.value)
        super().__init__(str(error))


class Asked:
    """One GPU while it is read: what it lacks is left out and told in `remarks`."""

    def __init__(self, device: Device, name: str, remarks: list[str]) -> None:
        self.device = device
        self.name = name
        self.remarks = remarks

    def get(self, what: str, function: str, *arguments: object, said: bool = True) -> Any:  # noqa: ANN401  any of NVML's types
        """The function's answer; None where it is lacking. A lost GPU is raised."""
        try:
            return call(function, self.device, *arguments)
        except pynvml.NVMLError as error:
            if error.value in LOST:
                raise
            if said or error.value not in LACKING:
                self.remarks.append(f"{self.name}: {what}: {error}")
            return None


def call(function: str, *arguments: object) -> Any:  # noqa: ANN401  any of NVML's types
    """The answer of one of pynvml's functions; raises Error."""
    try:
        return getattr(pynvml, function)(*arguments)
    except pynvml.NVMLLibraryMismatchError:
        # pynvml's word, of a class of its own, for a few functions that an old driver lacks.
        raise Error(FUNCTION_NOT_FOUND) from None


def structure(name: str) -> Any:  # noqa: ANN401  a ctypes structure
    """One of pynvml's structures, empty and with its version."""
    return getattr(pynvml, name)()


def pointer_to(filled: object) -> Any:  # noqa: ANN401  what ctypes passes by reference
    """For functions that fill a structure which the caller brings."""
    return pynvml.byref(filled)


@contextmanager
def session() -> Iterator[None]:
    """NVML is initialised within; raises Refusal, also for an error that nobody else took."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise Refusal(error) from None
    try:
        yield
    except pynvml.NVMLError as error:
        raise Refusal(error) from None
    finally:
        pynvml.nvmlShutdown()


def slices(device: Device) -> list[tuple[int, Device]]:
    """The slices of a GPU in MIG mode, each with its place; raises Error."""
    found = []
    for place in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(device)):
        try:
            found.append((place, pynvml.nvmlDeviceGetMigDeviceHandleByIndex(device, place)))
        except pynvml.NVMLError:
            # Between slices there are empty places.
            continue
    return found
