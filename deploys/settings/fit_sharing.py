"""Complaints about gateways that share an address."""

from collections.abc import Iterator

from deploys.settings.gateway import Gateway
from deploys.settings.inventory import Inventory, origin
from deploys.settings.refusal import Complaint


def unfit_sharing(inventory: Inventory, gateway: Gateway) -> list[Complaint]:
    """What keeps the gateways of an environment from sharing an address."""
    return list(_unfit(inventory, gateway)) if gateway.shared_address is not None else []


def _unfit(inventory: Inventory, gateway: Gateway) -> Iterator[Complaint]:
    file = origin(inventory, "gateway", inventory.hosts[0].groups)
    gateways = [host for host in inventory.hosts if "gateways" in host.groups]
    shared = gateway.shared_address.address if gateway.shared_address is not None else ""
    if len(gateways) < 2:
        found = f"there is {len(gateways)} gateway to share it"
        yield Complaint(file, "gateway.shared_address", found, "name two hosts in `gateways`")
    if "address" in gateway.model_fields_set:
        found = "is said beside gateway.shared_address"
        hint = "leave it out: each gateway listens on its host's address and on the shared one"
        yield Complaint(file, "gateway.address", found, hint)
    if gateway.tls is not None and gateway.tls.acme is not None:
        found = "is said beside gateway.shared_address"
        hint = "`authority` or `files`: a challenge reaches one of the gateways alone"
        yield Complaint(file, "gateway.tls.acme", found, hint)
    for host in gateways:
        if "interface" not in host.data:
            hint = f'the device of its address: ("{host.name}", {{"interface": "eth0"}})'
            yield Complaint(inventory.file, f"{host.name}.interface", "is missing", hint)
    for host in inventory.hosts:
        if host.data.get("address") == shared:
            found = f"is {host.name}'s own address"
            hint = "a free address of the same network"
            yield Complaint(file, "gateway.shared_address.address", found, hint)
