"""The gate: what is the same passes, what is 10 % slower does not, and too few samples are said."""

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from checks.benchmarks.client.sample import Outcome
from checks.benchmarks.document import About, document, workload_words
from checks.benchmarks.kept import keep, last, sides
from checks.benchmarks.load.lengths import read_lengths
from checks.benchmarks.load.measure import Spans
from checks.benchmarks.load.point import Load, Point, Run
from checks.benchmarks.load.workload import Workload
from checks.benchmarks.numbers.figures import figures
from checks.benchmarks.numbers.gate import Side, compare
from checks.benchmarks.numbers.objective import Objective
from checks.benchmarks.numbers.rows import from_csv, rows, to_csv
from deploys.settings.refusal import Refused
from tests.checks.benchmarks.samples import answered, failed

WORKLOAD = Workload("chat", "/v1/chat/completions", read_lengths("64"), read_lengths("16"))


def release(
    seed: int, slower: float = 1, requests: int = 400, runs: int = 3, failures: int = 0
) -> Point:
    """Runs whose answers vary by a quarter, and which lie a per cent apart themselves."""
    chance = random.Random(seed)
    found = []
    for _ in range(runs):
        factor = slower * chance.gauss(1, 0.01)
        samples = [
            answered(
                number * 100 / requests,
                first=0.1 * chance.lognormvariate(0, 0.25) * factor,
                gap=0.01 * chance.lognormvariate(0, 0.05) * factor,
                events=8,
            )
            for number in range(requests)
        ]
        samples += [failed(number, Outcome.overloaded) for number in range(failures)]
        found.append(Run(0, 100, samples))
    return Point(Load("closed", users=4), found)


def side(point: Point) -> Mapping[str, Side]:
    """As it is kept and read again."""
    requests = from_csv(to_csv(list(rows([point]))))
    return sides(_document(point), requests)


def _document(*points: Point, fleet: str = "new", time: str = "2026-01-02T00:00:00Z") -> dict:  # type: ignore[type-arg]
    about = About("small", fleet, time, WORKLOAD, Objective(), Spans(100, 5, 3), None)
    return document(about, points, [figures(point, Objective()) for point in points])


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


def test_requests_are_the_same_after_they_were_kept() -> None:
    point = Point(Load("closed", users=4), [Run(0, 10, [answered(1), failed(2), answered(3)])])
    found = list(rows([point]))
    assert from_csv(to_csv(found)) == found
    assert (found[0].first_token_seconds, found[1].first_token_seconds) == (0.1, None)


@pytest.mark.parametrize("text", ["", "load\nx\n", "{}"])
def test_other_columns_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="other columns"):
        from_csv(text)


def _keep(where: Path, fleet: str, time: str) -> Path:
    point = release(1, requests=5, runs=1)
    return keep(where, _document(point, fleet=fleet, time=time), to_csv(list(rows([point]))))


def test_the_last_benchmark_of_another_release_is_found(tmp_path: Path) -> None:
    words = workload_words(WORKLOAD)
    assert last(tmp_path, words, "new") is None
    _keep(tmp_path, "old", "2026-01-01T00:00:00Z")
    _keep(tmp_path, "older", "2025-01-01T00:00:00Z")
    _keep(tmp_path, "new", "2026-01-03T00:00:00Z")
    found = last(tmp_path, words, "new")
    assert found is not None
    assert found.fleet == "old"
    assert len(found.rows()) == 5
    named = last(tmp_path, words, "new", "older")
    assert named is not None
    assert named.fleet == "older"


def test_another_workload_is_not_compared(tmp_path: Path) -> None:
    _keep(tmp_path, "old", "2026-01-01T00:00:00Z")
    assert last(tmp_path, {**workload_words(WORKLOAD), "seed": 2}, "new") is None


def test_a_file_that_is_no_benchmark_is_refused_by_its_name(tmp_path: Path) -> None:
    path = _keep(tmp_path, "old", "2026-01-01T00:00:00Z")
    for text, words in (("{", "cannot be read"), ('{"schema": 0}', "no benchmark of schema 1")):
        path.write_text(text)
        with pytest.raises(Refused, match=words):
            last(tmp_path, workload_words(WORKLOAD), "new")


def test_requests_that_are_gone_are_refused_by_their_name(tmp_path: Path) -> None:
    path = _keep(tmp_path, "old", "2026-01-01T00:00:00Z")
    path.with_suffix(".csv").unlink()
    found = last(tmp_path, workload_words(WORKLOAD), "new")
    assert found is not None
    with pytest.raises(Refused, match=r"\.csv: cannot be read"):
        found.rows()


def test_capacity_is_the_most_users_whose_answers_come_in_time() -> None:
    runs = release(1).runs
    slow = release(2, slower=100).runs
    points = [Point(Load("closed", users=users), runs) for users in (1, 4)]
    points.append(Point(Load("closed", users=8), slow))
    points.append(Point(Load("open", per_second=9), runs))
    capacity = _document(*points)["capacity"]
    assert capacity["users"] == 4
    assert capacity["good_per_second"] == pytest.approx(4, rel=0.05)
    assert _document(points[2])["capacity"] is None
