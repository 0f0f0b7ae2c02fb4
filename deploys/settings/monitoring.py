"""What the inventory may say about monitors: how the fleet is watched, and who is told."""

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field

from deploys.settings.client import SecretReference
from deploys.settings.words import Address, Frozen, Name, Port


def is_public(text: str) -> bool:
    """Whether an address may be one that everybody reaches; raises ValueError for none."""
    address = ipaddress.ip_address(text)
    return not (address.is_private or address.is_loopback) or address.is_unspecified


def _not_public(text: str) -> str:
    """Figures tell how much is asked, by which client and at what cost."""
    if is_public(text):
        raise ValueError("a loopback address or a private one of the host")
    return text


class Objective(Frozen):
    """What users of a pool are promised; an alert says when it is not kept."""

    first_byte_seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    """95 of 100 answers begin within; without streams the first byte comes with the last."""
    errors_percent: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Of answers with a status of 500 or more."""


class Alerts(Frozen):
    """Where Alertmanager sends what has begun and what is over."""

    webhook: SecretReference
    """URL that takes Alertmanager's JSON; a secret, because most carry a token."""
    repeat_hours: Annotated[int, Field(ge=1, le=168)] = 12
    """How long until something that lasts is told again; Alertmanager's own default is 4."""


class Monitoring(Frozen):
    """How the hosts of the group `monitors` watch the fleet."""

    grafana_password: SecretReference
    """Of Grafana's user `admin`; counts when Grafana first starts."""
    address: Annotated[Address, AfterValidator(_not_public)] | None = None
    """Where Grafana listens; the host's own address when left out, loopback where it has none."""
    grafana_port: Port = 3000
    prometheus_port: Port = 9090
    """On loopback: it asks nobody for a password."""
    gateway_port: Port = 9113
    """Of each gateway's own address, for its figures; engines show theirs where they listen."""
    host_port: Port = 9100
    """Of each host's own address, for node exporter."""
    gpu_port: Port = 9400
    """The same, for NVIDIA's DCGM exporter, on hosts whose GPUs are used."""
    scrape_seconds: Annotated[int, Field(ge=5, le=60)] = 15
    """Prometheus's own default is 60; rules look at minutes, which then hold too few points."""
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """Prometheus's own default is 15."""
    retention_gib: Annotated[int, Field(ge=1, le=65_536)] = 20
    """Whatever comes first; without it a full disk ends the record."""
    objectives: dict[Name, Objective] = Field(default_factory=dict)
    """By pool; the defaults hold for the others."""
    alerts: Alerts | None = None
    """Left out: alerts show in Prometheus and Grafana, and are sent nowhere."""

    def objective(self, pool: str) -> Objective:
        """What is promised of a pool."""
        return self.objectives.get(pool, Objective())

    def ports(self) -> dict[str, int]:
        """Word -> port, of all that may meet on one host."""
        words = ("grafana_port", "prometheus_port", "gateway_port", "host_port", "gpu_port")
        return {word: getattr(self, word) for word in words}
