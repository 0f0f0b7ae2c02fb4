"""One fleet whose every figure was calculated by hand, and prices to draw."""

from datetime import date

from hypothesis import strategies as st

from checks.benchmarks.cost.month import Fleet, Machine
from checks.benchmarks.cost.tokens import Capacity
from deploys.settings.cloud_prices import CloudPrice

# 4,800 over 48 months: 100 a month. 100 W for 730 h: 73 kWh, 109.5 with PUE 1.5, 21.90 at 0.20.
MACHINE = Machine(4800, 0, 4, rack_per_month=50, idle_watts=100, load_watts=400)
FLEET = Fleet([MACHINE], staff_per_month=150, power_per_kwh=0.20, pue=1.5, interest_percent=0)
CAPACITY = Capacity(tokens_per_second=1000, prompt_ratio=3)


def cloud(prompt: float = 2.5, completion: float = 10.0, cached: float | None = None) -> CloudPrice:
    """What somebody asks for a million tokens."""
    return CloudPrice(
        provider="acme",
        model="large",
        prompt=prompt,
        completion=completion,
        cached_prompt=cached,
        currency="EUR",
        date=date(2026, 11, 1),
        source="https://acme.example/pricing",
    )


def _between(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high)


@st.composite
def _machine(draw: st.DrawFn) -> Machine:
    price, idle = draw(_between(1, 1e6)), draw(_between(0, 10_000))
    return Machine(
        price=price,
        residual=price * draw(_between(0, 1)),
        years=draw(_between(0.5, 20)),
        rack_per_month=draw(_between(0, 10_000)),
        idle_watts=idle,
        load_watts=idle + draw(_between(0, 10_000)),
    )


MACHINES = _machine()
FLEETS = st.builds(
    Fleet,
    st.lists(MACHINES, min_size=1, max_size=3),
    staff_per_month=_between(0, 50_000),
    power_per_kwh=_between(0, 2),
    pue=_between(1, 3),
    interest_percent=_between(0, 50),
)
CAPACITIES = st.builds(
    Capacity,
    tokens_per_second=_between(0.1, 1e5),
    prompt_ratio=_between(0, 100),
    usable_percent=_between(1, 100),
)
_ASKED = st.just(0.0) | _between(0.001, 100)
CLOUDS = st.builds(cloud, _ASKED, _ASKED)
