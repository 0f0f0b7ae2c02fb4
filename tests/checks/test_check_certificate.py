"""The checks of the gateway's certificate, against a gateway that shows one in any condition."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from types import MappingProxyType

import pytest

from deploys.certificates.authority import AUTHORITY_DAYS, new_key, self_signed
from deploys.certificates.reading import now
from deploys.settings.tls import Tls
from tests.certificates.issuing import NAME, authority, gateway_pem
from tests.checks.conftest import Outcomes, RunChecks, failed, messages
from tests.checks.deployment import Deployment
from tests.checks.fake_gateway import Behaviour, fake_gateway

LIFE = "the certificate is good for long enough"
NAMES = "the certificate is for the committed names"
AUTHORITY = "the authority is the committed one"
OF_AUTHORITY = {"certificate": "ca.pem", "key": "env:NOBODY_NEEDS_IT"}

Show = Callable[..., Outcomes]


@pytest.fixture
def show(deployment: Deployment, behaviour: Behaviour, run_checks: RunChecks) -> Show:
    """Runs checks against a gateway with this certificate."""
    (deployment.root / "ca.pem").write_text(authority()[1])

    def run(
        pem: str,
        file: str = "check_certificate.py",
        origin: Mapping[str, object] = MappingProxyType({"authority": OF_AUTHORITY}),
    ) -> Outcomes:
        behaviour.certificate = deployment.root / "shown.pem"
        behaviour.certificate.write_text(pem)
        with listening(deployment, behaviour, origin):
            return run_checks(file)

    return run


@contextmanager
def listening(
    deployment: Deployment, behaviour: Behaviour, origin: Mapping[str, object]
) -> Iterator[None]:
    """A gateway that is committed with TLS, at its address."""
    tls = Tls.model_validate({"names": (NAME,), **origin})
    released = deployment.release.gateway
    assert released is not None
    with fake_gateway(behaviour) as port:
        changes = {"listen": f"127.0.0.1:{port}", "tls": tls}
        deployment.commit(gateway=released.model_copy(update=changes))
        yield


def test_a_good_certificate_passes_without_a_word(show: Show) -> None:
    outcomes = show(gateway_pem(60))

    assert outcomes.keys() == {f"{one} localhost" for one in (LIFE, NAMES, AUTHORITY)}
    assert failed(outcomes) == set()
    assert messages(outcomes).strip() == ""


def test_a_gateway_is_asked_by_address_under_its_name_and_believed_by_its_authority(
    show: Show,
) -> None:
    outcomes = show(gateway_pem(60), "check_gateway.py")

    assert len(outcomes) > 10
    assert failed(outcomes) == set()


def test_a_gateway_with_a_strangers_certificate_is_not_believed(
    show: Show, deployment: Deployment
) -> None:
    (deployment.root / "ca.pem").write_text(self_signed(new_key(), "other", now()))

    outcomes = show(gateway_pem(60), "check_gateway.py::check_the_gateway_says_it_is_well")

    assert "certificate verify failed" in messages(outcomes)
    assert "Traceback" not in messages(outcomes)


@pytest.mark.parametrize(
    ("days_left", "words"),
    [
        pytest.param(6, "in 6.0 days", id="a week"),
        pytest.param(0.5, "in 0.5 days", id="tomorrow"),
        pytest.param(-1, "the certificate ended on", id="ended"),
    ],
)
def test_too_few_days_left_fail_it(show: Show, days_left: float, words: str) -> None:
    outcomes = show(gateway_pem(days_left))

    assert failed(outcomes) == {LIFE}
    assert words in messages(outcomes)
    assert "remedy: homeport apply issues another" in messages(outcomes)


@pytest.mark.parametrize(
    ("origin", "remedy"),
    [
        ({"files": {"chain": "c.pem", "key": "env:KEY"}}, "commit the renewed chain"),
        ({"acme": {"email": "a@b.example"}}, "`docker logs` of the gateway's `acme` container"),
    ],
)
def test_the_remedy_fits_where_the_certificate_comes_from(
    show: Show, origin: dict[str, object], remedy: str
) -> None:
    outcomes = show(gateway_pem(6), origin=origin)

    assert failed(outcomes) == {LIFE}
    assert f"remedy: {remedy}" in messages(outcomes)


def test_what_an_apply_would_renew_is_told_and_fails_nothing(show: Show) -> None:
    outcomes = show(gateway_pem(20))

    assert failed(outcomes) == set()
    assert "the certificate ends in 20.0 days: homeport apply issues another" in messages(outcomes)


def test_a_certificate_that_lives_for_days_needs_a_tenth_of_them(show: Show) -> None:
    assert failed(show(gateway_pem(4, life_days=6))) == set()
    assert failed(show(gateway_pem(0.5, life_days=6))) == {LIFE}


def test_another_name_fails_it(show: Show) -> None:
    outcomes = show(gateway_pem(60, ("b.example",)))

    assert failed(outcomes) == {NAMES}
    assert NAME in messages(outcomes)


def test_another_authority_fails_it(show: Show, deployment: Deployment) -> None:
    (deployment.root / "ca.pem").write_text(self_signed(new_key(), "other", now()))

    assert failed(show(gateway_pem(60))) == {AUTHORITY}


def test_an_authority_that_ends_before_its_certificate_fails_it(
    show: Show, deployment: Deployment
) -> None:
    """One of the same key and name that ends in 30 days signs what lives for 60."""
    began = now() - timedelta(days=AUTHORITY_DAYS - 30)
    (deployment.root / "ca.pem").write_text(self_signed(authority()[0], "lab", began))

    outcomes = show(gateway_pem(60))

    assert failed(outcomes) == {AUTHORITY}
    assert f"ca.pem ends on {now() + timedelta(days=30):%Y-%m-%d}, before" in messages(outcomes)
    assert failed(show(gateway_pem(29))) == set()


def test_a_gateway_without_tls_is_not_asked(run_checks: RunChecks) -> None:
    assert (
        run_checks("check_certificate.py", "check_hosts.py")
        .keys()
        .isdisjoint({f"{one} localhost" for one in (LIFE, NAMES, AUTHORITY)})
    )
