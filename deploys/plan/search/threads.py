"""CPU threads: the physical cores near a replica's GPUs, shared out among those that are there."""

from collections.abc import Sequence

from deploys.plan.search.rooms import Seat
from deploys.settings.hardware import HostHardware


def numa_node(seat: Seat) -> int | None:
    """Of all its GPUs; None: not known, several, or no GPU."""
    nodes = {gpu.numa_node for gpu in seat.gpus}
    return nodes.pop() if len(nodes) == 1 else None


def threads(hardware: HostHardware, seats: Sequence[Seat], node: int | None) -> int:
    """Of one replica near `node`, where all of `seats` are the host's; one at least.

    A replica of no one node takes its part of each.
    """
    near = [seat for seat in seats if node is None or numa_node(seat) in (node, None)]
    return max(1, cores(hardware, node) // max(1, len(near)))


def cores(hardware: HostHardware, node: int | None) -> int:
    """Physical cores of the node, or of the host where it is not known."""
    known = {one.node: one.physical_cores for one in hardware.cpu.numa_nodes}
    of_node = known.get(node, 0) if node is not None else 0
    return of_node or hardware.cpu.physical_cores


def cpu_list(hardware: HostHardware, node: int | None) -> str:
    """Hardware threads of the node; empty where it is not known."""
    known = {one.node: one.cpus for one in hardware.cpu.numa_nodes}
    return known.get(node, "") if node is not None else ""
