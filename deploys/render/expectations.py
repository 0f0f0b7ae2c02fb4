"""What the plan expects of each engine, as the release manifest carries it to the checks."""

from collections.abc import Mapping

from deploys.plan.arguments import LlamaCppArguments
from deploys.plan.memory.estimate import DeviceEstimate, Range
from deploys.plan.plan import HostPlan, Plan, Replica
from deploys.plan.speed import Speed
from deploys.render.release import PlannedDevice, PlannedPool, PlannedReplica, PlannedSpeed

# Engines print two decimals.
DECIMALS = 3
# What the plan leaves free is nobody's.
_NOT_TAKEN = ("margin",)


def expectations(plan: Plan, host: HostPlan) -> tuple[PlannedReplica, ...]:
    """Of each replica of a host."""
    pools = {pool.name: pool for pool in plan.pools}
    return tuple(
        expectation(one, pools[one.pool].engine, pools[one.pool].model_name)
        for one in host.replicas
    )


def expectation(replica: Replica, engine: str, model: str) -> PlannedReplica:
    """One replica's expected memory, device by device and part by part."""
    plan = replica.arguments
    return PlannedReplica(
        name=replica.name,
        engine=engine,
        version=replica.version,
        model=model,
        gpu_name=replica.gpu_name,
        gpu_layers=plan.gpu_layers if isinstance(plan, LlamaCppArguments) else 0,
        devices=tuple(_device(replica, one) for one in replica.memory),
        pool=_pool(replica),
        speed=_speed(replica.speed),
    )


def _speed(speed: Speed | None) -> PlannedSpeed | None:
    if speed is None:
        return None
    bound, suspicious = round(speed.roofline, 1), round(speed.suspicious, 1)
    return PlannedSpeed(bound_tokens_per_second=bound, suspicious_tokens_per_second=suspicious)


def _device(replica: Replica, estimate: DeviceEstimate) -> PlannedDevice:
    gpu = estimate.device.removeprefix("GPU")
    return PlannedDevice(
        device=estimate.device,
        gpu=replica.gpus[int(gpu)] if gpu.isdecimal() and int(gpu) < len(replica.gpus) else "",
        expected_mib=_sizes(estimate.parts, "expected"),
        upper_mib=_sizes(estimate.parts, "upper"),
        corrections_mib=dict(replica.corrections.by_device.get(estimate.device, {})),
    )


def _sizes(parts: Mapping[str, Range], end: str) -> dict[str, float]:
    sizes = {name: round(getattr(size, end), DECIMALS) for name, size in parts.items()}
    return {name: mib for name, mib in sizes.items() if mib and name not in _NOT_TAKEN}


def _pool(replica: Replica) -> PlannedPool | None:
    pool = replica.kv_pool
    if pool is None or None in (pool.expected_gib, pool.lowest_gib, pool.tokens):
        return None
    sizes = (pool.budget_gib or 0, pool.expected_gib or 0, pool.lowest_gib or 0)
    budget, expected, lowest = (round(size, DECIMALS) for size in sizes)
    return PlannedPool(
        budget_gib=budget,
        expected_gib=expected,
        lowest_gib=lowest,
        tokens=pool.tokens or 0,
        blocks=pool.blocks or 0,
    )
