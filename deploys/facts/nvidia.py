"""What a host has of NVIDIA."""

from collections.abc import Iterable

from pyinfra.api import FactBase

from deploys.questions.nvidia import QUESTION, NvidiaSystem, parse_nvidia


class NvidiaHost(FactBase[NvidiaSystem]):
    """Returns what the host has of NVIDIA."""

    @staticmethod
    def default() -> NvidiaSystem:
        return NvidiaSystem()

    def command(self) -> str:
        return QUESTION

    def process(self, output: Iterable[str]) -> NvidiaSystem:
        return parse_nvidia(output)
