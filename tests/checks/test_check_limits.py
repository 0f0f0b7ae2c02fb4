"""Each limit's check fails when it does not bite, or bites in silence; and harms nobody."""

from math import inf
from typing import Any

import pytest

from deploys.render.release_gateway import LimitsRelease
from deploys.settings.client import Client
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment
from tests.checks.fake_gateway import Behaviour
from tests.checks.fake_limits import FakeLimits, FakeRefusals

SHAPE = "mistakes are refused in one shape"
BODY = "a body may be as large as allowed and no larger"
ANONYMOUS = "whoever has no key is refused for less and less"
AT_ONCE = "a client has no more at once than its tier allows"
TOO_OFTEN = "a client that asks too often is told when to come again"
SLOW = {"requests_per_second": 1, "burst": 3, "concurrent_requests": 2}


def commit(
    deployment: Deployment, tier: dict[str, Any] | None = None, *, tester: bool = False
) -> None:
    """A gateway with one client without limits and one in the tier `slow`."""
    gateway = deployment.release.gateway
    assert gateway is not None
    key = deployment.root / ".homeport" / "slow.key"
    key.touch(0o600)
    key.write_text("key-of-a-tier\n")
    slow = Client(key="file:.homeport/slow.key", tier="slow", tester=tester)
    said = {"body_limit_mib": 4, "anonymous": {"burst": 3}, "tiers": {"slow": tier or SLOW}}
    changes = {
        "clients": {**gateway.clients, "slow": slow},
        "limits": LimitsRelease.model_validate(said, strict=False),
    }
    deployment.commit(gateway=gateway.model_copy(update=changes))


def test_limits_that_bite_pass_every_check(
    run_checks: RunChecks, deployment: Deployment, gateway_url: str
) -> None:
    commit(deployment)

    outcomes = run_checks("check_limits.py", gateway_url=gateway_url)

    assert failed(outcomes) == set()
    checks = {line["check"] for line in outcomes.values()}
    assert checks == {SHAPE, BODY, ANONYMOUS, AT_ONCE, TOO_OFTEN}
    assert messages(outcomes).strip() == ""


def test_a_gateway_whose_clients_have_no_tier_is_asked_for_none(
    run_checks: RunChecks, gateway_url: str
) -> None:
    outcomes = run_checks("check_limits.py", gateway_url=gateway_url)

    assert {line["check"] for line in outcomes.values()} == {SHAPE, BODY, ANONYMOUS}
    assert failed(outcomes) == set()


