"""When a sick replica's container may be started anew, and when it is left alone."""

import pytest

from deploys.watching.judging import DOWN, GPU, ILL, SILENT, STUCK, WELL, Verdict
from deploys.watching.limits import of_the_last_hour
from deploys.watching.restarts import YES, why_not
from tests.watching.looks import BEGIN, LIMITS

LETS = {"gate1": ["chat-1"], "gate2": ["chat-1", "chat-2"]}


def asked(state: str, lets: dict[str, list[str]] | None = None, restarts: int = 0) -> str:
    """Of chat-1."""
    done = [BEGIN] * restarts
    return why_not("chat-1", Verdict(state), LETS if lets is None else lets, done, LIMITS)


@pytest.mark.parametrize("state", [SILENT, ILL, STUCK])
def test_what_hangs_is_restarted_once_every_gateway_has_let_go_of_it(state: str) -> None:
    assert asked(state) == YES


@pytest.mark.parametrize("state", [GPU, DOWN, WELL])
def test_what_a_restart_does_not_mend_is_not_restarted(state: str) -> None:
    assert asked(state) == "a restart does not mend that"


def test_a_gateway_that_sends_requests_or_whose_operator_drained_it_holds_it() -> None:
    assert asked(STUCK, {**LETS, "gate3": []}) == "gate3 has not let go of it"


def test_without_a_word_of_any_gateway_nothing_is_restarted() -> None:
    assert asked(STUCK, {}) == "no gateway has said that it may be restarted"


def test_restarts_are_bounded_within_an_hour() -> None:
    assert asked(STUCK, restarts=2) == YES
    assert asked(STUCK, restarts=3).startswith("3 restarts within an hour have not mended it")
    times = [BEGIN - 3601, BEGIN - 3599, BEGIN]
    assert of_the_last_hour(times, BEGIN) == times[1:]
    # A clock that was set back must not keep a replica from its restart for good.
    assert of_the_last_hour([BEGIN + 7200], BEGIN) == []
