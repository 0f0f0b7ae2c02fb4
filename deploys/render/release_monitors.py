"""What a release says about a host that watches the fleet."""

from deploys.settings.client import SecretReference
from deploys.settings.words import Frozen

# Below the kit's folder. The containers of monitors run as the gateway's uid and write there.
SECRETS = "secrets/monitors"
PASSWORD = "grafana-password"  # noqa: S105 - a file's name
WEBHOOK = "webhook"


class MonitorsRelease(Frozen):
    """What the deploy and the checks need."""

    image: str
    """Through which files are given to the uid of the containers."""
    folders: tuple[str, ...]
    """Below the kit's; what is written there outlives a container."""
    password: SecretReference
    webhook: SecretReference | None = None
    """None: no alert is sent anywhere."""
    prometheus: str
    """ADDRESS:PORT of the host where Prometheus answers."""
    targets: int
    """How many Prometheus has to reach."""
    alerts: int
    """How many alerts it has to know."""
