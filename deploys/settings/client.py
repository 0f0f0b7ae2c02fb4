"""Who may use an environment, and where the operator keeps the client's key."""

from typing import Annotated

from pydantic import StringConstraints

from deploys.settings.arm import Arm
from deploys.settings.words import Frozen

# A reference, never the secret itself: settings are committed.
SecretReference = Annotated[
    str,
    StringConstraints(pattern=r"^(env:[A-Z_][A-Z0-9_]*|file:[^\x00-\x1f]+|command:[^\x00-\x1f]+)$"),
]


class Client(Frozen):
    """One client of the gateway; its requests carry the key and are logged under its name."""

    key: SecretReference
    cloud: Arm = "never"
    """Whether its requests may leave the fleet; the pool must say so too."""
    sovereign: bool = False
    """Promises that none ever does: then `cloud` is refused here."""
