"""What the inventory may say about the gateway."""

from typing import Annotated

from pydantic import Field

from deploys.settings.answer_cache import AnswerCache
from deploys.settings.shared_address import SharedAddress
from deploys.settings.tier import Anonymous, Tier, TierName
from deploys.settings.tls import Tls
from deploys.settings.words import Address, Frozen, Name, Port


class Gateway(Frozen):
    """The nginx in front of every pool."""

    address: Address = "127.0.0.1"
    """Address of the host on which clients reach the gateway; with `shared_address` each
    gateway's is its host's own."""
    port: Port = 8080
    admin_port: Port = 8081
    """Loopback port of the host for /revision and /status."""
    workers: Annotated[int, Field(ge=1, le=256)] = 2
    """nginx worker processes; explicit, because `auto` counts the host's cores, not the limit."""
    body_limit_mib: Annotated[int, Field(ge=1, le=512)] = 32
    """Largest request body; nginx's own 1 MiB refuses every base64 image."""
    first_byte_seconds: Annotated[int, Field(ge=1, le=86400)] = 600
    """Longest silence of an engine before and between bytes of an answer."""
    njs: bool = True
    """Off: nginx without its script module. Pools are then found by the path (/pools/NAME/v1/...),
    and keys lie on the gateway's host as they are, not as digests."""
    default_pool: Name | None = None
    """Without njs: the pool of /v1/... where several could be."""
    tiers: dict[TierName, Tier] = Field(default_factory=dict)
    """Limits by name; a client that names none has none."""
    anonymous: Anonymous = Anonymous()
    """What whoever has no valid key may ask."""
    requests_in_flight: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Requests of all clients that are answered at the same time; more get 503 before their body
    is read. 2048 for each worker when left out: half of what its connections would allow."""
    answer_cache: AnswerCache | None = None
    """For the pools that say `answer_cache`; its defaults when left out."""
    tls: Tls | None = None
    """Left out: plain HTTP, for loopback and networks that encrypt by themselves."""
    shared_address: SharedAddress | None = None
    """Left out: each gateway is reached by its own address alone."""
