"""Complaints about clients that are fine alone, but not with each other or with the gateway."""

from collections.abc import Mapping

from deploys.settings.client import Client, every_key
from deploys.settings.gateway import Gateway
from deploys.settings.inventory import Inventory, origin
from deploys.settings.refusal import Complaint
from deploys.settings.validation import near_miss


def client_inconsistencies(
    inventory: Inventory, clients: Mapping[str, Client], gateway: Gateway
) -> list[Complaint]:
    """Every one at once."""
    file = origin(inventory, "clients", inventory.hosts[0].groups)
    return [*_unknown_tiers(file, clients, gateway), *_shared_keys(file, clients)]


def _unknown_tiers(file: str, clients: Mapping[str, Client], gateway: Gateway) -> list[Complaint]:
    return [
        Complaint(
            file,
            f"clients.{name}.tier",
            f"`{client.tier}` is not one of the gateway's tiers",
            near_miss(client.tier, gateway.tiers),
        )
        for name, client in sorted(clients.items())
        if client.tier is not None and client.tier not in gateway.tiers
    ]


def _shared_keys(file: str, clients: Mapping[str, Client]) -> list[Complaint]:
    """Whose request was it, if two have the same key?"""
    first: dict[str, str] = {}
    found = []
    for name, _, key in every_key(clients):
        other = first.setdefault(key.key, name)
        if other != name:
            path = f"clients.{name.replace('/', '.keys.')}"
            hint = "give each key a secret of its own"
            found.append(Complaint(file, path, f"is the key of `{other}` too", hint))
    return found
