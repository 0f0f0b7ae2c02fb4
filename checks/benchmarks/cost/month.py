"""What a fleet costs in a month, whether anybody asks it or not; and what its power costs.

Money is in the operator's currency, power in watts at the plug of a machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# A year of 365 days has 8,760 hours.
HOURS_PER_MONTH = 8760 / 12
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600
MONTHS_PER_YEAR = 12
WATTS_PER_KILOWATT = 1000


@dataclass(frozen=True)
class Machine:
    """One host, or the share of it that a model has."""

    price: float
    residual: float
    years: float
    rack_per_month: float
    idle_watts: float
    load_watts: float
    """While the fleet gives as many tokens as it can."""


@dataclass(frozen=True)
class Fleet:
    """All that serves a model."""

    machines: Sequence[Machine]
    staff_per_month: float
    power_per_kwh: float
    pue: float
    interest_percent: float


@dataclass(frozen=True)
class Month:
    """What is paid without a single request."""

    hardware: float
    rack: float
    staff: float
    idle_power: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.hardware + self.rack + self.staff + self.idle_power


def annuity(price: float, residual: float, years: float, interest_percent: float) -> float:
    """What a purchase costs in each month of its life.

    (P - R / (1 + i)^n) * i / (1 - (1 + i)^-n), with i = interest / 12 and n = 12 * years, by the
    month. Without interest (P - R) / n, its limit.

    Source: equivalent annual cost by the capital recovery factor, Brealey, Myers, Allen, Principles
    of Corporate Finance, chapter 6; its limit is straight-line depreciation, IAS 16, paragraph 62.
    """
    months = years * MONTHS_PER_YEAR
    rate = interest_percent / 100 / MONTHS_PER_YEAR
    # Below this both sums are equal to seven digits, and the first one divides nothing by nothing.
    if rate < 1e-9:
        return (price - residual) / months
    growth = months * math.log1p(rate)
    return (price - residual * math.exp(-growth)) * rate / -math.expm1(-growth)


def power_per_hour(watts: float, pue: float, power_per_kwh: float) -> float:
    """What watts cost in an hour: W / 1000 * PUE * price of a kWh.

    Cooling is paid, too.

    Source: PUE = energy of the data centre / energy of its IT equipment, ISO/IEC 30134-2.
    """
    return watts / WATTS_PER_KILOWATT * pue * power_per_kwh


def fixed(fleet: Fleet) -> Month:
    """Hardware, rack and staff, and the power of machines that wait, for 730 hours.

    Ours: their sum. What is paid whether anybody asks or not is fixed, as `break_even` wants it.
    """
    idle_watts = sum(one.idle_watts for one in fleet.machines)
    hourly = power_per_hour(idle_watts, fleet.pue, fleet.power_per_kwh)
    return Month(
        hardware=sum(
            annuity(one.price, one.residual, one.years, fleet.interest_percent)
            for one in fleet.machines
        ),
        rack=sum(one.rack_per_month for one in fleet.machines),
        staff=fleet.staff_per_month,
        idle_power=hourly * HOURS_PER_MONTH,
    )
