"""What the inventory may say about a pool's candidate: who it is, and on what terms."""

from typing import Annotated

from pydantic import Field, StringConstraints

from deploys.settings.words import Frozen, HeaderName, Name

# The candidate that is no pool.
CLOUD = "cloud"
# Paths begin at the root of the checkout, and cannot leave it.
CommittedFile = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$"),
]


class Shadow(Frozen):
    """Copies of requests that the candidate gets as well; its answers to them are thrown away."""

    percent: Annotated[int, Field(ge=1, le=100)]
    """Of the requests that the stable arm answers."""
    body_limit_kib: Annotated[int, Field(ge=1, le=16_384)] = 256
    """Larger requests are not copied; images would double the gateway's memory for them."""
    at_once: Annotated[int, Field(ge=1, le=1024)] = 4
    """Copies under way at one gateway; more are left out, so that they leave slots to requests."""


class Canary(Frozen):
    """A pool's candidate. Its share is no setting: `homeport canary` starts and ends it."""

    candidate: Name
    """Another pool, or `cloud`."""
    session_header: HeaderName | None = None
    """The request header that names the session; affinity's when left out. Requests without it
    are known by their client: all of a client are in one arm then."""
    salt: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{0,32}$")] = ""
    """Another one draws other sessions; the candidate's name counts anyway."""
    minimum_requests: Annotated[int, Field(ge=50, le=1_000_000)] = 200
    """That each arm must have answered in a step before the next one."""
    tolerated_error_points: Annotated[float, Field(ge=0.1, le=50)] = 2.0
    """Percentage points by which the candidate's errors may be more, at worst."""
    tolerated_latency_ratio: Annotated[float, Field(ge=1, le=10)] = 1.25
    """How much longer the candidate's median and 95th percentile may be."""
    golden: CommittedFile | None = None
    """A YAML file of prompts, and of expressions that the candidate's answers must match."""
    shadow: Shadow | None = None
