"""What the operator pays, as the inventory says it; `homeport cost` makes tokens' prices of it."""

from typing import Annotated

from pydantic import Field, model_validator

from deploys.settings.cloud import Money
from deploys.settings.words import Currency, Day, Frozen

PowerWatts = Annotated[float, Field(ge=0, le=100_000)]


class Watts(Frozen):
    """Power without requests and under load."""

    idle: PowerWatts
    load: PowerWatts

    @model_validator(mode="after")
    def _load_is_more(self) -> "Watts":
        if self.load < self.idle:
            raise ValueError("as much under load as without it, or more")
        return self


class HostCost(Frozen):
    """One host: what it has cost, where it stands, what it draws."""

    price: Money
    """The whole host with its GPUs, and its share of switches and racks."""
    years: Annotated[float, Field(gt=0, le=20)]
    """After which it is worth `residual`."""
    residual: Money = 0
    rack_per_month: Money = 0
    """Space, network, hands: whatever is paid by the month for the host, but power."""
    host_watts: Watts
    """All but its GPUs: by IPMI or a meter. NVML does not know it."""
    gpu_watts: Watts | None = None
    """Of each GPU; used only where no benchmark has measured it."""

    @model_validator(mode="after")
    def _residual_is_less(self) -> "HostCost":
        if self.residual > self.price:
            raise ValueError("a residual that is no more than the price")
        return self


class Exchange(Frozen):
    """What one unit of another currency is worth, as somebody has read it on a day."""

    rate: Annotated[float, Field(gt=0, le=10**6)]
    date: Day


class Cost(Frozen):
    """What holds for all hosts."""

    currency: Currency
    power_per_kwh: Money
    pue: Annotated[float, Field(ge=1, le=5)]
    """Power of the whole site over that of its machines (ISO/IEC 30134-2); never less than 1."""
    staff_per_month: Money
    """Loaded salaries times the share of their time; 0 is an answer, too."""
    interest_percent: Annotated[float, Field(ge=0, le=100)] = 0
    """A year, of what the hardware has cost."""
    usable_percent: Annotated[float, Field(gt=0, le=100)] = 100
    """Share of the measured capacity that a month can use: nobody asks evenly all night."""
    exchange: dict[Currency, Exchange] = Field(default_factory=dict)
    """Currency of a cloud's price -> its worth in `currency`."""
    stale_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """Age from which on a cloud's price, or a rate, is told to be old."""
