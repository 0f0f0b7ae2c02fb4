"""The share of a candidate, right and wrong, by what a gateway draws for new sessions."""

from collections.abc import Callable, Mapping

import pytest

from checks.check_canary import SESSIONS
from deploys.questions.canaries import NOW, Share, share_file
from deploys.render.release_gateway import CanaryRelease
from deploys.settings.canary import Canary
from tests.checks.conftest import Outcomes, RunChecks, failed, messages
from tests.checks.deployment import Deployment
from tests.checks.fake_gateway import Behaviour

SHARE = "a candidate gets the share that was set"
HEADER = "X-Session-Id"
RunShare = Callable[..., Outcomes]


def _draws(behaviour: Behaviour, percent: int, *, failing: bool = False) -> set[str]:
    """Has this share of the requests drawn for the candidate, exactly; gives the sessions."""
    sessions: set[str] = set()

    def tells(number: int, asked: Mapping[str, str]) -> Mapping[str, str]:
        sessions.add(asked[HEADER])
        arm = "candidate" if number * 37 % 100 < percent else "stable"
        said = {"X-Homeport-Pool": "tiny", "X-Homeport-Arm": arm}
        if arm == "candidate" and failing:
            said |= {"X-Homeport-Arm": "stable", "X-Homeport-Reason": "candidate_failed"}
        return said

    behaviour.tells = tells
    return sessions


@pytest.fixture
def run(run_checks: RunChecks, deployment: Deployment, gateway_url: str) -> RunShare:
    """Runs the check with a share that stands on the gateway."""

    def run_(percent: int, header: str = HEADER, candidate: str = "next") -> Outcomes:
        words = Canary(candidate=candidate)
        trial = CanaryRelease(model="tiny", words=words, session_header=header)
        released = deployment.release.gateway
        assert released is not None
        deployment.commit(gateway=released.model_copy(update={"canaries": {"tiny": trial}}))
        folder = deployment.directory / "state" / "gateway" / "canaries"
        folder.mkdir(parents=True)
        text = share_file(Share("tiny", candidate, percent, (percent,)), "ana").replace(NOW, "17")
        (folder / "tiny.conf").write_text(text)
        return run_checks("check_canary.py", gateway_url=gateway_url)

    return run_


@pytest.mark.parametrize("failing", [False, True])
def test_the_share_that_was_set_passes_by_sessions_of_its_own(
    run: RunShare, behaviour: Behaviour, *, failing: bool
) -> None:
    sessions = _draws(behaviour, 20, failing=failing)
    outcomes = run(20)
    assert [line["result"] for line in outcomes.values()] == ["passed"]
    assert messages(outcomes) == ""
    assert len(sessions) == SESSIONS


@pytest.mark.parametrize(("percent", "drawn"), [(20, 40), (20, 0), (20, 100), (100, 90), (5, 20)])
def test_another_share_fails_with_what_was_drawn(
    run: RunShare, behaviour: Behaviour, percent: int, drawn: int
) -> None:
    _draws(behaviour, drawn)
    outcomes = run(percent)
    assert failed(outcomes) == {SHARE}
    assert f"{percent} % of `tiny` go to `next`" in messages(outcomes)
    assert f"({drawn}%): chance does that in " in messages(outcomes)
    assert "remedy: `homeport canary ENV status` shows" in messages(outcomes)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"percent": 2}, "that takes 491 sessions, and 250 are asked"),
        ({"percent": 20, "header": ""}, "no header names sessions, and each client is drawn"),
        ({"percent": 20, "candidate": "cloud"}, "each request would be paid for"),
        ({"percent": 20}, "0 of 250 answers say that they are of `tiny`: too few"),
    ],
    ids=["is small", "is of clients", "is the cloud's", "is of another pool"],
)
def test_nothing_is_judged_and_that_is_said_where_the_share(
    run: RunShare, words: Mapping[str, object], told: str
) -> None:
    outcomes = run(**words)
    assert [line["result"] for line in outcomes.values()] == ["passed"]
    assert f"not judged: {told}" in messages(outcomes)


def test_without_a_share_it_is_skipped_and_without_a_candidate_left_out(
    run_checks: RunChecks, deployment: Deployment, gateway_url: str
) -> None:
    outcomes = run_checks("check_canary.py", "check_clients.py", gateway_url=gateway_url)
    assert SHARE not in {line["check"] for line in outcomes.values()}
    released = deployment.release.gateway
    assert released is not None
    trial = CanaryRelease(model="tiny", words=Canary(candidate="next"), session_header=HEADER)
    deployment.commit(gateway=released.model_copy(update={"canaries": {"tiny": trial}}))
    outcomes = run_checks("check_canary.py", gateway_url=gateway_url)
    assert [line["result"] for line in outcomes.values()] == ["skipped"]
    assert "no candidate has a share" in messages(outcomes)
