"""`homeport canary` over two gateways: both have one share, and each may be lost on the way.

One lab for all of it, and each test begins where the one before it has ended.
"""

import json
from collections import Counter
from typing import Any

import pytest

from deploys.certificates.entrance import client
from deploys.cli.exit_codes import ExitCode
from tests.e2e.new_clients import HEADERS, asking, chat
from tests.e2e.pair.gateway_pair import GATEWAYS, cable_pulled, way, words
from tests.e2e.rolling_fleet import POOL, Fleet
from tests.e2e.told_command import Done
from tests.lab.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(900)]

ONE = {**POOL, "replicas": 1, "rollout": "swap"}
# Real engines on two cores answer some ten times a second, and not evenly.
CANARY = {
    "candidate": "next", "session_header": "X-Session-Id", "minimum_requests": 50,
    "tolerated_error_points": 10.0, "tolerated_latency_ratio": 4.0,
}  # fmt: skip
POOLS = {
    "chat": {**ONE, "drain_seconds": 5, "canary": CANARY},
    "next": {**ONE, "drain_seconds": 5},
}
SESSIONS = [f"session-{number}" for number in range(20)]


@pytest.fixture(scope="module")
def trial(pair: Fleet) -> Fleet:
    """Pools `chat` and `next` of one replica each, applied."""
    pair.render("llamacpp", words={**words(), "pools": POOLS})
    done = pair.apply()
    assert done.code == 0, done.text
    return pair


def canary(trial: Fleet, *arguments: str, expect: int = 0) -> str:
    """`homeport canary lab …`."""
    done: Done = trial.homeport("canary", "lab", *arguments)
    assert done.code == expect, done.text
    return done.text


def status(trial: Fleet) -> dict[str, Any]:
    """What it says of itself."""
    found: dict[str, Any] = json.loads(trial.homeport("canary", "lab", "status", "--json").text)
    return found


def arms(trial: Fleet, name: str) -> list[str]:
    """Who answers each of the sessions at a gateway."""
    with client(way(trial, trial.lab.host(name).address), HEADERS, 30) as one:
        answers = [chat(one, session) for session in SESSIONS]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.headers["x-homeport-arm"] for answer in answers]


def test_both_gateways_have_the_share_and_status_counts_what_both_have_answered(
    trial: Fleet,
) -> None:
    assert "50 % of `chat` go to `next`" in canary(trial, "start", "--steps", "50,100")
    first, second = (arms(trial, name) for name in GATEWAYS)
    # A session has its arm whichever gateway it comes to.
    assert first == second
    count = Counter([*first, *second])
    assert set(count) == {"candidate", "stable"}
    found = status(trial)
    assert [one["host"] for one in found["gateways"]] == list(GATEWAYS)
    (requests,) = (gate for gate in found["gates"] if gate["name"] == "requests")
    told = f"{count['candidate']} of the candidate, {count['stable']} of the stable arm"
    assert requests["words"].startswith(told)
    traffic = json.loads(trial.homeport("traffic", "lab", "--json").text)["arms"]
    assert {arm: found["requests"] for arm, found in traffic.items()} == {
        f"chat {arm}": number for arm, number in count.items()
    }


def test_a_gateway_that_is_lost_holds_up_the_next_step_and_nothing_is_changed(
    trial: Fleet,
) -> None:
    with cable_pulled(trial.lab.host("gate2")):
        for action in ("advance", "status"):
            told = canary(trial, action, expect=ExitCode.HOST_UNREACHABLE)
            assert "gate2 is unreachable" in told
        assert set(arms(trial, "gate1")) == {"candidate", "stable"}
    found = status(trial)
    assert (found["percent"], found["agree"]) == (50, True)


def test_once_it_is_back_the_next_step_is_made_at_both_and_nobody_notices(trial: Fleet) -> None:
    ways = [way(trial, trial.lab.host(name).address) for name in GATEWAYS]
    with asking(ways[0]) as first, asking(ways[1]) as second:
        told = canary(trial, "advance", "--watch", "--every", "2")
    assert "100 % of `chat` go to `next`" in told
    for asked in (first, second):
        assert (asked.errors, asked.statuses) == ([], {200})
    for name in GATEWAYS:
        assert set(arms(trial, name)) == {"candidate"}


def test_evidence_ends_it_at_the_gateway_that_answers_and_then_at_the_one_that_was_lost(
    trial: Fleet,
) -> None:
    engine, container = trial.lab.host("gpu1"), "homeport-lab-gpu_hosts-next-1-1"
    engine.run(f"docker stop --time 1 {container}")
    with cable_pulled(trial.lab.host("gate2")):
        told = canary(trial, "advance", expect=ExitCode.HOST_UNREACHABLE)
        assert "next-1 is exited" in told
        assert "ended by evidence" in told
        assert "gate2 is unreachable" in told
        assert set(arms(trial, "gate1")) == {"stable"}
    engine.run(f"docker start {container}")
    until(
        lambda: (
            engine.run(f"docker inspect -f {{{{.State.Health.Status}}}} {container}") == "healthy"
        )
    )
    found = status(trial)
    assert (found["percent"], found["agree"]) == (0, False)
    # It was ended, and no word for going on brings it back.
    assert "same share again: none" in canary(trial, "advance")
    assert set(arms(trial, "gate2")) == {"stable"}
    assert status(trial)["agree"] is True


def test_an_abort_does_not_wait_for_a_gateway_that_is_lost_and_is_made_good_there(
    trial: Fleet,
) -> None:
    canary(trial, "start", "--steps", "100")
    assert [set(arms(trial, name)) for name in GATEWAYS] == [{"candidate"}] * 2
    with cable_pulled(trial.lab.host("gate1")):
        told = canary(trial, "abort", expect=ExitCode.HOST_UNREACHABLE)
        assert "gate1 is unreachable" in told
        assert "`homeport canary lab abort` again when it is back" in told
        assert set(arms(trial, "gate2")) == {"stable"}
    assert "`chat` has all of its sessions again" in canary(trial, "abort")
    assert [set(arms(trial, name)) for name in GATEWAYS] == [{"stable"}] * 2
    assert "nothing to do" in canary(trial, "abort")
    done = trial.homeport("drift", "lab")
    assert done.code == 0, done.text
