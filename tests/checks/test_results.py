"""What a check's line says, and what it never says."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest

from checks.committed import Replica
from checks.concerned import host_of
from checks.results import NOTE, Results, hide_secrets
from tests.checks.conftest import RunChecks

SECRET = "hp-3f9a1c0b7d2e4f5a6b8c9d0e1f2a3b4c"
# Put together here, so that whoever looks for keys in this repository finds none.
KIND = "RSA PRIVATE KEY"
KEY_LINES = f"-----BEGIN {KIND}-----\n  no/key+of-anybody\n  -----END {KIND}-----"


def reported(longrepr: Any, *notes: str) -> pytest.TestReport:  # noqa: ANN401 - as pytest has it
    """Of a check that ended like this."""
    properties: list[tuple[str, object]] = [(NOTE, words) for words in notes]
    return pytest.TestReport(
        "check_it", ("", 0, ""), {}, "failed", longrepr, "call", user_properties=properties
    )


@pytest.mark.parametrize(
    "words",
    [
        f"the gateway says 500: bad key {SECRET}",
        f"arguments: committed --parallel 4, live --api-key {SECRET}",
        f"cannot reach https://operator:{SECRET}@registry.example",
        "it echoes the word short-one",
        "it echoes the word long-one-that-is-cut-o",
        f"it says {KEY_LINES}",
        f"it says {KEY_LINES.partition('  -----END')[0]}",
    ],
)
def test_no_secret_is_told(words: str) -> None:
    remedy = "\nremedy: see its log"
    for found in (
        reported(words + remedy),
        reported(("file", 1, words + remedy)),
        reported(None, words + remedy),
    ):
        hide_secrets(found, {"short-one", "long-one-that-is-cut-off-here"})
        said = f"{found.longrepr}{found.user_properties}"
        assert "***" in said
        assert not [one for one in (SECRET, "short-one", "that-is", "of-anybody") if one in said]
        assert "remedy: see its log" in said


def test_what_moves_the_cursor_is_not_told() -> None:
    found = reported("a log says \x1b[2J\x07 and more\n  of it")
    hide_secrets(found, ())
    assert found.longrepr == "a log says \ufffd[2J\ufffd and more\n  of it"


def test_what_holds_no_secret_stays_as_it_is() -> None:
    with pytest.raises(KeyError) as shown:
        raise KeyError("x")
    found = reported(shown)
    hide_secrets(found, {"another"})
    # pytest shows a traceback in its own way.
    assert found.longrepr is shown


def test_a_check_knows_its_host() -> None:
    assert host_of({"deployed": "gpu1"}) == "gpu1"
    assert host_of({"gateway": "gate1", "path": "/v1/models"}) == "gate1"
    assert host_of({"replica": Replica("gpu2", "chat-1", "chat", 0)}) == "gpu2"
    assert host_of({"path": "/v1/models"}) == ""


def test_each_line_names_the_host(run_checks: RunChecks) -> None:
    assert {line["host"] for line in run_checks("check_hosts.py").values()} == {"localhost"}


def test_seconds_are_those_of_what_was_asked_for_a_check_and_its_own(tmp_path: Path) -> None:
    file = tmp_path / "results"
    results = Results(file)
    phases: list[tuple[Literal["setup", "call", "teardown"], float]]
    phases = [("setup", 2.0), ("call", 1.0), ("teardown", 9.0), ("setup", 0.5)]
    for when, seconds in phases:
        one = reported(None if when == "setup" and seconds == 2 else "it failed")
        one.when, one.duration = when, seconds
        one.outcome = "failed" if one.longrepr else "passed"
        results.pytest_runtest_logreport(one)
    results.pytest_unconfigure()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["seconds"] for line in lines] == [3.0, 0.5]
