"""The configuration of a host's Docker daemon."""

from collections.abc import Iterable

from pyinfra.api import FactBase

from deploys.questions.docker_daemon import QUESTION, DaemonState, parse_daemon


class DockerDaemon(FactBase[DaemonState]):
    """Returns the state of daemon.json; ask as root, for the file may be closed to others."""

    @staticmethod
    def default() -> DaemonState:
        return DaemonState()

    def command(self) -> str:
        return QUESTION

    def process(self, output: Iterable[str]) -> DaemonState:
        return parse_daemon(output)
