"""Which measurements of an environment's engines hold for a replica that is being planned.

Only those of the same host, engine, version and kind of GPU. What depends on the model is taken
from the same model alone; what a process takes before any model is taken from every other, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from deploys.plan.memory.corrections import NO_CORRECTIONS, Corrections
from deploys.settings.calibration import Measured, calibration_file
from deploys.settings.environment import Environment

# What a process takes on a GPU whatever it serves.
_OF_ANY_MODEL = ("process", "outside")
# Below this a correction is the rounding of what engines print.
_WORTH_SAYING_MIB = 0.5


@dataclass(frozen=True)
class HostMeasurements:
    """What was measured on one host; hosts with none of their own are all alike."""

    environment: str
    host: str
    entries: tuple[Measured, ...] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Start:
    """What is planned to run, as far as measurements depend on it."""

    engine: str
    version: str
    gpu: str
    """The GPUs' name; empty: in RAM alone."""
    gpus: int
    model: str


def measurements_of(environment: Environment, host: str) -> HostMeasurements | None:
    """None: nothing was measured there."""
    entries = environment.calibration.hosts.get(host, ())
    return HostMeasurements(environment.name, host, entries) if entries else None


def corrections_for(measured: HostMeasurements | None, start: Start) -> Corrections:
    """The corrections of one replica, with what the plan says of them."""
    if measured is None:
        return NO_CORRECTIONS
    entries = list(enumerate(measured.entries))
    fitting = [(number, one) for number, one in entries if _fits(one, start)]
    exact = [(number, one) for number, one in fitting if _is_same(one, start)]
    by_device: dict[str, dict[str, float]] = {}
    path = f"hosts.{measured.host}"
    if exact:
        number, entry = exact[0]
        path += f".{number}"
        by_device = {
            device: {str(part): mib for part, mib in parts.items()}
            for device, parts in entry.corrections_mib.items()
        }
    elif fitting:
        by_device = _of_any_model([one for _, one in fitting], start)
    where = f"calibrated on {measured.host}, {start.version}{'' if exact else ' with other models'}"
    reasons = [f"{where}: {_changes(by_device)}"] if by_device else []
    if not exact:
        reasons += _outdated(measured, start)
    return Corrections(by_device, calibration_file(measured.environment), path, tuple(reasons))


def _fits(entry: Measured, start: Start) -> bool:
    measured = (entry.engine, entry.version, entry.gpu)
    return measured == (start.engine, start.version, start.gpu)


def _is_same(entry: Measured, start: Start) -> bool:
    return (entry.model, entry.gpus) == (start.model, start.gpus)


def _of_any_model(entries: Sequence[Measured], start: Start) -> dict[str, dict[str, float]]:
    """The largest of each part, on every GPU of the replica."""
    sizes = {
        part: max(found)
        for part in _OF_ANY_MODEL
        if (found := [one for entry in entries for one in _sizes(entry, part)])
    }
    return {f"GPU{number}": sizes for number in range(start.gpus)} if sizes else {}


def _sizes(entry: Measured, part: str) -> list[float]:
    return [
        mib
        for parts in entry.corrections_mib.values()
        for name, mib in parts.items()
        if name == part
    ]


def _changes(by_device: dict[str, dict[str, float]]) -> str:
    changes = []
    for device, parts in sorted(by_device.items()):
        where = f" on {device}" if len(by_device) > 1 else ""
        changes += [
            f"{part.replace('_', ' ')} {mib:+,.0f} MiB{where}"
            for part, mib in sorted(parts.items())
            if abs(mib) >= _WORTH_SAYING_MIB
        ]
    return ", ".join(changes) or "as planned"


def _outdated(measured: HostMeasurements, start: Start) -> list[str]:
    """Measurements of the same engine and model that no longer hold."""
    place = _place(start.gpus, start.gpu)
    return [
        f"ignored: the calibration on {measured.host} is of {entry.version}"
        f"{_place(entry.gpus, entry.gpu)}, this plan is for {start.version}{place}"
        for entry in measured.entries
        if (entry.engine, entry.model) == (start.engine, start.model)
        and not (_fits(entry, start) and _is_same(entry, start))
    ]


def _place(gpus: int, name: str) -> str:
    return f" on {gpus} x {name}" if gpus else " in RAM"
