"""The answer: memory per device, part by part, as an expected value and an upper bound in MiB."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MIB = 2**20
GIB = 2**30
# What the engine itself reports at start.
ENGINE_PARTS = ("weights", "kv_cache", "recurrent_state", "compute_buffer", "projector", "draft")
# What comes on top of it.
OTHER_PARTS = ("process", "graphs", "margin")


@dataclass(frozen=True)
class Range:
    """MiB: what is expected, and what will hardly be passed."""

    expected: float
    upper: float

    def __add__(self, other: "Range") -> "Range":
        """Both ends added."""
        return Range(self.expected + other.expected, self.upper + other.upper)


NOTHING = Range(0, 0)


def exactly(mib: float) -> Range:
    """A part that follows from arithmetic alone."""
    return Range(mib, mib)


def total(ranges: Iterable[Range]) -> Range:
    """Sum of parts."""
    return sum(ranges, NOTHING)


@dataclass(frozen=True)
class DeviceEstimate:
    """One GPU, or `CPU` for the host's RAM; a part that is missing is not known."""

    device: str
    parts: Mapping[str, Range]

    @property
    def total(self) -> Range:
        """All known parts."""
        return total(self.parts.values())

    @property
    def engine(self) -> Range:
        """The known parts that the engine itself reports."""
        return total(part for name, part in self.parts.items() if name in ENGINE_PARTS)


@dataclass(frozen=True)
class Pool:
    """vLLM's KV pool of one GPU, in GiB, and what it holds."""

    budget_gib: float | None
    expected_gib: float | None
    lowest_gib: float | None
    blocks: int | None
    tokens: int | None
    tokens_per_group: int | None
    """As versions up to 0.19 counted them."""
    concurrency: float | None
    bytes_per_block: int | None
    blocks_per_request: int | None
    known: bool
    """The pool was given, not predicted."""


@dataclass(frozen=True)
class Estimate:
    """One case, answered."""

    name: str
    profile: str
    devices: tuple[DeviceEstimate, ...]
    unknown: tuple[str, ...] = ()
    """Parts that cannot be told, each with its reason."""
    remarks: tuple[str, ...] = ()
    pool: Pool | None = None

    @property
    def gpus(self) -> tuple[DeviceEstimate, ...]:
        """Without the host's RAM."""
        return tuple(device for device in self.devices if device.device != "CPU")
