"""What the inventory may say about the watch: how patient it is, and whom it tells."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from deploys.settings.client import SecretReference
from deploys.settings.words import Frozen, Port


class Watch(Frozen):
    """A systemd timer on every host: sick replicas leave their pool, are restarted, come back."""

    look_seconds: Annotated[int, Field(ge=5, le=300)] = 15
    """Between two looks. Each asks every engine twice, and each host with engines once for every
    gateway."""
    silent_seconds: Annotated[int, Field(ge=10, le=3600)] = 45
    """A replica that gives no answer for so long, or says itself that it is ill, is sick."""
    stuck_seconds: Annotated[int, Field(ge=20, le=86400)] = 120
    """A replica that has requests, answers, and computes no step for so long is sick. Longer than
    its longest step: a whole batch of a prompt on a CPU may take a minute."""
    start_seconds: Annotated[int, Field(ge=60, le=86400)] = 1800
    """How long a replica may take to load its model; before, its silence is none."""
    restarts_per_hour: Annotated[int, Field(ge=0, le=20)] = 3
    """Of one replica; 0: none. What that does not mend a person must look at."""
    port: Port = 8999
    """Port of `address` on hosts with engines, where gateways on other hosts ask how they are."""
    webhook: SecretReference | None = None
    """An http or https address that gets a POST with JSON for whatever is done or found."""
    textfile_directory: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._/-]+$")] | None = (
        None
    )
    """The folder of node exporter's textfile collector; it must be there."""

    @model_validator(mode="after")
    def _waits_for_two_looks(self) -> "Watch":
        if min(self.silent_seconds, self.stuck_seconds) < 2 * self.look_seconds:
            raise ValueError("silent_seconds and stuck_seconds of two look_seconds at least")
        return self
