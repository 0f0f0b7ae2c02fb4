"""What an engine reported against what was planned for it: every difference that matters."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.memory_tolerances import (
    CALIBRATED,
    LLAMACPP,
    VLLM,
    VLLM_CALIBRATED_POOL_SHARE,
    VLLM_POOL_SHARE,
    VLLM_TOKENS_SHARE,
    Tolerance,
)
from checks.probes.engine_logs.reported import CPU, TOTAL, Reported
from deploys.render.release import PlannedDevice, PlannedReplica


@dataclass(frozen=True)
class Difference:
    """One part that is not as planned."""

    device: str
    part: str
    planned: str
    reported: str
    remedy: str

    def __str__(self) -> str:
        words = self.part.replace("_", " ")
        return f"{self.device} {words}: planned {self.planned}, reported {self.reported}"


def differences(planned: PlannedReplica, reported: Reported) -> list[Difference]:
    """Every part beyond its tolerance; empty when the engine takes what was planned."""
    if planned.engine == "localai":
        return list(_totals(planned, reported))
    known = LLAMACPP if planned.engine == "llamacpp" else VLLM
    found = [
        difference
        for device in planned.devices
        for part, tolerance in known.items()
        if _is_compared(planned, device, part)
        for difference in _part(planned, device, part, tolerance, reported)
    ]
    return [*found, *_pool(planned, reported)]


def _is_compared(planned: PlannedReplica, device: PlannedDevice, part: str) -> bool:
    """RAM beside GPUs holds staging buffers that no plan counts; its weights it does."""
    has_gpus = any(one.device != CPU for one in planned.devices)
    return device.device != CPU or not has_gpus or part == "weights"


def _part(
    planned: PlannedReplica,
    device: PlannedDevice,
    part: str,
    tolerance: Tolerance,
    reported: Reported,
) -> Iterator[Difference]:
    expected = device.expected_mib.get(part, 0.0)
    upper = device.upper_mib.get(part, 0.0)
    found = reported.devices.get(device.device, {}).get(part)
    if found is None and (part == "process" or not expected):
        # The process is measured from outside, where a driver tells.
        return
    found = found or 0.0
    least, most = _bounds(device, part, tolerance)
    if least <= found <= most:
        return
    span = f"{expected:,.2f}" if upper == expected else f"{expected:,.2f} to {upper:,.2f}"
    remedy = _remedy(planned, part, found > most)
    yield Difference(device.device, part, f"{span} MiB", f"{found:,.2f} MiB", remedy)


def _totals(planned: PlannedReplica, reported: Reported) -> Iterator[Difference]:
    """LocalAI tells no parts: all that the driver counts of a GPU, within the parts' own bounds."""
    for device in planned.devices:
        found = reported.devices.get(device.device, {}).get(TOTAL)
        if found is None:
            continue
        parts = [_bounds(device, part, LLAMACPP.get(part, CALIBRATED)) for part in device.upper_mib]
        least, most = sum(low for low, _ in parts), sum(high for _, high in parts)
        if not least <= found <= most:
            remedy = _remedy(planned, TOTAL, found > most)
            span = f"{least:,.0f} to {most:,.0f} MiB"
            yield Difference(device.device, "all parts", span, f"{found:,.0f} MiB", remedy)


def _bounds(device: PlannedDevice, part: str, tolerance: Tolerance) -> tuple[float, float]:
    """The least and the most that is still as planned."""
    expected = device.expected_mib.get(part, 0.0)
    upper = device.upper_mib.get(part, 0.0)
    if part in device.corrections_mib:
        tolerance = CALIBRATED
    least = expected - max(expected * tolerance.below, tolerance.mib)
    return least, upper + max(upper * tolerance.above, tolerance.mib)


def _remedy(planned: PlannedReplica, part: str, is_more: bool) -> str:
    if part in ("weights", "kv_cache", "recurrent_state"):
        return (
            f"these follow from the model and its arguments: compare the container's command with "
            f"the commit (homeport drift); if they agree, the rules for {planned.version} are "
            "wrong for this model"
        )
    if part == TOTAL:
        return (
            f"compare the container and its files with the commit (homeport drift); if they agree, "
            f"the rules for LocalAI {planned.version} are wrong for this model"
        )
    after = "homeport plan says whether it still fits" if is_more else "more may fit now"
    return f"homeport calibrate stores what was measured for the next plan; then {after}"


def _pool(planned: PlannedReplica, reported: Reported) -> Iterator[Difference]:
    plan, found = planned.pool, reported.pool
    if plan is None or found is None or found.available_gib is None:
        return
    measured = any("outside" in device.corrections_mib for device in planned.devices)
    share = VLLM_CALIBRATED_POOL_SHARE if measured else VLLM_POOL_SHARE
    allowed = share * plan.budget_gib
    least = min(plan.expected_gib - allowed, plan.lowest_gib)
    most = plan.expected_gib + allowed
    if not least <= found.available_gib <= most:
        yield Difference(
            "each GPU",
            "KV pool",
            f"{plan.expected_gib:,.2f} GiB (at least {plan.lowest_gib:,.2f})",
            f"{found.available_gib:,.2f} GiB",
            _remedy(planned, "pool", found.available_gib < least),
        )
    yield from _count(planned, found.available_gib, "tokens", plan.tokens, found.tokens)
    yield from _count(planned, found.available_gib, "blocks", plan.blocks, found.blocks)


def _count(
    planned: PlannedReplica, pool_gib: float, unit: str, count: int, found: int | None
) -> Iterator[Difference]:
    """Of them in each GiB: the shape of the cache, whatever the pool's size."""
    size_gib = planned.pool.expected_gib if planned.pool else 0
    if not count or not found or size_gib <= 0 or pool_gib <= 0:
        return
    expected = count / size_gib * pool_gib
    # The pool is printed with two decimals, and ends with a whole block.
    rounding = count / size_gib * 0.005 + (unit == "blocks")
    if abs(found - expected) > VLLM_TOKENS_SHARE * expected + rounding:
        yield Difference(
            "each GPU",
            f"{unit} in the KV pool",
            f"{expected:,.0f} in {pool_gib} GiB",
            f"{found:,}",
            _remedy(planned, "kv_cache", found < expected),
        )
