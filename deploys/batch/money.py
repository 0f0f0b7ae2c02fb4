"""What answers cost: the fleet's by a price that somebody gives, the cloud's by its own table."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploys.batch.tally import Model, Tokens
from deploys.settings.cloud import Cloud, Price

# What the gateway's X-Homeport-Provider says of the fleet's own answers.
FLEET = "fleet"
PRICED_TOKENS = 1_000_000


@dataclass(frozen=True)
class Tariff:
    """Who asks how much; in one currency."""

    fleet: Mapping[str, Price] = field(default_factory=dict)
    """By public model name; `` for all others."""
    cloud: Cloud | None = None

    @property
    def currency(self) -> str:
        """The cloud's; empty where only whoever gave the price knows it."""
        return self.cloud.prices.currency if self.cloud else ""

    def price(self, model: str, provider: str) -> Price | None:
        """For a million tokens; None: nobody has said."""
        if provider == FLEET:
            return self.fleet.get(model, self.fleet.get(""))
        if self.cloud is None or provider != self.cloud.provider:
            return None
        provider_model = self.cloud.models.get(model)
        return self.cloud.prices.models[provider_model] if provider_model else None


def costs(name: str, model: Model, tariff: Tariff) -> dict[str, float | None]:
    """By provider; None where it has no price."""
    found: dict[str, float | None] = {}
    for provider, tokens in model.tokens.items():
        price = tariff.price(name, provider)
        found[provider] = None if price is None else _money(tokens, price)
    return found


def _money(tokens: Tokens, price: Price) -> float:
    return (tokens.prompt * price.prompt + tokens.completion * price.completion) / PRICED_TOKENS
