"""Other clients: those that PyPI has, each in a virtual environment of its own; no dependencies."""

from pathlib import Path

from checks.benchmarks.second_opinions.adapter import Installed, NotUsable, find, opinion
from checks.benchmarks.second_opinions.known import ADAPTERS
from checks.benchmarks.second_opinions.question import NoOpinion, Question, Told
from tests.benchmarks.client.own_clients import ANSWER_SECONDS, BODY, PATH
from tests.benchmarks.own_environment import BENCH, installed
from tests.lab.machine import LabError

# vLLM's wheels are made for one kind of machine each: it is asked where it is on the PATH.
VERSIONS = {"aiperf": "0.13.0", "guidellm": "0.8.1"}


def install(program: str) -> Installed:
    """The one on the PATH, else one that is installed for this alone; raises LabError."""
    adapter = ADAPTERS[program]
    try:
        return find(adapter)
    except NotUsable as found:
        if program not in VERSIONS:
            raise LabError(program, str(found)) from None
    version = VERSIONS[program]
    path = installed(BENCH / f"{program}-{version}", f"{program}=={version}", program)
    return Installed(adapter, str(path), version)


def told_by(other: Installed, url: str, users: int, requests: int, folder: Path) -> Told:
    """A closed loop of so many requests; raises LabError with its output when it fails."""
    bodies = [BODY] * (users + requests)
    question = Question(url, PATH, "timed", "none", users, bodies, ANSWER_SECONDS * 5)
    try:
        return opinion(other, question, folder)
    except NoOpinion as none:
        raise LabError(other.adapter.program, str(none)) from None
