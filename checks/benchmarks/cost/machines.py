"""Hosts as the cost of a model sees them: its share of each, and what that draws."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.benchmarks.cost.month import Machine
from checks.benchmarks.cost.share import Share
from deploys.settings.cost import HostCost

OPERATOR = "the operator's figure"


@dataclass(frozen=True)
class GpuWatts:
    """One GPU, and who says so."""

    idle: float
    load: float
    way: str


class NoWatts(Exception):
    """Nobody has measured a GPU, and nobody has said what it draws."""


def machine(cost: HostCost, share: Share, measured: Mapping[str, GpuWatts]) -> Machine:
    """The model's share of one host; raises NoWatts.

    Idle power is shared like the host. What load adds is the model's alone where it was measured,
    since only the model was asked then; a figure for the GPU is shared like the GPU.

    Source: measured watts are of NVML's energy counter, `numbers/energy.py`. Ours: the sharing.
    """
    host, gpus = cost.host_watts, list(_gpus(cost, share, measured))
    idle = host.idle * share.part + sum(one.idle for one in gpus)
    more = (host.load - host.idle) * share.part + sum(one.load - one.idle for one in gpus)
    return Machine(
        price=cost.price * share.part,
        residual=cost.residual * share.part,
        years=cost.years,
        rack_per_month=cost.rack_per_month * share.part,
        idle_watts=idle,
        load_watts=idle + max(0.0, more),
    )


def ways(cost: HostCost, share: Share, measured: Mapping[str, GpuWatts]) -> dict[str, str]:
    """GPU -> who says what it draws; raises NoWatts."""
    return dict(
        zip(share.gpus, (one.way for one in _gpus(cost, share, measured)), strict=True),
    )


def _gpus(cost: HostCost, share: Share, measured: Mapping[str, GpuWatts]) -> Iterator[GpuWatts]:
    """The model's part of each of its GPUs."""
    for uuid, part in share.gpus.items():
        found, said = measured.get(uuid), cost.gpu_watts
        if found is not None:
            idle = found.idle * part
            yield GpuWatts(idle, idle + found.load - found.idle, found.way)
        elif said is not None:
            yield GpuWatts(said.idle * part, said.load * part, OPERATOR)
        else:
            raise NoWatts(uuid)
