"""What was read of a host's GPUs, as values: the driver, each GPU, the kernel's log, containers.

Part of what the watch brings to hosts: Python 3.8 and its standard library.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping, Sequence

# nvmlReturn_t of nvml.h: what a board or a driver lacks, or a user may not ask.
LACKING = (3, 4, 13, 25, 26)
LOST = (15, 16)
NO_PYTHON = "there is no python3 on the host"

Reading = Any
"""A plain value, or `{"code": nvmlReturn_t, "said": words}`."""


class Lacking(Exception):
    """Board, driver or user cannot have it: there is nothing to judge."""


class Unreadable(Exception):
    """NVML fails where it should answer."""


@dataclass(frozen=True)
class Refused:
    """The driver answers nothing."""

    code: int | str | None
    """nvmlReturn_t, `hangs`, or None where not even that is known."""
    said: str


@dataclass(frozen=True)
class Gpu:
    """One GPU as it is now."""

    index: int
    readings: Mapping[str, Reading]
    samples: Sequence[Mapping[str, Reading]] = ()

    @property
    def uuid(self) -> str:
        """Empty for one that does not even say that."""
        found = self.readings.get("uuid")
        return found if isinstance(found, str) else ""

    @property
    def is_lost(self) -> bool:
        """Whether the driver says so, to any question."""
        return any(_code(value) in LOST for value in self.readings.values())

    def get(self, name: str) -> Reading:
        """A value; raises Lacking or Unreadable."""
        return _value(name, self.readings.get(name, {"code": 3, "said": "not asked"}))

    def known(self, name: str) -> Reading:
        """A value, or None where it is lacking; raises Unreadable."""
        try:
            return self.get(name)
        except Lacking:
            return None

    def sampled(self, name: str) -> list[Reading]:
        """The value of each sample; raises Lacking or Unreadable."""
        if not self.samples:
            raise Lacking(f"{name}: not sampled")
        return [_value(name, one.get(name, {"code": 3, "said": "-"})) for one in self.samples]

    def __str__(self) -> str:
        name, place = self.readings.get("name"), self.readings.get("pcie")
        words = [word for word in (name, place) if isinstance(word, str) and word]
        return f"GPU {self.index}" + (f" ({', '.join(words)})" if words else "")


@dataclass(frozen=True)
class Health:
    """One host."""

    way: str
    """NVML or nvidia-smi."""
    refused: Refused | None
    gpus: tuple[Gpu, ...] = ()
    driver: str = ""
    remarks: tuple[str, ...] = ()
    system: Mapping[str, Any] = field(default_factory=dict)
    """`on_the_bus`, `module`, `libraries`, `switches`, `fabric_manager`: what files say."""
    log: Mapping[str, Any] = field(default_factory=dict)
    """`source` and `lines` of (age in seconds, text), or `refused`."""
    inside: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Container's id -> what it sees: `uuids`, or `refused`."""


def health(answers: Mapping[str, Any]) -> Health:
    """Sections of the program's answer -> health; KeyError, TypeError: they are not its answer."""
    driver = answers["gpus"]
    refused = driver.get("refused")
    return Health(
        way=driver.get("way", "NVML"),
        refused=Refused(refused["code"], refused["said"]) if refused else None,
        gpus=tuple(
            Gpu(one["index"], one, one.get("samples", ())) for one in driver.get("gpus", ())
        ),
        driver=driver.get("driver", ""),
        remarks=tuple(driver.get("remarks", ())),
        system=answers["system"],
        log=answers["log"],
        inside={
            name.partition(" ")[2]: seen
            for name, seen in answers.items()
            if name.startswith("inside ")
        },
    )


def _code(value: Reading) -> int | None:
    return value.get("code") if isinstance(value, dict) else None


def _value(name: str, found: Reading) -> Reading:
    code = _code(found)
    if code in LACKING:
        raise Lacking(f"{name.replace('_', ' ')}: {found['said']}")
    if code is not None:
        raise Unreadable(f"{name.replace('_', ' ')}: {found['said']} (NVML {code})")
    return found
