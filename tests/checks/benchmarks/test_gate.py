"""The gate: what is the same passes, what is 10 % slower does not, and too few samples are said."""

from checks.benchmarks.load.point import Load, Point, Run
from checks.benchmarks.numbers.gate import Side, compare
from tests.checks.benchmarks.releases import release, side
from tests.checks.benchmarks.samples import failed


def verdicts(newer: Point, older: Point) -> dict[str, str]:
    """By figure."""
    return {one.figure: one.verdict for one in compare(side(newer), side(older))}


def test_the_same_release_passes_every_time() -> None:
    for seed in range(0, 12, 2):
        found = verdicts(release(seed), release(seed + 1))
        assert "regressed" not in found.values()
        assert found["token p50"] == found["total p95"] == "passes"


def test_a_release_that_is_a_tenth_slower_is_found_every_time() -> None:
    for seed in range(0, 6, 2):
        found = verdicts(release(seed, slower=1.10), release(seed + 1))
        assert found["token p50"] == "regressed"


def test_a_first_token_that_is_a_fifth_later_is_found() -> None:
    found = verdicts(release(1, slower=1.2), release(2))
    assert found["first token p50"] == "regressed"


def test_a_faster_release_passes() -> None:
    assert "regressed" not in verdicts(release(1, slower=0.8), release(2)).values()


def test_with_too_few_samples_it_says_that_it_cannot_tell() -> None:
    found = verdicts(release(1, requests=8, runs=1), release(2, requests=8, runs=1))
    assert found["first token p50"] == "unsure"


def test_one_slow_run_of_three_is_no_evidence() -> None:
    slow, fine = release(1, slower=1.5, runs=1), release(2, runs=2)
    mixed = Point(slow.load, [*slow.runs, *fine.runs])
    assert "regressed" not in verdicts(mixed, release(3)).values()


def test_more_failures_are_found_and_a_few_are_not() -> None:
    assert verdicts(release(1, failures=40), release(2))["failures"] == "regressed"
    assert verdicts(release(1, failures=3), release(2))["failures"] == "passes"


def test_fewer_tokens_per_second_are_found() -> None:
    found = verdicts(release(1, requests=300), release(2, requests=400))
    assert found["time per token of all"] == "regressed"


def test_a_client_that_was_the_limit_is_no_evidence() -> None:
    newer = {name: Side(one.rows, one.token_rates, client_limited=True)
             for name, one in side(release(1, slower=2)).items()}  # fmt: skip
    found = compare(newer, side(release(2)))
    assert {one.verdict for one in found if one.figure != "failures"} == {"unsure"}
    assert all("the client was the limit" in one.words for one in found if one.verdict == "unsure")


def test_nothing_answered_is_found_by_its_failures() -> None:
    nothing = Point(Load("closed", users=4), [Run(0, 100, [failed(1) for _ in range(50)])])
    found = verdicts(nothing, release(2))
    assert found["failures"] == "regressed"
    assert found["first token p50"] == "unsure"


def test_only_loads_that_both_have_are_compared() -> None:
    other = Point(Load("closed", users=8), release(1).runs)
    assert compare(side(other), side(release(2))) == []


def test_an_open_loops_pace_is_its_clients_and_not_compared() -> None:
    points = [Point(Load("open", per_second=4), release(seed).runs) for seed in (1, 2)]
    assert "time per token of all" not in verdicts(*points)
