"""Which differences between planned and live hardware make a plan wrong; the others are ignored."""

from collections.abc import Iterator

from deploys.facts.hardware import LiveGpu, LiveHardware
from deploys.render.release import ExpectedGpu, ExpectedHardware

# A driver of another version shows a few MiB more or less of the same card, and so does one driver
# of the same use.
SAME_MEMORY_MIB = 64


def too_little(expected: ExpectedHardware, live: LiveHardware) -> Iterator[str]:
    """What is said about cores and RAM."""
    if live.physical_cores < expected.physical_cores:
        yield f"{live.physical_cores} cores, and the plan uses {expected.physical_cores}"
    # 0: it could not be read.
    if 0 < live.memory_mib < expected.memory_mib:
        yield f"{live.memory_mib} MiB of RAM, and the plan uses {expected.memory_mib}"


def other_gpus(expected: ExpectedHardware, live: LiveHardware) -> Iterator[str]:
    """What is said about the planned GPUs; the host's others do not matter."""
    if live.failure:
        yield f"nvidia-smi fails: {live.failure}"
    elif not live.has_driver:
        # The run that installs the driver is the first to see more than the bus.
        if live.devices < len(expected.gpus):
            yield f"{live.devices} NVIDIA GPUs, and the plan uses {len(expected.gpus)}"
    else:
        by_uuid = {gpu.uuid: gpu for gpu in live.gpus}
        for gpu in expected.gpus:
            yield from _differences(gpu, by_uuid.get(gpu.uuid), live)


def crowded_gpus(expected: ExpectedHardware, live: LiveHardware) -> Iterator[str]:
    """What is said about memory that others hold where the plan needs it."""
    planned = {gpu.uuid: gpu for gpu in expected.gpus}
    for gpu in live.gpus:
        wanted = planned.get(gpu.uuid)
        if wanted is None or wanted.left_mib is None or gpu.others_mib is None:
            continue
        if gpu.others_mib > wanted.left_mib + SAME_MEMORY_MIB:
            holders = f" ({', '.join(gpu.others)})" if gpu.others else ""
            yield (
                f"{gpu.uuid} ({wanted.name}): others hold {gpu.others_mib} MiB of it{holders}, "
                f"and the plan leaves them {wanted.left_mib}"
            )


def _differences(expected: ExpectedGpu, live: LiveGpu | None, host: LiveHardware) -> Iterator[str]:
    title = f"{expected.uuid} ({expected.name})"
    if live is None:
        found = ", ".join(gpu.uuid for gpu in host.gpus) or "none"
        yield f"{title} is not there (found: {found})"
        return
    if live.mig and not expected.slices:
        yield f"{title} is in MIG mode, and the plan uses all of it"
    if expected.slices and not live.mig:
        yield f"{title} is not in MIG mode, and the plan uses {len(expected.slices)} of its slices"
    for missing in sorted(set(expected.slices) - host.slices) if live.mig else ():
        yield f"{title} has no slice {missing}"
    if live.memory_mib and abs(live.memory_mib - expected.memory_mib) > SAME_MEMORY_MIB:
        yield f"{title} has {live.memory_mib} MiB, and was planned with {expected.memory_mib}"
    planned, shown = expected.compute_capability, live.compute_capability
    if planned and shown and planned != shown:
        yield f"{title} has compute capability {shown}, and was planned with {planned}"
