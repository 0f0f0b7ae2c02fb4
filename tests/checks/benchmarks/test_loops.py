"""Closed and open loops, on a clock that jumps."""

import asyncio
import itertools
import random
from statistics import fmean

import pytest

from checks.benchmarks.client.sample import Outcome, Sample
from checks.benchmarks.load.loops import REFUSED_PAUSE_SECONDS, closed_loop, open_loop
from checks.benchmarks.load.measure import Spans, offsets, one_run
from checks.benchmarks.load.point import Load
from checks.benchmarks.load.schedule import Profile, arrivals
from tests.checks.benchmarks.virtual_time import in_virtual_time


class Server:
    """Answers each request after `seconds`; while it stands still, when it goes on again."""

    def __init__(self, seconds: float = 1, still: tuple[float, float] = (0, 0)) -> None:
        self.seconds, self.still = seconds, still
        self.running = self.most_running = 0
        self.outcome = Outcome.answered

    async def ask(self, wanted: float) -> Sample:
        clock = asyncio.get_running_loop().time
        sample = Sample(wanted, self.outcome, sent=clock())
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        begin, end = self.still
        if begin <= clock() < end:
            await asyncio.sleep(end - clock())
        await asyncio.sleep(self.seconds)
        self.running -= 1
        sample.ended = clock()
        return sample


def test_a_closed_loop_has_as_many_under_way_as_it_has_users() -> None:
    server = Server(seconds=1)
    found = in_virtual_time(closed_loop(server.ask, users=3, seconds=10))
    assert server.most_running == 3
    assert len(found) == 30


def test_users_that_come_one_after_the_other_do_not_go_in_step() -> None:
    server = Server(seconds=1)
    found = in_virtual_time(closed_loop(server.ask, users=4, seconds=10, ramp_seconds=1))
    assert sorted(one.wanted for one in found)[:6] == [0, 0.25, 0.5, 0.75, 1, 1.25]


def test_a_user_whose_request_fails_waits_before_the_next() -> None:
    server = Server(seconds=0)
    server.outcome = Outcome.limited
    found = in_virtual_time(closed_loop(server.ask, users=1, seconds=10))
    assert len(found) == 10 / REFUSED_PAUSE_SECONDS


def test_an_open_loop_waits_for_no_answer() -> None:
    server = Server(seconds=100)
    found = in_virtual_time(open_loop(server.ask, [1, 2, 3, 4]))
    assert server.most_running == 4
    assert [one.wanted for one in found] == [1, 2, 3, 4]
    assert [one.sent for one in found] == [1, 2, 3, 4]


def test_a_server_that_stands_still_is_felt_by_all_that_would_have_asked() -> None:
    """Coordinated omission: the closed loop's one user asks once in that time, and has waited."""
    still = (10.0, 12.0)
    server = Server(seconds=0.125, still=still)
    closed = in_virtual_time(closed_loop(server.ask, users=1, seconds=30))
    opened = in_virtual_time(open_loop(server.ask, [number / 8 for number in range(240)]))
    slow = [[one for one in side if one.total_seconds > 0.25] for side in (closed, opened)]
    assert (len(slow[0]), len(slow[1])) == (1, 15)
    assert max(one.total_seconds for one in opened) == pytest.approx(2.125)


def test_what_cannot_be_held_is_not_sent_and_counts() -> None:
    server = Server(seconds=100)
    found = in_virtual_time(open_loop(server.ask, [1, 2, 3], most_at_once=2))
    outcomes = [one.outcome for one in sorted(found, key=lambda one: one.wanted)]
    assert outcomes == [Outcome.answered, Outcome.answered, Outcome.unsent]


def test_arrivals_are_a_poisson_process_of_their_rate() -> None:
    found = list(arrivals(Profile("steady", 20, 500), random.Random(3)))
    gaps = [later - one for one, later in itertools.pairwise(found)]
    assert len(found) == pytest.approx(10_000, rel=0.03)
    # The standard deviation of an exponential distribution is its mean.
    assert fmean(gap**2 for gap in gaps) == pytest.approx(2 * fmean(gaps) ** 2, rel=0.05)


def test_the_same_seed_has_the_same_arrivals() -> None:
    profile = Profile("peak", 5, 100)
    assert [*arrivals(profile, random.Random(3))] == [*arrivals(profile, random.Random(3))]


def test_a_peak_rises_and_falls() -> None:
    """50,000 queries an hour at its highest."""
    profile = Profile("peak", 50_000 / 3600, 1000)
    found = list(arrivals(profile, random.Random(3)))
    parts = [sum(begin <= one < begin + 200 for one in found) for begin in (0, 400, 800)]
    highest = 200 * 50_000 / 3600
    assert parts == pytest.approx([highest / 5, highest, highest / 5], rel=0.1)


def test_the_warm_up_comes_before_the_profile() -> None:
    load = Load("open", per_second=10, profile="peak")
    found = list(offsets(load, Spans(100, 50, 1), random.Random(1)))
    assert found == sorted(found)
    assert sum(one < 50 for one in found) == pytest.approx(50 * 2, rel=0.3)
    assert max(found) < 150


def test_what_was_wanted_in_the_warm_up_is_not_judged() -> None:
    server = Server(seconds=2)
    load = Load("closed", users=2)
    run = in_virtual_time(one_run(server.ask, load, Spans(10, 5, 1), random.Random(1)))
    assert (run.begin, run.end) == (5, 15)
    assert len(run.samples) == 15
    assert len(run.judged) == 10
    assert run.watch.wall_seconds == pytest.approx(15, abs=0.02)
