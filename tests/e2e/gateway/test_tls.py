"""A real nginx with TLS: who gets in, by which protocol."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from deploys.certificates.entrance import client
from deploys.render.nginx_tls import CIPHERS
from tests.e2e.checked_gateway import TIER, a_stricter_one_is_found, commit, limits_bite
from tests.e2e.gateway_lab import CHAT, docker, said
from tests.e2e.gateway_tree import KEY
from tests.e2e.tls_lab import (
    CLIENTS,
    NAME,
    NAMES,
    OTHER,
    SETTINGS,
    TLS,
    TlsLab,
    running_tls_lab,
)
from tests.lab import plain_http

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

# What openssl offers and Mozilla's intermediate profile does not: CBC, no forward secrecy.
WEAK = ("ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-CCM",
        "ECDHE-ECDSA-CAMELLIA128-SHA256", "ECDHE-ECDSA-ARIA128-GCM-SHA256")  # fmt: skip


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[TlsLab]:
    """One gateway for all tests of this file."""
    with running_tls_lab(tmp_path_factory.mktemp("tls"), nginx_image) as found:
        yield found


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_served_to_whoever_trusts_the_authority(lab: TlsLab, name: str) -> None:
    with lab.asking(name) as asking:
        answer = asking.post(CHAT, json={"model": "chat"})
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=63072000"


def test_whoever_does_not_trust_the_authority_does_not_get_in(lab: TlsLab) -> None:
    stranger = client(replace(lab.way(), trust=None), {}, 15)
    with stranger, pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        stranger.get("/healthz")


def test_two_requests_go_over_one_http2_connection(lab: TlsLab) -> None:
    url = f"https://{NAME}:8443{CHAT}"
    body = ("--header", f"Authorization: Bearer {KEY}", "--data", '{"model":"chat"}')
    told = lab.in_container(
        "curl", "--silent", "--insecure", "--http2", "--resolve", f"{NAME}:8443:127.0.0.1",
        *("--output", "/dev/null") * 2, "--write-out",
        "%{http_version} %{response_code} %{num_connects} ", *body, url, url,
    )  # fmt: skip
    assert told.split() == ["2", "200", "1", "2", "200", "0"]


@pytest.mark.parametrize(
    "asked", [("-servername", "other.example"), ("-noservername",)], ids=["unknown", "none"]
)
def test_another_name_or_none_is_refused_in_the_handshake(
    lab: TlsLab, asked: tuple[str, ...]
) -> None:
    code, words = lab.s_client(*asked)
    assert code == 1
    assert "unrecognized name" in words


def test_a_request_for_another_host_than_its_handshake_is_misdirected(lab: TlsLab) -> None:
    with lab.asking() as asking:
        answer = asking.get("/v1/models", headers={"Host": "other.example"})
        assert answer.status_code == 421
        assert answer.json()["error"]["code"] == "misdirected"
        # Both names are this gateway's.
        assert asking.get("/v1/models", headers={"Host": OTHER}).status_code == 200


def test_plain_http_gets_an_error_document_and_no_answer(lab: TlsLab) -> None:
    answer = plain_http.get(f"http://127.0.0.1:{lab.port}/v1/models")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "not_tls"
    assert docker("port", f"{lab.name}-nginx").count("->") == 1


@pytest.mark.parametrize(
    ("version", "is_served"),
    [("-tls1", False), ("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)],
)
def test_versions_from_1_2_on_are_served(lab: TlsLab, version: str, is_served: bool) -> None:
    code, words = lab.s_client(version, "-cipher", "ALL:@SECLEVEL=0", "-servername", NAME)
    assert (code == 0) is is_served, words
    assert is_served or "alert protocol version" in words


@pytest.mark.parametrize("suite", [one for one in CIPHERS if "ECDSA" in one])
def test_the_intermediate_profiles_suites_are_served(lab: TlsLab, suite: str) -> None:
    code, words = lab.s_client("-tls1_2", "-cipher", suite, "-servername", NAME)
    assert code == 0, words
    assert suite in words


@pytest.mark.parametrize("suite", WEAK)
def test_weaker_suites_are_refused(lab: TlsLab, suite: str) -> None:
    code, words = lab.s_client("-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0", "-servername", NAME)
    assert code == 1
    assert "handshake failure" in words


def test_a_session_is_resumed_without_a_ticket(lab: TlsLab) -> None:
    context = ssl.create_default_context(cafile=lab.authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET
    session = None
    for is_resumed in (False, True):
        with (
            socket.create_connection(("127.0.0.1", lab.port), 5) as plain,
            context.wrap_socket(plain, server_hostname=NAME, session=session) as connection,
        ):
            assert connection.session_reused is is_resumed
            # nginx keeps a session once its handshake has ended there, too: an answer says so.
            connection.sendall(f"GET /healthz HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
            assert connection.recv(12) == b"HTTP/1.1 200"
            session = connection.session


def test_errors_keep_their_shape(lab: TlsLab) -> None:
    with lab.asking() as asking:
        answer = asking.get("/v1/models", headers={"Authorization": "Bearer wrong"})
    assert said(answer) == (401, "wrong_key")
    assert answer.headers["strict-transport-security"] == "max-age=63072000"


@pytest.mark.parametrize("at_once", [1, 2])
def test_limits_bite_by_name_and_one_that_is_committed_alone_is_found(
    lab: TlsLab, tmp_path: Path, at_once: int
) -> None:
    settings = {**SETTINGS, "tiers": {"quick": {**TIER, "concurrent_requests": at_once}}}
    deployment = commit(tmp_path, f"127.0.0.1:{lab.port}", clients=CLIENTS, **settings)
    (tmp_path / TLS["authority"]["certificate"]).write_bytes(lab.authority.read_bytes())
    {1: a_stricter_one_is_found, 2: limits_bite}[at_once](deployment)
