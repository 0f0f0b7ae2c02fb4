"""The one face of all other clients: how a program is found, asked, ended and read."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from checks.benchmarks.second_opinions.question import NoOpinion, Question, Told

# They start processes and load libraries before they ask, and stop them afterwards.
BESIDES_SECONDS = 120
# vLLM loads torch to say it: a minute and a half from a cold disk.
VERSION_SECONDS = 300
# Straight to the gateway, whatever proxy this machine has: the key is for nobody else.
STRAIGHT = {"NO_PROXY": "*", "no_proxy": "*"}


@dataclass(frozen=True)
class Adapter:
    """One program."""

    program: str
    """On the PATH."""
    tried: str
    """The versions that were: MAJOR.MINOR. Options and results of others may mean another thing."""
    package: str
    """What pip is asked for."""
    key: str
    """The variable in which it takes a key, so that it is in no file and no argument."""
    write: Callable[[Question, Path], Sequence[str]]
    """Puts its files into an empty folder, and gives the arguments that have it ask."""
    read: Callable[[Question, Path], Told]
    """What it has left there; raises OSError, KeyError, IndexError, TypeError, ValueError."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beside what this process has, less what is `unset`."""
    unset: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Installed:
    """An adapter's program on this machine."""

    adapter: Adapter
    path: str
    version: str


class NotUsable(Exception):
    """The program is not there, or is another version than those that were tried."""


def find(adapter: Adapter) -> Installed:
    """On the PATH; raises NotUsable."""
    path = shutil.which(adapter.program)
    if path is None:
        raise NotUsable(f"there is no program {adapter.program}")
    version = _version(path)
    if not version.startswith(f"{adapter.tried}."):
        shown = version or "does not say its version"
        raise NotUsable(f"{path} is {shown}; {adapter.tried} was tried")
    return Installed(adapter, path, version)


def _version(path: str) -> str:
    """Empty where it says none."""
    try:
        ended = subprocess.run(
            [path, "--version"], capture_output=True, text=True, errors="replace",
            timeout=VERSION_SECONDS, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.findall(r"\b\d+\.\d+\.\d+\S*", ended.stdout) if ended.returncode == 0 else []
    return found[-1] if found else ""


def opinion(installed: Installed, question: Question, folder: Path) -> Told:
    """What it says; raises NoOpinion. `folder` gets its files, which hold no key."""
    adapter = installed.adapter
    folder.mkdir(parents=True, exist_ok=True)
    words = {name: value for name, value in os.environ.items() if name not in adapter.unset}
    words |= {**STRAIGHT, **adapter.environment, adapter.key: question.key}
    try:
        line = [installed.path, *adapter.write(question, folder)]
        status, said = _run(line, folder, words, question.timeout_seconds)
        if status:
            raise NoOpinion(f"{adapter.program} ended with {status}: {_told(said, question)}")
        return adapter.read(question, folder)
    except subprocess.TimeoutExpired as error:
        raise NoOpinion(f"{adapter.program}: TimeoutExpired: {error.timeout:.0f} s") from None
    except (OSError, KeyError, IndexError, TypeError, ValueError) as error:
        found = _told(f"{type(error).__name__}: {error}", question)
        raise NoOpinion(f"{adapter.program}: {found}") from None


def _told(said: str, question: Question) -> str:
    """Its end: whatever it prints may be kept, and passed on."""
    return said.replace(question.key, "<key>")[-1000:]


def _run(
    line: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float
) -> tuple[int, str]:
    """Its exit status, and all that it printed; none of its processes is left behind."""
    with subprocess.Popen(
        line, cwd=folder, env=environment, text=True, errors="replace", start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            said, _ = process.communicate(timeout=seconds + BESIDES_SECONDS)
        finally:
            # Those that it has started hold the pipe, and go on asking.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, said
