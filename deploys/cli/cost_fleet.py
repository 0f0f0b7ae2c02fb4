"""What a model's hosts cost, by the environment's settings and what is committed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.benchmarks.cost.machines import GpuWatts, NoWatts, machine, ways
from checks.benchmarks.cost.month import Fleet, Machine
from checks.benchmarks.cost.share import Share, Shares, shares
from deploys.cli.chat import committed_releases
from deploys.history.kept import fleet_name
from deploys.settings.cost import Cost, HostCost
from deploys.settings.environment import Environment, Host
from deploys.settings.refusal import Complaint, Refused

EXAMPLE = "inventories/cost.md shows all of it"


@dataclass(frozen=True)
class Paid:
    """All that a model's price is made of but its tokens."""

    file: str
    """Where the operator's settings stand."""
    cost: Cost
    hosts: Mapping[str, HostCost]
    shares: Shares
    release: str
    """Name of all committed releases together."""


def paid(root: Path, settings: Environment, model: str) -> Paid:
    """Raises Refused with everything that the settings lack."""
    file = f"inventories/group_data/{settings.name}.py"
    releases = list(committed_releases(root, settings.name))
    found = shares(releases, model)
    if not found.hosts:
        hint = f"homeport render {settings.name}"
        wrong = f"no committed replica serves {model}"
        raise Refused([Complaint(f"compose/{settings.name}", "", wrong, hint)])
    complaints = [
        Complaint(file, "host_cost", f"is missing for {host.name}", EXAMPLE)
        for host in settings.hosts
        if host.name in found.hosts and host.words.host_cost is None
    ]
    if settings.cost is None:
        complaints.append(Complaint(file, "cost", "is missing", EXAMPLE))
    if complaints or settings.cost is None:
        raise Refused(sorted(complaints))
    name = fleet_name({one.host: one.release for one in releases})
    return Paid(file, settings.cost, _costs(settings.hosts, found), found, name)


def _costs(hosts: tuple[Host, ...], found: Shares) -> dict[str, HostCost]:
    return {
        one.name: one.words.host_cost
        for one in hosts
        if one.words.host_cost is not None and one.name in found.hosts
    }


def fleet(found: Paid, measured: Mapping[str, GpuWatts]) -> tuple[Fleet, list[str]]:
    """The fleet, and who says what its GPUs draw; raises Refused for one that nobody knows of."""
    machines: list[Machine] = []
    said: list[str] = []
    complaints = []
    for name, cost in found.hosts.items():
        share: Share = found.shares.hosts[name]
        try:
            machines.append(machine(cost, share, measured))
            said += [f"{name}: {gpu}: {way}" for gpu, way in ways(cost, share, measured).items()]
        except NoWatts as gpu:
            wrong = f"is missing for {name}: no benchmark has measured what {gpu} draws"
            hint = '"gpu_watts": {"idle": 60, "load": 450} of each GPU, or homeport bench'
            complaints.append(Complaint(found.file, "host_cost.gpu_watts", wrong, hint))
    if complaints:
        raise Refused(complaints)
    staff = found.cost.staff_per_month * found.shares.fleet
    power, pue = found.cost.power_per_kwh, found.cost.pue
    return Fleet(machines, staff, power, pue, found.cost.interest_percent), said
