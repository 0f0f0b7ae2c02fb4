"""What the inventory may say about the cloud: one OpenAI-compatible provider outside the fleet."""

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from deploys.settings.client import SecretReference
from deploys.settings.words import Currency, Day, Frozen, Name, PublicName

# nginx cannot quote `$`: what could be misread is refused.
ProviderModel = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._:/@-]{0,126}[A-Za-z0-9])?$")
]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 ._:/=,;@+-]{1,256}$")]
BaseUrl = Annotated[
    str,
    StringConstraints(
        pattern=r"^https://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._-]+)*$"
    ),
]
Count = Annotated[int, Field(ge=0, le=10**15)]
Money = Annotated[float, Field(ge=0, le=10**9)]
# Set by the egress hop itself.
RESERVED_HEADERS = frozenset(
    ["authorization", "host", "connection", "content-type", "content-length", "accept"]
)


class Cap(Frozen):
    """The most that may be spent in one day or month (UTC); what is left out has no cap."""

    requests: Count | None = None
    tokens: Count | None = None
    money: Money | None = None
    """In the currency of the prices."""


class Price(Frozen):
    """Of one of the provider's models, for a million tokens."""

    prompt: Money
    completion: Money


class Prices(Frozen):
    """What the provider asks for, as somebody has read it on a day."""

    date: Day
    currency: Currency
    models: Annotated[dict[ProviderModel, Price], Field(min_length=1)]
    """By the provider's own names."""


class Budget(Frozen):
    """What may be spent. A cap per day is required: a loop of retries costs real money."""

    day: Cap
    month: Cap
    alert_percent: Annotated[int, Field(ge=1, le=100)] = 80
    """Share of any cap at which the egress hop's log and its figures begin to warn."""
    answer_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = 4096
    """Set aside while an answer is under way whose request names no limit of its own."""


class Breaker(Frozen):
    """When the provider is left alone for a while."""

    failures: Annotated[int, Field(ge=1, le=1000)] = 5
    """In a row: no connection, no answer in time, 429 or 5xx."""
    cool_down_seconds: Annotated[int, Field(ge=1, le=86_400)] = 30
    """After that one request is let through; the next follow when it went well."""


class Cloud(Frozen):
    """The provider, what may be asked of it, and for how much."""

    provider: Name
    """What answers, logs and figures call it."""
    base_url: BaseUrl
    """As the provider's documentation gives it, often with /v1 at the end. TLS only."""
    key: SecretReference
    models: Annotated[dict[PublicName, ProviderModel], Field(min_length=1)]
    """Public name of a pool -> the provider's model that stands in for it."""
    authority: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]+$")] | None = None
    """PEM file, below the root of the repository, of the CA that signs the provider's certificate;
    what the gateway's host itself trusts when left out."""
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    """Sent along with each request; never a secret."""
    prices: Prices
    budget: Budget
    share_percent: Annotated[float, Field(gt=0, le=100)] | None = None
    """Of the requests whose pool and client say `share`."""
    first_byte_seconds: Annotated[int, Field(ge=1, le=3600)] | None = None
    """Silence after which a streamed request goes to the cloud, before its first byte. nginx has
    one number for all silences: it also ends a stream that pauses that long. Other requests are
    generated as a whole before their first byte, and are left alone."""
    breaker: Breaker = Breaker()
    open_classes: Annotated[
        tuple[Name, ...], BeforeValidator(lambda v: tuple(v) if isinstance(v, list) else v)
    ] = ()
    """Values of the header X-Data-Class with which a request may leave. Any other value keeps it
    in the fleet; without the header pool and client decide."""

    @model_validator(mode="after")
    def _fits_together(self) -> "Cloud":
        taken = sorted(name for name in self.headers if _is_reserved(name))
        if taken:
            raise ValueError(f"headers that the kit does not set itself, unlike {', '.join(taken)}")
        if len({name.lower() for name in self.headers}) != len(self.headers):
            raise ValueError("each header once, whatever its case")
        unpriced = sorted(set(self.models.values()) - self.prices.models.keys())
        if unpriced:
            raise ValueError(f"a price for each model, also for {', '.join(unpriced)}")
        if not any(letter.isalpha() for letter in self.server.rpartition(":")[0]):
            raise ValueError("a name in base_url, not an address: the certificate is for a name")
        if self.budget.day == Cap():
            raise ValueError("a cap per day, of requests, tokens or money")
        return self

    @property
    def server(self) -> str:
        """NAME:PORT of the provider."""
        host = self.base_url.removeprefix("https://").partition("/")[0]
        return host if ":" in host else f"{host}:443"

    @property
    def path(self) -> str:
        """What stands before /chat/completions; empty or with a slash in front."""
        _, slash, rest = self.base_url.removeprefix("https://").partition("/")
        return f"{slash}{rest}"


def _is_reserved(name: str) -> bool:
    lower = name.lower()
    return lower in RESERVED_HEADERS or lower.startswith("x-homeport")
