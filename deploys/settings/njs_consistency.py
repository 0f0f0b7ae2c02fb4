"""Complaints about what needs njs, where a gateway does without."""

from collections.abc import Iterator, Mapping

from deploys.settings.client import Client
from deploys.settings.cloud import Cloud
from deploys.settings.gateway import Gateway
from deploys.settings.inventory import Inventory, origin
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint
from deploys.settings.validation import near_miss

HINT = "leave it out, or `gateway.njs`"


def njs_complaints(
    inventory: Inventory,
    pools: Mapping[str, Pool],
    clients: Mapping[str, Client],
    gateway: Gateway,
    cloud: Cloud | None,
) -> Iterator[Complaint]:
    """Every one of them; and about a default pool that there is not, or has no use."""
    groups = inventory.hosts[0].groups
    found = _needing(pools, clients, gateway, cloud) if not gateway.njs else ()
    for path, why in found:
        file = origin(inventory, path.split(".")[0], groups)
        yield Complaint(file, path, f"needs njs, and gateway.njs is off: {why}", HINT)
    file, path = origin(inventory, "gateway", groups), "gateway.default_pool"
    if gateway.default_pool is None:
        return
    if gateway.njs:
        words = "is said, and pools are found by the model in the body"
        yield Complaint(file, path, words, "leave it out, or say `njs: False`")
    elif gateway.default_pool not in pools:
        words = f"`{gateway.default_pool}` is no pool"
        yield Complaint(file, path, words, near_miss(gateway.default_pool, pools))


def _needing(
    pools: Mapping[str, Pool],
    clients: Mapping[str, Client],
    gateway: Gateway,
    cloud: Cloud | None,
) -> Iterator[tuple[str, str]]:
    """Path of the setting, and what njs would do for it."""
    if cloud is not None:
        yield "cloud", "it writes the provider's model into the body and counts what is spent"
    if gateway.answer_cache is not None:
        yield "gateway.answer_cache", "answers are kept by a digest of the body"
    for name, pool in sorted(pools.items()):
        for word, why in _of_a_pool(pool):
            yield f"pools.{name}.{word}", why
    for name in sorted(
        {one.tier for one in clients.values() if one.tier in gateway.tiers}, key=str
    ):
        tier = gateway.tiers[str(name)]
        for word in ("tokens_per_minute", "tokens_per_day"):
            if getattr(tier, word) is not None:
                yield f"gateway.tiers.{name}.{word}", "tokens are read from the answers"


def _of_a_pool(pool: Pool) -> Iterator[tuple[str, str]]:
    if pool.answer_cache != "never":
        yield "answer_cache", "answers are kept by a digest of the body"
    if pool.image_limits is not None:
        yield "image_limits", "images stand in the body"
    if pool.canary is not None:
        yield "canary", "a request is led to the candidate once its body is read"
    if pool.stream_silence_seconds is not None:
        yield "stream_silence_seconds", "streams are known by their body"
    if pool.affinity is not None and pool.affinity.header is None:
        yield "affinity", "without a header a session is known by the body"
