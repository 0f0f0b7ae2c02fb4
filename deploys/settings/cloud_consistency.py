"""Complaints about pools, clients and the cloud that only all of them together can earn."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from deploys.settings.client import Client
from deploys.settings.cloud import Cloud
from deploys.settings.inventory import Inventory, origin
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint
from deploys.settings.validation import near_miss

# (path of the setting, what was found, what fits)
Finding = tuple[str, str, str]


def cloud_inconsistencies(
    inventory: Inventory,
    pools: Mapping[str, Pool],
    clients: Mapping[str, Client],
    cloud: Cloud | None,
) -> list[Complaint]:
    """Every complaint about arms that lead nowhere, and about a cloud that nobody can reach."""
    found = [*_contradictions(pools, clients), *_arms(pools, clients, cloud)]
    if cloud is not None:
        found += [*_models(pools, cloud), *_authority(inventory.root, cloud)]
    groups = inventory.hosts[0].groups
    return [
        Complaint(origin(inventory, path.split(".")[0], groups), path, what, hint)
        for path, what, hint in found
    ]


def _armed(
    pools: Mapping[str, Pool], clients: Mapping[str, Client]
) -> Iterator[tuple[str, Pool | Client]]:
    yield from ((f"pools.{name}", pool) for name, pool in sorted(pools.items()))
    yield from ((f"clients.{name}", client) for name, client in sorted(clients.items()))


def _contradictions(pools: Mapping[str, Pool], clients: Mapping[str, Client]) -> Iterator[Finding]:
    for path, one in _armed(pools, clients):
        if one.sovereign and one.cloud != "never":
            found = f"{one.cloud!r}, and sovereign"
            yield f"{path}.cloud", found, "sovereign means never: leave one of the two out"
    for name, pool in sorted(pools.items()):
        if pool.kind != "generation" and pool.cloud != "never":
            found = f"{pool.cloud!r}, for {pool.kind}"
            hint = "another model's vectors and ranks do not fit those of this one: leave it out"
            yield f"pools.{name}.cloud", found, hint


def _arms(
    pools: Mapping[str, Pool], clients: Mapping[str, Client], cloud: Cloud | None
) -> Iterator[Finding]:
    for path, one in _armed(pools, clients):
        if one.cloud == "never":
            continue
        if cloud is None:
            yield (
                f"{path}.cloud",
                f"{one.cloud!r}, and there is no `cloud`",
                "describe the provider",
            )
        elif one.cloud == "share" and cloud.share_percent is None:
            hint = "say how many: cloud.share_percent"
            yield f"{path}.cloud", "'share', and no share is set", hint


def _models(pools: Mapping[str, Pool], cloud: Cloud) -> Iterator[Finding]:
    by_public_name = {pool.public_name or name: pool for name, pool in pools.items()}
    for public_name in sorted(cloud.models):
        path = f"cloud.models.{public_name}"
        pool = by_public_name.get(public_name)
        if pool is None:
            yield path, "is no pool's public name", near_miss(public_name, by_public_name)
        elif pool.cloud == "never":
            yield path, "its pool never goes to the cloud", "leave it out, or give the pool an arm"
    for name, pool in sorted(pools.items()):
        if pool.cloud != "never" and (pool.public_name or name) not in cloud.models:
            hint = f"add `{pool.public_name or name}` to cloud.models"
            yield f"pools.{name}.cloud", f"{pool.cloud!r}, and no model stands in for it", hint


def _authority(root: Path, cloud: Cloud) -> Iterator[Finding]:
    if cloud.authority is None:
        return
    file = root / cloud.authority
    hint = "commit the CA's certificate in PEM; paths begin at the root"
    if not file.is_file():
        yield "cloud.authority", f"there is no file {cloud.authority}", hint
    elif "-----BEGIN CERTIFICATE-----" not in file.read_text(errors="replace"):
        yield "cloud.authority", f"{cloud.authority} holds no certificate", hint
