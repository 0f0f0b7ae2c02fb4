"""The clients of each gateway: whether their keys last."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from checks.results import NOTE
from checks.verdict import none_of
from deploys.settings.client import Client, every_key

# Long enough to hand out a new key to people who are on holiday.
SOON = timedelta(days=30)


def check_every_client_has_a_key_that_is_valid(
    clients: Mapping[str, Client], record_property: Callable[[str, object], None]
) -> None:
    """A client whose last key has ended is locked out; one that ends soon is told beforehand."""
    now = datetime.now(UTC)
    keys = list(every_key(clients))
    for name, _, key in keys:
        if key.ends is not None and key.ends <= now:
            record_property(NOTE, f"the key {name} has ended on {key.valid_until}: take it out")
        elif key.ends is not None and key.ends <= now + SOON:
            record_property(NOTE, f"the key {name} ends on {key.valid_until}")
    valid = {client for _, client, key in keys if key.is_valid(now)}
    remedy = "give each another key in `clients` of the inventory, then render and apply"
    none_of(sorted(clients.keys() - valid), "no key is valid any more of the client", remedy)
