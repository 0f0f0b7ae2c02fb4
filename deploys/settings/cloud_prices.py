"""inventories/cloud-prices.yaml: what clouds ask, who says so, and since when."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from deploys.settings.cloud import Cloud, Money, Price, ProviderModel
from deploys.settings.cost import Cost
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import complaints_of
from deploys.settings.words import Currency, Day, Frozen, Name
from deploys.settings.yaml_text import read_yaml

FILE = "inventories/cloud-prices.yaml"
EXAMPLE = (
    "prices: [{provider: acme, model: large, prompt: 2.0, completion: 8.0, currency: USD, "
    'date: 2026-11-01, source: "https://acme.example/pricing"}]'
)


class CloudPrice(Price):
    """Of one model of one provider, for a million tokens."""

    provider: Name
    model: ProviderModel
    cached_prompt: Money | None = None
    """Of prompt tokens that the provider has seen before; None: the same as others."""
    currency: Currency
    date: Day
    """When somebody has read it."""
    source: Annotated[str, StringConstraints(pattern=r"^(https?://|inventories/)\S+$")]
    """Where."""

    @property
    def name(self) -> str:
        """`PROVIDER MODEL`."""
        return f"{self.provider} {self.model}"


class _Prices(Frozen):
    prices: Annotated[
        tuple[CloudPrice, ...],
        # YAML has lists alone.
        Field(min_length=1, strict=False),
    ]


def read_cloud_prices(root: Path) -> tuple[CloudPrice, ...]:
    """All of the file; raises Refused with every complaint."""
    document = read_yaml(root, FILE, EXAMPLE)
    try:
        return _Prices.model_validate(document).prices
    except ValidationError as error:
        raise Refused(complaints_of(error, FILE, _Prices)) from None


def own_cloud_prices(cloud: Cloud | None, file: str) -> tuple[CloudPrice, ...]:
    """What the environment's own cloud asks, as its settings say it, which stand in `file`."""
    if cloud is None:
        return ()
    return tuple(
        CloudPrice(
            provider=cloud.provider,
            model=model,
            prompt=price.prompt,
            completion=price.completion,
            currency=cloud.prices.currency,
            date=cloud.prices.date,
            source=file,
        )
        for model, price in cloud.prices.models.items()
    )


def in_one_currency(
    prices: Sequence[CloudPrice], cost: Cost, file: str, today: date
) -> tuple[CloudPrice, ...]:
    """All in the operator's currency; raises Refused for one that has no rate, and for a day that
    is yet to come. `file` says where the operator's settings stand.
    """
    complaints = [
        Complaint(file if one.source == file else FILE, one.name, found, hint)
        for one in prices
        for found, hint in _wrong(one, cost, file, today)
    ]
    if complaints:
        raise Refused(sorted(set(complaints)))
    return tuple(_converted(one, cost) for one in prices)


def _wrong(price: CloudPrice, cost: Cost, file: str, today: date) -> list[tuple[str, str]]:
    found = []
    if price.date > today:
        found.append((f"is of {price.date}, which is yet to come", "the day it was read on"))
    rate = cost.exchange.get(price.currency)
    if price.currency != cost.currency and rate is None:
        example = f'"exchange": {{"{price.currency}": {{"rate": 0.9, "date": "{today}"}}}}'
        hint = f"{example} in cost of {file}: what 1 {price.currency} is worth in {cost.currency}"
        found.append((f"is in {price.currency}, and cost is in {cost.currency}", hint))
    if rate is not None and rate.date > today:
        found.append((f"its rate is of {rate.date}, which is yet to come", "the day it was read"))
    return found


def _converted(price: CloudPrice, cost: Cost) -> CloudPrice:
    if price.currency == cost.currency:
        return price
    exchange = cost.exchange[price.currency]
    cached = price.cached_prompt
    return price.model_copy(
        update={
            "prompt": price.prompt * exchange.rate,
            "completion": price.completion * exchange.rate,
            "cached_prompt": None if cached is None else cached * exchange.rate,
            "currency": cost.currency,
            # The older of both: a price is as old as what it was made of.
            "date": min(price.date, exchange.date),
        }
    )


def stale(prices: Sequence[CloudPrice], cost: Cost, today: date) -> list[str]:
    """What is told of prices that are old."""
    return [
        f"{one.name}: price of {one.date} is {(today - one.date).days} days old"
        for one in prices
        if (today - one.date).days > cost.stale_days
    ]
