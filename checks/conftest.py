"""pytest's way in: which environment, which hosts, and what the checks receive."""

from collections.abc import Generator, Mapping
from pathlib import Path

import pytest

from checks import (
    causes,
    concerned,
    engine_fixtures,
    gateway_fixtures,
    gpu_fixtures,
    retrieval_fixtures,
)
from checks.committed import Committed, read_committed
from checks.fleet import Deployed, Fleet
from checks.gateway_fixtures import SECRETS
from checks.probes.live import observe_all
from checks.results import HOST, Results, hide_secrets, tell_plainly
from checks.tiers import tiers
from deploys.settings.client import Client
from deploys.settings.inventory import UnknownEnvironment
from deploys.settings.refusal import Refused

MakesReport = Generator[None, pytest.TestReport, pytest.TestReport]

_COMMITTED = pytest.StashKey[tuple[Committed, ...]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which environment is asked, and from where."""
    group = parser.getgroup("homeport")
    root = Path(__file__).resolve().parent.parent
    group.addoption("--environment", help="name of a file in inventories/; required")
    group.addoption("--gateway-url", help="SCHEME://HOST:PORT; default: from the release manifest")
    group.addoption("--root", type=Path, default=root, help="the checkout; default: this one")
    group.addoption(
        "--disruptive", action="store_true", help="also checks that keep clients from their answers"
    )
    group.addoption("--results", type=Path, help="write one JSON line per check to this file")


def pytest_configure(config: pytest.Config) -> None:
    """Reads the commit before anything is collected: bad input ends the run at once."""
    config.addinivalue_line("python_files", "check_*.py")
    config.addinivalue_line("python_functions", "check_")
    config.pluginmanager.register(causes)
    config.pluginmanager.register(engine_fixtures)
    config.pluginmanager.register(gateway_fixtures)
    config.pluginmanager.register(gpu_fixtures)
    config.pluginmanager.register(retrieval_fixtures)
    config.stash[SECRETS] = set()
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
    committed, asked = metafunc.config.stash[_COMMITTED], metafunc.fixturenames
    mark = metafunc.definition.get_closest_marker("serving")
    kinds = mark.args if mark is not None else ()
    for fixture, hosts in concerned.hosts(committed, asked, kinds).items():
        metafunc.parametrize(fixture, hosts, indirect=True, scope="session")
    if "shared_address" in asked:
        addresses = concerned.shared_addresses(committed)
        metafunc.parametrize("shared_address", addresses, scope="session")
    if "pool" in asked:
        pools = sorted({replica.pool for one in committed for replica in one.replicas})
        metafunc.parametrize("pool", pools)
    if "replica" in asked:
        replicas = concerned.replicas(committed, bounded="bounded" in asked)
        names = [f"{replica.host}-{replica.name}" for replica in replicas]
        metafunc.parametrize("replica", replicas, ids=names, scope="session")
    if "limited" in asked:
        found = tiers(committed)
        names = [f"{tier.host}-{tier.name}" for tier in found]
        metafunc.parametrize("limited", found, ids=names, indirect=True, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A check that concerns nothing of the environment is left out, not skipped.

    So is one that would disturb clients, unless it was asked for: such come at the end, and last
    who breaks something. That is after pytest has put those of one gateway together.
    """
    items.sort(key=_disruption)
    if not config.getoption("--disruptive"):
        items[:] = [item for item in items if item.get_closest_marker("disruptive") is None]
    reasons = ("got empty parameter set",)
    items[:] = [
        item
        for item in items
        if not any(
            str(mark.kwargs.get("reason", "")).startswith(reasons)
            for mark in item.iter_markers("skip")
        )
    ]


def _disruption(item: pytest.Item) -> int:
    mark = item.get_closest_marker("disruptive")
    return 0 if mark is None else 2 if mark.kwargs.get("last") else 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> MakesReport:
    """A host or gateway that gives no answer is told in words, not in a traceback; no secret is."""
    report = tell_plainly((yield), call)
    secrets = item.config.stash[SECRETS]
    hide_secrets(report, secrets)
    parameters = getattr(item, "callspec", None)
    host = concerned.host_of(parameters.params) if parameters is not None else ""
    report.user_properties += [(HOST, host)] if host else []
    return report


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
def monitor(fleet: Fleet, request: pytest.FixtureRequest) -> Deployed:
    """One host that watches the fleet."""
    return Deployed(fleet.committed[request.param], fleet.live(request.param))


@pytest.fixture(scope="session")
def watched(fleet: Fleet, request: pytest.FixtureRequest) -> Deployed:
    """One host that the commit has watched."""
    return Deployed(fleet.committed[request.param], fleet.live(request.param))


@pytest.fixture(scope="session")
def kept(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Committed:
    """The commit of one gateway's host; nothing is asked of it."""
    found = pytestconfig.stash[_COMMITTED]
    return next(one for one in found if one.host.name == request.param)


@pytest.fixture(scope="session")
def cloudy(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Committed:
    """The same of a gateway that has a way to the cloud."""
    found = pytestconfig.stash[_COMMITTED]
    return next(one for one in found if one.host.name == request.param)


@pytest.fixture(scope="session")
def clients(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Mapping[str, Client]:
    """The clients of one gateway of the environment, by name."""
    committed = {one.host.name: one for one in pytestconfig.stash[_COMMITTED]}
    released = committed[request.param].release.gateway
    return released.clients if released is not None else {}
