"""A real gateway whose pool has a candidate: who is drawn, what fails over, and two trials."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from checks.asking import Model
from checks.canary.drawn import draws
from checks.canary.evidence import chance_of_share
from checks.check_canary import RUNS
from checks.probes.gateway import Gateway
from deploys.certificates.entrance import Entrance
from deploys.questions.canaries import NOW, Share, share_file
from deploys.settings.secrets import Secret
from tests.e2e.canary_trial import (
    CLIENTS,
    POOLS,
    STEPS,
    TESTER_KEY,
    ask,
    candidates,
    run_trial,
    set_share,
)
from tests.e2e.checked_gateway import commit, outcomes
from tests.e2e.gateway_lab import CHAT, Lab, docker, running_lab
from tests.e2e.gateway_tree import KEY

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

SESSIONS = [f"s{number}" for number in range(200)]
STABLE, CANDIDATE = "chat-1", "chat-2"


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """The gateway of these pools, for all tests of this file."""
    folder = tmp_path_factory.mktemp("canary")
    with running_lab(folder, nginx_image, POOLS, CLIENTS) as lab:
        yield lab


@pytest.fixture
def all_to_the_candidate(lab: Lab) -> Iterator[Lab]:
    """The candidate has each session, and has not failed lately."""
    # nginx leaves out for 5 s what has failed twice; a pool of one is always asked.
    set_share(lab, 100)
    yield lab
    set_share(lab, 0)


def told(answer: httpx.Response) -> tuple[str, str, str]:
    """Pool, arm and reason, by the headers."""
    names = ("x-homeport-pool", "x-homeport-arm", "x-homeport-reason")
    pool, arm, reason = (answer.headers.get(name, "") for name in names)
    return pool, arm, reason


def test_without_a_share_the_stable_arm_has_every_session(lab: Lab) -> None:
    assert candidates(lab, SESSIONS[:50]) == set()
    assert told(ask(lab, "s1")) == ("old", "stable", "")
    assert told(ask(lab, "s1", model="chat")) == ("chat", "", "")


def test_a_session_that_was_drawn_stays_drawn_at_every_larger_share(lab: Lab) -> None:
    drawn: set[str] = set()
    for percent in (10, 25, 50, 100):
        set_share(lab, percent)
        found = candidates(lab, SESSIONS)
        assert drawn <= found
        # 200 sessions: three standard deviations are 6 to 11 of each hundred.
        assert abs(len(found) / 2 - percent) <= 11
        drawn = found
    assert drawn == set(SESSIONS)
    set_share(lab, 0)
    assert candidates(lab, SESSIONS[:50]) == set()


def test_the_check_of_shares_finds_a_right_one_right_and_a_wrong_one_wrong(
    all_to_the_candidate: Lab,
) -> None:
    lab = all_to_the_candidate
    gateway = Gateway("gate1", Entrance(lab.url), Secret(KEY))

    def chance(supposed: int) -> float:
        found = draws(gateway, Model("old", CHAT), "old", "X-Session-Id", 250)
        assert len(found) == 250
        return chance_of_share(sum(found), 250, supposed / 100)

    assert chance(100) == 1.0
    lab.engines("says 503", CANDIDATE)
    assert chance(100) == 1.0
    set_share(lab, 10)
    assert chance(10) > 1 / RUNS
    assert chance(30) <= 1 / RUNS
    lab.engines("answers", CANDIDATE)


@pytest.mark.parametrize(
    ("written", "expected", "told"),
    [(30, "passed", ""), (60, "failed", "and of 250 new sessions")],
)
def test_the_whole_check_passes_a_right_share_and_fails_one_that_is_not_loaded(
    lab: Lab, tmp_path: Path, written: int, expected: str, told: str
) -> None:
    set_share(lab, 30)
    clients = {"demo": CLIENTS["demo"]}
    deployment = commit(tmp_path, httpx.URL(lab.url).netloc.decode(), POOLS, clients)
    file = deployment.directory / "state" / "gateway" / "canaries" / "old.conf"
    file.parent.mkdir(parents=True)
    file.write_text(share_file(Share("old", "new", written, STEPS), "ana").replace(NOW, "17"))
    (line,) = outcomes(deployment, "check_canary.py").values()
    assert (line["check"], line["result"]) == ("a candidate gets the share that was set", expected)
    # Of what was judged and is right nothing is noted.
    assert (line["message"] != "", told in line["message"]) == (told != "", True), line
    set_share(lab, 0)


def test_a_session_has_one_arm_and_without_one_a_client_has(lab: Lab) -> None:
    set_share(lab, 50)
    for session in ("s1", "s2", "s3", ""):
        assert len({ask(lab, session).headers["x-homeport-arm"] for _ in range(5)}) == 1
    set_share(lab, 0)


def test_testers_alone_choose_their_arm_and_are_not_drawn(lab: Lab) -> None:
    answer = ask(lab, key=TESTER_KEY, arm="candidate")
    assert (answer.json()["served_by"], answer.headers["x-homeport-arm"]) == (
        CANDIDATE,
        "candidate",
    )
    line = lab.logged(answer.headers["x-request-id"])
    assert (line["arm"], line["drawn"]) == ("candidate", "")
    assert ask(lab, key=KEY, arm="candidate").headers["x-homeport-arm"] == "stable"
    assert ask(lab, key=TESTER_KEY, arm="new").headers["x-homeport-arm"] == "stable"


@pytest.mark.parametrize("mode", ["says 503", "says 429", "crashes", "hangs"])
def test_what_the_candidate_fails_before_it_answers_the_stable_arm_answers(
    all_to_the_candidate: Lab, mode: str
) -> None:
    lab = all_to_the_candidate
    lab.engines(mode, CANDIDATE)
    answer = ask(lab, "s1")
    assert (answer.status_code, answer.json()["served_by"]) == (200, STABLE)
    assert told(answer) == ("old", "stable", "candidate_failed")
    line = lab.logged(answer.headers["x-request-id"])
    assert (line["arm"], line["drawn"], line["reason"]) == (
        "stable",
        "candidate",
        "candidate_failed",
    )
    assert len(lab.seen(STABLE)) == 1


def test_a_candidate_that_is_not_there_costs_nobody_an_answer(all_to_the_candidate: Lab) -> None:
    lab = all_to_the_candidate
    docker("stop", "--time=0", lab.container(CANDIDATE))
    try:
        answers = [ask(lab, session) for session in SESSIONS[:10]]
    finally:
        docker("start", lab.container(CANDIDATE))
    assert Counter(answer.status_code for answer in answers) == {200: 10}
    assert {told(answer)[2] for answer in answers} == {"candidate_failed"}


@pytest.mark.parametrize("status", [400, 404, 422, 500])
def test_the_candidates_own_errors_pass_as_they_are(all_to_the_candidate: Lab, status: int) -> None:
    lab = all_to_the_candidate
    lab.engines(f"says {status}", CANDIDATE)
    answer = ask(lab, "s1")
    assert (answer.status_code, answer.headers["x-homeport-arm"]) == (status, "candidate")
    assert answer.json()["error"]["message"] == "the engine's own words"
    assert lab.seen(STABLE) == []


def test_what_both_arms_fail_is_an_error_of_the_stable_arm(all_to_the_candidate: Lab) -> None:
    lab = all_to_the_candidate
    lab.engines("is full")
    answer = ask(lab, "s1")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert told(answer)[1:] == ("stable", "candidate_failed")
    lab.engines("hangs", STABLE)
    assert ask(lab, "s1").status_code == 504
    # The stable arm may have begun with it: it is not asked a second time.
    assert len(lab.seen(STABLE)) == 1


def copies(lab: Lab, count: int) -> list[dict[str, Any]]:
    """What the candidate got, once that is so much; nothing that comes later is awaited."""
    for _ in range(50):
        if len(lab.seen(CANDIDATE)) >= count:
            break
        time.sleep(0.1)
    return lab.seen(CANDIDATE)


@pytest.mark.parametrize("mode", ["answers", "thinks", "hangs", "says 503", "crashes"])
def test_a_copy_changes_nothing_whatever_becomes_of_it(lab: Lab, mode: str) -> None:
    lab.engines(mode, CANDIDATE)
    before = len(lab.log())
    with httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, timeout=20) as client:
        began = time.monotonic()
        answers = [client.post(lab.url + CHAT, json={"model": "copied"}) for _ in range(4)]
        took = time.monotonic() - began
    assert {(one.status_code, one.json()["served_by"]) for one in answers} == {(200, STABLE)}
    assert told(answers[0]) == ("copied", "stable", "")
    # The candidate thinks for 2.5 s, and a client's next request would wait for each copy.
    assert took < 2
    assert [record["path"] for record in copies(lab, 4)] == [CHAT] * 4
    # Copies stand in no log: one line for each request.
    assert len(lab.log()) - before == 4


def test_large_requests_are_answered_and_not_copied(lab: Lab) -> None:
    body = {"model": "copied", "messages": [{"role": "user", "content": "x" * 80_000}]}
    assert lab.chat(body).status_code == 200
    assert ask(lab, model="copied").status_code == 200
    assert [record["bytes"] < 1000 for record in copies(lab, 1)] == [True]


def test_an_identical_candidate_gets_every_session_in_the_end(lab: Lab) -> None:
    verdict, steps, found = run_trial(lab)
    assert (verdict, steps) == ("passes", [10, 25, 50, 100]), found
    assert candidates(lab, SESSIONS[:20]) == set(SESSIONS[:20])
    set_share(lab, 0)


def test_a_candidate_with_five_points_more_errors_is_ended_by_evidence(lab: Lab) -> None:
    lab.engines("fails one in 20", CANDIDATE)
    verdict, steps, found = run_trial(lab)
    assert (verdict, steps) == ("fails", [10])
    assert [gate.name for gate in found if gate.verdict == "fails"] == ["errors"]
    lab.engines("answers")
    assert candidates(lab, SESSIONS[:20]) == set()
