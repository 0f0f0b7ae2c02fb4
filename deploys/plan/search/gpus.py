"""What a replica can be given: whole GPUs, and slices of those in MIG mode."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from deploys.plan.calibration import HostMeasurements
from deploys.plan.gpu_catalogue import find_gpu
from deploys.plan.known_gpu import known_gpu
from deploys.plan.memory import process
from deploys.plan.memory.configuration import Device
from deploys.settings.hardware import Gpu, HostHardware


@dataclass(frozen=True)
class GpuKind:
    """What decides whether something fits: GPUs of one kind are interchangeable. Sizes in MiB."""

    name: str
    visible_mib: int
    used_mib: float = 0
    process_mib: int | None = None
    """Measured with one empty context."""
    sm_count: int | None = None
    compute_capability: str = ""
    """Empty: not known."""
    memory_share: float = 1
    """Of the card; a slice has this part of its bandwidth too (NVIDIA's MIG user guide)."""
    measured: HostMeasurements | None = None
    """What engines of its host were measured to take; GPUs of several hosts are alike without."""

    @cached_property
    def budget_mib(self) -> float:
        """Visible, less what others use, the process and the margin; negative where not even these
        fit, or the process's size is not known.
        """
        kept: float | None = self.process_mib
        if kept is None and self.sm_count is not None:
            kept = process.upper_mib(self.sm_count)
        if kept is None:
            return -1
        margin = process.margin_mib(self.visible_mib)
        return self.visible_mib - self.used_mib - kept - margin

    @property
    def device(self) -> Device:
        """As the estimator needs to know it."""
        entry = find_gpu(self.name)
        fabric = entry is not None and entry.nvlink == "fabric"
        return Device(self.name, self.sm_count, self.visible_mib, self.process_mib, fabric)

    @property
    def card(self) -> tuple[str, int | None, str, float]:
        """What GPUs have in common that differ in memory alone, or in what others use of it."""
        return self.name, self.sm_count, self.compute_capability, self.memory_share

    @property
    def order(self) -> tuple[float, str, int, float]:
        """Sorts kinds, the smallest first."""
        return self.budget_mib, self.name, self.visible_mib, self.used_mib


@dataclass(frozen=True)
class UsableGpu:
    """One GPU or slice of a host."""

    uuid: str
    kind: GpuKind
    numa_node: int | None
    peers: frozenset[str]
    """UUIDs that it reaches by NVLink."""
    switch_peers: frozenset[str] = frozenset()
    """UUIDs that it reaches through PCIe switches alone."""

    @property
    def is_slice(self) -> bool:
        """A process sees one MIG instance and no more (NVIDIA's MIG user guide)."""
        return self.uuid.startswith("MIG-")


def usable_gpus(
    hardware: HostHardware, measured: HostMeasurements | None = None
) -> tuple[UsableGpu, ...]:
    """In the order of their bus addresses; of a GPU in MIG mode its slices alone."""
    ordered = sorted(hardware.gpus, key=lambda gpu: (gpu.pcie, gpu.uuid))
    found = (usable for gpu in ordered for usable in _usable(known_gpu(gpu)))
    return tuple(replace(one, kind=replace(one.kind, measured=measured)) for one in found)


def least_of(kinds: Sequence[GpuKind]) -> GpuKind:
    """The kind that each of some GPUs of one card is at least."""
    measured = [kind.process_mib for kind in kinds if kind.process_mib is not None]
    return replace(
        kinds[0],
        visible_mib=min(kind.visible_mib for kind in kinds),
        used_mib=max(kind.used_mib for kind in kinds),
        process_mib=max(measured, default=None),
    )


def name_of(kinds: Sequence[GpuKind]) -> str:
    """Of the GPUs of one replica, as measurements are stored under."""
    return " + ".join(dict.fromkeys(kind.name for kind in kinds))


def _usable(gpu: Gpu) -> Iterator[UsableGpu]:
    visible = gpu.visible_mib or 0
    for piece in sorted(gpu.mig, key=lambda one: one.uuid):
        share = piece.memory_mib / gpu.memory_mib
        kind = GpuKind(
            name=f"{gpu.name} MIG {piece.profile}",
            # CUDA sees less of a slice too, in proportion.
            visible_mib=int(piece.memory_mib - (gpu.memory_mib - visible) * share),
            process_mib=gpu.process_mib,
            # A slice whose count is not known has no more than its card: the safe side.
            sm_count=piece.sm_count or gpu.sm_count,
            compute_capability=gpu.compute_capability or "",
            memory_share=share,
        )
        yield UsableGpu(piece.uuid, kind, gpu.numa_node, frozenset())
    if not gpu.mig:
        facts = (gpu.used_mib, gpu.process_mib, gpu.sm_count, gpu.compute_capability or "")
        kind = GpuKind(gpu.name, visible, *facts)
        peers = (frozenset(gpu.nvlink_peers), frozenset(gpu.switch_peers))
        yield UsableGpu(gpu.uuid, kind, gpu.numa_node, *peers)
