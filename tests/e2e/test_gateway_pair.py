"""Two gateways that share an address: losing one costs clients the time of the change, no more.

One lab for all of it, and each test begins where the one before it has ended.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from deploys.certificates.reading import certificate
from deploys.render.image_tags import built_reference
from tests.e2e.gateway_pair import (
    GATEWAYS,
    LAB,
    NAME,
    NGINX,
    TLS,
    Asked,
    asking,
    cable_pulled,
    holders,
    wait_for_holder,
    wait_until_fit,
    words,
)
from tests.e2e.rolling_fleet import Fleet
from tests.e2e.running_fleet import running_fleet
from tests.e2e.told_command import Done
from tests.lab.host import LabHost
from tests.lab.machine import ROOT

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(900)]

# No promise, but far more than it takes: without a second gateway it would be for ever.
LONGEST_FAILOVER_SECONDS = 15
POOL = {"replicas": 2, "drain_seconds": 5}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Fleet]:
    """An engine's host and two gateways, with real engines."""
    images = {
        "llamacpp": built_reference("llamacpp", ROOT / "deploys" / "images"),
        "nginx": nginx_image,
    }
    folder = tmp_path_factory.mktemp("pair")
    with running_fleet(LAB, folder, images, gpu_hosts=1, gateways=2) as made:
        made.write("inventories/group_data/lab.py", words())
        done = made.homeport("authority", "lab")
        assert done.code == 0, done.text
        made.render("llamacpp", words=words(), **POOL)
        done = made.apply()
        assert done.code == 0, done.text
        wait_for_holder(made)
        yield made


def test_a_second_apply_changes_nothing(fleet: Fleet) -> None:
    done = fleet.homeport("apply", "lab", "--dry")
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
    fleet: Fleet,
    loss: Callable[[LabHost], AbstractContextManager[None]],
    figure: Callable[[str], None],
) -> None:
    (lost,) = holders(fleet)
    (other,) = set(GATEWAYS) - {lost}
    with asking(fleet, patience_seconds=3) as asked:
        time.sleep(1)
        began = time.monotonic()
        with loss(fleet.lab.host(lost)):
            wait_for_holder(fleet, other)
            time.sleep(2)
            failed = list(asked.failed)
            seconds = asked.lost_seconds(began)
        wait_until_fit(fleet.lab.host(lost))
    figure(
        f"one of two gateways lost, {loss.__name__}: {len(failed)} of {len(asked.began)} requests "
        f"lost, the last of them begun {seconds:.1f} s after it"
    )
    assert seconds < LONGEST_FAILOVER_SECONDS
    # It comes back and takes nothing: no second change, so no second loss.
    assert asked.failed == failed
    assert holders(fleet) == [other]
    assert asked.statuses == {200}


def shown(fleet: Fleet, name: str) -> str:
    """The serial number of the certificate that lies on a gateway."""
    pem = fleet.lab.host(name).run("cat /srv/homeport/secrets/gateway/tls.pem")
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
def updated(fleet: Fleet) -> Updated:
    """One apply for all of it: each takes a minute on a busy machine."""
    (holder,) = holders(fleet)
    (other,) = set(GATEWAYS) - {holder}
    fleet.lab.host(other).run("systemctl stop keepalived; rm /etc/keepalived/check-gateway")
    drift = fleet.homeport("drift", "lab")
    serials = {name: shown(fleet, name) for name in GATEWAYS}
    tls = {**TLS, "names": [NAME, "api.lab.example"]}
    fleet.render("llamacpp", words=words(tls=tls), batch_tokens=192, **POOL)
    with asking(fleet) as asked:
        done = fleet.apply()
    assert done.code == 0, done.text
    return Updated(drift, done, asked, serials)


def test_an_update_loses_no_request_though_it_drains_at_both_and_reloads_both(
    updated: Updated,
) -> None:
    for name in ("chat-1", "chat-2"):
        assert f"{name} on gpu1: drained at gate1, gate2" in updated.done.text
    assert (updated.asked.errors, updated.asked.statuses) == ([], {200})
    assert len(updated.asked.began) > 20


def test_a_stopped_keepalived_is_drift_that_an_apply_mends(fleet: Fleet, updated: Updated) -> None:
    assert updated.drift.code == 2
    assert "not active" in updated.drift.text
    assert "check-gateway" in updated.drift.text
    done = fleet.homeport("drift", "lab")
    assert done.code == 0, done.text


def test_other_names_are_another_certificate_at_both(fleet: Fleet, updated: Updated) -> None:
    told = f"a new certificate for {NAME}, api.lab.example: it names {NAME}"
    assert updated.done.text.count(told) == 2
    assert all(shown(fleet, name) != updated.serials[name] for name in GATEWAYS)
    mode = fleet.lab.host("gate1").run("stat -c '%a %u' /srv/homeport/secrets/gateway/tls.pem")
    assert mode == "600 10001"


def test_every_check_passes_at_both_and_a_chat_goes_to_the_shared_address(
    fleet: Fleet, updated: Updated
) -> None:
    assert updated.done.code == 0
    done = fleet.homeport("verify", "lab")
    assert done.code == 0, done.text
    assert "the certificate is good for long enough (gate2)" in done.text
    assert "every gateway could take the shared address" in done.text
    done = fleet.homeport("chat", "lab", "Hi", "--max-tokens", "4")
    assert done.code == 0, done.text
