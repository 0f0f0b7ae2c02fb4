"""Two gateways that share an address: losing one costs clients the time of the change, no more.

One lab for all of it, and each test begins where the one before it has ended.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from deploys.certificates.reading import certificate
from tests.e2e.new_clients import Asked, asking
from tests.e2e.pair.gateway_pair import (
    GATEWAYS,
    NAME,
    NGINX,
    POOL,
    TLS,
    cable_pulled,
    holders,
    wait_for_holder,
    wait_until_fit,
    way,
    words,
)
from tests.e2e.rolling_fleet import Fleet
from tests.e2e.told_command import Done
from tests.lab.host import LabHost

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(900)]

# No promise, but far more than it takes: without a second gateway it would be for ever.
LONGEST_FAILOVER_SECONDS = 15


def test_a_second_apply_changes_nothing(pair: Fleet) -> None:
    done = pair.homeport("apply", "lab", "--dry")
    assert done.code == 0, done.text


@contextmanager
def nginx_dies(host: LabHost) -> Iterator[None]:
    """Docker does not start again what was killed through it."""
    host.run(f"docker kill {NGINX}")
    yield
    host.run(f"docker start {NGINX}")


@contextmanager
def power_is_cut(host: LabHost) -> Iterator[None]:
    host.pull_the_plug()
    yield
    host.start()


@pytest.mark.parametrize("loss", [nginx_dies, power_is_cut, cable_pulled])
def test_losing_a_gateway_loses_no_new_request_beyond_the_change(
    pair: Fleet,
    loss: Callable[[LabHost], AbstractContextManager[None]],
    figure: Callable[[str], None],
) -> None:
    (lost,) = holders(pair)
    (other,) = set(GATEWAYS) - {lost}
    with asking(way(pair), patience_seconds=3) as asked:
        time.sleep(1)
        began = time.monotonic()
        with loss(pair.lab.host(lost)):
            wait_for_holder(pair, other)
            time.sleep(2)
            failed = list(asked.failed)
            seconds = asked.lost_seconds(began)
        wait_until_fit(pair.lab.host(lost))
    figure(
        f"one of two gateways lost, {loss.__name__}: {len(failed)} of {len(asked.began)} requests "
        f"lost, the last of them begun {seconds:.1f} s after it"
    )
    assert seconds < LONGEST_FAILOVER_SECONDS
    # It comes back and takes nothing: no second change, so no second loss.
    assert asked.failed == failed
    assert holders(pair) == [other]
    assert asked.statuses == {200}


def shown(pair: Fleet, name: str) -> str:
    """The serial number of the certificate that lies on a gateway."""
    pem = pair.lab.host(name).run("cat /srv/homeport/secrets/gateway/tls.pem")
    return str(certificate(pem.encode()).parsed.serial_number)


@dataclass(frozen=True)
class Updated:
    """What was broken and changed, what an apply said to it, and what clients met meanwhile."""

    drift: Done
    done: Done
    asked: Asked
    serials: Mapping[str, str]
    """Of the certificates before."""


@pytest.fixture(scope="module")
def updated(pair: Fleet) -> Updated:
    """One apply for all of it: each takes a minute on a busy machine."""
    (holder,) = holders(pair)
    (other,) = set(GATEWAYS) - {holder}
    pair.lab.host(other).run("systemctl stop keepalived; rm /etc/keepalived/check-gateway")
    drift = pair.homeport("drift", "lab")
    serials = {name: shown(pair, name) for name in GATEWAYS}
    tls = {**TLS, "names": [NAME, "api.lab.example"]}
    pair.render("llamacpp", words=words(tls=tls), batch_tokens=192, **POOL)
    with asking(way(pair)) as asked:
        done = pair.apply()
    assert done.code == 0, done.text
    return Updated(drift, done, asked, serials)


def test_an_update_loses_no_request_though_it_drains_at_both_and_reloads_both(
    updated: Updated,
) -> None:
    for name in ("chat-1", "chat-2"):
        assert f"{name} on gpu1: drained at gate1, gate2" in updated.done.text
    assert (updated.asked.errors, updated.asked.statuses) == ([], {200})
    assert len(updated.asked.began) > 20


def test_a_stopped_keepalived_is_drift_that_an_apply_mends(pair: Fleet, updated: Updated) -> None:
    assert updated.drift.code == 2
    assert "not active" in updated.drift.text
    assert "check-gateway" in updated.drift.text
    done = pair.homeport("drift", "lab")
    assert done.code == 0, done.text


def test_other_names_are_another_certificate_at_both(pair: Fleet, updated: Updated) -> None:
    told = f"a new certificate for {NAME}, api.lab.example: it names {NAME}"
    assert updated.done.text.count(told) == 2
    assert all(shown(pair, name) != updated.serials[name] for name in GATEWAYS)
    mode = pair.lab.host("gate1").run("stat -c '%a %u' /srv/homeport/secrets/gateway/tls.pem")
    assert mode == "600 10001"


def test_every_check_passes_at_both_and_a_chat_goes_to_the_shared_address(
    pair: Fleet, updated: Updated
) -> None:
    assert updated.done.code == 0
    done = pair.homeport("verify", "lab")
    assert done.code == 0, done.text
    assert "the certificate is good for long enough (gate2)" in done.text
    assert "every gateway could take the shared address" in done.text
    done = pair.homeport("chat", "lab", "Hi", "--max-tokens", "4")
    assert done.code == 0, done.text
