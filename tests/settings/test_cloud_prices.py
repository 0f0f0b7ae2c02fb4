"""The file of clouds' prices: what is read, refused, converted, and told to be old."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploys.settings.cloud import Cloud
from deploys.settings.cloud_prices import (
    FILE,
    CloudPrice,
    in_one_currency,
    own_cloud_prices,
    read_cloud_prices,
    stale,
)  # fmt: skip
from deploys.settings.cost import Cost, Exchange
from deploys.settings.refusal import Refused
from tests.environments import ROOT

TODAY = date(2026, 11, 26)
PRICE = {
    "provider": "acme", "model": "large", "prompt": 2.0, "completion": 8.0, "currency": "USD",
    "date": "2026-11-01", "source": "https://acme.example/pricing",
}  # fmt: skip
EUR = Cost(currency="EUR", power_per_kwh=0.3, pue=1, staff_per_month=0)


def _written(root: Path, *prices: Mapping[str, object]) -> Path:
    (root / "inventories").mkdir()
    (root / FILE).write_text(yaml.safe_dump({"prices": [dict(one) for one in prices]}))
    return root


def _refused(root: Path) -> str:
    with pytest.raises(Refused) as refused:
        read_cloud_prices(root)
    return str(refused.value)


def test_the_committed_file_is_read_and_names_day_and_source_of_each() -> None:
    for one in read_cloud_prices(ROOT):
        assert one.date <= datetime.now(UTC).date()
        assert one.source.startswith("https://")
        assert 0 < one.prompt < one.completion


def test_a_date_may_be_yamls_own_or_text(tmp_path: Path) -> None:
    root = _written(tmp_path, PRICE, {**PRICE, "date": date(2026, 11, 2)})
    assert [one.date.day for one in read_cloud_prices(root)] == [1, 2]


def test_a_missing_file_is_told_with_an_example(tmp_path: Path) -> None:
    said = _refused(tmp_path)
    assert "inventories/cloud-prices.yaml: cannot be read: No such file" in said
    assert "hint: prices: [{provider: acme" in said


def test_the_example_is_one_that_is_read(tmp_path: Path) -> None:
    example = _refused(tmp_path).partition("hint: ")[2]
    (tmp_path / "inventories").mkdir()
    (tmp_path / FILE).write_text(example)
    assert read_cloud_prices(tmp_path)[0].name == "acme large"


@pytest.mark.parametrize("text", ["prices: [", "\xff", "prices: [{date: 2026-02-30}]"])
def test_a_file_that_is_no_yaml_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "inventories").mkdir()
    (tmp_path / FILE).write_bytes(text.encode("latin-1"))
    assert "is not YAML" in _refused(tmp_path)


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ({"prompt": -1}, "prices.0.prompt"),
        ({"completion": "free"}, "prices.0.completion"),
        ({"currency": "$"}, "prices.0.currency"),
        ({"date": "2026-02-31"}, "prices.0.date"),
        ({"source": "somebody said"}, "prices.0.source"),
        ({"per": "thousand"}, "prices.0.per"),
    ],
)
def test_a_price_that_cannot_be_is_refused(
    tmp_path: Path, words: Mapping[str, object], path: str
) -> None:
    assert f"error: {FILE}: {path}: " in _refused(_written(tmp_path, {**PRICE, **words}))


def test_a_file_without_a_price_and_a_price_without_a_day_are_refused(tmp_path: Path) -> None:
    undated = {name: value for name, value in PRICE.items() if name not in ("date", "source")}
    said = _refused(_written(tmp_path, undated))
    assert "prices.0.date: is missing" in said
    assert "prices.0.source: is missing" in said
    (tmp_path / FILE).write_text("prices: []")
    assert "prices: found" in _refused(tmp_path)


def _price(**words: Any) -> CloudPrice:  # noqa: ANN401
    return CloudPrice.model_validate({**PRICE, **words})


def _exchanged(rate: float, day: date) -> Cost:
    return EUR.model_copy(update={"exchange": {"USD": Exchange(rate=rate, date=day)}})


def test_another_currency_is_converted_and_as_old_as_its_rate() -> None:
    """2 USD at 0.9: 1.80 EUR."""
    cost = _exchanged(0.9, date(2026, 10, 1))
    (found,) = in_one_currency([_price(cached_prompt=0.5)], cost, "f.py", TODAY)
    assert (found.prompt, found.completion, found.cached_prompt) == pytest.approx((1.8, 7.2, 0.45))
    assert (found.currency, found.date) == ("EUR", date(2026, 10, 1))


def test_ones_own_currency_needs_no_rate() -> None:
    price = _price(currency="EUR")
    assert in_one_currency([price], EUR, "f.py", TODAY) == (price,)


def test_a_currency_without_a_rate_is_refused_with_the_words_that_fit() -> None:
    with pytest.raises(Refused) as refused:
        in_one_currency([_price(), _price(currency="GBP", model="small")], EUR, "f.py", TODAY)
    said = str(refused.value)
    assert f"error: {FILE}: acme large: is in USD, and cost is in EUR" in said
    assert f"error: {FILE}: acme small: is in GBP, and cost is in EUR" in said
    assert '"exchange": {"USD": {"rate": 0.9, "date": "2026-11-26"}} in cost of f.py' in said


def test_a_day_that_is_yet_to_come_is_refused() -> None:
    with pytest.raises(Refused, match="is of 2027-01-01, which is yet to come"):
        in_one_currency([_price(currency="EUR", date="2027-01-01")], EUR, "f.py", TODAY)
    with pytest.raises(Refused, match="its rate is of 2027-01-01"):
        in_one_currency([_price()], _exchanged(0.9, date(2027, 1, 1)), "f.py", TODAY)


def test_an_old_price_is_told_with_its_age_and_a_younger_one_is_not() -> None:
    prices = [_price(date="2026-08-28"), _price(date="2026-08-27", model="small")]
    assert stale(prices, EUR, TODAY) == ["acme small: price of 2026-08-27 is 91 days old"]


def _cloud(day: str) -> Cloud:
    return Cloud.model_validate(
        {
            "provider": "acme", "base_url": "https://api.acme.example/v1", "key": "env:KEY",
            "models": {"chat": "large"}, "budget": {"day": {"requests": 1}, "month": {}},
            "prices": {"date": day, "currency": "EUR",
                       "models": {"large": {"prompt": 2.0, "completion": 8.0}}},
        }
    )  # fmt: skip


def test_the_environments_own_cloud_is_compared_with_too() -> None:
    file = "inventories/group_data/small.py"
    assert own_cloud_prices(None, file) == ()
    (found,) = own_cloud_prices(_cloud("2027-01-01"), file)
    assert (found.name, found.prompt, found.completion) == ("acme large", 2.0, 8.0)
    assert (found.source, found.date) == (file, date(2027, 1, 1))
    with pytest.raises(Refused, match=f"error: {file}: acme large: is of 2027-01-01"):
        in_one_currency([found], EUR, file, TODAY)
