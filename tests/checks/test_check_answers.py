"""The check of what answers say of their origin fails for its own reasons."""

import pytest

from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.fake_gateway import Behaviour

ANSWERS = "answers say who gave them"


def test_a_gateway_that_says_who_answered_passes(run_checks: RunChecks, gateway_url: str) -> None:
    outcomes = run_checks("check_answers.py", gateway_url=gateway_url)
    assert {line["check"] for line in outcomes.values()} == {ANSWERS}
    assert failed(outcomes) == set()


@pytest.mark.parametrize(
    "fault",
    [
        ("provider", "", "does not say who gave it"),
        ("release", "", "is of release unknown"),
        ("release", "0123456789ab", "is of release 0123456789ab, committed is 555"),
    ],
)
def test_a_gateway_that_hides_it_or_serves_another_release_is_found(
    run_checks: RunChecks,
    behaviour: Behaviour,
    gateway_url: str,
    fault: tuple[str, str, str],
) -> None:
    word, value, found = fault
    setattr(behaviour, word, value)
    outcomes = run_checks("check_answers.py", gateway_url=gateway_url)
    assert failed(outcomes) == {ANSWERS}
    assert found in messages(outcomes)
