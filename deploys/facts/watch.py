"""What a host has of the watch."""

from collections.abc import Iterable

from pyinfra.api import FactBase

from deploys.questions import watch
from deploys.questions.watch import WatchHost


class WatchedHost(FactBase[WatchHost]):
    """Units of the watch, whether they run, and when it looked last."""

    default = WatchHost

    def command(self, environment: str, directory: str, wanted: bool) -> str:
        return watch.question(environment, directory, wanted=wanted)

    def process(self, output: Iterable[str]) -> WatchHost:
        return watch.parse_watch(output)
