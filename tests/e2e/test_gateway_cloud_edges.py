"""A real egress hop that many ask at once, and a cloud that says nothing."""

import time
from collections import Counter

import pytest

from tests.e2e.cloud_lab import CloudLab, told
from tests.e2e.gateway_lab import said

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

AT_ONCE = 24
# What the fake cloud's answer costs, and what is set aside for it until it is there.
COST = 92e-6
SET_ASIDE = 216e-6
# Longer than it takes to refuse what comes at once, on a busy machine too.
REST_SECONDS = 5


@pytest.fixture
def lab(started_cloud_lab: CloudLab) -> CloudLab:
    """Engines that are always full, so that each request leaves; nothing is spent."""
    started_cloud_lab.cloud("answers")
    started_cloud_lab.engines("says 503")
    started_cloud_lab.forget_spending()
    return started_cloud_lab


def test_requests_at_once_do_not_pass_a_cap_of_requests(lab: CloudLab) -> None:
    lab.restart_egress(budget={"day": {"requests": 5}, "month": {}, "answer_tokens": 20})
    # None of them has ended before all have been admitted or refused.
    lab.cloud("slow")
    assert Counter(lab.at_once(AT_ONCE)) == {"cloud": 5, "cloud_budget_spent": AT_ONCE - 5}
    assert len(lab.left()) == 5
    assert lab.spent()["requests per day"]["spent"] == 5


def test_requests_at_once_do_not_pass_a_cap_of_money(lab: CloudLab) -> None:
    cap = 0.0012
    lab.restart_egress(budget={"day": {"money": cap}, "month": {}, "answer_tokens": 20})
    lab.cloud("slow")
    answers = Counter(lab.at_once(AT_ONCE))
    left = len(lab.left())
    assert answers == {"cloud": left, "cloud_budget_spent": AT_ONCE - left}
    # As many as fit with what is set aside; those that a busy machine sends when others have ended
    # find what these have given back.
    assert cap // SET_ASIDE <= left <= (cap - SET_ASIDE) // COST + 1
    assert lab.spent()["money per day"]["spent"] == pytest.approx(left * COST)
    assert left * COST <= cap


def test_a_cloud_that_hangs_is_left_alone_and_then_asked_by_one_of_many(lab: CloudLab) -> None:
    lab.restart_egress(breaker={"failures": 2, "cool_down_seconds": REST_SECONDS})
    lab.cloud("hangs")
    assert lab.at_once(2) == ["cloud_timed_out", "cloud_timed_out"]
    assert told(lab.chat()) == "cloud_resting"
    assert len(lab.left()) == 2
    time.sleep(REST_SECONDS + 0.1)
    answers = Counter(lab.at_once(AT_ONCE))
    assert answers == {"cloud_resting": AT_ONCE - 1, "cloud_timed_out": 1}
    assert len(lab.left()) == 3
    assert said(lab.chat()) == (503, "cloud_resting")


def test_a_cloud_that_is_slow_and_answers_is_not_left_alone(lab: CloudLab) -> None:
    lab.restart_egress(breaker={"failures": 2, "cool_down_seconds": REST_SECONDS})
    lab.cloud("slow")
    assert lab.at_once(4) == ["cloud"] * 4
    assert told(lab.chat()) == "cloud"
