"""A fleet takes as long as its slowest host: no host is asked after another.

Each one gives its answer when all are being asked, and not before: who asked one after the other
would get none. tests/checks/test_bad_answers.py has the same of engines.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from checks import gpu_fixtures
from checks.committed import Committed
from checks.fleet import Fleet
from checks.gpus.health import Health
from checks.probes import gpus, live
from checks.probes.host import Unreachable, ask_all
from checks.probes.live import Live, observe_all
from deploys.settings.inventory import InventoryHost
from tests.lab.waiting import LONGEST_SECONDS

# A fleet of the size that issues speak of.
NAMES = [f"gpu{number}" for number in range(20)]
LOST = "gpu7"


@pytest.fixture
def meet() -> Callable[[str], str]:
    """What asks a host: ends when every one is asked; one of them is lost by then."""
    together = threading.Barrier(len(NAMES))

    def ask(name: str) -> str:
        together.wait(LONGEST_SECONDS)
        if name == LOST:
            raise Unreachable(name, "no route to host")
        return f"{name} is well"

    return ask


def _committed(name: str) -> Committed:
    others = dict.fromkeys(("gateway", "watch", "monitors", "retrieval"))
    release = SimpleNamespace(hardware=SimpleNamespace(gpus=("one",)), **others)
    words = {"host": InventoryHost(name, name, (), {}), "release": release, "services": {}}
    return cast("Committed", SimpleNamespace(**words))


def _said(found: dict[str, object]) -> dict[str, str]:
    return {
        name: one.reason if isinstance(one, Unreachable) else str(one)
        for name, one in found.items()
    }


WANTED = {name: "no route to host" if name == LOST else f"{name} is well" for name in NAMES}


def test_all_hosts_are_observed_at_the_same_time(
    meet: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def observe(committed: Committed, _root: Path, *, digests: bool) -> Live:
        assert digests
        return cast("Live", meet(committed.host.name))

    monkeypatch.setattr(live, "observe", observe)
    found = observe_all(map(_committed, NAMES), Path("/"), digests=True)
    assert _said({**found}) == WANTED


def test_the_gpus_of_all_hosts_are_asked_for_at_the_same_time(
    meet: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(host: InventoryHost, containers: list[str]) -> Health:
        assert containers == []
        return cast("Health", meet(host.name))

    monkeypatch.setattr(gpus, "ask", ask)
    seen = SimpleNamespace(engines=lambda _release: {})
    unseen = Unreachable("gpu20", "no answer within 60 s")
    names = [*NAMES, "gpu20"]
    fleet = Fleet(
        Path("/"),
        {name: _committed(name) for name in names},
        {**{name: cast("Live", seen) for name in NAMES}, "gpu20": unseen},
    )
    # A host that could not be observed is not asked again.
    assert _said({**gpu_fixtures.of_all_hosts(fleet)}) == WANTED


def test_whatever_else_is_asked_of_hosts_is_asked_at_the_same_time(
    meet: Callable[[str], str],
) -> None:
    hosts = [InventoryHost(name, name, (), {}) for name in NAMES]
    assert _said({**ask_all(hosts, lambda host: meet(host.name))}) == WANTED
