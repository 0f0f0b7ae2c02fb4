"""What the inventory may say about how clients' requests reach the replicas of a pool."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from deploys.settings.canary import Canary
from deploys.settings.image_limits import ImageLimits
from deploys.settings.words import Frozen, HeaderName, Name, PublicName, as_tuple

Kind = Literal["generation", "embeddings", "reranking"]
AnswerScope = Literal["never", "by_client", "across_clients"]
Seconds = Annotated[int, Field(ge=1, le=86_400)]


class Affinity(Frozen):
    """Requests of one session go to one replica, whose cache holds the beginning of their prompt.

    Who has no header is known by "user" in the body, else by the key.
    """

    header: HeaderName | None = None
    """The request header that names the session."""
    waiting_requests: Annotated[int, Field(ge=0, le=4096)] = 2
    """Requests that may wait at their session's replica; more go to the next one. Two waiting at
    four slots had the best percentiles when measured; without a bound the longest session is
    everybody's delay (`make bench-affinity`)."""


class Routing(Frozen):
    """How requests reach a pool; the plan and the engines are not concerned."""

    public_name: PublicName | None = None
    """What clients write into "model"; the pool's own name when left out."""
    aliases: Annotated[tuple[PublicName, ...], BeforeValidator(as_tuple)] = ()
    """Other names that clients may write, such as that of a model which this one replaces."""
    kind: Kind = "generation"
    """What its engines answer, and with that on which paths."""
    answer_cache: AnswerScope = "never"
    """Whether answers that come out the same each time are kept at the gateway, and for whom: the
    client that asked (`by_client`), or all that have a key (`across_clients`). Then any of them can
    also tell, by how fast the answer comes, whether somebody has asked that before."""
    affinity: Affinity | None = None
    """Off when left out: each request goes to the replica with the fewest running ones."""
    weights: dict[Name, Annotated[int, Field(ge=1, le=100)]] = Field(default_factory=dict)
    """Share of the requests by host; by the planned bound of its speed where a host is left out."""
    first_byte_seconds: Seconds | None = None
    """Longest silence before and between bytes of an answer; the gateway's when left out."""
    stream_silence_seconds: Seconds | None = None
    """The same for streamed answers: a whole answer is silent until its end, a stream is not."""
    image_limits: ImageLimits | None = None
    """Of a model that sees; its defaults, as far as the context holds them, when left out."""
    canary: Canary | None = None
    """Who may take this pool's place; nobody when left out."""
