"""A real gateway and a real egress hop, with the cloud as a pool's candidate."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from checks.canary.evidence import chance_of_share
from tests.e2e.canary_trial import set_share
from tests.e2e.cloud_containers import SESSION_HEADER
from tests.e2e.cloud_lab import CloudLab
from tests.e2e.gateway_tree import KEY

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


# Of right shares, one in so many would be taken for wrong; these sessions are always the same.
LEAST_CHANCE = 1 / 10_000


@pytest.fixture
def lab(started_cloud_lab: CloudLab) -> Iterator[CloudLab]:
    """Every session is the candidate's; engines and cloud answer."""
    started_cloud_lab.cloud("answers")
    started_cloud_lab.engines("answers")
    set_share(started_cloud_lab, 100, "chat", "cloud")
    yield started_cloud_lab
    set_share(started_cloud_lab, 0, "chat", "cloud")


def told(answer: httpx.Response) -> tuple[str, str, str]:
    """Provider, arm and reason."""
    names = ("x-homeport-provider", "x-homeport-arm", "x-homeport-reason")
    provider, arm, reason = (answer.headers.get(name, "") for name in names)
    return provider, arm, reason


def test_who_may_leave_is_answered_by_the_cloud_and_told_so(lab: CloudLab) -> None:
    answer = lab.chat()
    assert answer.json()["served_by"] == "cloud"
    assert told(answer) == ("acme", "candidate", "canary")
    line = lab.logged(answer.headers["x-request-id"])
    assert (line["arm"], line["drawn"], line["cloud_arm"]) == ("candidate", "candidate", "fallback")
    assert lab.ended(answer.headers["x-request-id"])["reason"] == "canary"
    assert lab.seen() == []


def test_who_must_stay_takes_no_part(lab: CloudLab) -> None:
    marked = lab.chat(headers={"Authorization": f"Bearer {KEY}", "X-Data-Class": "secret"})
    for answer in (lab.safe(), marked):
        assert answer.json()["served_by"] in ("chat-1", "chat-2")
        assert told(answer) == ("fleet", "", "")
        assert lab.logged(answer.headers["x-request-id"])["drawn"] == ""
    assert lab.left() == []


def test_what_the_cloud_fails_the_stable_arm_answers(lab: CloudLab) -> None:
    lab.cloud("says 503")
    answer = lab.chat()
    assert answer.json()["served_by"] in ("chat-1", "chat-2")
    assert told(answer) == ("fleet", "stable", "candidate_failed")
    line = lab.logged(answer.headers["x-request-id"])
    assert (line["arm"], line["drawn"], line["provider"]) == ("stable", "candidate", "fleet")


def test_a_share_in_the_middle_is_of_sessions_each_of_which_stays_where_it_is(
    lab: CloudLab,
) -> None:
    set_share(lab, 30, "chat", "cloud")

    def provider(session: int) -> str:
        headers = {"Authorization": f"Bearer {KEY}", SESSION_HEADER: f"session-{session}"}
        return told(lab.chat(headers=headers))[0]

    with ThreadPoolExecutor(4) as threads:
        first, again = (list(threads.map(provider, range(200))) for _ in range(2))
    assert first == again
    assert set(first) == {"acme", "fleet"}
    assert chance_of_share(first.count("acme"), len(first), 0.3) > LEAST_CHANCE
    assert len(lab.left()) == 2 * first.count("acme")


def test_without_a_share_nothing_leaves_that_the_fleet_can_answer(lab: CloudLab) -> None:
    set_share(lab, 0, "chat", "cloud")
    assert told(lab.chat()) == ("fleet", "stable", "")
    assert lab.left() == []
