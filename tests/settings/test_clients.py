"""Clients, their keys and tiers: what is refused, until when a key is valid, who is asked as."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploys.settings.client import Client, Key, asking_key, every_key
from deploys.settings.environment import read_environment
from deploys.settings.group_data import EnvironmentWords
from deploys.settings.refusal import Refused
from deploys.settings.tier import Anonymous, Tier
from tests.environments import ROOT, WORDS, write_environment

GATEWAY = WORDS["gateway"]
NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)


def _complaints(root: Path, clients: object, **gateway: object) -> list[tuple[str, str, str]]:
    assert isinstance(GATEWAY, dict)
    words = {"clients": clients, "gateway": {**GATEWAY, **gateway}}
    with pytest.raises(Refused) as refused:
        read_environment(write_environment(root, words), "small")
    assert all("inventories/group_data/small.py:" in one.file for one in refused.value.complaints)
    return [(one.path, one.found, one.hint) for one in refused.value.complaints]


def test_unknown_tiers_and_doubled_keys_are_refused_at_once(tmp_path: Path) -> None:
    clients = {
        "a": {"key": "env:A", "tier": "fre"},
        "b": {"keys": {"x": {"key": "env:A"}}, "tier": "x"},
    }
    assert _complaints(tmp_path, clients, tiers={"free": {}}) == [
        ("clients.a.tier", "`fre` is not one of the gateway's tiers", "did you mean `free`?"),
        ("clients.b.keys.x", "is the key of `a` too", "give each key a secret of its own"),
        ("clients.b.tier", "`x` is not one of the gateway's tiers", "known here: free"),
    ]


@pytest.mark.parametrize(
    "client",
    [
        {},
        {"keys": {}},
        {"key": "env:A", "keys": {"x": {"key": "env:B"}}},
        {"keys": {"x": {"key": "plain-secret"}}},
        {"keys": {"x y": {"key": "env:A"}}},
        {"keys": {'x"': {"key": "env:A"}}},
        {"key": "env:A", "tier": "a-b"},
        {"key": "env:A", "tier": "Default;"},
        {"keys": {"x": {"key": "env:A", "valid_until": "31.1.2027"}}},
        {"keys": {"x": {"key": "env:A", "valid_until": "2027-02-30"}}},
        {"keys": {"x": {"key": "env:A", "valid_until": "20270131"}}},
        {"keys": {"x": {"key": "env:A", "valid_until": "9999-12-31"}}},
        {"keys": {"x": {"key": "env:A", "valid_until": 20270131}}},
    ],
)
def test_a_client_that_cannot_be_right_is_refused(client: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Client.model_validate(client, strict=True)


@pytest.mark.parametrize(
    "tier",
    [
        {"requests_per_second": 0},
        {"requests_per_minute": "60"},
        {"burst": 3},
        {"burst": -1, "requests_per_second": 1},
        {"concurrent_requests": 0},
        {"tokens_per_day": 10**16},
        {"tokens_per_hour": 5},
    ],
)
def test_a_tier_that_cannot_be_right_is_refused(tier: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Tier.model_validate(tier, strict=True)


@pytest.mark.parametrize(
    ("day", "valid"), [("2027-01-30", False), ("2027-01-31", True), (None, True)]
)
def test_a_key_is_valid_until_its_last_day_is_over(day: str | None, *, valid: bool) -> None:
    assert Key(key="env:A", valid_until=day).is_valid(NOON) is valid


def assigned(example: str) -> dict[str, object]:
    """What an example says, by name."""
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(example).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def test_the_example_in_the_readme_is_what_fits() -> None:
    text = (ROOT / "deploys" / "settings" / "README.md").read_text()
    # One of a candidate, and one of clients and limits.
    candidate, example = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    pools = EnvironmentWords.model_validate({**WORDS, **assigned(candidate)}, strict=True).pools
    assert pools["chat"].canary is not None
    assert pools["chat"].canary.candidate in pools
    words = assigned(example)
    read = EnvironmentWords.model_validate({**WORDS, **words}, strict=True)
    assert read.gateway.anonymous == Anonymous()
    tier = read.gateway.tiers["shared"]
    assert all(value is not None for value in tier.model_dump().values())
    assert read.clients["team-a"].tier == "shared"


def test_a_single_key_is_called_as_its_client_and_each_of_several_by_its_own_name() -> None:
    several = {"x": Key(key="env:X"), "y": Key(key="env:Y")}
    clients = {"b": Client(keys=several), "a": Client(key="env:A")}
    names = [(name, client, key.key) for name, client, key in every_key(clients)]
    assert names == [("a", "a", "env:A"), ("b/x", "b", "env:X"), ("b/y", "b", "env:Y")]


def test_the_kit_asks_with_a_valid_key_of_a_client_without_limits() -> None:
    old = Key(key="env:OLD", valid_until="2020-01-01")
    limited = Client(key="env:LIMITED", tier="free")
    rotated = Client(keys={"a": old, "b": Key(key="env:NEW")})
    assert asking_key({"a": limited, "b": rotated}, NOON) == "env:NEW"
    assert asking_key({"a": limited, "b": Client(keys={"a": old})}, NOON) == "env:LIMITED"
    assert asking_key({"b": Client(keys={"a": old})}, NOON) == "env:OLD"
    leaving, staying = Client(key="env:A", cloud="fallback"), Client(key="env:B")
    assert asking_key({"a": leaving, "b": staying}, NOON) == "env:B"
    assert asking_key({"a": leaving, "c": limited}, NOON) == "env:A"
