"""A GPU's ways out: PCIe to the host, NVLink to other GPUs, the fabric of NVSwitches."""

from collections.abc import Iterator
from math import ceil
from typing import Any

from checks.gpus.findings import Examined, Finding, failing, warning
from checks.gpus.health import Gpu, Lacking

RESEAT = "reseat the card and its riser; BIOS settings of the slot (bifurcation, generation)"
# An idle link goes down to its first generation to save power.
BUSY_PERCENT = 5
# A half is one fault (8 of 16 lanes, or one generation), with which shared slots are built; a
# quarter is nobody's design.
LEAST_SHARE = 0.25
# DCGM 4.6: replays per minute and lane that are still usual, from generation 1 on.
REPLAYS = (0.15, 0.3, 0.48, 0.96, 1.92, 3.84)
# DCGM 4.6: NVLink checksum errors per second.
CRC_PER_SECOND = 100
BRIDGE = "the NVLink bridge or the NVSwitch board; `nvidia-smi nvlink --status` shows each link"
MANAGER = (
    "`systemctl restart nvidia-fabricmanager`, of exactly the driver's version; `journalctl -u "
    "nvidia-fabricmanager` says why it is not ready"
)
COMPLETED = 3
HEALTHY = (0, 1)
# NVML_GPU_FABRIC_HEALTH_MASK_* of nvml.h: two bits each, of which 1 means that it is so.
MASK = ((0, "its bandwidth is degraded"), (2, "a route recovers"), (4, "a route is unhealthy"),
        (6, "an access timed out"))  # fmt: skip


def pcie(gpu: Gpu) -> Iterator[Finding]:
    """Lanes at any time, the generation only under load, replays by their rate."""
    yield from _fatal(gpu)
    width, most_width = max(gpu.sampled("pcie_width")), gpu.get("pcie_most_width")
    generation, most = max(gpu.sampled("pcie_generation")), gpu.get("pcie_most_generation")
    yield from _replays(gpu, generation, width)
    if not most_width:
        raise Lacking("pcie width: a virtual GPU has no link of its own")
    busy = max(one["gpu"] or 0 for one in gpu.sampled("utilization")) > BUSY_PERCENT
    steps = most - generation if busy else 0
    share = width / most_width / 2**steps
    if share >= 1:
        return
    evidence = f"{width} of {most_width} lanes"
    if busy:
        evidence += f", generation {generation} of {most} under load"
    cause = f"it moves {share:.0%} of what card and slot can"
    yield (failing if share <= LEAST_SHARE else warning)(evidence, cause, RESEAT)


def _fatal(gpu: Gpu) -> Iterator[Finding]:
    """Blackwell counts them."""
    fatal = gpu.known("pcie_fatal_errors") or 0
    if fatal:
        yield failing(f"{fatal} fatal PCIe errors", "the link breaks off", RESEAT)


def _replays(gpu: Gpu, generation: int, width: int) -> Iterator[Finding]:
    try:
        counts = gpu.sampled("pcie_replays")
    except Lacking:
        return
    usual = ceil(REPLAYS[min(max(generation, 1), len(REPLAYS)) - 1] * width)
    rate = 60 * _per_second(gpu, counts)
    if rate > usual:
        evidence = f"{rate:.0f} PCIe replays a minute"
        yield warning(evidence, f"{usual} are usual: packets arrive damaged", RESEAT)


