"""What checks receive: the commit of every host, and what was seen of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.committed import Committed, Replica
from checks.probes.host import Unreachable
from checks.probes.live import Live


@dataclass(frozen=True)
class Fleet:
    """Every host of the environment: the commit, and what was seen."""

    root: Path
    committed: Mapping[str, Committed]
    seen: Mapping[str, Live | Unreachable]

    def live(self, host: str) -> Live:
        """What was seen of one host; raises its Unreachable."""
        found = self.seen[host]
        if isinstance(found, Unreachable):
            raise found
        return found

    @property
    def replicas(self) -> list[Replica]:
        """Every engine container that the commit asks for, on any host."""
        return [replica for one in self.committed.values() for replica in one.replicas]


@dataclass(frozen=True)
class Deployed:
    """One host: what should be there and what is."""

    committed: Committed
    live: Live
