"""What checks receive about GPUs; each host that uses some is asked once, all at the same time."""

from collections.abc import Iterator, Mapping

import pytest

from checks import concerned
from checks.committed import Committed
from checks.fleet import Fleet
from checks.gpus.driver import Holder
from checks.gpus.findings import Examined
from checks.gpus.health import Health
from checks.probes import gpus
from checks.probes.host import Unreachable, ask_all
from deploys.settings.inventory import InventoryHost


@pytest.fixture(scope="session")
def health(fleet: Fleet) -> Mapping[str, Health | Unreachable]:
    """Host -> how its GPUs are doing, or why it could not be asked."""
    return of_all_hosts(fleet)


def of_all_hosts(fleet: Fleet) -> Mapping[str, Health | Unreachable]:
    """The same, of those that use GPUs and could be reached; all at the same time."""
    wanted = concerned.hosts(list(fleet.committed.values()), ["examined"])["examined"]
    reached = [name for name in wanted if not isinstance(fleet.seen[name], Unreachable)]

    def ask(host: InventoryHost) -> Health:
        running = [one.container for one in holders(fleet, host.name) if one.container]
        return gpus.ask(host, running)

    return ask_all((fleet.committed[name].host for name in reached), ask)


@pytest.fixture(scope="session")
def examined(
    health: Mapping[str, Health | Unreachable], fleet: Fleet, request: pytest.FixtureRequest
) -> Examined:
    """One host whose commit uses GPUs, as the driver shows them; raises its Unreachable."""
    name: str = request.param
    fleet.live(name)
    found = health[name]
    if isinstance(found, Unreachable):
        raise found
    hardware = fleet.committed[name].release.hardware
    return Examined(name, found, hardware.gpus if hardware else ())


def holders(fleet: Fleet, host: str) -> list[Holder]:
    """The containers of a host that reserve GPUs, running or not."""
    committed = fleet.committed[host]
    engines = fleet.live(host).engines(committed.release)
    found = []
    for service, reserved in _reserved(committed):
        container = engines.get(service)
        runs = container is not None and container.status == "running"
        found.append(Holder(service, container.id if container and runs else "", reserved))
    return found


def _reserved(committed: Committed) -> Iterator[tuple[str, frozenset[str]]]:
    """Service -> the UUIDs that its committed definition reserves; stand-ins are left out."""
    for service, words in committed.services.items():
        reservations = words.get("deploy", {}).get("resources", {}).get("reservations", {})
        named = [name for one in reservations.get("devices", ()) for name in one["device_ids"]]
        if named and "profiles" not in words:
            uuids = (name.rpartition("=")[2] for name in named)
            yield service, frozenset(one for one in uuids if one.startswith(("GPU-", "MIG-")))