def fabric(gpu: Gpu) -> Iterator[Finding]:
    """What a GPU says of the NVSwitches that it is on."""
    said = gpu.get("fabric")
    state, status = said["state"], said["status"]
    if state == 0:
        raise Lacking("it is in no NVSwitch fabric")
    if state != COMPLETED or status != 0:
        names = {1: "not begun", 2: "not ended"}
        evidence = f"fabric state {state} ({names.get(state, 'ended')}), status {status}"
        cause = "CUDA does not start on it until then (error 802)"
        yield failing(evidence, cause, MANAGER)
    summary, mask = said.get("healthSummary", 0), said.get("healthMask", 0)
    wrong = [words for shift, words in MASK if mask >> shift & 3 == 1]
    if summary not in HEALTHY:
        cause = "; ".join(wrong) or "the fabric manager calls it unhealthy or limited"
        yield failing(f"fabric health {summary}", cause, MANAGER)
    elif wrong:
        yield warning(f"fabric health mask {mask:#x}", "; ".join(wrong), MANAGER)


def fabric_manager(examined: Examined) -> Iterator[Finding]:
    """Where the bus has NVSwitches, before the GPUs of which say themselves how the fabric is."""
    manager: dict[str, Any] | None = examined.health.system.get("fabric_manager")
    if manager is None:
        return
    switches = f"{examined.health.system['switches']} NVSwitches"
    if not manager["runs"]:
        cause = "GPUs reach each other through nothing without it"
        yield failing(f"{switches}, and no fabric manager runs", cause, MANAGER)
    driver, version = examined.health.driver, manager["version"]
    if driver and version and driver != version:
        evidence = f"fabric manager {version}, driver {driver}"
        yield failing(evidence, "it works with its own driver only", MANAGER)


def nvlink(examined: Examined, gpu: Gpu) -> Iterator[Finding]:
    """Each link that is there must be up; none up on any GPU means that none is connected."""
    links = gpu.get("nvlinks")
    down = [str(number) for number, state in enumerate(links) if state == 0]
    strange = [f"{number}: {state}" for number, state in enumerate(links) if state not in (0, 1)]
    if strange:
        yield failing(f"link {', '.join(strange)}", "a state that is not known here", BRIDGE)
    if len(down) == len(links):
        if not any(1 in _links(other) for other in examined.health.gpus):
            raise Lacking("no NVLink is up on any GPU of the host: nothing connects them")
        yield failing("no NVLink is up", "other GPUs of the host are linked, it is not", BRIDGE)
    elif down:
        evidence = f"NVLink {', '.join(down)} of {len(links)} down"
        yield failing(evidence, "the others carry its traffic, slower", BRIDGE)
    else:
        yield from _peers(gpu)
    yield from _link_errors(gpu)


def _links(gpu: Gpu) -> list[int]:
    found = gpu.readings.get("nvlinks")
    return found if isinstance(found, list) else []


def _peers(gpu: Gpu) -> Iterator[Finding]:
    answers = [one for one in gpu.readings.get("nvlink_peers", {}).values() if one in range(1, 8)]
    reached = [one for one in gpu.readings.get("nvlink_peers", {}).values() if one == 0]
    if answers and not reached:
        evidence = f"peer-to-peer status {answers[0]} with every other GPU"
        yield failing(evidence, "its links are up, and lead to none of them", BRIDGE)


def _link_errors(gpu: Gpu) -> Iterator[Finding]:
    for name in ("nvlink_flit_crc", "nvlink_data_crc"):
        try:
            counts = gpu.sampled(name)
        except Lacking:
            continue
        rate = _per_second(gpu, counts)
        if rate >= CRC_PER_SECOND:
            evidence = f"{rate:.0f} NVLink checksum errors a second"
            yield failing(evidence, "packets arrive damaged and are sent again", BRIDGE)
    again = (gpu.known("nvlink_replays") or 0) + (gpu.known("nvlink_recoveries") or 0)
    if again:
        evidence = f"{again} NVLink replays and recoveries"
        yield warning(evidence, "a link was lost for a moment", BRIDGE)


def _per_second(gpu: Gpu, counts: list[int]) -> float:
    """How fast a counter grew over the looks; in less than a second nothing is extrapolated."""
    times = gpu.sampled("at")
    seconds = float(times[-1] - times[0])
    return (counts[-1] - counts[0]) / max(seconds, 1.0)
