"""A candidate by `homeport canary` against hosts over SSH: through all steps, and ended."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from deploys.cli.exit_codes import ExitCode
from tests.lab.served import NAME, POOL, STORE, Served
from tests.served.steady_load import Answers, steady_load

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(900)]

GOLDEN = "inventories/golden/served.yaml"
# Random weights say nothing of sense, but letters.
RIGHT = "- {prompt: Hello, matches: '[A-Za-z]', max_tokens: 16}\n"
WRONG = "- {prompt: Hello, matches: '^Nobody says this[.]$', max_tokens: 16}\n"
# Real engines on two cores answer some ten times a second, and not evenly.
CANARY = {
    "candidate": "next", "session_header": "X-Session-Id", "golden": GOLDEN, "minimum_requests": 50,
    "tolerated_error_points": 10.0, "tolerated_latency_ratio": 4.0,
}  # fmt: skip
WATCH = "start --steps 50,100 --watch --every 2"


@pytest.fixture(scope="module")
def trial(served_lab: Served) -> Iterator[Served]:
    """Pools `chat` and `next` of one replica each, applied."""
    golden = served_lab.checkout.path / GOLDEN
    golden.parent.mkdir(exist_ok=True)
    golden.write_text(RIGHT)
    one = {**POOL, "replicas": 1, "rollout": "auto"}
    clients = {"tester": {"key": "file:.homeport/served.key", "tester": True}}
    pools = {
        "chat": {**one, "hosts": ["gpu1"], "canary": CANARY},
        "next": {**one, "hosts": ["gpu2"]},
    }
    served_lab.commit(pools=pools, clients=clients)
    served_lab.apply()
    yield served_lab
    served_lab.put_back()


def canary(served: Served, arguments: str, *, expect: int = 0) -> str:
    """`homeport canary served …`."""
    return served.homeport(f"canary {NAME} {arguments}", expect=expect)


def status(served: Served) -> dict[str, Any]:
    """What it says of itself."""
    done = served.checkout.run(f".venv/bin/homeport canary {NAME} status --json", expect=None)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_good_candidate_gets_all_sessions_step_by_step_and_nobody_notices(trial: Served) -> None:
    with steady_load(trial, by_session=True) as answers:
        told = canary(trial, WATCH)
    assert "50 % of `chat` go to `next`" in told
    assert "100 % of `chat` go to `next`" in told
    assert "make the candidate the stable one" in told
    assert_all_good(answers)
    assert trial.chat().headers["x-homeport-arm"] == "candidate"
    found = status(trial)
    assert (found["percent"], found["agree"], found["verdict"]) == (100, True, "passes")


def test_an_apply_and_drift_leave_the_share_as_it_is(trial: Served) -> None:
    trial.apply()
    assert trial.findings() == []
    told = trial.homeport(f"drift {NAME}")
    assert re.search(r"gate1: 100 % of chat go to next, set by \S+@\S+", told)
    assert status(trial)["percent"] == 100


def test_traffic_has_both_arms(trial: Served) -> None:
    told = json.loads(trial.checkout.run(f".venv/bin/homeport traffic {NAME} --json").stdout)
    assert {"chat candidate", "chat stable"} <= told["arms"].keys()


def test_an_abort_gives_the_stable_arm_everything_by_a_reload(trial: Served) -> None:
    before = loads(trial)
    canary(trial, "abort")
    assert trial.chat().headers["x-homeport-arm"] == "stable"
    assert loads(trial) != before
    assert status(trial)["percent"] == 0
    assert "nothing to do" in canary(trial, "abort")


def test_a_candidate_that_says_something_else_is_not_begun_and_is_ended_by_evidence(
    trial: Served,
) -> None:
    golden = trial.checkout.path / GOLDEN
    try:
        golden.write_text(WRONG)
        refused = canary(trial, "start --steps 50,100", expect=ExitCode.REFUSED)
        assert status(trial)["percent"] == 0
        golden.write_text(RIGHT)
        canary(trial, "start --steps 50,100")
        golden.write_text(WRONG)
        ended = canary(trial, "advance", expect=ExitCode.ROLLED_BACK)
    finally:
        golden.write_text(RIGHT)
    for told in (refused, ended):
        assert "number 1 of 1: '^Nobody says this[.]$' is not in " in told
    assert status(trial)["percent"] == 0


def test_a_candidate_that_crashes_is_ended_by_evidence_and_costs_nobody_an_answer(
    trial: Served,
) -> None:
    canary(trial, "start --steps 50,100")
    # Before anybody asks: a machine that is quick enough would have a sample by then.
    early = canary(trial, "advance", expect=ExitCode.REFUSED)
    with steady_load(trial, by_session=True) as answers:
        trial.host("gpu2").run("docker stop --time 1 $(docker ps --quiet --filter name=next)")
        told = canary(trial, "advance", expect=ExitCode.ROLLED_BACK)
    assert "too early to go on from 50 %" in early
    assert "next-1 is exited" in told
    assert status(trial)["percent"] == 0
    assert_all_good(answers)


def assert_all_good(answers: Answers) -> None:
    """Every client got what it asked for."""
    assert answers.bad == []
    assert answers.good > 0


def loads(served: Served) -> str:
    """The word of nginx's last load."""
    return served.host("gate1").run(f"cat {STORE}/state/gateway/loaded.conf")
