"""What moves the price of a token, and how much: each input by itself, the others as they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from checks.benchmarks.cost.month import Fleet, Machine
from checks.benchmarks.cost.tokens import Capacity, per_million

Changed = Callable[[Fleet, Capacity, float], tuple[Fleet, Capacity]]


@dataclass(frozen=True)
class Swing:
    """One input, less and more of it."""

    input: str
    low: float
    """Price of a million tokens where it is less."""
    high: float
    """Where it is more."""


def swings(
    fleet: Fleet, capacity: Capacity, millions_per_month: float, percent: float
) -> list[Swing]:
    """Each input `percent` lower and higher, the widest first.

    Source: one-at-a-time sensitivity, a tornado diagram, Eschenbach, Spiderplots versus Tornado
    Diagrams, Interfaces 22 (6), 1992.
    """
    factors = (1 - percent / 100, 1 + percent / 100)
    used = (per_million(fleet, capacity, millions_per_month * factor) for factor in factors)
    found = [Swing("tokens a month", *used)]
    for name, change in INPUTS.items():
        prices = (
            per_million(*change(fleet, capacity, factor), millions_per_month) for factor in factors
        )
        found.append(Swing(name, *prices))
    return sorted(found, key=lambda one: -abs(one.high - one.low))


def _machines(name: str, fleet: Fleet, factor: float) -> Fleet:
    return replace(fleet, machines=[_scaled(one, name, factor) for one in fleet.machines])


def _scaled(machine: Machine, name: str, factor: float) -> Machine:
    return replace(machine, **{name: getattr(machine, name) * factor})


def _of_machines(name: str) -> Changed:
    return lambda fleet, capacity, factor: (_machines(name, fleet, factor), capacity)


def _of_fleet(name: str) -> Changed:
    return lambda fleet, capacity, factor: (
        replace(fleet, **{name: getattr(fleet, name) * factor}),
        capacity,
    )


def _speed(fleet: Fleet, capacity: Capacity, factor: float) -> tuple[Fleet, Capacity]:
    return fleet, replace(capacity, tokens_per_second=capacity.tokens_per_second * factor)


def _power(fleet: Fleet, capacity: Capacity, factor: float) -> tuple[Fleet, Capacity]:
    """Idle and load together: machines that draw less."""
    return _machines("load_watts", _machines("idle_watts", fleet, factor), factor), capacity


INPUTS: Mapping[str, Changed] = {
    "price of hardware": _of_machines("price"),
    "residual": _of_machines("residual"),
    "years": _of_machines("years"),
    "rack": _of_machines("rack_per_month"),
    "staff": _of_fleet("staff_per_month"),
    "interest": _of_fleet("interest_percent"),
    "price of power": _of_fleet("power_per_kwh"),
    "watts": _power,
    "tokens/s": _speed,
}
