"""Conditions of one GPU, each with the one rule that finds it, how bad it is, and its words."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.lab.gpus import Gpu

BUSY = {"utilization.gpu": "90"}
NO_LIMITS = dict.fromkeys(("temperature.threshold.0", "temperature.threshold.1"), "!3")
LINKS = [f"nvlink.{link}" for link in range(18)]
PEERS = [f"p2p.nvlink.{minor}" for minor in range(128)]


@dataclass(frozen=True)
class Condition:
    """What is different about a GPU, and what must come of it."""

    rule: str
    severity: str
    words: str
    changes: Mapping[str, str]
    profile: str = "h100"

    @property
    def gpu(self) -> Gpu:
        """The GPU in this condition."""
        return Gpu(self.profile, self.changes)


def fails(rule: str, words: str, changes: Mapping[str, str], profile: str = "h100") -> Condition:
    """One that ends the check."""
    return Condition(rule, "fail", words, changes, profile)


def warns(rule: str, words: str, changes: Mapping[str, str], profile: str = "h100") -> Condition:
    """One that is noted."""
    return Condition(rule, "warn", words, changes, profile)


_RECOVERY = {
    "asks for a reset": fails("recovery", "asks for: GPU reset", {"field.230": "1"}),
    "asks for a reboot": fails("recovery", "asks for: reboot", {"field.230": "2"}),
    "asks to drain its peers": warns("recovery", "drain of peer-to-peer", {"field.230": "3"}),
    "asks to be drained and reset": fails("recovery", "drain and reset", {"field.230": "4"}),
    "asks for its IMEX domain": fails("recovery", "IMEX domain", {"field.230": "5"}),
    "asks for a bus reset": fails("recovery", "bus reset", {"field.230": "6"}),
    "asks for another reboot": fails("recovery", "asks for: reboot", {"field.230": "7"}),
    "asks for what nobody knows": fails("recovery", "not known here", {"field.230": "9"}),
    "has a channel to repair": warns(
        "recovery", "repair is pending", {"repair.channel_pending": "1"}
    ),
    "has a TPC to repair": warns("recovery", "repair is pending", {"repair.tpc_pending": "1"}),
    "is lost": fails("lost", "GPU is lost (NVML 15)", {"lost": "1"}),
    "cannot be opened as it is lost": fails("lost", "GPU is lost", {"handle": "!15"}),
    "must be reset": fails("lost", "requires restart (NVML 16)", {"temperature": "!16"}),
    "has a corrupted infoROM": fails("inforom", "infoROM is corrupted", {"inforom": "!14"}),
}
_MEMORY = {
    "has uncorrected errors": fails(
        "errors", "3 uncorrected memory errors", {"ecc.uncorrected.volatile": "3"}
    ),
    "has millions of corrected errors": warns(
        "errors", "20,000,000 corrected", {"ecc.corrected.volatile": "20000000"}
    ),
    "has too many errors in one place": fails(
        "errors", "SRAM error threshold", {"sram.threshold_exceeded": "1"}
    ),
    "has ECC off": warns("errors", "ECC is off", {"ecc.current": "0", "ecc.pending": "0"}),
    "has ECC off that is on by default": warns(
        "errors", "and on by default", {"ecc.current": "0", "ecc.pending": "0", "ecc.default": "1"}
    ),
    "will have ECC off": warns("errors", "ECC will be off", {"ecc.pending": "0"}),
    "has another ECC mode": fails(
        "errors", "not known here", {"ecc.current": "7", "ecc.pending": "7"}
    ),
    "could not remap a row": fails("rows", "could not be remapped", {"remapped.failed": "1"}),
    "waits to remap a row": fails("rows", "waits to be remapped", {"remapped.pending": "1"}),
    "has remapped too many rows": fails("rows", "512 rows", {"remapped.uncorrected": "512"}),
    "has a bank without spares": warns(
        "rows", "1 banks have no spare row", {"remapped.banks": "2559 0 0 0 1"}
    ),
    "waits to retire a page": fails("pages", "waits to be retired", {"retired.pending": "1"}, "t4"),
    "has its table of pages full": fails(
        "pages", "63 pages are retired", {"retired.0": "40", "retired.1": "23"}, "t4"
    ),
    "retires pages": warns("pages", "16 pages are retired", {"retired.1": "16"}, "t4"),
}
_HEAT = {
    "is slowed by heat": fails(
        "throttled", "thermal slowdown in 5 of 5", {"throttle_reasons": "0x40"}
    ),
    "is slowed by its board": fails(
        "throttled", "hardware slowdown in 3 of 5", {"throttle_reasons": "0x8|0x1|0x8|0x1|0x8"}
    ),
    "is slowed by its power supply": fails(
        "throttled", "power brake", {"throttle_reasons": "0x80"}
    ),
    "is slowed by what nobody knows": fails(
        "throttled", "reason 0x1000", {"throttle_reasons": "0x1000"}
    ),
    "is kept at its temperature": warns(
        "throttled", "software thermal", {"throttle_reasons": "0x24"}
    ),
    "was slowed by heat between looks": warns(
        "throttled", "by heat for 1.5 s between looks", {"violation.1": "7|7|7|7|1500000007"}
    ),
    "is at its board's limit": warns("throttled", "board limit", {"throttle_reasons": "0x200"}),
    "is at its voltage's limit": warns("throttled", "reliability", {"throttle_reasons": "0x400"}),
    "is above its own limit": fails(
        "hot", "91 °C: 2 °C above", {"temperature": "91", "temperature.margin": "-2"}
    ),
    "is near its own limit": warns(
        "hot", "85 °C: 4 °C below", {"temperature": "85", "temperature.margin": "4"}
    ),
    "is above the most it may work at": fails(
        "hot", "above where", {"temperature": "84", "temperature.margin": "2", "field.196": "3"}
    ),
    "is above its threshold": fails(
        "hot", "89 °C are its own limit", {"temperature": "90"}, "rtx4090"
    ),
    "is near its threshold": warns(
        "hot", "89 °C are its own limit", {"temperature": "86"}, "rtx4090"
    ),
    "is hot and says no limit": fails(
        "hot", "it says no limit", {"temperature": "91", **NO_LIMITS}, "rtx4090"
    ),
    "is warm and says no limit": warns(
        "hot", "it says no limit", {"temperature": "86", **NO_LIMITS}, "rtx4090"
    ),
    "has memory above its limit": fails(
        "hot", "105 °C are its limit", {"field.82": "106", "temperature.threshold.2": "105"}
    ),
    "has warm memory": warns("hot", "its memory has 97 °C", {"field.82": "97"}),
    "has less than half its power": fails("power", "300 W of 700 W", {"power.limit_mw": "300000"}),
    "has less power": warns("power", "600 W of 700 W", {"power.limit_mw": "600000"}),
}
_LINKS = {
    "has four lanes": fails("pcie", "4 of 16 lanes", {"pcie.width": "4"}),
    "has eight lanes": warns("pcie", "moves 50%", {"pcie.width": "8"}),
    "is slow under load": fails(
        "pcie", "generation 1 of 5 under load", {"pcie.generation": "1", **BUSY}
    ),
    "is a generation slower under load": warns(
        "pcie", "generation 4 of 5 under load", {"pcie.generation": "4", **BUSY}
    ),
    "sends packets again": warns("pcie", "6000 PCIe replays", {"pcie.replays": "0|0|0|0|100"}),
    "has fatal PCIe errors": fails("pcie", "2 fatal PCIe errors", {"field.180": "2"}),
    "has fatal PCIe errors and does not tell its width": fails(
        "pcie", "2 fatal PCIe errors", {"field.180": "2", "pcie.width": "!3"}
    ),
    "has a link down": fails("nvlink", "NVLink 3 of 18 down", {"nvlink.3": "0"}),
    "has all links down": fails("nvlink", "no NVLink is up", dict.fromkeys(LINKS, "0")),
    "has a link in another state": fails("nvlink", "link 2: 7", {"nvlink.2": "7"}),
    "is linked to no other": fails(
        "nvlink", "status 3 with every other", dict.fromkeys(PEERS, "3")
    ),
    "has checksum errors": fails(
        "nvlink", "1000 NVLink checksum errors", {"field.38": "0|0|0|0|1000"}
    ),
    "has replayed": warns("nvlink", "6 NVLink replays", {"field.52": "5", "field.59": "1"}),
    "has no fabric yet": fails("fabric", "not begun", {"fabric.state": "1"}),
    "waits for its fabric": fails("fabric", "not ended", {"fabric.state": "2"}),
    "has failed to join its fabric": fails("fabric", "status 999", {"fabric.status": "999"}),
    "has another fabric state": fails("fabric", "fabric state 8", {"fabric.state": "8"}),
    "has an unhealthy fabric": fails(
        "fabric", "a route is unhealthy", {"fabric.summary": "2", "fabric.mask": "0x10"}
    ),
    "has a slower fabric": warns("fabric", "bandwidth is degraded", {"fabric.mask": "0x1"}),
}
_CONFIGURATION = {
    "does not stay loaded": warns("persistence", "mode is off", {"persistence": "0"}),
    "has another persistence mode": fails("persistence", "mode 7", {"persistence": "7"}),
    "is prohibited": fails("compute", "prohibited", {"compute_mode": "2"}),
    "is exclusive": warns("compute", "exclusive to one process", {"compute_mode": "3"}),
    "has another compute mode": fails("compute", "not known here", {"compute_mode": "9"}),
    "is cut into slices": fails(
        "mig", "planned as a whole", {"mig.current": "1", "mig.pending": "1"}
    ),
    "will be cut into slices": warns("mig", "MIG will be on", {"mig.pending": "1"}),
    "works for others": warns(
        "foreign", "600 MiB are held by",
        {"processes.compute": "1:500", "processes.graphics": "2:100"},
    ),
    "cannot be read": fails("hot", "cannot read it", {"temperature": "!999"}),
}  # fmt: skip
CONDITIONS = {**_RECOVERY, **_MEMORY, **_HEAT, **_LINKS, **_CONFIGURATION}

# What looks like a fault and is none.
USUAL = {
    "at rest, and once slowed by heat": Gpu("h100", {"violation.1": "90000000000"}),
    "at rest": Gpu("h100"),
    "at rest, with its link asleep": Gpu("h100", {"pcie.generation": "1"}),
    "at its power cap": Gpu("h100", {"throttle_reasons": "0x4", "violation.0": "1|2|9", **BUSY}),
    "changing its power state": Gpu("h100", {"throttle_reasons": "0x8|0x8|0x1"}),
    "cool, with a margin that its driver does not know": Gpu("h100", {"temperature.margin": "0"}),
    "of a virtual kind, without a link": Gpu("l4", {"pcie.width": "0", "pcie.max_width": "0"}),
    "of a kind without margin": Gpu("l4"),
    "of a kind with retired pages": Gpu("t4"),
    "of a kind without ECC and MIG": Gpu("rtx4090"),
    "with an infoROM that only root may check": Gpu("h100", {"inforom": "!4"}),
}
