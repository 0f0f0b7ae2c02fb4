"""What checks receive about engines; each host is asked once."""

import functools
from collections.abc import Callable, Mapping

import pytest

from checks.causes import Causes
from checks.committed import Replica
from checks.fleet import Fleet
from checks.probes import engines
from checks.probes.engine_logs.reported import Reported
from checks.probes.engine_starts import starts
from checks.probes.engines import EngineAnswer
from checks.verdict import fail
from deploys.render.release import PlannedReplica

_BRING_BACK = (
    "its engine cannot be asked",
    "homeport apply brings it back; `docker logs` of its container says why it ended",
)


@pytest.fixture(scope="session")
def ask_engines(fleet: Fleet) -> Callable[[str], Mapping[str, EngineAnswer]]:
    """Host -> what each of its engines said, by replica; each host is asked once."""

    @functools.cache
    def ask(host: str) -> Mapping[str, EngineAnswer]:
        committed, live = fleet.committed[host], fleet.live(host)
        return engines.ask(committed.host, live.engines(committed.release).values())

    return ask


@pytest.fixture(scope="session")
def ask_starts(fleet: Fleet) -> Callable[[str], Mapping[str, Reported]]:
    """Host -> what each of its engines said when it started, by replica; asked once."""

    @functools.cache
    def ask(host: str) -> Mapping[str, Reported]:
        committed = fleet.committed[host]
        release = committed.release
        return starts(committed.host, fleet.live(host).engines(release), release.replicas)

    return ask


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
