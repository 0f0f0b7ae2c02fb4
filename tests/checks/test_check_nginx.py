"""The checks of nginx itself and of the shared address, each made to fail for its own reason."""

import pytest

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
