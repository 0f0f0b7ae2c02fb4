"""A certificate by ACME: asked for, served, left alone, and asked for anew; no reload, no restart.

One lab for all of it, and each test begins where the one before it has ended.
"""

import stat
from collections.abc import Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from deploys.certificates.entrance import client
from deploys.certificates.reading import certificate, private_key
from tests.e2e.acme_lab import NAME, OTHER, AcmeLab, running_acme_lab
from tests.e2e.gateway_lab import docker
from tests.e2e.gateway_tree import GATEWAY_UID
from tests.lab.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[AcmeLab]:
    """Pebble and a gateway without a certificate."""
    with running_acme_lab(tmp_path_factory.mktemp("acme"), nginx_image) as found:
        yield found


def answer(lab: AcmeLab) -> int:
    """The status that a client gets which trusts what Pebble issues."""
    with client(lab.way(), {}, 10) as asking:
        return asking.get("/healthz").status_code


def kept(lab: AcmeLab) -> str:
    """Certificate and key as the client left them for nginx."""
    return (lab.place / "tls.pem").read_text()


def test_nginx_starts_before_there_is_a_certificate_and_shows_none(lab: AcmeLab) -> None:
    with pytest.raises(httpx.ConnectError):
        answer(lab)
    running = docker("inspect", "--format={{.State.Running}}", f"{lab.name}-nginx")
    assert running.strip() == "true"


def test_the_first_certificate_is_served_as_soon_as_it_is_there(lab: AcmeLab) -> None:
    lab.ask(NAME)
    assert (lab.place / "tls.pem").exists(), lab.log()
    assert answer(lab) == 200
    text = kept(lab)
    assert certificate(text.encode()).names == (NAME,)
    assert isinstance(private_key(text), EllipticCurvePrivateKey)
    state = (lab.place / "tls.pem").stat()
    assert (stat.S_IMODE(state.st_mode), state.st_uid) == (0o600, GATEWAY_UID)


def test_a_fresh_certificate_is_left_alone(lab: AcmeLab) -> None:
    before = kept(lab)
    lab.ask(NAME)
    assert kept(lab) == before


def test_another_name_is_another_certificate_that_nginx_takes_up_by_itself(lab: AcmeLab) -> None:
    started = docker("inspect", "--format={{.State.StartedAt}}", f"{lab.name}-nginx")
    lab.ask(NAME, OTHER)
    assert certificate(kept(lab).encode()).names == (OTHER, NAME), lab.log()
    # ssl_certificate_cache in templates/nginx/tls.conf.j2 has nginx look again after ten seconds.
    until(lambda: serves_other(lab), every_seconds=0.5)
    assert docker("inspect", "--format={{.State.StartedAt}}", f"{lab.name}-nginx") == started


def serves_other(lab: AcmeLab) -> bool:
    """Whether the second name is in what nginx shows."""
    way = lab.way()
    with client(type(way)(way.url, OTHER, way.trust), {}, 10) as asking:
        try:
            return asking.get("/healthz").status_code == 200
        except httpx.ConnectError:
            return False


def test_another_account_is_registered_and_gets_a_certificate_of_its_own(lab: AcmeLab) -> None:
    before = kept(lab)
    lab.ask(NAME, OTHER, email="new@lab.example")
    assert kept(lab) != before, lab.log()


def test_a_server_that_does_not_answer_costs_nothing_but_another_attempt(lab: AcmeLab) -> None:
    before = kept(lab)
    lab.ask(NAME, server_port=14999)
    assert "the next attempt is in 15 minutes" in lab.log()
    assert kept(lab) == before
