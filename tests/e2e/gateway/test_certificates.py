"""A real nginx with TLS that is given other certificates: what it serves, and what that costs."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.gateway_lab import CHAT, docker, gateway_arguments
from tests.e2e.gateway_tree import place_secret
from tests.e2e.tls_lab import NAME, TlsLab, running_tls_lab
from tests.lab.certificates import authority, authority_below, server_certificate
from tests.lab.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

LOADED_SECONDS = 10


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[TlsLab]:
    """One gateway for all tests of this file."""
    with running_tls_lab(tmp_path_factory.mktemp("tls"), nginx_image) as found:
        yield found


def served_serial(lab: TlsLab) -> str:
    """What a new connection is shown."""
    context = ssl.create_default_context(cafile=lab.authority)
    with (
        socket.create_connection(("127.0.0.1", lab.port), 5) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as connection,
    ):
        return str((connection.getpeercert() or {})["serialNumber"])


def test_a_new_certificate_is_served_after_a_reload_and_no_request_is_lost(lab: TlsLab) -> None:
    statuses: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        with lab.asking() as asking:
            while not stop.is_set():
                statuses.append(asking.post(CHAT, json={"model": "chat"}).status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        old = served_serial(lab)
        lab.issue()
        docker("kill", "--signal=HUP", f"{lab.name}-nginx")
        give_up = time.monotonic() + LOADED_SECONDS
        while served_serial(lab) == old:
            assert time.monotonic() < give_up, docker("logs", f"{lab.name}-nginx")
            time.sleep(0.1)
    stop.set()
    for thread in threads:
        thread.join()
    assert len(statuses) > 50
    assert set(statuses) == {200}


def test_a_given_chain_is_served_whole_to_whoever_trusts_its_beginning_alone(
    lab: TlsLab, tmp_path: Path
) -> None:
    (tmp_path / "below").mkdir()
    below = authority_below(tmp_path / "below", tmp_path)
    own, key = server_certificate(tmp_path / "below", NAME, ())
    trusting = replace(lab, authority=authority(tmp_path))
    secret, asked = lab.folder / "secrets" / "tls.pem", ("-servername", NAME)
    ours = secret.read_text()
    assert trusting.s_client(*asked)[0] == 1
    try:
        # As an apply joins chain and key.
        given = own.read_text() + below.read_text() + key.read_text()
        load(lab, given)
        until(lambda: trusting.s_client(*asked)[0] == 0)
        with trusting.asking() as asking:
            assert asking.post(CHAT, json={"model": "chat"}).status_code == 200
    finally:
        load(lab, ours)
        until(lambda: lab.s_client(*asked)[0] == 0)


def load(lab: TlsLab, pem: str) -> None:
    """Has nginx load another certificate; it takes a moment."""
    place_secret(lab.folder / "secrets" / "tls.pem", pem)
    docker("kill", "--signal=HUP", f"{lab.name}-nginx")


def test_a_key_that_is_not_the_certificates_is_refused_before_it_is_loaded(lab: TlsLab) -> None:
    secret = lab.folder / "secrets" / "tls.pem"
    good = secret.read_bytes()
    certificate = good[: good.index(b"-----BEGIN PRIVATE")]
    lab.issue()
    other = secret.read_bytes()
    try:
        secret.write_bytes(certificate + other[other.index(b"-----BEGIN PRIVATE") :])
        image = docker("inspect", "--format={{.Image}}", f"{lab.name}-nginx").strip()
        arguments = gateway_arguments(lab.folder, image, "-t")
        told = docker("run", "--rm", "--network=none", *arguments, expect=None)
    finally:
        secret.write_bytes(good)
    assert "key values mismatch" in told
