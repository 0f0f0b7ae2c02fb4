"""TLS and the shared address in the settings: what fits, and what is refused with a hint."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deploys.settings.environment import read_environment
from deploys.settings.fit_certificate import unfit_certificates
from deploys.settings.fit_sharing import unfit_sharing
from deploys.settings.gateway import Gateway
from deploys.settings.inventory import Inventory, InventoryHost
from deploys.settings.refusal import Refused
from tests.certificates.issuing import NAME, authority, gateway_pem, without_key
from tests.environments import write_environment

AUTHORITY = {"certificate": "inventories/ca.pem", "key": "env:HOMEPORT_CA_KEY"}
FILES = {"chain": "inventories/chain.pem", "key": "env:HOMEPORT_TLS_KEY"}
SHARED = {"address": "10.0.0.100"}


def gateway(**words: object) -> Gateway:
    """Settings of a gateway, as group data says them."""
    return Gateway.model_validate(words, strict=True)


def with_tls(**words: object) -> Gateway:
    """A gateway for one name."""
    return gateway(tls={"names": [NAME], **words})


def inventory(root: Path, *hosts: Mapping[str, Any], gateways: int = 2) -> Inventory:
    """Hosts a, b … with this data, the first ones gateways."""
    found = [
        InventoryHost("abc"[number], "abc"[number], ("gateways",) * (number < gateways), data)
        for number, data in enumerate(hosts)
    ]
    return Inventory(root, "small", tuple(found))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with an inventory and nothing else."""
    folder = tmp_path / "inventories"
    (folder / "group_data").mkdir(parents=True)
    (folder / "small.py").write_text("")
    return tmp_path


def complaints(root: Path, words: Gateway) -> dict[str, str]:
    """Path -> what was found wrong with a certificate."""
    return {one.path: one.found for one in unfit_certificates(inventory(root, {}), words)}


def test_a_gateway_without_tls_needs_no_certificate(root: Path) -> None:
    assert complaints(root, gateway()) == {}


def test_a_committed_authority_and_a_committed_chain_fit(root: Path) -> None:
    (root / "inventories" / "ca.pem").write_text(authority()[1])
    (root / "inventories" / "chain.pem").write_text(without_key(gateway_pem()))
    assert complaints(root, with_tls(authority=AUTHORITY)) == {}
    assert complaints(root, with_tls(files=FILES)) == {}


def test_clients_trust_the_authority_or_what_is_named_or_what_they_trusted_before() -> None:
    trusts = [with_tls(authority=AUTHORITY), with_tls(files=FILES)]
    trusts.append(with_tls(files={**FILES, "trust": "inventories/site.pem"}))
    trusts.append(with_tls(acme={"email": "a@b.example", "authority": "inventories/acme.pem"}))
    found = [one.tls.trust for one in trusts if one.tls is not None]
    assert found == ["inventories/ca.pem", None, "inventories/site.pem", "inventories/acme.pem"]


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ({}, ()),
        ({"authority": AUTHORITY, "files": FILES}, ()),
        ({"authority": {**AUTHORITY, "valid_days": 400}}, ("authority", "valid_days")),
        ({"authority": {**AUTHORITY, "key": "-----BEGIN"}}, ("authority", "key")),
        ({"authority": {**AUTHORITY, "certificate": "../ca"}}, ("authority", "certificate")),
        ({"names": ["10.0.0.1"], "authority": AUTHORITY}, ("names", 0)),
        ({"names": ["a b.example"], "authority": AUTHORITY}, ("names", 0)),
        ({"names": ["*.example"], "authority": AUTHORITY}, ("names", 0)),
        ({"names": ["a.example;"], "authority": AUTHORITY}, ("names", 0)),
        ({"names": ["a.example\n"], "authority": AUTHORITY}, ("names", 0)),
        ({"names": ["alone"], "authority": AUTHORITY}, ("names", 0)),
        ({"acme": {"email": "nobody"}}, ("acme", "email")),
        ({"acme": {"email": "a@b.example", "directory": "http://x"}}, ("acme", "directory")),
        ({"acme": {"email": "a@b.example"}, "files": FILES}, ()),
        ({"names": [], "authority": AUTHORITY}, ("names",)),
    ],
)
def test_words_that_do_not_fit_are_refused(
    words: dict[str, object], place: tuple[object, ...]
) -> None:
    with pytest.raises(ValidationError) as refused:
        with_tls(**words)
    assert ("tls", *place) in [one["loc"] for one in refused.value.errors()]


def test_a_missing_authority_is_told_with_the_verb_that_makes_it(root: Path) -> None:
    (found,) = unfit_certificates(inventory(root, {}), with_tls(authority=AUTHORITY))
    assert found.path == "gateway.tls.authority.certificate"
    assert found.hint == "`homeport authority small` makes it; then commit it"


def test_a_chain_for_another_name_or_without_a_certificate_is_refused(root: Path) -> None:
    words, chain = with_tls(files=FILES), root / "inventories" / "chain.pem"
    chain.write_text(without_key(gateway_pem(60, ("b.example",))))
    told = f"inventories/chain.pem is not for {NAME}: it names b.example"
    assert complaints(root, words) == {"gateway.tls.files.chain": told}
    chain.write_text("nothing")
    assert "holds no certificate" in complaints(root, words)["gateway.tls.files.chain"]


def sharing(root: Path, words: Gateway, *hosts: Mapping[str, Any], gateways: int = 2) -> set[str]:
    """Paths of what keeps gateways from sharing."""
    found = unfit_sharing(inventory(root, *hosts, gateways=gateways), words)
    return {one.path for one in found}


READY = ({"address": "10.0.0.1", "interface": "eth0"}, {"address": "10.0.0.2", "interface": "en1"})


def test_two_gateways_with_their_devices_can_share_an_address(root: Path) -> None:
    assert sharing(root, gateway(shared_address=SHARED), *READY) == set()
    assert sharing(root, gateway(), {}, {}) == set()


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ({"address": "10.0.0.1"}, "gateway.address"),
        ({"tls": {"names": [NAME], "acme": {"email": "a@b.example"}}}, "gateway.tls.acme"),
        ({"shared_address": {"address": "10.0.0.2"}}, "gateway.shared_address.address"),
    ],
)
def test_what_does_not_go_with_a_shared_address_is_refused(
    root: Path, words: dict[str, object], path: str
) -> None:
    found = sharing(root, gateway(**{"shared_address": SHARED, **words}), *READY)
    assert found == {path}


def test_a_gateway_without_a_device_or_without_another_one_is_refused(root: Path) -> None:
    words = gateway(shared_address=SHARED)
    assert sharing(root, words, READY[0], {"address": "10.0.0.2"}) == {"b.interface"}
    assert sharing(root, words, *READY, gateways=1) == {"gateway.shared_address"}


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "fd00::1", "127.0.0.1", "10.0.0.0/24", "gate.example", ""]
)
def test_what_is_no_private_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        gateway(shared_address={"address": address})


def test_all_of_it_is_told_at_once_for_a_whole_environment(tmp_path: Path) -> None:
    words = {"tls": {"names": [NAME], "authority": AUTHORITY}, "shared_address": SHARED}
    with pytest.raises(Refused) as refused:
        read_environment(write_environment(tmp_path, {"gateway": words}), "small")
    assert [one.path for one in refused.value.complaints] == [
        "gateway.shared_address",
        "gateway.tls.authority.certificate",
        "localhost.interface",
    ]
