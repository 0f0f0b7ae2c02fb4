"""pytest's way in: which environment, which hosts, and what the checks receive."""

import functools
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from checks.committed import Committed, Replica, read_committed
from checks.probes import engines
from checks.probes.engine_logs.reported import Reported
from checks.probes.engine_starts import starts
from checks.probes.engines import EngineAnswer
from checks.probes.gateway import Gateway
from checks.probes.host import Unreachable
from checks.probes.live import Live, observe_all
from checks.results import Results, tell_plainly
from checks.verdict import fail
from deploys.certificates.entrance import entrance, other_entrance
from deploys.render.release import PlannedReplica
from deploys.settings.inventory import UnknownEnvironment
from deploys.settings.refusal import Refused
from deploys.settings.secrets import resolve

MakesReport = Generator[None, pytest.TestReport, pytest.TestReport]

_BRING_BACK = (
    "its engine cannot be asked",
    "homeport apply brings it back; `docker logs` of its container says why it ended",
)
_COMMITTED = pytest.StashKey[tuple[Committed, ...]]()


@dataclass(frozen=True)
class Fleet:
    """Every host of the environment: the commit, and what was seen."""

    root: Path
    committed: Mapping[str, Committed]
    seen: Mapping[str, Live | Unreachable]

    def live(self, host: str) -> Live:
        """What was seen of one host; raises its Unreachable."""
        found = self.seen[host]
        if isinstance(found, Unreachable):
            raise found
        return found

    @property
    def replicas(self) -> list[Replica]:
        """Every engine container that the commit asks for, on any host."""
        return [replica for one in self.committed.values() for replica in one.replicas]


@dataclass(frozen=True)
class Deployed:
    """One host: what should be there and what is."""

    committed: Committed
    live: Live


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which environment is asked, and from where."""
    group = parser.getgroup("homeport")
    root = Path(__file__).resolve().parent.parent
    group.addoption("--environment", help="name of a file in inventories/; required")
    group.addoption("--gateway-url", help="SCHEME://HOST:PORT; default: from the release manifest")
    group.addoption("--root", type=Path, default=root, help="the checkout; default: this one")
    group.addoption("--results", type=Path, help="write one JSON line per check to this file")


def pytest_configure(config: pytest.Config) -> None:
    """Reads the commit before anything is collected: bad input ends the run at once."""
    config.addinivalue_line("python_files", "check_*.py")
    config.addinivalue_line("python_functions", "check_")
    if config.getoption("--help"):
        return
    environment = config.getoption("--environment")
    if not environment:
        raise pytest.UsageError("--environment=NAME is required: a file in inventories/")
    try:
        config.stash[_COMMITTED] = read_committed(config.getoption("--root").resolve(), environment)
    except (Refused, UnknownEnvironment) as refused:
        raise pytest.UsageError(str(refused)) from None
    if config.getoption("--results"):
        config.pluginmanager.register(Results(config.getoption("--results")))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One check per host, per replica or per gateway, by what it asks for."""
    committed = metafunc.config.stash[_COMMITTED]
    names = {
        "deployed": [one.host.name for one in committed],
        "gateway": [
            one.host.name
            for one in committed
            if (released := one.release.gateway) is not None
            and (released.tls is not None or "tls" not in metafunc.fixturenames)
        ],
        "shared_address": sorted(
            {one.release.gateway.shared for one in committed if one.release.gateway} - {""}
        ),
    }
    for fixture, hosts in names.items():
        if fixture in metafunc.fixturenames:
            direct = fixture != "shared_address"
            metafunc.parametrize(fixture, hosts, indirect=direct, scope="session")
    if "replica" in metafunc.fixturenames:
        replicas = [replica for one in committed for replica in one.replicas]
        if "bounded" in metafunc.fixturenames:
            replicas = [replica for replica in replicas if _has_bound(replica, committed)]
        names_of = [f"{replica.host}-{replica.name}" for replica in replicas]
        metafunc.parametrize("replica", replicas, ids=names_of, scope="session")


def _has_bound(replica: Replica, committed: Iterable[Committed]) -> bool:
    """Whether the plan knows how fast a replica can be at most."""
    return any(
        one.host.name == replica.host and planned.name == replica.name and planned.speed is not None
        for one in committed
        for planned in one.release.replicas
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A check that concerns nothing of the environment is left out, not skipped."""
    reasons = ("got empty parameter set",)
    items[:] = [
        item
        for item in items
        if not any(
            str(mark.kwargs.get("reason", "")).startswith(reasons)
            for mark in item.iter_markers("skip")
        )
    ]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> MakesReport:
    """A host or gateway that gives no answer is told in words, not in a traceback."""
    report = yield
    return tell_plainly(report, call)


@pytest.fixture(scope="session")
def fleet(pytestconfig: pytest.Config) -> Fleet:
    """Every host is asked once, all at the same time."""
    committed = pytestconfig.stash[_COMMITTED]
    root = pytestconfig.getoption("--root").resolve()
    by_name = {one.host.name: one for one in committed}
    return Fleet(root, by_name, observe_all(committed, root))


@pytest.fixture(scope="session")
def deployed(fleet: Fleet, request: pytest.FixtureRequest) -> Deployed:
    """One host of the environment."""
    return Deployed(fleet.committed[request.param], fleet.live(request.param))


@pytest.fixture(scope="session")
def gateway(fleet: Fleet, request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Gateway:
    """One gateway of the environment, asked as its first client."""
    released = fleet.committed[request.param].release.gateway
    if released is None:
        raise ValueError(f"{request.param} is no gateway")
    reference = next(iter(released.clients.values())).key
    try:
        key = resolve(reference, fleet.root)
    except Refused as refused:
        pytest.fail(str(refused), pytrace=False)
    url = pytestconfig.getoption("--gateway-url")
    way = (
        other_entrance(url, released.tls, fleet.root)
        if url
        else entrance(released.listen, released.tls, fleet.root)
    )
    return Gateway(request.param, way, key)


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
