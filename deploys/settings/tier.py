"""How much a client may ask of the gateway, and how much whoever has no valid key may."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from deploys.settings.words import Frozen

# A part of nginx's own names, which know neither dots nor hyphens.
TierName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Requests = Annotated[int, Field(ge=1, le=1_000_000)]
Burst = Annotated[int, Field(ge=0, le=100_000)]
# One answer is up to some 100,000 tokens; more than 10^15 a JavaScript number could not count.
Tokens = Annotated[int, Field(ge=1, le=10**15)]

DEFAULT_BURST = 10


class Tier(Frozen):
    """Limits of each client that names this tier, for all its keys together, at one gateway.

    What is left out is not limited.
    """

    requests_per_second: Requests | None = None
    requests_per_minute: Requests | None = None
    burst: Burst | None = None
    """Requests that may come at once, above an even flow; 10 when left out. nginx alone would
    refuse the second of two requests that come together."""
    concurrent_requests: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """Answers that run at the same time."""
    tokens_per_minute: Tokens | None = None
    """Prompt and answer, by the clock's minute; see the gateway's README for what is counted."""
    tokens_per_day: Tokens | None = None
    """By the day in UTC."""

    @model_validator(mode="after")
    def _burst_has_a_rate(self) -> "Tier":
        if self.burst is not None and not (self.requests_per_second or self.requests_per_minute):
            raise ValueError("burst beside requests_per_second or requests_per_minute")
        return self

    @property
    def counts_tokens(self) -> bool:
        """Whether answers have to be read for their usage."""
        return self.tokens_per_minute is not None or self.tokens_per_day is not None


class Anonymous(Frozen):
    """Requests without a valid key, of each address; more get 429 instead of 401."""

    requests_per_minute: Requests = 60
    """A person who mistypes a key stays far below; nobody guesses 128 bits at any rate."""
    burst: Burst = 30
    """A program that starts with a wrong key asks some dozen times at once."""