FAULTS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "refuses what is allowed": ({"body_bytes": 2**20}, {}, BODY, "4 MiB that are allowed: the gat"),
    "takes any body": ({"body_bytes": 2**40}, {}, BODY, "more than 4 MiB: the gateway wants it"),
    "hides its limit": ({"body_words": "Too large."}, {}, BODY, "does not say the limit"),
    "lets keys be tried": ({"anonymous_requests": inf}, {}, ANONYMOUS, "and none was refused"),
    "names another limit": (
        {"anonymous_code": "wrong_key"},
        {},
        ANONYMOUS,
        "code is wrong_key, not too_many_wrong_keys",
    ),
    "locks its neighbours out": ({"neighbours": 1}, {}, ANONYMOUS, "is refused too"),
    "has no limit at once": ({"at_once": inf}, {}, AT_ONCE, "more than 2 at once: is let in"),
    "keeps places": ({"forgets_who_left": False}, {}, AT_ONCE, "2 s after all of them have ended"),
    "has no rate": ({"tier_requests": inf}, {}, TOO_OFTEN, "and none was refused"),
    "hides the tier": ({"tier_words": "Too many."}, {}, TOO_OFTEN, "does not name the tier"),
    "forgets Allow": ({}, {"allow": None}, SHAPE, "allows None, not POST"),
    "calls it another thing": ({}, {"codes": {"no_model": "odd"}}, SHAPE, "code is odd"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_its_own_check_fails_when_a_gateway(
    fault: tuple[dict[str, Any], dict[str, Any], str, str],
    run_checks: RunChecks,
    behaviour: Behaviour,
    deployment: Deployment,
    gateway_url: str,
) -> None:
    limits, refusals, check, words = fault
    behaviour.limits, behaviour.refusals = FakeLimits(**limits), FakeRefusals(**refusals)
    commit(deployment)

    outcomes = run_checks("check_limits.py", gateway_url=gateway_url)

    assert failed(outcomes) == {check}
    assert words in messages(outcomes)
    assert "remedy: " in messages(outcomes)


UNREADABLE: dict[str, dict[str, Any]] = {
    "the refusal is no error document: {}": {"in_html": True},
    "says that it is text/html, not application/json": {"content_type": "text/html"},
    "the refusal is 7, and its X-Request-Id 8": {"names_request": False},
}


@pytest.mark.parametrize("words", UNREADABLE)
def test_every_check_sees_a_refusal_that_no_client_can_read(
    words: str,
    run_checks: RunChecks,
    behaviour: Behaviour,
    deployment: Deployment,
    gateway_url: str,
) -> None:
    behaviour.refusals = FakeRefusals(**UNREADABLE[words])
    commit(deployment)

    outcomes = run_checks("check_limits.py", gateway_url=gateway_url)

    assert failed(outcomes) == {SHAPE, BODY, ANONYMOUS, AT_ONCE, TOO_OFTEN}
    assert words in messages(outcomes)


@pytest.mark.parametrize("after", [None, "soon", "0", "61"])
def test_a_429_says_when_to_come_again_and_that_it_is_soon(
    after: str | None,
    run_checks: RunChecks,
    behaviour: Behaviour,
    deployment: Deployment,
    gateway_url: str,
) -> None:
    behaviour.limits.retry_after = after
    commit(deployment)

    outcomes = run_checks("check_limits.py", gateway_url=gateway_url)

    assert failed(outcomes) == {ANONYMOUS, AT_ONCE, TOO_OFTEN}
    assert f"Retry-After {after or 'missing'}, not 1 to 1" in messages(outcomes)


def test_users_are_not_locked_out_for_long_and_a_tester_is(
    run_checks: RunChecks, deployment: Deployment, gateway_url: str
) -> None:
    tier = {"requests_per_minute": 6, "burst": 3}
    commit(deployment, tier)
    outcomes = run_checks("check_limits.py", gateway_url=gateway_url)
    skipped = {line["check"]: line["message"] for line in outcomes.values() if line["message"]}
    assert "its users would be refused for 10 s" in skipped[TOO_OFTEN]
    assert {line["result"] for line in outcomes.values()} == {"passed", "skipped"}

    commit(deployment, tier, tester=True)
    outcomes = run_checks("check_limits.py", gateway_url=gateway_url)
    results = {line["check"]: line["result"] for line in outcomes.values()}
    assert results == {**dict.fromkeys(results, "passed"), AT_ONCE: "skipped"}


@pytest.mark.parametrize(
    ("tier", "words"),
    [
        ({"requests_per_second": 50, "burst": 500}, "so many would be a load test"),
        ({"concurrent_requests": 500}, "500 at once: so many would be a load test"),
        (
            {"concurrent_requests": 4, "requests_per_second": 1, "burst": 3},
            "4 at once: its rate lets no more than 3 begin at once",
        ),
        ({"requests_per_second": 1}, "tier slow does not limit what is answered at once"),
        ({"tokens_per_day": 500}, "it has no rate; limits of tokens are not met"),
    ],
)
def test_what_would_be_load_is_left_alone_and_said(
    tier: dict[str, Any],
    words: str,
    run_checks: RunChecks,
    deployment: Deployment,
    gateway_url: str,
) -> None:
    commit(deployment, tier)

    outcomes = run_checks("check_limits.py", gateway_url=gateway_url)

    assert words in messages(outcomes)
    assert {line["result"] for line in outcomes.values()} == {"passed", "skipped"}


def test_keys_that_may_be_tried_often_are_not_tried_and_it_is_said(
    run_checks: RunChecks, deployment: Deployment, gateway_url: str
) -> None:
    gateway = deployment.release.gateway
    assert gateway is not None
    said = {"body_limit_mib": 4, "anonymous": {"burst": 500}, "tiers": {}}
    limits = LimitsRelease.model_validate(said, strict=False)
    deployment.commit(gateway=gateway.model_copy(update={"limits": limits}))

    outcomes = run_checks("check_limits.py", gateway_url=gateway_url)

    assert failed(outcomes, skipped={ANONYMOUS}) == set()
    assert "a minute and 500 more: so many would be a load test" in messages(outcomes)


OTHERS = {
    TOO_OFTEN: {"too_many_requests": "tokens_per_minute"},
    AT_ONCE: {"too_many_at_once": "too_many_requests"},
}


@pytest.mark.parametrize("check", OTHERS)
def test_another_limit_of_the_same_client_is_no_failure_and_is_said(
    check: str,
    run_checks: RunChecks,
    behaviour: Behaviour,
    deployment: Deployment,
    gateway_url: str,
) -> None:
    behaviour.refusals = FakeRefusals(codes=OTHERS[check])
    commit(deployment)

    outcomes = run_checks("check_limits.py", gateway_url=gateway_url)

    assert failed(outcomes, skipped={check}) == set()
    assert "another of its limits came first: Tier slow allows" in messages(outcomes)


def test_limits_of_tokens_are_told_as_not_met(
    run_checks: RunChecks, deployment: Deployment, gateway_url: str
) -> None:
    commit(deployment, {**SLOW, "tokens_per_minute": 1000})

    outcomes = run_checks("check_limits.py", gateway_url=gateway_url)

    assert failed(outcomes) == set()
    told = "tier slow: limits of tokens are not met, for that costs as many"
    assert messages(outcomes).strip() == told


def test_a_limit_that_cannot_be_reached_from_here_is_told(
    run_checks: RunChecks,
    behaviour: Behaviour,
    deployment: Deployment,
    gateway_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("checks.tiers.MOST_SECONDS", 0.0)
    behaviour.limits.tier_requests = inf
    commit(deployment)

    outcomes = run_checks("check_limits.py", gateway_url=gateway_url)

    assert failed(outcomes) == set()
    assert "so this limit was not met" in messages(outcomes)


def test_a_client_whose_key_is_not_here_is_left_out_and_named(
    run_checks: RunChecks, deployment: Deployment, gateway_url: str
) -> None:
    commit(deployment)
    (deployment.root / ".homeport" / "slow.key").unlink()

    outcomes = run_checks("check_limits.py", gateway_url=gateway_url)

    assert failed(outcomes, skipped={AT_ONCE, TOO_OFTEN}) == set()
    assert "tier slow needs the key of slow" in messages(outcomes)


def test_a_release_of_before_limits_were_written_down_fails_with_what_to_do(
    run_checks: RunChecks, deployment: Deployment, gateway_url: str
) -> None:
    gateway = deployment.release.gateway
    assert gateway is not None
    deployment.commit(gateway=gateway.model_copy(update={"limits": None}))

    outcomes = run_checks("check_limits.py", gateway_url=gateway_url)

    assert failed(outcomes) == {BODY, ANONYMOUS}
    assert "homeport render, then homeport apply" in messages(outcomes)
