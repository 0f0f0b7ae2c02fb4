"""Complaints about how requests reach pools, where only several of them together are wrong."""

from collections.abc import Iterator, Mapping

from deploys.settings.inventory import Inventory, origin
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint
from deploys.settings.validation import near_miss


def routing_complaints(inventory: Inventory, pools: Mapping[str, Pool]) -> list[Complaint]:
    """Every one of them."""
    file = origin(inventory, "pools", inventory.hosts[0].groups)
    return [
        *_doubled_names(file, pools),
        *_unknown_hosts(file, inventory, pools),
    ]


def _doubled_names(file: str, pools: Mapping[str, Pool]) -> Iterator[Complaint]:
    """Public names and aliases share one space: each leads to one pool."""
    owners: dict[str, str] = {}
    for name, pool in sorted(pools.items()):
        words = {"public_name": pool.public_name or name}
        words |= {f"aliases.{number}": alias for number, alias in enumerate(pool.aliases)}
        adapters = pool.vllm.adapters if pool.vllm is not None else ()
        words |= {f"vllm.adapters.{number}": one for number, one in enumerate(adapters)}
        for word, public in words.items():
            if public in owners:
                found = f"`{public}` is already the public name of pool `{owners[public]}`"
                hint = "give each pool names of its own"
                yield Complaint(file, f"pools.{name}.{word}", found, hint)
            owners.setdefault(public, name)


def _unknown_hosts(
    file: str, inventory: Inventory, pools: Mapping[str, Pool]
) -> Iterator[Complaint]:
    known = [host.name for host in inventory.hosts if "gpu_hosts" in host.groups]
    for name, pool in sorted(pools.items()):
        for host in sorted(set(pool.weights) - set(known)):
            found = f"`{host}` is not one of gpu_hosts"
            yield Complaint(file, f"pools.{name}.weights", found, near_miss(host, known))
