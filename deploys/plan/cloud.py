"""What may leave the fleet, and where to."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploys.settings.arm import Arm
from deploys.settings.client import Client
from deploys.settings.cloud import Cloud
from deploys.settings.pool import Pool

# From the least to the most that may leave.
ARMS: tuple[Arm, ...] = ("never", "fallback", "share")


@dataclass(frozen=True)
class CloudPlan:
    """The provider, and the arm of every pool and client that has one; all others have none."""

    settings: Cloud
    pools: Mapping[str, Arm]
    clients: Mapping[str, Arm]
    authority: str = ""
    """PEM text of the CA; empty: what the gateway's host trusts."""

    def arm(self, client: str, pool: str) -> Arm:
        """What a client's requests to a pool may do: the lesser of both arms."""
        arms = (self.clients.get(client, "never"), self.pools.get(pool, "never"))
        return min(arms, key=ARMS.index)

    @property
    def shares(self) -> bool:
        """Whether any request goes to the cloud without need."""
        return "share" in self.pools.values() and "share" in self.clients.values()


def cloud_plan(
    root: Path, cloud: Cloud | None, pools: Mapping[str, Pool], clients: Mapping[str, Client]
) -> CloudPlan | None:
    """None where nothing is described; reads the CA's certificate below `root`."""
    if cloud is None:
        return None
    authority = (root / cloud.authority).read_text() if cloud.authority else ""
    return CloudPlan(cloud, _armed(pools), _armed(clients), authority)


def _armed(words: Mapping[str, Pool | Client]) -> dict[str, Arm]:
    return {name: one.cloud for name, one in sorted(words.items()) if one.cloud != "never"}
