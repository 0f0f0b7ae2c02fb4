"""How a host is set up: packages, NVIDIA's driver, the configuration of the Docker daemon.

Asked with the words that deploys ask with, and so judged by the same rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from deploys.operations import docker_choice, nvidia_choice
from deploys.questions import docker_daemon, nvidia, packages
from deploys.questions.docker_daemon import DaemonState
from deploys.questions.nvidia import NvidiaSystem
from deploys.questions.packages import Package
from deploys.settings.docker import Docker

# dpkg's wildcards for all that the kit may hold.
_PATTERNS = (*docker_choice.docker_packages(Docker()), *nvidia_choice.PATTERNS)


@dataclass(frozen=True)
class Setup:
    """One host below its containers."""

    packages: Mapping[str, Package]
    """What is installed of Docker's own packages, the driver and the toolkit."""
    nvidia: NvidiaSystem
    daemon: DaemonState


def questions() -> dict[str, str]:
    """sh, by section."""
    asked = {
        "packages": packages.question((), _PATTERNS),
        "nvidia": nvidia.QUESTION,
        "daemon": docker_daemon.QUESTION,
    }
    # Each in a shell of its own: one of them ends early where there is no such device.
    return {name: f"( {question.strip()}\n)" for name, question in asked.items()}


def setup(answers: Mapping[str, str]) -> Setup:
    """What the questions' sections say."""
    return Setup(
        packages=packages.parse_packages(answers["packages"].splitlines()),
        nvidia=nvidia.parse_nvidia(answers["nvidia"].splitlines()),
        daemon=docker_daemon.parse_daemon(answers["daemon"].splitlines()),
    )
