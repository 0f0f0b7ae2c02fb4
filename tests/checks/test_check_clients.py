"""A key's end is told before it comes, and a client without a valid key is found."""

from datetime import UTC, datetime, timedelta

import pytest

from deploys.settings.client import Client, Key
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment

CHECK = "every client has a key that is valid"


def _day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def _commit(deployment: Deployment, *days: int) -> None:
    """A client with keys a, b …: days from now until the last one of each."""
    named = zip("abc", days, strict=False)
    keys = {name: Key(key=f"env:{name.upper()}", valid_until=_day(one)) for name, one in named}
    gateway = deployment.release.gateway
    assert gateway is not None
    clients = {**gateway.clients, "team": Client(keys=keys)}
    deployment.commit(gateway=gateway.model_copy(update={"clients": clients}))


@pytest.mark.parametrize(
    ("days", "note"),
    [
        ((400,), ""),
        ((400, 3), "the key team/b ends on"),
        ((400, -2), "the key team/b has ended on"),
    ],
)
def test_a_client_with_a_valid_key_passes_and_what_ends_is_named(
    run_checks: RunChecks, deployment: Deployment, days: tuple[int, ...], note: str
) -> None:
    _commit(deployment, *days)
    outcomes = run_checks("check_clients.py")
    assert failed(outcomes) == set()
    told = [line["message"] for line in outcomes.values()]
    assert len(told) == 1
    assert told[0].startswith(note)
    assert bool(told[0]) == bool(note)


def test_a_client_whose_keys_have_all_ended_is_found(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    _commit(deployment, -2, -1)
    outcomes = run_checks("check_clients.py")
    assert failed(outcomes) == {CHECK}
    assert "no key is valid any more of the client:\n  team" in messages(outcomes)
