"""Each check's result as one line of JSON, for programs and for `homeport verify`."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from checks.pages.parts import shown
from checks.probes.gateway import NoAnswer
from checks.probes.host import Unreachable
from deploys.causes.evidence import HIDDEN, masked

_UNREACHABLE = "unreachable"
# The property that names the host which a check is about.
HOST = "host"
# The property by which a check that passes says what a person should know all the same.
NOTE = "note"
# So much of a key is as good as the key, and no other word begins like that.
_TELLING = 12
# Whole, with its lines; of one that is cut off what comes before the check's own words.
_PRIVATE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|(?=\nremedy: )|\Z)",
    re.DOTALL,
)


class Results:
    """Writes a line as soon as its check has ended, so that a reader sees progress."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8")
        self._seconds = 0.0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """pytest calls this for set-up, call and tear-down; one of them decides."""
        # What a check waits for is asked in its set-up.
        self._seconds = report.duration + (0 if report.when == "setup" else self._seconds)
        decides = report.when == "call" or (report.when == "setup" and not report.passed)
        if not decides:
            return
        function, _, subject = report.location[2].removeprefix("check_").partition("[")
        line = {
            "check": function.replace("_", " "),
            "subject": subject.removesuffix("]"),
            "host": "".join(_said(report, HOST)),
            "file": report.location[0],
            "result": _result(report),
            "seconds": round(self._seconds, 3),
            "message": "\n".join(_said(report, NOTE)) if report.passed else message(report),
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


def hide_secrets(report: pytest.TestReport, known: Iterable[str]) -> None:
    """Checks quote answers and arguments, and any of them may hold a key: one that is known here,
    or what looks like one. Afterwards no reader of the report can tell it, JUnit's neither.
    """
    secrets = sorted(known, key=len, reverse=True)
    report.user_properties = [
        (name, _hidden(value, secrets) if isinstance(value, str) else value)
        for name, value in report.user_properties
    ]
    if isinstance(report.longrepr, tuple):
        file, line, words = report.longrepr
        report.longrepr = (file, line, _hidden(words, secrets))
    elif report.longrepr is not None:
        words = str(report.longrepr)
        hidden = _hidden(words, secrets)
        # Otherwise pytest shows a traceback as it would.
        report.longrepr = report.longrepr if hidden == words else hidden


def _hidden(words: str, secrets: Iterable[str]) -> str:
    for one in secrets:
        # Answers are quoted up to a length, and may end in the middle of it.
        begin = re.escape(one[:_TELLING])
        words = re.sub(rf"{begin}[\x21-\x7e]{{0,{len(one) - len(one[:_TELLING])}}}", HIDDEN, words)
    # What moves a terminal's cursor is no word either.
    return shown("\n".join(map(masked, _PRIVATE.sub(HIDDEN, words).split("\n"))))


def _said(report: pytest.TestReport, wanted: str) -> list[str]:
    return [str(words) for name, words in report.user_properties if name == wanted]


def _result(report: pytest.TestReport) -> str:
    if report.failed and any(name == _UNREACHABLE for name, _ in report.user_properties):
        return _UNREACHABLE
    return report.outcome
