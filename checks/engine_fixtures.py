"""What checks receive about engines; each host is asked once, all at a time."""

import functools
from collections.abc import Callable, Mapping
from typing import TypeVar

import pytest

from checks.causes import Causes
from checks.committed import Committed, Replica
from checks.fleet import Fleet
from checks.probes import engines
from checks.probes.engine_logs.reported import Reported
from checks.probes.engine_starts import starts
from checks.probes.engines import EngineAnswer
from checks.probes.host import Unreachable, ask_all
from checks.verdict import fail
from deploys.render.release import PlannedReplica

Answer = TypeVar("Answer")

_BRING_BACK = (
    "its engine cannot be asked",
    "homeport apply brings it back; `docker logs` of its container says why it ended",
)


@pytest.fixture(scope="session")
def ask_engines(fleet: Fleet) -> Callable[[str], Mapping[str, EngineAnswer]]:
    """Host -> what each of its engines said, by replica."""

    def ask(committed: Committed) -> Mapping[str, EngineAnswer]:
        live = fleet.live(committed.host.name)
        return engines.ask(committed.host, live.engines(committed.release).values())

    return of_all_hosts(fleet, ask)


@pytest.fixture(scope="session")
def ask_starts(fleet: Fleet) -> Callable[[str], Mapping[str, Reported]]:
    """Host -> what each of its engines said when it started, by replica."""

    def ask(committed: Committed) -> Mapping[str, Reported]:
        release = committed.release
        running = fleet.live(committed.host.name).engines(release)
        return starts(committed.host, running, release.replicas)

    return of_all_hosts(fleet, ask)


def of_all_hosts(fleet: Fleet, ask: Callable[[Committed], Answer]) -> Callable[[str], Answer]:
    """Host -> its answer, or its Unreachable raised.

    Whichever is wanted first has all of them asked at the same time: one after the other, a fleet
    would take as long as all its engines together.
    """

    @functools.cache
    def answers() -> Mapping[str, Answer | Unreachable]:
        wanted = [
            committed.host
            for name, committed in fleet.committed.items()
            if committed.replicas and not isinstance(fleet.seen[name], Unreachable)
        ]
        return ask_all(wanted, lambda host: ask(fleet.committed[host.name]))

    def answer(host: str) -> Answer:
        fleet.live(host)
        found = answers()[host]
        if isinstance(found, Unreachable):
            raise found
        return found

    return answer


@pytest.fixture
def planned(replica: Replica, fleet: Fleet) -> PlannedReplica:
    """What the plan expects of one replica."""
    release = fleet.committed[replica.host].release
    found = next((one for one in release.replicas if one.name == replica.name), None)
    if found is None:
        fail(
            f"{replica.name}: release.yaml says nothing of its memory", "homeport render writes it"
        )
    return found


@pytest.fixture
def bounded(planned: PlannedReplica) -> PlannedReplica:
    """The plan of a replica that has a bound for its speed."""
    return planned


@pytest.fixture
def engine_start(replica: Replica, ask_starts: Callable[[str], Mapping[str, Reported]]) -> Reported:
    """What the engine of one replica said when it started."""
    found = ask_starts(replica.host).get(replica.name)
    if found is None:
        fail(f"{replica.name} on {replica.host} is not running: {_BRING_BACK[0]}", _BRING_BACK[1])
    return found


@pytest.fixture
def engine_answer(
    replica: Replica, ask_engines: Callable[[str], Mapping[str, EngineAnswer]]
) -> EngineAnswer:
    """What the engine of one replica said."""
    answer = ask_engines(replica.host).get(replica.name)
    if answer is None:
        fail(f"{replica.name} on {replica.host} is not running: {_BRING_BACK[0]}", _BRING_BACK[1])
    return answer


@pytest.fixture
def engine_causes(replica: Replica, fleet: Fleet, causes: Causes) -> Callable[[], list[str]]:
    """Asks the log of one replica why it does not answer."""
    release = fleet.committed[replica.host].release
    container = fleet.live(replica.host).engines(release).get(replica.name)
    return lambda: causes(replica.host, [container])
