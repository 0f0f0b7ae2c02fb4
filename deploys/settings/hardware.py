"""What each host is made of: inventories/hardware/<environment>.yaml.

`homeport survey` writes all of it; by hand, cores, RAM and each GPU's UUID, name and memory are
enough.
"""

from typing import Annotated

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from deploys.settings.words import Frozen

Positive = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
# UUIDs become device names in Compose files, which interpolate `$`; an older driver names a slice
# MIG-GPU-<uuid>/<instance>/<instance>.
GpuUuid = Annotated[str, StringConstraints(pattern=r"^GPU-[0-9A-Za-z-]+$")]
MigUuid = Annotated[str, StringConstraints(pattern=r"^MIG-[0-9A-Za-z/-]+$")]
# What a driver or a kernel calls a part: one line of ASCII.
PartName = Annotated[str, StringConstraints(pattern=r"^[ -~]*$", max_length=96)]
BusAddress = Annotated[
    str, StringConstraints(pattern=r"^([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])?$")
]
# The kernel's own way to write them: 0-15,64-79.
CpuList = Annotated[str, StringConstraints(pattern=r"^(\d+(-\d+)?(,\d+(-\d+)?)*)?$")]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.+~-]*$")]


class NumaNode(Frozen):
    """The part of a host whose cores have its memory near."""

    node: Count
    physical_cores: Count
    """0: memory alone, as on some accelerators."""
    memory_mib: Count
    cpus: CpuList = ""
    """The kernel's numbers of its hardware threads, which containers are kept to."""


class Cpu(Frozen):
    """Physical cores: hyper-threads do not speed up inference."""

    physical_cores: Annotated[int, Field(ge=1, le=1024)]
    sockets: Annotated[int, Field(ge=1, le=64)] = 1
    name: PartName = ""
    numa_nodes: tuple[NumaNode, ...] = ()
    """Empty: not known, and taken for one."""


class MigSlice(Frozen):
    """One instance of a GPU in MIG mode."""

    uuid: MigUuid
    profile: Annotated[str, StringConstraints(pattern=r"^[0-9a-z.+]+$")]
    """NVIDIA's word, such as 3g.40gb."""
    memory_mib: Positive
    sm_count: Positive | None = None


class Gpu(Frozen):
    """One GPU, by UUID: indices change when a card is lost."""

    uuid: GpuUuid
    name: Annotated[PartName, Field(min_length=1)]
    memory_mib: Positive
    """NVML's total, which is what nvidia-smi prints."""
    visible_mib: Positive | None = None
    """What CUDA sees of it; None: not measured (deploys/plan/known_gpu.py knows the least)."""
    used_mib: Count = 0
    """In use by others when it was surveyed."""
    process_mib: Positive | None = None
    """What one process with an empty CUDA context takes; None: not measured."""
    compute_capability: Annotated[str, StringConstraints(pattern=r"^\d+\.\d$")] | None = None
    sm_count: Positive | None = None
    numa_node: Count | None = None
    """Of which NUMA node its PCIe slot is; None: not known, or the host has one."""
    pcie: BusAddress = ""
    pcie_generation: Annotated[int, Field(ge=1, le=8)] | None = None
    """The most that card and slot agree on: an idle link runs slower."""
    pcie_width: Annotated[int, Field(ge=1, le=32)] | None = None
    """Lanes, the most that card and slot agree on."""
    nvlink_peers: tuple[GpuUuid, ...] = ()
    """GPUs of the host that it reaches by NVLink."""
    switch_peers: tuple[GpuUuid, ...] = ()
    """GPUs of the host that it reaches through PCIe switches alone, past the CPU's root complex."""
    mig: tuple[MigSlice, ...] = ()
    """Not empty: MIG is on, and only slices can be used."""

    @field_validator("visible_mib", "used_mib", "process_mib")
    @classmethod
    def _is_part_of_the_memory(cls, value: int | None, info: ValidationInfo) -> int | None:
        total = info.data.get("memory_mib")
        if value is not None and total is not None and value > total:
            raise ValueError(f"at most the GPU's memory_mib, {total}")
        return value

    @field_validator("mig")
    @classmethod
    def _is_cut_from_the_memory(
        cls, value: tuple[MigSlice, ...], info: ValidationInfo
    ) -> tuple[MigSlice, ...]:
        total = info.data.get("memory_mib")
        together = sum(one.memory_mib for one in value)
        if total is not None and together > total:
            raise ValueError(f"slices of at most the GPU's memory_mib, {total}, not {together}")
        return value


class HostHardware(Frozen):
    """One host."""

    cpu: Cpu
    memory_mib: Positive
    disk_free_mib: Count | None = None
    """Where the kit keeps its files, at the survey."""
    driver: Version = ""
    cuda: Version = ""
    """The newest CUDA that the driver serves."""
    ram_gb_per_second: Annotated[float, Field(gt=0)] | None = None
    """By hand, from the board's data sheet or a measurement; GB is 10^9 bytes."""
    gpus: tuple[Gpu, ...] = ()

    @field_validator("gpus")
    @classmethod
    def _peers_are_in_the_host(cls, value: tuple[Gpu, ...]) -> tuple[Gpu, ...]:
        known = {gpu.uuid for gpu in value}
        for gpu in value:
            peers = {*gpu.nvlink_peers, *gpu.switch_peers}
            strangers = sorted(peers - (known - {gpu.uuid}))
            if strangers:
                raise ValueError(f"{gpu.uuid} with peers of the same host, not {strangers[0]}")
        return value


class Hardware(Frozen):
    """All hosts of an environment, by host name."""

    hosts: dict[str, HostHardware]
