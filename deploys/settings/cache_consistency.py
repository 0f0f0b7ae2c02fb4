"""Complaints about answers that are kept, where only several settings together are wrong."""

from collections.abc import Iterator, Mapping

from deploys.settings.gateway import Gateway
from deploys.settings.inventory import Inventory, origin
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint


def cache_complaints(
    inventory: Inventory, pools: Mapping[str, Pool], gateway: Gateway
) -> Iterator[Complaint]:
    """Limits of a cache in which nothing is ever kept."""
    if gateway.answer_cache is None or any(pool.answer_cache != "never" for pool in pools.values()):
        return
    file = origin(inventory, "gateway", inventory.hosts[0].groups)
    found = "is said, and no pool keeps answers"
    hint = "`answer_cache` of a pool: by_client or across_clients; or leave this out"
    yield Complaint(file, "gateway.answer_cache", found, hint)
