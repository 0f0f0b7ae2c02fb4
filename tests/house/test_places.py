"""Tests of one lab stay in one process: two that want the same one wait for each other."""

from pathlib import Path

from tests.conftest import FIRST, PLACES, place_of

TESTS = Path(__file__).parents[1]


def test_each_place_is_some_tests() -> None:
    files = (path.relative_to(TESTS.parent) for path in TESTS.rglob("test_*.py"))
    assert {place_of(f"{file}::test_it[a/b::c]") for file in files} == set(PLACES.values())


def test_what_begins_first_is_in_the_order_of_the_places() -> None:
    """A name that is none of them would begin nothing."""
    assert list(FIRST) == [place for place in dict.fromkeys(PLACES.values()) if place in FIRST]


def test_the_served_lab_is_one_place() -> None:
    assert place_of("tests/served/test_drift.py::test_it") == FIRST[0]
