"""A real egress hop as time passes: days and months of its budget, and a provider that moves."""

import json
import time
from datetime import UTC, datetime

import pytest

from tests.e2e.cloud_lab import CloudLab
from tests.e2e.gateway_lab import docker, own_address
from tests.lab.waiting import until

# More than such a test takes; and both together less than its timeout.
TEST_SECONDS = 120
DAY_SECONDS = 86400

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

BUDGET = {"day": {"requests": 2}, "month": {"requests": 3}, "answer_tokens": 20}


@pytest.fixture
def lab(started_cloud_lab: CloudLab) -> CloudLab:
    """Engines that are always full, so that each request leaves."""
    started_cloud_lab.cloud("answers")
    started_cloud_lab.engines("says 503")
    return started_cloud_lab


def await_a_day_that_lasts() -> None:
    """What is counted by day and month ends with them, at midnight by UTC."""
    left_seconds = DAY_SECONDS - time.time() % DAY_SECONDS
    if left_seconds < TEST_SECONDS:
        time.sleep(left_seconds)


def leave(lab: CloudLab, count: int) -> int:
    """How many of so many requests the cloud has answered."""
    return sum(lab.chat().status_code == 200 for _ in range(count))


def passes(lab: CloudLab, now: str, then: str) -> None:
    """What was spent in one period was spent in another; the hop reads it when it starts."""
    file = lab.folder / "spent" / "spent.json"
    spent = [[name.replace(now, then), amount] for name, amount in json.loads(file.read_text())]
    file.write_text(json.dumps(spent))
    lab.restart_egress(budget=BUDGET)


def test_a_cap_of_a_month_holds_over_its_days_and_ends_with_it(lab: CloudLab) -> None:
    await_a_day_that_lasts()
    lab.forget_spending()
    lab.restart_egress(budget=BUDGET)
    assert leave(lab, 3) == 2
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    # Of the same month, and over.
    passes(lab, f"{today} ", f"{today[:7]}-00 ")
    assert leave(lab, 2) == 1
    spent = {name: cap["spent"] for name, cap in lab.spent().items()}
    assert spent == {"requests per day": 1, "requests per month": 3}
    passes(lab, today[:7], "2000-01")
    assert leave(lab, 3) == 2


def test_a_provider_that_moves_is_found_under_its_new_address(lab: CloudLab) -> None:
    lab.forget_spending()
    lab.restart_egress()
    assert leave(lab, 1) == 1
    cloud, network = lab.container("cloud"), f"{lab.name}-outside"
    before = own_address(cloud)
    shown = '{{range .NetworkSettings.Networks}}{{join .Aliases " "}}{{end}}'
    aliases = [f"--alias={name}" for name in docker("inspect", f"--format={shown}", cloud).split()]
    docker("network", "disconnect", network, cloud)
    # Somebody else has its address from now on.
    other = lab.container("chat-1")
    docker("network", "connect", network, other)
    docker("network", "connect", *aliases, network, cloud)
    docker("network", "disconnect", network, other)
    assert own_address(cloud) != before
    # Looked up every thirty seconds; and after failures the cloud is left alone for a while.
    until(lambda: leave(lab, 1), every_seconds=1)
