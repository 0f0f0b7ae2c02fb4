"""GPUs that are slowed down, too hot, or held below their power."""

from collections import Counter
from collections.abc import Iterator

from checks.gpus.findings import Finding, failing, warning
from checks.gpus.health import Gpu, Lacking

COOLING = (
    "fans, air flow and inlet temperature; `nvidia-smi -pl` below the default makes it cooler, and "
    "`nvidia-smi -q -d TEMPERATURE,PERFORMANCE` shows both"
)
POWER = "the power supply and its cables to the card, and what the rack allows"
# nvmlClocksEventReason* of nvml.h (0x200 and 0x400 from driver 615 on).
FAULTS = {
    0x08: ("hardware slowdown", "the board has halved its clocks or worse", COOLING),
    0x40: ("hardware thermal slowdown", "it is too hot", COOLING),
    0x80: ("power brake", "the power supply has told it to brake", POWER),
}
CONCERNS = {
    0x20: ("software thermal slowdown", "the driver keeps it at its target temperature", COOLING),
    0x200: ("board limit", "the board's own power or current is at its end", POWER),
    0x400: ("reliability", "the voltage is at its end", POWER),
}
# Of those, heat's.
HEAT = frozenset({0x20, 0x40})
# nvmlViolationTime_t of nvml.h.
NANOSECONDS = 1_000_000_000
# Idle, clocks that somebody set, the power cap at full load, sync boost, display clocks.
USUAL = 0x01 | 0x02 | 0x04 | 0x10 | 0x100
# Of five looks a second apart: one or two happen when a GPU changes its power state.
STEADY_SHARE = 0.6
# NVIDIA's margin can be zero or less on cool boards whose driver does not know it (seen by gpud).
COOL_CELSIUS = 60
NEAR_CELSIUS = 5
# Without limits of its own: GeForce boards slow down from 83 to 93 °C, by their data sheets.
WARM_CELSIUS = 85
HOT_CELSIUS = 90
# HBM and GDDR6X are made for 95 to 105 °C.
MEMORY_WARM_CELSIUS = 95
# At half its power a GPU still gives most of its tokens; below that nobody sets it on purpose.
LEAST_POWER_SHARE = 0.5


def throttled(gpu: Gpu) -> Iterator[Finding]:
    """What slows it in most of several looks; and heat between them, which the driver counts."""
    masks = gpu.sampled("slowed_by")
    steady = set()
    seen = Counter(bit for mask in masks for bit in _bits(mask))
    for bit, times in sorted(seen.items()):
        if bit & USUAL or times < STEADY_SHARE * len(masks):
            continue
        steady.add(bit)
        known = FAULTS.get(bit) or CONCERNS.get(bit)
        name, cause, remedy = known or (f"reason {bit:#x}", "it is not known here", COOLING)
        evidence = f"slowed by {name} in {times} of {len(masks)} looks"
        yield (warning if bit in CONCERNS else failing)(evidence, cause, remedy)
    if not steady & HEAT:
        yield from _hot_meanwhile(gpu)


def _hot_meanwhile(gpu: Gpu) -> Iterator[Finding]:
    """Power's count is no sign: it runs at the usual cap under full load as well."""
    try:
        held = [one["violationTime"] for one in gpu.sampled("slowed_by_heat")]
    except Lacking:
        return
    seconds = (held[-1] - held[0]) / NANOSECONDS
    if seconds > 0:
        evidence = f"slowed by heat for {seconds:.1f} s between looks"
        yield warning(evidence, "it is at its limit, and not all the time", COOLING)


def _bits(mask: int) -> Iterator[int]:
    return (1 << place for place in range(mask.bit_length()) if mask >> place & 1)


def temperature(gpu: Gpu) -> Iterator[Finding]:
    """Against the card's own limits where it says them; the memory's as well."""
    celsius = gpu.get("temperature")
    yield from _chip(gpu, celsius)
    memory = gpu.known("memory_temperature")
    most = gpu.known("temperature_memory_most")
    if memory is not None and most is not None and memory > most:
        yield failing(f"its memory has {memory} °C", f"{most} °C are its limit", COOLING)
    elif memory is not None and memory > MEMORY_WARM_CELSIUS:
        cause = "memory is made for little more"
        yield warning(f"its memory has {memory} °C", cause, COOLING)


def _chip(gpu: Gpu, celsius: int) -> Iterator[Finding]:
    margin = gpu.known("temperature_margin")
    least = gpu.known("temperature_most_margin") or 0
    if margin is not None and (margin > 0 or celsius >= COOL_CELSIUS):
        evidence = f"{celsius} °C"
        if margin <= least:
            yield failing(evidence, f"{-margin} °C above where it slows down", COOLING)
        elif margin <= NEAR_CELSIUS:
            yield warning(evidence, f"{margin} °C below where it slows down", COOLING)
        return
    limits = [gpu.known(name) for name in ("temperature_slowdown", "temperature_most")]
    own = [limit for limit in limits if limit]
    hot = min(own, default=HOT_CELSIUS)
    warm = hot - NEAR_CELSIUS if own else WARM_CELSIUS
    whose = "its own limit" if own else "what most boards bear, as it says no limit"
    if celsius >= hot:
        yield failing(f"{celsius} °C", f"{hot} °C are {whose}", COOLING)
    elif celsius >= warm:
        yield warning(f"{celsius} °C", f"{hot} °C are {whose}", COOLING)


def power_limit(gpu: Gpu) -> Iterator[Finding]:
    """Somebody's own limit is told; one that starves the GPU fails."""
    enforced, usual = gpu.get("power_limit_mw"), gpu.get("power_default_limit_mw")
    evidence = f"power limit {enforced / 1000:.0f} W of {usual / 1000:.0f} W"
    remedy = f"`nvidia-smi -pl {usual // 1000}`, or whatever sets it at boot"
    if enforced < LEAST_POWER_SHARE * usual:
        yield failing(evidence, "less than half: far slower than planned", remedy)
    elif enforced < usual:
        yield warning(evidence, "somebody has lowered it", remedy)
