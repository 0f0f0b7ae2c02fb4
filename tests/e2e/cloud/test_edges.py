"""A real egress hop at its edges: many at once, a cloud that is silent, a share, other kinds."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from checks.canary.evidence import chance_of_share
from tests.e2e.cloud_containers import write_cloud_tree
from tests.e2e.cloud_lab import CloudLab, told
from tests.e2e.gateway_lab import CHAT, docker, said
from tests.e2e.gateway_tree import KEY
from tests.e2e.routing_pools import same_replicas
from tests.lab import plain_http

HEADERS = {"Authorization": f"Bearer {KEY}"}
OTHER_KINDS = {"/v1/embeddings": "embeddings", "/v1/rerank": "reranking"}
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


@pytest.fixture
def changed(lab: CloudLab) -> Iterator[CloudLab]:
    """For tests with other files; the next one finds the first ones loaded."""
    yield lab
    write_cloud_tree(lab.folder)
    lab.reload()


def providers(lab: CloudLab, addresses: int) -> list[str]:
    """Who answers one client, at so many addresses of its own."""
    curl = (
        f"curl --silent --output /dev/null --header 'Authorization: Bearer {KEY}' "
        f"""--data '{{"model":"chat"}}' --write-out '%header{{x-homeport-provider}} '"""
    )
    each = f"for n in $(seq {addresses}); do {curl} --interface 127.0.1.$n http://127.0.1.1:8080"
    return docker("exec", lab.container("nginx"), "sh", "-c", f"{each}{CHAT}; done").split()


def test_a_share_in_the_middle_is_of_addresses_each_of_which_stays_where_it_is(
    changed: CloudLab,
) -> None:
    write_cloud_tree(changed.folder, arm="share", share_percent=30.0)
    changed.engines("answers")
    changed.reload()
    first, again = (providers(changed, 150) for _ in range(2))
    assert first == again
    assert (len(first), set(first)) == (150, {"acme", "fleet"})
    assert chance_of_share(first.count("acme"), len(first), 0.3) > 1 / 10_000


@pytest.mark.parametrize(("path", "kind"), OTHER_KINDS.items())
def test_what_makes_no_text_has_no_way_to_the_cloud(
    changed: CloudLab, path: str, kind: str
) -> None:
    write_cloud_tree(changed.folder, others=(same_replicas("other", kind=kind),))
    changed.reload()
    answer = plain_http.post(changed.url + path, json={"model": "other"}, headers=HEADERS)
    assert (answer.status_code, answer.headers["x-homeport-provider"]) == (503, "fleet")
    # Nor when the gateway itself asks.
    asked = ("curl", "--silent", "--data", '{"model":"chat"}', f"http://egress:8080{path}")
    assert '"path_not_found"' in docker("exec", changed.container("nginx"), *asked)
    assert changed.left() == []


def test_headers_of_the_settings_reach_the_cloud(lab: CloudLab) -> None:
    lab.restart_egress(headers={"X-Region": "eu-1; strict", "X-Project": "17"})
    assert told(lab.chat()) == "cloud"
    (seen,) = lab.left()
    headers = dict(seen["headers"])
    assert (headers["X-Region"], headers["X-Project"]) == ("eu-1; strict", "17")
