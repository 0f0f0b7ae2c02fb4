"""Estimates corrected by what an engine was measured to take: see deploys/plan/calibration.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploys.plan.memory.estimate import DeviceEstimate, Range, exactly
from deploys.settings.refusal import Complaint, Refused

# These grow with what the engine is asked for, and keep the rule's uncertainty; the rest is what
# one process takes once, and was measured whole.
_KEEPS_SPREAD = ("compute_buffer", "projector", "draft")


@dataclass(frozen=True)
class Corrections:
    """What to add to an estimate, and where that was measured."""

    by_device: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """`GPU0`, `CPU` -> part -> MiB."""
    file: str = ""
    path: str = ""
    reasons: tuple[str, ...] = ()
    """In words, for the plan; also why a measurement is not used."""

    def of(self, device: str, part: str) -> float | None:
        """MiB; None: it was not measured."""
        return self.by_device.get(device, {}).get(part)

    def apply(self, device: str, part: str, size: Range) -> Range:
        """The part with its correction, in MiB; raises Refused when less than nothing is left."""
        correction = self.of(device, part)
        if correction is None:
            return size
        expected = size.expected + correction
        if expected < 0:
            raise Refused([self._absurd(device, part, size, correction)])
        if part in _KEEPS_SPREAD:
            return Range(expected, size.upper + correction)
        return exactly(expected)

    def _absurd(self, device: str, part: str, size: Range, correction: float) -> Complaint:
        found = f"{correction:+,.0f} MiB of {size.expected:,.0f} leaves less than nothing"
        path = f"{self.path}.corrections_mib.{device}.{part}"
        return Complaint(self.file, path, found, "homeport calibrate measures it anew")


NO_CORRECTIONS = Corrections()


def corrected(
    devices: tuple[DeviceEstimate, ...], corrections: Corrections
) -> tuple[DeviceEstimate, ...]:
    """The same devices, each part with its correction; raises Refused."""
    return tuple(
        DeviceEstimate(
            one.device,
            {part: corrections.apply(one.device, part, size) for part, size in one.parts.items()},
        )
        for one in devices
    )
