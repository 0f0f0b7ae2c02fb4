"""Benchmarks on the disk, and what is found there."""

import json
from pathlib import Path

import pytest

from checks.benchmarks.document import workload_words
from checks.benchmarks.kept import keep, last, newest, sides
from checks.benchmarks.load.point import Load, Point, Run
from checks.benchmarks.numbers.rows import from_csv, rows, to_csv
from deploys.settings.refusal import Refused
from tests.checks.benchmarks.releases import WORKLOAD, documented, release, side
from tests.checks.benchmarks.samples import answered, failed


def test_what_is_kept_is_compared_as_it_was_measured() -> None:
    """But for digits of the CSV that nobody measures."""
    closed = release(1, requests=5, runs=2)
    opened = Point(Load("open", per_second=4), release(2, requests=5, runs=1).runs)
    document = json.loads(json.dumps(documented(closed, opened)))
    found = sides(document, from_csv(to_csv(list(rows([closed, opened])))))
    assert found[opened.load.name] == side(opened)[opened.load.name]
    kept, measured = found[closed.load.name], side(closed)[closed.load.name]
    assert kept.rows == measured.rows
    for one, other in zip(kept.token_rates, measured.token_rates, strict=True):
        assert one == pytest.approx(other, abs=0.001)


def test_requests_are_the_same_after_they_were_kept() -> None:
    point = Point(Load("closed", users=4), [Run(0, 10, [answered(1), failed(2), answered(3)])])
    found = list(rows([point]))
    assert from_csv(to_csv(found)) == found
    assert (found[0].first_token_seconds, found[1].first_token_seconds) == (0.1, None)


@pytest.mark.parametrize("text", ["", "load\nx\n", "{}"])
def test_other_columns_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="other columns"):
        from_csv(text)


def _keep(where: Path, fleet: str, time: str, point: Point | None = None) -> Path:
    point = point or release(1, requests=5, runs=1)
    return keep(where, documented(point, fleet=fleet, time=time), list(rows([point])))


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


def test_a_benchmark_without_an_answer_is_nothing_to_compare_with(tmp_path: Path) -> None:
    """Or the release that answers nothing would have the next one pass whatever it does."""
    words = workload_words(WORKLOAD)
    _keep(tmp_path, "old", "2026-01-01T00:00:00Z")
    nothing = Point(Load("closed", users=4), [Run(0, 10, [failed(2)])])
    _keep(tmp_path, "broken", "2026-01-02T00:00:00Z", nothing)
    found = last(tmp_path, words, "new")
    assert found is not None
    assert found.fleet == "old"
    assert last(tmp_path, words, "new", "broken") is None


def test_another_workload_is_not_compared(tmp_path: Path) -> None:
    _keep(tmp_path, "old", "2026-01-01T00:00:00Z")
    assert last(tmp_path, {**workload_words(WORKLOAD), "seed": 2}, "new") is None


def test_a_file_that_is_no_benchmark_is_refused_by_its_name(tmp_path: Path) -> None:
    path = _keep(tmp_path, "old", "2026-01-01T00:00:00Z")
    for text, words in (
        ("{", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ('{"schema": 0}', "no benchmark of schema 1"),
        ('{"schema": 1}', "workload: is missing"),
        (path.read_text().replace('"outcomes"', '"outcome"'), "loads.0.outcomes: is missing"),
    ):
        path.write_text(text)
        with pytest.raises(Refused, match=words):
            last(tmp_path, workload_words(WORKLOAD), "new")
        with pytest.raises(Refused, match=words):
            newest(tmp_path, "chat", "new")


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
    capacity = documented(*points)["capacity"]
    assert capacity["users"] == 4
    assert capacity["good_per_second"] == pytest.approx(4, rel=0.05)
    assert documented(points[2])["capacity"] is None
