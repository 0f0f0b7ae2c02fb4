"""The accuracy report's targets hold, it notices when one does not, and it leaves nothing out."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deploys.plan.memory import kv_cache
from tests.plan.accuracy import observations
from tests.plan.accuracy.comparison import by_quantity, largest
from tests.plan.accuracy.exceptions import (
    CONTEXT,
    GRAPHS,
    KNOWN_MISSES,
    NOT_COMPARED,
    NOT_READ,
    NOT_READ_OF,
    POOL,
    PROCESS,
)
from tests.plan.accuracy.observations import comparisons, entries
from tests.plan.accuracy.report import main, table
from tests.plan.accuracy.targets import TARGETS, missed

if TYPE_CHECKING:
    from _collections_abc import dict_items, dict_values

# How many numbers of the file each quantity is held against: a renamed key leaves one less.
COUNTED = {
    "KV cache": 19,
    "recurrent state": 3,
    "weights without the file": 13,
    "compute buffer": 12,
    "GPU total": 8,
    "draft KV cache": 2,
    "draft compute buffer": 1,
    "draft, cache and compute": 1,
    "projector compute buffer": 1,
    "process in nvidia-smi": 1,
    CONTEXT: 2,
    PROCESS: 6,
    "vLLM weights without the file": 6,
    "vLLM weights, other formats": 7,
    "vLLM activation": 6,
    "vLLM tokens from a known pool": 10,
    "vLLM pool from its printed parts": 8,
    "vLLM budget": 1,
    POOL: 8,
    GRAPHS: 4,
}
# Beyond this an error has its cause written down.
LARGE = 0.1


def test_every_target_is_reached() -> None:
    assert missed(comparisons()) == []


def test_the_report_says_what_is_off_and_what_is_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main() == 0
    printed = capsys.readouterr().out
    assert "KV cache" in printed
    assert "MISSED" not in printed
    for name in NOT_COMPARED:
        assert f"  {name}: " in printed
    assert "  compute buffer of lc16, +32.4%: " in printed


def test_the_report_ends_with_exit_code_1_when_a_formula_is_altered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = kv_cache.layer_bytes
    monkeypatch.setattr(kv_cache, "layer_bytes", lambda *sizes: right(*sizes) * 1.002)
    assert main() == 1
    assert "MISSED  KV cache: each within 0.1 %" in capsys.readouterr().out


def test_a_target_without_observations_is_missed() -> None:
    assert len(missed([])) == len(TARGETS)


def test_an_upper_bound_that_is_too_low_is_noticed() -> None:
    rows = [replace(row, upper=row.observed * 0.98) for row in comparisons()]
    assert "GPU total: upper never under by more than 1 %" in missed(rows)


def test_every_quantity_is_compared_as_often_as_the_file_has_it() -> None:
    found = by_quantity(comparisons())
    assert {quantity: len(rows) for quantity, rows in found.items()} == COUNTED
    assert {target.quantity for target in TARGETS} <= set(found)
    assert table(comparisons()).row_count > len(found)


def test_every_entry_is_compared_or_says_why_not() -> None:
    compared = {row.case for row in comparisons()}
    assert {entry["id"] for entry in entries()} - compared == set(NOT_COMPARED)


class Noted(dict[str, object]):
    """Numbers, of which it is written down who was asked for."""

    def __init__(self, told: Mapping[str, object]) -> None:
        super().__init__({k: Noted(v) if isinstance(v, dict) else v for k, v in told.items()})
        self.read: set[str] = set()

    def __getitem__(self, key: str) -> object:
        self.read.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: object = None) -> object:
        self.read.add(key)
        return super().get(key, default)

    def items(self) -> "dict_items[str, object]":
        self.read |= self.keys()
        return super().items()

    def values(self) -> "dict_values[str, object]":
        self.read |= self.keys()
        return super().values()

    def unread(self) -> Iterator[str]:
        """Their names; of what lies inside another, after a dot."""
        for name, value in super().items():
            if name not in self.read:
                yield name
            elif isinstance(value, Noted):
                yield from (f"{name}.{one}" for one in value.unread())


def test_every_number_of_an_entry_is_read_or_says_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    noted = {entry["id"]: Noted(entry["observed"]) for entry in entries()}
    read = [entry | {"observed": noted[entry["id"]]} for entry in entries()]
    monkeypatch.setattr(observations, "entries", lambda: read)
    assert comparisons()
    unread = {name: set(one.unread()) for name, one in noted.items() if name not in NOT_COMPARED}
    own = {name: found - set(NOT_READ) for name, found in unread.items() if found - set(NOT_READ)}
    assert own == {name: set(keys) for name, (keys, _) in NOT_READ_OF.items()}
    assert set(NOT_READ) <= set().union(*unread.values())


def test_every_large_error_has_its_cause_and_every_cause_an_error() -> None:
    errors = largest(comparisons())
    large = {place for place, error in errors.items() if abs(error) > LARGE}
    assert large <= set(KNOWN_MISSES)
    assert all(abs(errors[place]) > LARGE / 3 for place in KNOWN_MISSES)


def test_every_entry_names_its_source() -> None:
    assert all(entry["source"] for entry in entries())
    assert len({entry["id"] for entry in entries()}) == len(entries())
