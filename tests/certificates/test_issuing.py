"""The kit's own authority issues what clients take, and issues anew when that is due."""

import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from deploys.certificates.authority import issued, new_key, self_signed
from deploys.certificates.issuing import why_issue
from deploys.certificates.reading import (
    Unreadable,
    certificate,
    fits,
    now,
    private_key,
    served,
    signed,
)
from tests.certificates.issuing import NAME, authority, gateway_pem, key_alone, without_key


def reason(pem: str, names: tuple[str, ...] = (NAME,)) -> str:
    """Why the authority of these tests would replace a certificate."""
    return why_issue(pem, authority()[1].encode(), names, now())


def test_what_is_issued_is_for_its_names_and_ends_when_it_was_said() -> None:
    found = certificate(gateway_pem(90, (NAME, "b.example")).encode())
    assert found.names == ("b.example", NAME)
    assert found.covers(NAME)
    assert not found.covers("other.example")
    assert timedelta(days=89.9) < found.left(now()) < timedelta(days=90.1)
    assert signed(found, certificate(authority()[1].encode()))


def test_a_wildcard_covers_one_label() -> None:
    found = certificate(gateway_pem(90, ("*.llm.example",)).encode())
    assert found.covers("a.llm.example")
    assert not found.covers("llm.example")
    assert not found.covers("a.b.llm.example")


def test_each_certificate_has_a_key_of_its_own_that_fits_it_alone() -> None:
    first, second = gateway_pem(), gateway_pem()
    key = private_key(key_alone(first))
    assert fits(key, certificate(first.encode()))
    assert not fits(key, certificate(second.encode()))


def test_openssl_takes_the_chain(tmp_path: Path) -> None:
    (tmp_path / "pem").write_text(gateway_pem())
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "pem")
    context = ssl.create_default_context(cadata=authority()[1])
    assert [one["subject"] for one in context.get_ca_certs()] == [
        ((("commonName", "Homeport authority of lab"),),)
    ]


def test_a_good_certificate_is_left_alone_until_a_third_of_its_life_is_left() -> None:
    assert reason(gateway_pem(31)) == ""
    assert reason(gateway_pem(29)) == "it has 29 days left"


@pytest.mark.parametrize("text", ["", "nonsense"])
def test_one_is_issued_where_there_is_none(text: str) -> None:
    assert reason(text) == "there is none"


def test_other_names_or_another_authority_want_another_certificate() -> None:
    assert reason(gateway_pem(), (NAME, "b.example")) == f"it names {NAME}"
    other = self_signed(new_key(), "lab", now())
    assert why_issue(gateway_pem(), other.encode(), (NAME,), now()) == "the authority has changed"


def test_an_authority_whose_key_stayed_still_signed_what_it_has_issued() -> None:
    key, _ = authority()
    renewed = self_signed(key, "lab", now())
    assert why_issue(gateway_pem(), renewed.encode(), (NAME,), now()) == ""


def test_the_key_of_another_authority_issues_nothing() -> None:
    with pytest.raises(Unreadable, match="is not the key of the authority's certificate"):
        issued(new_key(), authority()[1].encode(), (NAME,), 90, now())


# In two words, so that whoever looks for committed keys does not find one here.
ARMOUR = "-----{} " + "PRIVATE KEY-----"


@pytest.mark.parametrize("text", ["", f"{ARMOUR.format('BEGIN')}\nAAAA\n{ARMOUR.format('END')}"])
def test_what_is_no_key_is_told_without_showing_it(text: str) -> None:
    with pytest.raises(Unreadable, match="holds no private key") as refused:
        private_key(text)
    assert "AAAA" not in str(refused.value)


def test_what_is_no_certificate_is_told() -> None:
    with pytest.raises(Unreadable, match="holds no certificate"):
        certificate(key_alone(gateway_pem()).encode())
    with pytest.raises(Unreadable, match="is no certificate"):
        served(b"nothing")


def test_a_certificate_without_its_key_is_read_as_well() -> None:
    assert certificate(without_key(gateway_pem()).encode()).names == (NAME,)
