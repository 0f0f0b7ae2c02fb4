"""What a release says about a gateway."""

from pydantic import Field

from deploys.settings.arm import Arm
from deploys.settings.canary import Canary
from deploys.settings.client import Client, SecretReference
from deploys.settings.tier import Anonymous, Tier, TierName
from deploys.settings.tls import Tls
from deploys.settings.words import Frozen

# The folders that nginx may write to, below the kit's: the first two where tokens are counted, and
# where answers are kept.
COUNTERS = "state/gateway/counters"
ANSWERS = "state/gateway/answers"
LOGS = "logs/gateway"


class EgressRelease(Frozen):
    """What the deploy needs for the egress hop."""

    service: str
    provider: str
    server: str
    """NAME:PORT that nothing but the egress hop may reach."""
    key: SecretReference
    pools: dict[str, Arm]
    """The pools whose requests may leave, where their client may too; none of the others."""


class CanaryRelease(Frozen):
    """What the command needs to judge a pool's candidate."""

    model: str
    """What clients call the pool."""
    words: Canary
    session_header: str = ""
    """That names what is drawn, the candidate's own or affinity's; empty: clients are drawn."""


class LimitsRelease(Frozen):
    """What is too much for a gateway; checks ask whether it refuses that."""

    body_limit_mib: int
    anonymous: Anonymous
    tiers: dict[TierName, Tier]
    """Those that a client names."""


class GatewayRelease(Frozen):
    """What the deploy needs to switch a gateway."""

    service: str
    image: str
    revision: str
    """Content hash of nginx/…; nginx serves it at /revision when it has loaded the files."""
    admin_port: int
    listen: str
    """ADDRESS:PORT on which clients come in."""
    shared: str = ""
    """ADDRESS:PORT that it shares with other gateways; empty when it does not."""
    challenge: str = ""
    """ADDRESS:PORT where ACME challenges are answered; empty without ACME."""
    tls: Tls | None = None
    engines: dict[str, str]
    """ADDRESS:PORT -> replica or stand-in, of all on other hosts."""
    clients: dict[str, Client]
    stand_ins: dict[str, str] = Field(default_factory=dict)
    """Stand-in -> its address in pools.conf; NAME:8080 on the gateway's own host."""
    # With defaults: see Release.
    paths: dict[str, str] = Field(default_factory=dict)
    """Public name -> the path on which it is asked, where that is not /v1/chat/completions."""
    njs: bool = True
    """Whether it looks up digests of keys; only where this is said to be False it gets the keys."""
    counts_tokens: bool = False
    """Whether nginx writes what clients have used, into a folder of its own."""
    keeps_answers: bool = False
    """Whether nginx keeps answers, in another one."""
    egress: EgressRelease | None = None
    """None: nothing ever leaves the fleet."""
    canaries: dict[str, CanaryRelease] = Field(default_factory=dict)
    """Pool -> its candidate, where it has one."""
    limits: LimitsRelease | None = None
    """None: rendered before they were written down here; nginx has them all the same."""
