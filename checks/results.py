"""Each check's result as one line of JSON, for programs and for `homeport verify`."""

import json
from pathlib import Path

import pytest

from checks.probes.gateway import NoAnswer
from checks.probes.host import Unreachable

_UNREACHABLE = "unreachable"
# The property by which a check that passes says what a person should know all the same.
NOTE = "note"


class Results:
    """Writes a line as soon as its check has ended, so that a reader sees progress."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """pytest calls this for set-up, call and tear-down; one of them decides."""
        decides = report.when == "call" or (report.when == "setup" and not report.passed)
        if not decides:
            return
        function, _, subject = report.location[2].removeprefix("check_").partition("[")
        line = {
            "check": function.replace("_", " "),
            "subject": subject.removesuffix("]"),
            "file": report.location[0],
            "result": _result(report),
            "seconds": round(report.duration, 3),
            "message": _notes(report) if report.passed else message(report),
        }
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def pytest_unconfigure(self) -> None:
        """The reader's sign that no more will come."""
        self._file.close()


def message(report: pytest.TestReport) -> str:
    """What the check says; for a bug of ours the whole traceback."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    return str(report.longrepr)


def tell_plainly(report: pytest.TestReport, call: pytest.CallInfo[None]) -> pytest.TestReport:
    """Replaces the traceback of an answer that did not come, and marks lost hosts."""
    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, Unreachable | NoAnswer):
        report.longrepr = str(error)
    if isinstance(error, Unreachable):
        report.user_properties.append((_UNREACHABLE, error.host))
    return report


def _notes(report: pytest.TestReport) -> str:
    return "\n".join(str(words) for name, words in report.user_properties if name == NOTE)


def _result(report: pytest.TestReport) -> str:
    if report.failed and any(name == _UNREACHABLE for name, _ in report.user_properties):
        return _UNREACHABLE
    return report.outcome
