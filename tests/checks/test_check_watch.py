"""The checks of the watch, each made to fail for its own reason, and what drift makes of it."""

import json
from collections.abc import Callable

import pytest

from checks.replica_addresses import drained_on_purpose
from deploys.questions import watch as watch_questions
from deploys.questions.watch import WatchHost, unit_names
from deploys.render.release_watch import WatchRelease
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment

STARTED = "the watch is started by systemd"
LATELY = "the watch has looked lately"
TIMER, SERVICE, SOCKET, _ = unit_names("lab")
RIGHT = {
    "active": frozenset({TIMER, SOCKET}),
    "enabled": frozenset({TIMER, SOCKET}),
    "result": "success",
    "age_seconds": 10,
}
Watched = Callable[..., None]


@pytest.fixture
def watched(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Has the host watched, in some condition."""

    def watch(**changes: object) -> None:
        found = WatchHost(**{**RIGHT, **changes})  # type: ignore[arg-type]
        deployment.commit(watch=WatchRelease(units=(TIMER, SERVICE, SOCKET), look_seconds=15))
        monkeypatch.setattr(watch_questions, "parse_watch", lambda _: found)

    return watch


def test_a_host_that_nobody_watches_is_not_asked(run_checks: RunChecks) -> None:
    outcomes = run_checks("check_watch.py", "check_nginx.py")
    assert outcomes
    assert [name for name in outcomes if "watch" in name] == []


def test_a_watch_that_runs_passes(run_checks: RunChecks, watched: Watched) -> None:
    watched()
    outcomes = run_checks("check_watch.py")
    assert outcomes.keys() == {f"{STARTED} localhost", f"{LATELY} localhost"}
    assert failed(outcomes) == set()


@pytest.mark.parametrize(
    ("changes", "check", "words"),
    [
        ({"active": frozenset({TIMER})}, STARTED, f"does not run, or not with the host: {SOCKET}"),
        ({"enabled": frozenset({SOCKET})}, STARTED, TIMER),
        ({"age_seconds": 961}, LATELY, "its last look is 961 s old, and 960 s would be long"),
        ({"age_seconds": None}, LATELY, "it has never looked"),
        ({"result": "exit-code"}, LATELY, "its last look ended with `exit-code`"),
    ],
)
def test_a_watch_that_does_not_fails_for_its_own_reason(
    changes: dict[str, object], check: str, words: str, run_checks: RunChecks, watched: Watched
) -> None:
    watched(**changes)
    outcomes = run_checks("check_watch.py")
    assert failed(outcomes) == {check}
    assert words in messages(outcomes)


def test_what_the_watch_took_out_is_out_on_purpose(deployment: Deployment) -> None:
    deployment.drain("chat-1", "watch")
    folder = deployment.directory / "state" / "gateway" / "drained"
    marks = {path.name: json.loads(path.read_text())["who"] for path in folder.iterdir()}
    assert drained_on_purpose(marks) == {"chat-1": "op@desk"}
