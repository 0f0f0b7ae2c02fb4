"""A drain that fails leaves the replica as it was, also where a lost connection has ended it."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest
from pyinfra.api.exceptions import ConnectError
from pyinfra.api.host import Host

from deploys.history.words import LOST
from deploys.operations import taking_away
from deploys.operations.gateways import Gateway
from deploys.operations.other_host import CommandFailed
from deploys.operations.replacing import Container, Service
from deploys.operations.replica_turn import Replica, Stopped

OLD = Container("id", "config", ())


@dataclass
class Connector:
    """One host's connection, which may be lost, and may come again."""

    name: str
    is_there: bool = True
    may_come_again: bool = True

    @property
    def client(self) -> SimpleNamespace:
        transport = SimpleNamespace(is_active=lambda: self.is_there)
        return SimpleNamespace(get_transport=lambda: transport)

    def connect(self) -> None:
        if not self.may_come_again:
            raise ConnectError("no route to host")
        assert not self.is_there
        self.is_there = True

    def host(self) -> Host:
        """What asks for it."""
        return cast("Host", SimpleNamespace(name=self.name, connector=self, log=lambda line: None))


@dataclass
class Fleet:
    """A replica on gpu2 behind gate1, drained and with its door closed; what opened it again."""

    connectors: dict[str, Connector]
    done: list[str] = field(default_factory=list)

    def replica(self) -> Replica:
        """With a drain that ends in an error."""
        gateway = Gateway(self.connectors["gate1"].host(), "/srv/homeport", "gateways")
        return Replica(Service(self.connectors["gpu2"].host(), "chat-2"), [gateway])

    def runs(self, host: str, what: str) -> None:
        if not self.connectors[host].is_there:
            raise CommandFailed(f"{host}: {LOST}")
        self.done.append(what)


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Fleet:
    made = Fleet({name: Connector(name) for name in ("gpu2", "gate1")})

    def fails(replica: Replica, old: Container, limit_seconds: int) -> int:
        raise CommandFailed(f"gpu2: {LOST}")

    def opens(target: Host, container: str, listens: str = "") -> None:
        if made.connectors[str(target.name)].is_there:
            made.done.append(f"door of {container} opened")

    monkeypatch.setattr(Replica, "drain", fails)
    monkeypatch.setattr(taking_away, "open_door", opens)
    monkeypatch.setattr(Gateway, "change", lambda self, mark: made.runs("gate1", mark))
    return made


def _drained(fleet: Fleet) -> str:
    with pytest.raises(Stopped) as stopped:
        taking_away.drained(fleet.replica(), OLD, 5)
    return str(stopped.value)


@pytest.mark.parametrize("lost", ["", "gpu2", "gate1"])
def test_a_replica_whose_drain_fails_is_let_in_again(fleet: Fleet, lost: str) -> None:
    if lost:
        fleet.connectors[lost].is_there = False
    said = _drained(fleet)
    assert said == (f"error: chat-2 on gpu2 could not be drained and was not touched: gpu2: {LOST}")
    assert fleet.done == ["door of id opened", "-chat-2.apply"]


def test_where_its_host_stays_lost_the_gateways_let_a_replica_in_all_the_same(fleet: Fleet) -> None:
    fleet.connectors["gpu2"] = Connector("gpu2", is_there=False, may_come_again=False)
    assert "could not be drained" in _drained(fleet)
    assert fleet.done == ["-chat-2.apply"]
