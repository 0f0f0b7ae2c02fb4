"""What a host has of Docker, as the user that pyinfra is there."""

from collections.abc import Iterable

from pyinfra.api import FactBase

from deploys.questions.docker import QUESTION, DockerSystem, parse_system


class DockerHost(FactBase[DockerSystem]):
    """Returns what the host has of Docker, as the user that pyinfra is there."""

    @staticmethod
    def default() -> DockerSystem:
        return DockerSystem()

    def command(self) -> str:
        return QUESTION

    def process(self, output: Iterable[str]) -> DockerSystem:
        return parse_system(output)
