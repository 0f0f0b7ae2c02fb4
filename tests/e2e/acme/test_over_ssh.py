"""A certificate by ACME through whole applies over SSH: without one, with one, an old one, others.

One lab for all of it, and each test begins where the one before it has ended.
"""

from collections.abc import Iterator

import pytest

from deploys.certificates.entrance import client
from deploys.certificates.reading import Certificate, now
from deploys.cli.exit_codes import ExitCode
from tests.e2e.acme.acme_fleet import (
    ANSWERS,
    CLIENT,
    COUNTERS,
    NAMES,
    NGINX,
    AcmeFleet,
    running_acme_fleet,
)
from tests.e2e.new_clients import CHAT, HEADERS, asking, chat
from tests.lab.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(900)]

FIRST, SECOND, THIRD = NAMES


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[AcmeFleet]:
    """Pebble and two hosts that nothing was applied to."""
    with running_acme_fleet(tmp_path_factory.mktemp("acme"), nginx_image) as found:
        yield found


def apply(acme: AcmeFleet, *, expect: int = 0) -> str:
    """`homeport apply`, the checks included."""
    done = acme.fleet.homeport("apply", "lab")
    assert done.code == expect, done.text
    return done.text


def test_without_a_first_certificate_an_apply_fails_and_says_why(acme: AcmeFleet) -> None:
    with acme.server_down():
        told = apply(acme, expect=ExitCode.OPERATION_FAILED)
    assert "connection refused" in told
    assert "the next attempt is in 15 minutes" in told


def test_the_next_apply_gets_one_and_every_check_passes(acme: AcmeFleet) -> None:
    told = apply(acme)
    assert "the certificate is good for long enough (gate1)" in told
    found = acme.served()
    assert found.names == (FIRST,)
    assert "Pebble" in found.parsed.issuer.rfc4514_string()
    with client(acme.way(), HEADERS, 30) as one:
        assert chat(one).status_code == 200


def test_what_the_gateway_writes_down_has_its_places_on_the_host(acme: AcmeFleet) -> None:
    with client(acme.way(), HEADERS, 30) as one:
        told = [chat(one, temperature=0, seed=1).headers["x-homeport-cache"] for _ in range(2)]
    assert told == ["miss", "hit"]
    assert (
        acme.gateway.run(f"stat -c '%a %u' {ANSWERS} {COUNTERS}").split("\n") == ["700 10001"] * 2
    )
    until(lambda: acme.gateway.run(f"find {COUNTERS} -type f -size +0"))


def test_a_second_apply_changes_nothing_and_nothing_is_drift(acme: AcmeFleet) -> None:
    def state() -> tuple[int, str, str]:
        serial = acme.served().parsed.serial_number
        return serial, acme.container(CLIENT), acme.container(NGINX)

    before = state()
    done = acme.fleet.homeport("apply", "lab", "--dry")
    assert done.code == 0, done.text
    apply(acme)
    assert state() == before
    done = acme.fleet.homeport("drift", "lab")
    assert done.code == 0, done.text


def test_an_old_certificate_fails_verify_and_is_renewed_without_losing_a_connection(
    acme: AcmeFleet,
) -> None:
    acme.age(days_left=5)
    acme.until_shown(lambda found: found.days_left(now()) < 6)
    done = acme.fleet.homeport("verify", "lab")
    assert done.code == ExitCode.VERIFICATION_FAILED, done.text
    assert "in 5.0 days" in done.text
    assert "`docker logs` of the gateway's `acme` container" in done.text
    loaded, running = acme.fleet.revision(), acme.container(NGINX)
    ports = set()
    with asking(acme.way()) as asked, client(acme.way(), HEADERS, 30) as one:

        def is_renewed(found: Certificate) -> bool:
            # As long as this is the same, so is the connection.
            answer = chat(one)
            assert answer.status_code == 200
            ports.add(answer.extensions["network_stream"].get_extra_info("client_addr"))
            return found.days_left(now()) > 80

        assert not is_renewed(acme.served())
        # Pebble has not issued this one and refuses to replace it; then it is not asked to.
        for _ in range(2):
            acme.end_pause()
        acme.until_shown(is_renewed)
    assert len(ports) == 1
    assert (asked.errors, asked.statuses) == ([], {200})
    assert "Pebble" in acme.served().parsed.issuer.rfc4514_string()
    # nginx was told nothing.
    assert (acme.fleet.revision(), acme.container(NGINX)) == (loaded, running)


def test_while_the_server_is_down_the_old_certificate_goes_on_and_verify_says_what_it_lacks(
    acme: AcmeFleet,
) -> None:
    before = acme.served()
    acme.commit(FIRST, SECOND)
    with acme.server_down(), asking(acme.way()) as asked:
        told = apply(acme, expect=ExitCode.VERIFICATION_FAILED)
        assert acme.served().parsed == before.parsed
    assert "the certificate is not for" in told
    assert "the next attempt is in 15 minutes" in acme.gateway.run(f"docker logs {CLIENT} 2>&1")
    assert (asked.errors, asked.statuses) == ([], {200})
    # Nobody has to apply anything for it.
    acme.end_pause()
    acme.until_shown(lambda found: found.covers(SECOND))


def test_an_apply_with_another_name_ends_once_its_certificate_is_served(acme: AcmeFleet) -> None:
    acme.commit(*NAMES)
    with asking(acme.way()) as asked:
        apply(acme)
    assert acme.served().names == tuple(sorted(NAMES))
    with client(acme.way(THIRD), HEADERS, 30) as one:
        assert chat(one).status_code == 200
    assert (asked.errors, asked.statuses) == ([], {200})


def test_an_apply_does_without_the_script_module_and_every_check_passes(acme: AcmeFleet) -> None:
    acme.commit(*NAMES, njs=False)
    apply(acme)
    with client(acme.way(), HEADERS, 30) as one:
        assert chat(one).status_code == 200
        assert one.post("/pools/chat/v1/chat/completions", json=CHAT).status_code == 200
    assert acme.gateway.run(f"ls -d {ANSWERS}", check=False) == ""
    for verb in (("apply", "lab", "--dry"), ("drift", "lab")):
        done = acme.fleet.homeport(*verb)
        assert done.code == 0, done.text
