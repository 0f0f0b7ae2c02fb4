"""Tests of one lab stay in one process: two that want the same one wait for each other."""

from pathlib import Path

from tests.conftest import APART, FIRST, PLACES, place_of

TESTS = Path(__file__).parents[1]


def test_each_place_is_some_tests() -> None:
    files = (path.relative_to(TESTS.parent) for path in TESTS.rglob("test_*.py"))
    places = {place_of(f"{file}::test_it[a/b::c]") for file in files}
    assert {place.split()[0] for place in places} == set(PLACES.values())


def test_each_file_of_gateways_is_a_place_of_its_own() -> None:
    tls, keys = (f"tests/e2e/gateway/test_{name}.py::test_it" for name in ("tls", "keys"))
    assert place_of(tls) != place_of(keys)
    assert set(APART) < set(PLACES.values())


def test_what_begins_first_is_in_the_order_of_the_places() -> None:
    """A name that is none of them would begin nothing."""
    assert list(FIRST) == [place for place in dict.fromkeys(PLACES.values()) if place in FIRST]


def test_the_served_lab_is_one_place() -> None:
    assert place_of("tests/served/test_drift.py::test_it") == FIRST[0]
