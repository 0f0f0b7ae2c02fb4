"""Logs for tests: those that people have posted, and what is made of a text."""

import io
from pathlib import Path
from typing import NamedTuple

import yaml

from deploys.causes.explanation import Explanation, explain
from deploys.causes.lines import lines

HERE = Path(__file__).parent


class Posted(NamedTuple):
    """A log from a thread."""

    source: str
    log: str
    cause: str = ""


def posted(file: Path) -> list[Posted]:
    """All logs of a file."""
    return [Posted(**raw) for raw in yaml.safe_load(file.read_text(encoding="utf-8"))]


def failures() -> list[Posted]:
    """Logs of failures, each with the cause that is to be found."""
    return [one for file in sorted((HERE / "failures").glob("*.yaml")) for one in posted(file)]


def explained(log: str | bytes) -> Explanation:
    """What a log says."""
    text = log.encode() if isinstance(log, str) else log
    return explain(lines(io.BufferedReader(io.BytesIO(text))))


def causes(log: str | bytes) -> list[str]:
    """Names of the causes in their order."""
    return [finding.name for finding in explained(log).findings]
