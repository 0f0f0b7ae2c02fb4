"""The gateway's benchmark: its arithmetic, its table, and that it comes to its end."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.benchmarks.gateway import __main__ as bench
from tests.benchmarks.gateway.fronts import FRONTS, leave_the_body_unread
from tests.benchmarks.gateway.network import LABEL, NAME
from tests.benchmarks.gateway.rounds import differences, interleaved, ratios
from tests.benchmarks.gateway.streams import row
from tests.benchmarks.gateway.tables import cell, show
from tests.benchmarks.gateway.targets import TARGETS, Document, verdicts
from tests.benchmarks.measure import percentile
from tests.e2e.gateway_tree import write_tree
from tests.lab.machine import LabError, docker

NO_DAEMON = "Cannot connect to the Docker daemon at unix:///nowhere/docker.sock"


def test_every_other_round_goes_backwards() -> None:
    turns: list[str] = []

    def measure(name: str) -> int:
        turns.append(name)
        return len(turns)

    found = interleaved("abc", 2, measure)
    assert turns == list("abccba")
    assert found == {"a": [1, 6], "b": [2, 5], "c": [3, 4]}


def test_a_ratio_is_taken_within_its_round() -> None:
    # Of a machine that was twice as fast in the second round.
    assert ratios([50, 120, 90], [100, 200, 100]) == {"median": 0.6, "least": 0.5, "most": 0.9}
    assert differences([1.5, 3.25], [1, 3]) == {"median": 0.375, "least": 0.25, "most": 0.5}
    with pytest.raises(ValueError, match="shorter"):
        ratios([1, 2], [1])


def test_what_a_stream_adds_is_the_difference_of_percentiles_of_one_round() -> None:
    bare = [[(0.001, 0.03)] * 99 + [(0.004, 0.03)], [(0.002, 0.03)] * 100]
    gateway = [[(0.0012, 0.03)] * 98 + [(0.006, 0.03)] * 2, [(0.0023, 0.0024)] * 100]
    shown = row("by_model", {"bare": bare, "by_model": gateway})
    assert shown["p50_added_ms"] == {"median": 0.25, "least": 0.2, "most": 0.3}
    assert shown["p99_added_ms"]["most"] == 5.0
    assert shown["in_one_burst"] == 100
    assert "p50_added_ms" not in row("bare", {"bare": bare})


@pytest.mark.parametrize(("share", "value"), [(1, 1), (50, 5), (95, 10), (99, 10)])
def test_a_percentile_is_a_value_of_the_sample(share: int, value: int) -> None:
    assert percentile(range(10, 0, -1), share) == value


def test_targets_are_met_or_missed_by_the_median_and_only_where_measured() -> None:
    spread = {"median": 0.6, "least": 0.4, "most": 0.9}
    document: Document = {
        "parts": {
            "small": {"rows": {"by_path": {"of_bare": spread}, "by_model": {"of_bare": spread}}}
        }
    }
    found = {one["target"]: one["is_met"] for one in verdicts(document)}
    assert list(found.values()) == [False, True]
    assert [one["is_sure"] for one in verdicts(document)] == [False, False]
    document["parts"]["failover"] = {"rows": {"by_model": {"failed": 1}}}
    assert [one["is_met"] for one in verdicts(document)] == [False, True, False]
    assert verdicts(document)[-1]["is_sure"]
    assert {one.where[1] for one in TARGETS} <= FRONTS.keys()


def test_the_table_names_each_front_and_each_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    spread = {"median": 0.615, "least": 0.5, "most": 12345.0}
    document: Document = {
        "machine": "2 CPUs", "load_before": 0.5, "connections": 16,
        "parts": {"small": {"load": 0.5, "rows": {"by_model": {"of_bare": spread, "failed": 0}}}},
    }  # fmt: skip
    show({**document, "targets": verdicts(document)}, Console(width=120))
    shown = capsys.readouterr().out
    assert "0.615 (0.5-12,345)" in shown
    assert FRONTS["by_model"].words in shown
    assert "met, but rounds disagree" in shown
    assert cell(None) == ""


def test_a_quick_run_asks_less_and_bare_nginx_always_is_one_of_the_fronts() -> None:
    quick, whole = bench._options(["--quick"]), bench._options(["--fronts", "by_model"])
    assert (quick.rounds, quick.seconds) < (whole.rounds, whole.seconds)
    assert whole.fronts == ["bare", "by_model"]
    with pytest.raises(SystemExit):
        bench._options(["--parts", "all"])


def test_the_body_is_left_unread_only_in_files_that_are_known(tmp_path: Path) -> None:
    write_tree(tmp_path)
    leave_the_body_unread(tmp_path / "nginx")
    assert "mirror" not in (tmp_path / "nginx" / "routes.conf").read_text()
    with pytest.raises(LabError, match="mirror"):
        leave_the_body_unread(tmp_path / "nginx")


def test_a_failed_part_leaves_what_was_measured_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measured(_options: object) -> object:
        yield {"machine": "", "load_before": 0.0, "parts": {}}
        raise LabError("an engine died", "look at it")

    monkeypatch.setattr(bench, "measure", measured)
    results = tmp_path / "gateway.json"
    assert bench.main(["--results", str(results)]) == 1
    assert json.loads(results.read_text())["parts"] == {}
    assert capsys.readouterr().err == "error: an engine died\nhint: look at it\n"


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("", "error: Docker is not installed here\nhint: `make demo` installs and starts it\n"),
        (
            NO_DAEMON,
            f"error: no Docker daemon answers: {NO_DAEMON}\nhint: systemctl start docker (as root)",
        ),
    ],
)
def test_without_docker_it_says_what_to_do_and_begins_nothing(
    says: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if says:
        program = tmp_path / "docker"
        program.write_text(f'#!/bin/sh\necho "{says}" >&2\nexit 1\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bench.main(["--results", str(tmp_path / "gateway.json")]) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "gateway.json").exists()


@pytest.mark.docker
def test_a_short_run_has_ratios_and_leaves_nothing_behind(tmp_path: Path) -> None:
    results = tmp_path / "gateway.json"
    short = ["--rounds", "1", "--seconds", "1", "--fronts", "bare", "by_model", "--parts", "small"]
    assert bench.main([*short, "--results", str(results)]) == 0
    rows = json.loads(results.read_text())["parts"]["small"]["rows"]
    assert rows["by_model"]["failed"] == 0
    assert 0 < rows["by_model"]["of_bare"]["median"] < 2
    assert docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}") == ""
    assert docker("network", "inspect", NAME, check=False) == ""
