"""What the plan expects of a host's hardware, for the manifest: apply compares it with the host."""

import math
from collections.abc import Sequence

from deploys.plan.known_gpu import known_gpu
from deploys.plan.plan import HostPlan, Replica
from deploys.render.release import ExpectedGpu, ExpectedHardware
from deploys.settings.hardware import Gpu


def expected_hardware(
    host: HostPlan, stand_ins: Sequence[Replica] = (), beside_mib: int = 0
) -> ExpectedHardware | None:
    """The parts of the host's hardware file that its replicas lean on; None without replicas.

    A rollout has one of the stand-ins at a time; `beside_mib` is what others of the kit have there.
    """
    if not host.replicas or host.hardware is None:
        return None
    used = {uuid for replica in (*host.replicas, *stand_ins) for uuid in replica.gpus}
    largest = max((replica.limits.memory_mib for replica in stand_ins), default=0)
    threads = sum(replica.limits.cpus for replica in host.replicas)
    return ExpectedHardware(
        # More threads than cores is what somebody asked for; fewer cores than in the file is not.
        physical_cores=min(threads, host.hardware.cpu.physical_cores),
        memory_mib=sum(replica.limits.memory_mib for replica in host.replicas)
        + largest
        + beside_mib,
        gpus=tuple(
            _expected(gpu, used, _left_mib(gpu, host.replicas, stand_ins))
            for gpu in sorted(host.hardware.gpus, key=lambda gpu: gpu.uuid)
            if used & {gpu.uuid, *(one.uuid for one in gpu.mig)}
        ),
    )


def _expected(gpu: Gpu, used: set[str], left_mib: int) -> ExpectedGpu:
    return ExpectedGpu(
        uuid=gpu.uuid,
        name=gpu.name,
        memory_mib=gpu.memory_mib,
        compute_capability=gpu.compute_capability,
        slices=tuple(sorted(used & {one.uuid for one in gpu.mig})),
        left_mib=None if gpu.mig else left_mib,
    )


def _left_mib(gpu: Gpu, replicas: Sequence[Replica], stand_ins: Sequence[Replica]) -> int:
    """What CUDA sees of the GPU, less the upper bounds of all that is planned onto it."""
    planned = sum(_needed_mib(gpu.uuid, replica) for replica in replicas)
    largest = max((_needed_mib(gpu.uuid, replica) for replica in stand_ins), default=0)
    return math.floor((known_gpu(gpu).visible_mib or 0) - planned - largest)


def _needed_mib(uuid: str, replica: Replica) -> float:
    return sum(
        verdict.needed_mib
        for gpu, verdict in zip(replica.gpus, replica.verdicts, strict=False)
        if gpu == uuid
    )
