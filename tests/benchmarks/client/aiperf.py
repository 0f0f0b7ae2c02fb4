"""NVIDIA's aiperf, from PyPI into a virtual environment of its own (1.2 GB): no dependency."""

from pathlib import Path

from checks.benchmarks.second_opinion import NoOpinion, Question, Told, opinion
from tests.benchmarks.client.own_clients import ANSWER_SECONDS, BODY, PATH
from tests.benchmarks.own_environment import BENCH, installed
from tests.lab.machine import LabError

VERSION = "0.13.0"
VENV = BENCH / f"aiperf-{VERSION}"


def install() -> Path:
    """Where its program lies."""
    return installed(VENV, f"aiperf=={VERSION}", "aiperf")


def told_by_aiperf(url: str, users: int, requests: int, folder: Path) -> Told:
    """A closed loop of so many requests; raises LabError with its output when it fails."""
    bodies = [BODY] * (users + requests)
    question = Question(url, PATH, "timed", "none", users, bodies, ANSWER_SECONDS * 5)
    try:
        return opinion(str(install()), question, folder)
    except NoOpinion as none:
        raise LabError("aiperf", str(none)) from None
