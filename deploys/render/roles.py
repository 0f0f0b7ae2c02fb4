"""The roles of hosts that have a Compose project each."""

from typing import Literal

Role = Literal["gpu_hosts", "gateways", "exporters", "monitors"]
# Exporters are on every host that is watched; monitors watch.
WATCHING: tuple[Role, ...] = ("exporters", "monitors")
ROLES: tuple[Role, ...] = ("gpu_hosts", "gateways", *WATCHING)
