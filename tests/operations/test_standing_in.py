"""When a stand-in serves, for how long, and what is left of it when something fails."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from deploys.operations import replacing, standing_in, taking_away
from deploys.operations.gateways import Gateway
from deploys.operations.other_host import CommandFailed
from deploys.operations.replica_turn import NothingServes, Replica, Stopped
from deploys.render.release import ReplicaRollout, StandIn

ADDRESS = "10.0.0.2:9501"
WORDS = ReplicaRollout(
    name="chat-1",
    pool="chat",
    model="chat",
    strategy="surge",
    reason="",
    drain_seconds=5,
    steady_seconds=0,
    stand_in=StandIn(service="chat-1-surge", endpoint=ADDRESS),
)


@dataclass
class Fleet:
    """One gateway and one replica, and what was done to them in turn."""

    known: dict[str, str] = field(default_factory=lambda: {"chat-1-surge": ADDRESS})
    marked: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=lambda: {"chat-1"})
    is_right: bool = True
    done: list[str] = field(default_factory=list)

    @property
    def host(self) -> SimpleNamespace:
        return SimpleNamespace(name="gate1", log=lambda line: None)

    def marks(self) -> dict[str, str]:
        return dict.fromkeys(self.marked, "")

    def stand_ins(self) -> dict[str, str]:
        return self.known

    def change(self, *marks: str, surely: bool = False) -> None:
        for mark in marks:
            before = set(self.marked)
            (self.marked.add if mark[0] == "+" else self.marked.discard)(mark[1:])
            if before != self.marked or surely:
                self.done.append(mark)

    def prove(self, service: replacing.Service, *_: object) -> None:
        if service.name == "chat-1-surge" and not self.is_right:
            raise CommandFailed("progress\nerror: it never became healthy")

    def brought(self, service: replacing.Service, *_: object) -> str:
        self.running.add(service.name)
        self.done.append(f"start {service.name}")
        return "id"

    def removed(self, service: replacing.Service) -> bool:
        self.running.discard(service.name)
        self.done.append(f"remove {service.name}")
        return True

    def container_of(self, service: replacing.Service) -> replacing.Container | None:
        there = service.name in self.running
        return replacing.Container("id", "config", ()) if there else None


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """The fleet, in place of all that would ask or change a host."""
    made = Fleet()
    for name in ("prove", "brought", "removed", "container_of"):
        monkeypatch.setattr(replacing, name, getattr(made, name))
    monkeypatch.setattr(replacing.Service, "new_file", "compose.yaml")
    monkeypatch.setattr(replacing.Service, "log", "/failed.log")
    monkeypatch.setattr(standing_in, "open_door", lambda *_: None)
    monkeypatch.setattr(standing_in, "log_and_causes", lambda *_: "its log: it\ncause: that")

    def drained(replica: Replica, *_: object) -> int:
        made.change(replica.out)
        return 0

    monkeypatch.setattr(taking_away, "drained", drained)
    return made


def _replica(fleet: Fleet) -> Replica:
    gateways: list[Gateway] = [fleet]  # type: ignore[list-item]
    return Replica(replacing.Service(fleet.host, "chat-1"), gateways)  # type: ignore[arg-type]


def _replaced(fleet: Fleet, words: ReplicaRollout = WORDS, ends: Exception | None = None) -> None:
    with standing_in.standing_in(_replica(fleet), words):
        fleet.done.append("replace")
        if ends is not None:
            raise ends


WHOLE = [
    "start chat-1-surge", "+chat-1-surge.serves", "replace", "-chat-1-surge.serves",
    "remove chat-1-surge",
]  # fmt: skip


def test_a_stand_in_serves_from_before_the_replacement_until_after_it(fleet: Fleet) -> None:
    _replaced(fleet)
    assert fleet.done == WHOLE


def test_where_the_old_one_is_back_the_stand_in_goes_too(fleet: Fleet) -> None:
    with pytest.raises(Stopped):
        _replaced(fleet, ends=Stopped("it went back"))
    assert fleet.done == WHOLE


def test_where_nothing_serves_in_its_place_the_stand_in_goes_on(fleet: Fleet) -> None:
    with pytest.raises(NothingServes):
        _replaced(fleet, ends=NothingServes("the old one does not serve either"))
    assert fleet.done == WHOLE[:3]
    assert fleet.marked == {"chat-1-surge.serves"}


def test_a_stand_in_that_is_not_right_is_removed_before_anything_is_drained(fleet: Fleet) -> None:
    fleet.is_right = False
    with pytest.raises(Stopped) as stopped:
        _replaced(fleet)
    assert fleet.done == ["start chat-1-surge", "remove chat-1-surge"]
    assert str(stopped.value).startswith(
        "error: chat-1-surge on gate1: it never became healthy; chat-1 was never drained"
    )
    assert str(stopped.value).splitlines()[1:3] == ["its log: it", "cause: that"]


def test_a_stand_in_that_was_left_serving_goes_on_and_is_loaded_for_certain(fleet: Fleet) -> None:
    fleet.marked.add("chat-1-surge.serves")
    fleet.running.add("chat-1-surge")
    _replaced(fleet)
    assert fleet.done == WHOLE[1:]


def test_a_left_one_goes_on_even_where_the_new_release_has_none(fleet: Fleet) -> None:
    fleet.marked |= {"chat-1-surge.serves", "chat-1.apply"}
    fleet.running.add("chat-1-surge")
    _replaced(fleet, WORDS.model_copy(update={"strategy": "swap", "stand_in": None}))
    assert fleet.done == WHOLE[1:]


def test_a_left_one_that_is_not_right_gives_way_and_its_replica_is_restored(fleet: Fleet) -> None:
    fleet.marked |= {"chat-1-surge.serves", "chat-1.apply"}
    fleet.running.add("chat-1-surge")
    fleet.is_right = False
    with pytest.raises(Stopped):
        _replaced(fleet)
    assert fleet.done[:2] == ["-chat-1.apply", "-chat-1-surge.serves"]
    assert fleet.marked == set()


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"known": {}}, id="a gateway does not know it"),
        pytest.param({"known": {"chat-1-surge": "10.0.0.2:9999"}}, id="or at another address"),
        pytest.param({"marked": {"chat-1.operator"}}, id="an operator wants no requests there"),
    ],
)
def test_without_a_way_to_the_stand_in_the_replica_is_replaced_without_it(
    fleet: Fleet, changed: dict[str, object]
) -> None:
    for name, value in changed.items():
        setattr(fleet, name, value)
    _replaced(fleet)
    assert fleet.done == ["replace"]


def test_on_the_gateways_own_host_a_stand_in_is_known_by_its_name(fleet: Fleet) -> None:
    fleet.known = {"chat-1-surge": "chat-1-surge:8080"}
    _replaced(
        fleet, WORDS.model_copy(update={"stand_in": StandIn(service="chat-1-surge", endpoint="")})
    )
    assert fleet.done == WHOLE
