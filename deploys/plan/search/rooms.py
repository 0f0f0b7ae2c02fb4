"""What is left of each host while pools are placed on it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from deploys.plan.calibration import HostMeasurements
from deploys.plan.search.fit import Fit
from deploys.plan.search.gpus import UsableGpu, usable_gpus
from deploys.settings.environment import Host


@dataclass(frozen=True)
class Room:
    """One host's free GPUs, RAM and disk."""

    host: str
    free: tuple[UsableGpu, ...]
    """GPUs that no replica has."""
    shared: tuple[UsableGpu, ...]
    """GPUs on which replicas run that share them; what those take counts as used."""
    ram_mib: int
    disk_mib: float | None
    """None: not known."""
    models: frozenset[str] = frozenset()
    replicas: int = 0
    measured: HostMeasurements | None = None
    """What its engines were measured to take."""
    pools: tuple[str, ...] = ()
    """Pool of each replica, in the order they came."""

    @cached_property
    def signature(self) -> str:
        """Hosts whose signatures are alike can hold the same; text, which is compared fast."""
        return repr((_outline(self.free), _outline(self.shared)))


@dataclass(frozen=True)
class Seat:
    """A place that a replica could have, and what it would be there."""

    host: str
    gpus: tuple[UsableGpu, ...]
    fit: Fit
    stage: int
    """Which of the stages; earlier ones are better."""
    disk_mib: float
    """Of the model's files."""
    behind: tuple["Seat", ...] = ()
    """On the further hosts of one replica, in the order of ranks; this is rank 0's."""

    @property
    def all_seats(self) -> tuple["Seat", ...]:
        """One for each of its hosts, in the order of ranks."""
        return (self, *self.behind)


def room_of(host: Host, measured: HostMeasurements | None = None) -> Room:
    """All of the host."""
    hardware = host.hardware
    free, disk = usable_gpus(hardware, measured), hardware.disk_free_mib
    return Room(host.name, free, (), hardware.memory_mib, disk, measured=measured)


def with_seat(room: Room, seat: Seat, pool: str, entry: str, shares: bool) -> Room:
    """What is left of the room once the seat is taken."""
    taken = {gpu.uuid for gpu in seat.gpus}
    shared = tuple(gpu for gpu in room.shared if gpu.uuid not in taken)
    if shares:
        needed = seat.fit.verdicts[0].needed_mib
        shared += tuple(_with_used(gpu, needed) for gpu in seat.gpus)
    stored = 0.0 if entry in room.models else seat.disk_mib
    return replace(
        room,
        free=tuple(gpu for gpu in room.free if gpu.uuid not in taken),
        shared=tuple(sorted(shared, key=lambda gpu: gpu.uuid)),
        ram_mib=room.ram_mib - seat.fit.ram_limit_mib,
        disk_mib=None if room.disk_mib is None else room.disk_mib - stored,
        models=room.models | {entry},
        replicas=room.replicas + 1,
        pools=(*room.pools, pool),
    )


def _with_used(gpu: UsableGpu, needed_mib: float) -> UsableGpu:
    used = gpu.kind.used_mib + needed_mib
    return replace(gpu, kind=replace(gpu.kind, used_mib=used))


def _outline(gpus: tuple[UsableGpu, ...]) -> tuple[object, ...]:
    """GPUs without their names, but with which of them are joined."""
    place = {gpu.uuid: number for number, gpu in enumerate(gpus)}

    def places(peers: frozenset[str]) -> tuple[int, ...]:
        return tuple(sorted(place[uuid] for uuid in peers if uuid in place))

    return tuple(
        (gpu.kind, gpu.numa_node, places(gpu.peers), places(gpu.switch_peers)) for gpu in gpus
    )


Rooms = Mapping[str, Room]
