"""Who may use an environment, and where the operator keeps the client's keys."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from deploys.settings.arm import Arm
from deploys.settings.tier import TierName
from deploys.settings.words import Frozen, Name

# A reference, never the secret itself: settings are committed.
SecretReference = Annotated[
    str,
    StringConstraints(pattern=r"^(env:[A-Z_][A-Z0-9_]*|file:[^\x00-\x1f]+|command:[^\x00-\x1f]+)$"),
]


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    # Other ISO spellings are not read: 2027-W05 is no day that a reviewer sees at once.
    if day.isoformat() != text or not 2000 <= day.year < 3000:
        raise ValueError("a day of this millennium: YEAR-MONTH-DAY")
    return text


class Key(Frozen):
    """One of several keys of a client."""

    key: SecretReference
    valid_until: Annotated[str, AfterValidator(_day)] | None = None
    """The last day on which it is taken, in UTC: 2027-01-31. The gateway itself looks at the
    clock; nothing has to be applied."""

    @property
    def ends(self) -> datetime | None:
        """The first moment at which it is refused."""
        if self.valid_until is None:
            return None
        last = datetime.combine(date.fromisoformat(self.valid_until), time(), UTC)
        return last + timedelta(days=1)

    def is_valid(self, now: datetime) -> bool:
        """Whether the gateway takes it at that moment."""
        return self.ends is None or now < self.ends


class Client(Frozen):
    """One client of the gateway; its requests carry a key and are logged under its name."""

    key: SecretReference | None = None
    """Its only key."""
    keys: dict[Name, Key] = Field(default_factory=dict)
    """Several, by name: the new one is applied before the old one is taken out."""
    tier: TierName | None = None
    """One of the gateway's tiers; without limits when left out."""
    cloud: Arm = "never"
    """Whether its requests may leave the fleet; the pool must say so too."""
    sovereign: bool = False
    """Promises that none ever does: then `cloud` is refused here."""
    tester: bool = False
    """May choose the arm of a canary, by the header X-Homeport-Arm."""

    @model_validator(mode="after")
    def _has_keys(self) -> "Client":
        if (self.key is None) == (not self.keys):
            raise ValueError("either `key`, or `keys` with at least one")
        return self


def every_key(clients: Mapping[str, Client]) -> Iterator[tuple[str, str, Key]]:
    """(name in the gateway's log, client, key): CLIENT for its only one, else CLIENT/KEY."""
    for name, client in sorted(clients.items()):
        if client.key is not None:
            yield name, name, Key(key=client.key)
        for key_name, key in sorted(client.keys.items()):
            yield f"{name}/{key_name}", name, key


def asking_key(clients: Mapping[str, Client], now: datetime) -> SecretReference:
    """The key with which the kit itself asks: a valid one if any, and then of a client without
    limits, and of one whose requests stay in the fleet.
    """

    def drawbacks(one: tuple[str, str, Key]) -> tuple[bool, bool, bool]:
        _, name, key = one
        client = clients[name]
        return not key.is_valid(now), client.tier is not None, client.cloud != "never"

    return min(every_key(clients), key=drawbacks)[2].key
