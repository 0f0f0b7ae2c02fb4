"""The targets of the accuracy report hold, and the report notices when one does not."""

from dataclasses import replace

import pytest

from deploys.plan.memory import kv_cache
from tests.plan.accuracy import TARGETS, by_quantity, main, missed, table
from tests.plan.observations import comparisons, entries


def test_every_target_is_reached() -> None:
    assert missed(comparisons()) == []


def test_the_report_ends_with_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    printed = capsys.readouterr().out
    assert "KV cache" in printed
    assert "MISSED" not in printed


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


def test_every_kind_of_observation_is_compared_with_something() -> None:
    found = by_quantity(comparisons())
    assert {target.quantity for target in TARGETS} <= set(found)
    assert table(comparisons()).row_count > len(found)


def test_every_entry_names_its_source() -> None:
    assert all(entry["source"] for entry in entries())
    assert len({entry["id"] for entry in entries()}) == len(entries())
