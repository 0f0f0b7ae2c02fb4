"""The checks of nginx itself and of the shared address, each made to fail for its own reason."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from checks.check_nginx import check_one_gateway_has_the_shared_address
from checks.fleet import Fleet
from deploys.questions import keepalived
from deploys.questions.keepalived import Keepalived
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment

HOLES = "nginx has no known holes"
SHARED = "one gateway has the shared address"
FIT = "every gateway could take the shared address"


def test_a_new_nginx_passes(run_checks: RunChecks) -> None:
    outcomes = run_checks("check_nginx.py")

    assert outcomes.keys() == {f"{HOLES} localhost"}
    assert failed(outcomes) == set()


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        ({"nginx": "1.30.5-1", "njs-v": "1.0.2"}, "nginx 1.30.5-1 (nginx) is older than 1.30.6"),
        ({"nginx": "1.30.6-2"}, "the version of njs cannot be told"),
        ({}, "the version of nginx cannot be told"),
    ],
)
def test_an_old_or_unknown_nginx_fails_it(
    versions: dict[str, str], words: str, run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.nginx_versions = versions

    outcomes = run_checks("check_nginx.py")

    assert failed(outcomes) == {HOLES}
    assert words in messages(outcomes)


def test_the_shared_address_at_no_gateway_and_one_that_cannot_take_it_fail(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    """This machine has no keepalived, so that its gateway cannot."""
    released = deployment.release.gateway
    assert released is not None
    deployment.commit(gateway=released.model_copy(update={"shared": "10.0.0.100:443"}))

    outcomes = run_checks("check_nginx.py")

    assert failed(outcomes) == {SHARED, FIT}
    assert "10.0.0.100 is at no gateway" in messages(outcomes)
    assert "10.0.0.100:443 could not be taken by:\n  localhost" in messages(outcomes)
    deployment.docker.addresses = "10.0.0.1 10.0.0.100 fd00::1"
    assert failed(run_checks("check_nginx.py")) == {FIT}


def test_a_gateway_that_has_the_shared_address_and_could_take_it_passes(
    run_checks: RunChecks, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = deployment.release.gateway
    assert released is not None
    deployment.commit(gateway=released.model_copy(update={"shared": "10.0.0.100:443"}))
    said = "echo addresses=10.0.0.1 10.0.0.100; echo fit=yes"
    monkeypatch.setattr(keepalived, "QUESTION", said)

    outcomes = run_checks("check_nginx.py")

    assert {f"{one} 10.0.0.100:443" for one in (SHARED, FIT)} < outcomes.keys()
    assert (failed(outcomes), messages(outcomes).strip()) == (set(), "")


def _gateways(**addresses: str) -> Fleet:
    """Each with this address besides its own."""
    committed = SimpleNamespace(release=SimpleNamespace(gateway="any"))
    seen = {
        name: SimpleNamespace(keepalived=Keepalived(addresses=("10.0.0.1", one)))
        for name, one in addresses.items()
    }
    known = cast("Any", dict.fromkeys(seen, committed))
    return Fleet(Path("/"), known, cast("Any", seen))


def test_the_shared_address_at_two_gateways_fails_and_at_one_of_two_passes() -> None:
    shared = "10.0.0.100:443"
    check_one_gateway_has_the_shared_address(shared, _gateways(a="10.0.0.100", b="10.0.0.10"))
    with pytest.raises(pytest.fail.Exception, match=r"10\.0\.0\.100 is at a and b, not at one"):
        check_one_gateway_has_the_shared_address(shared, _gateways(a="10.0.0.100", b="10.0.0.100"))
