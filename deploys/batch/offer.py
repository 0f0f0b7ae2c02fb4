"""What the gateway of an environment takes: which model on which path, and how large a body."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploys.render.nginx_paths import pool_prefix
from deploys.render.nginx_routes import PATHS
from deploys.settings.gateway import Gateway
from deploys.settings.pool import Pool

# A line's own words around its body: a custom_id, a path, quotes, and some blanks.
ENVELOPE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Offer:
    """All that a line is judged by."""

    models: Mapping[str, Mapping[str, str]]
    """Path -> name that a line may write into "model", aliases too -> the pool's public name."""
    body_limit_bytes: int
    prefixes: Mapping[str, str] = field(default_factory=dict)
    """Public name -> what stands before the path, where the gateway finds pools by it."""
    seeing: frozenset[str] = frozenset()
    """Public names of pools whose engine was told to take images."""

    @property
    def line_limit_bytes(self) -> int:
        """A longer line is not even read: its body could not fit."""
        return self.body_limit_bytes + ENVELOPE_BYTES


def offer_of(pools: Mapping[str, Pool], gateway: Gateway) -> Offer:
    """As the settings say it."""
    models: dict[str, dict[str, str]] = {}
    prefixes = {}
    for name, pool in pools.items():
        public = pool.public_name or name
        if not gateway.njs:
            prefixes[public] = pool_prefix(name)
        for path in PATHS[pool.kind]:
            models.setdefault(path, {}).update(dict.fromkeys((public, *pool.aliases), public))
    seeing = frozenset(
        pool.public_name or name
        for name, pool in pools.items()
        if pool.vllm is not None and pool.vllm.media is not None and pool.vllm.media.image
    )
    return Offer(models, gateway.body_limit_mib * 2**20, prefixes, seeing)


def longest_silence_seconds(pools: Mapping[str, Pool], gateway: Gateway) -> int:
    """After which the gateway itself says 504: whole answers are silent until their end."""
    own = [pool.first_byte_seconds or gateway.first_byte_seconds for pool in pools.values()]
    return max(gateway.first_byte_seconds, *own)
