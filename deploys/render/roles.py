"""The roles of hosts that have a Compose project each."""

from typing import Literal

Role = Literal["gpu_hosts", "gateways", "exporters", "monitors", "vector_stores"]
# Exporters are on every host that is watched; monitors watch.
MONITORING: tuple[Role, ...] = ("exporters", "monitors")
ROLES: tuple[Role, ...] = ("gpu_hosts", "gateways", *MONITORING, "vector_stores")
