"""Gateways as checks enter them: with which client's key, and by which address."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from checks.fleet import Fleet
from checks.probes.gateway import Gateway
from checks.tiers import Limited, Tiered
from deploys.certificates.entrance import entrance, other_entrance
from deploys.questions.canaries import Share
from deploys.render.release_gateway import GatewayRelease
from deploys.settings.client import Client, asking_key
from deploys.settings.refusal import Refused
from deploys.settings.secrets import resolve

# What is never told: the keys that this run has in hand.
SECRETS = pytest.StashKey[set[str]]()


@pytest.fixture(scope="session")
def gateway(fleet: Fleet, request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Gateway:
    """One gateway of the environment, asked as one of its clients, without limits if any is."""
    return _entered(request.param, pytestconfig, fleet)


@pytest.fixture(scope="session")
def gateways(fleet: Fleet, pytestconfig: pytest.Config) -> list[Gateway]:
    """All of them; with --gateway-url the one that is asked there."""
    names = [name for name, one in fleet.committed.items() if one.release.gateway is not None]
    wanted = names[:1] if pytestconfig.getoption("--gateway-url") else names
    return [_entered(name, pytestconfig, fleet) for name in wanted]


@pytest.fixture(scope="session")
def shares(fleet: Fleet, gateway: Gateway) -> Mapping[str, Share]:
    """The shares of candidates at one gateway whose commit has some, by pool."""
    found = fleet.live(gateway.host).canaries
    if not found:
        pytest.skip("no candidate has a share")
    return found


@pytest.fixture(scope="session")
def limited(fleet: Fleet, request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Limited:
    """One tier of a gateway, asked as one of its clients."""
    tiered: Tiered = request.param
    client = _gateway_of(fleet, tiered.host).clients[tiered.client]
    try:
        way_in = _asked_as({tiered.client: client}, tiered.host, pytestconfig, fleet)
    except Refused as refused:
        # Whoever checks need not have every client's key.
        pytest.skip(f"tier {tiered.name} needs the key of {tiered.client}: {refused}")
    return Limited(tiered, way_in)


def _gateway_of(fleet: Fleet, host: str) -> GatewayRelease:
    released = fleet.committed[host].release.gateway
    if released is None:
        raise ValueError(f"{host} is no gateway")
    return released


def _entered(host: str, config: pytest.Config, fleet: Fleet) -> Gateway:
    try:
        return _asked_as(_gateway_of(fleet, host).clients, host, config, fleet)
    except Refused as refused:
        pytest.fail(str(refused), pytrace=False)


def _asked_as(
    clients: Mapping[str, Client], host: str, config: pytest.Config, fleet: Fleet
) -> Gateway:
    """The way into a gateway with a key of one of these clients; raises Refused."""
    released = _gateway_of(fleet, host)
    key = resolve(asking_key(clients, datetime.now(UTC)), fleet.root)
    config.stash[SECRETS].add(key.reveal())
    url = config.getoption("--gateway-url")
    way = (
        other_entrance(url, released.tls, fleet.root)
        if url
        else entrance(released.listen, released.tls, fleet.root)
    )
    return Gateway(host, way, key)
