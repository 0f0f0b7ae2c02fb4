"""Lines of a gateway's log, as requests of two arms."""

from checks.canary.sample import Request, read_requests
from tests.checks.canary.traffic import line

BROKEN = (
    "2026/11/26 04:39:25 [error] 61#61: *{} upstream prematurely closed connection while reading "
    'upstream, client: 10.0.0.9, request: "POST /v1/chat/completions HTTP/1.1", '
    'upstream: "http://10.0.0.2:8080/v1/chat/completions", host: "gate"'
)


def read(*lines: str) -> list[Request]:
    """The requests of pool `chat`."""
    return list(read_requests(lines, "chat"))


def test_a_request_counts_for_the_arm_that_was_drawn() -> None:
    stable, candidate = read(line(), line(arm="candidate", drawn="candidate"))
    assert (stable.is_candidate, candidate.is_candidate) == (False, True)
    assert (stable.first_byte_seconds, stable.total_seconds) == (0.2, 0.5)
    assert not stable.failed


def test_what_the_stable_arm_did_in_the_candidates_place_is_the_candidates_failure() -> None:
    (found,) = read(line(arm="stable", drawn="candidate", reason="candidate_failed"))
    assert found.is_candidate
    assert found.failed


def test_testers_other_pools_and_what_was_refused_before_it_was_drawn_do_not_count() -> None:
    lines = (line(drawn="", arm="candidate"), line(pool="other"), line(drawn="", status=429))
    assert read(*lines, "nginx starts", "{}") == []


def test_errors_of_any_kind_and_answers_by_the_cloud_instead_are_failures() -> None:
    statuses = [read(line(status=status))[0].failed for status in (200, 400, 429, 499, 500, 503)]
    assert statuses == [False, True, True, True, True, True]
    assert read(line(reason="unavailable", provider="acme"))[0].failed
    assert not read(line(reason="replica_full"))[0].failed
    assert not read(line(reason="share", provider="acme"))[0].failed


def test_an_answer_that_its_engine_broke_off_is_a_failure_and_the_next_one_is_not() -> None:
    other, cut, later = read(
        BROKEN.format(7), line(connection=8), line(connection=7), line(connection=7)
    )
    assert [other.failed, cut.failed, later.failed] == [False, True, False]
