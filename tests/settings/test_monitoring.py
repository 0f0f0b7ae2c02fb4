"""What settings say about monitoring is complete and fits the fleet, or is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploys.settings import inventory
from deploys.settings.environment import Environment, read_environment
from deploys.settings.refusal import Complaint, Refused
from tests.environments import WORDS, write_environment
from tests.render.cloud_plans import CLOUD
from tests.settings.readme_example import readme_example

ROLES = ("small", "gpu_hosts", "gateways")
WATCH: dict[str, Any] = {"grafana_password": "env:GRAFANA_PASSWORD"}


@pytest.fixture
def groups() -> list[str]:
    """Of the one host; a test changes it before it reads."""
    return [*ROLES, "monitors"]


@pytest.fixture(autouse=True)
def _without_pyinfra(monkeypatch: pytest.MonkeyPatch, groups: list[str]) -> None:
    """Its loader takes half a second; what it does is tested beside the other settings."""

    def ask(root: Path, _path: Path) -> list[dict[str, Any]]:
        data: dict[str, Any] = {}
        exec((root / "inventories/group_data/small.py").read_text(), data)  # noqa: S102 - ours
        del data["__builtins__"]
        return [{"name": "@local", "groups": groups, "data": {"directory": ".h", **data}}]

    monkeypatch.setattr(inventory, "_ask_pyinfra", ask)


def _read(root: Path, words: dict[str, Any]) -> Environment:
    return read_environment(write_environment(root, words), "small")


def _complaints(root: Path, watch: dict[str, Any] | None) -> list[Complaint]:
    with pytest.raises(Refused) as refused:
        _read(root, {"monitoring": watch} if watch is not None else {})
    return list(refused.value.complaints)


def test_monitoring_is_read_with_its_defaults(tmp_path: Path) -> None:
    environment = _read(tmp_path, {"monitoring": WATCH})
    watch = environment.monitoring
    assert watch is not None
    assert environment.hosts[0].roles == ("gpu_hosts", "gateways", "monitors")
    assert (watch.scrape_seconds, watch.retention_days, watch.alerts) == (15, 30, None)
    assert watch.objective("chat").first_byte_seconds == 10


def test_the_objective_of_a_pool_replaces_the_default_of_that_pool_alone(tmp_path: Path) -> None:
    words = {**WATCH, "objectives": {"chat": {"errors_percent": 5}}}
    watch = _read(tmp_path, {"monitoring": words}).monitoring
    assert watch is not None
    assert watch.objective("chat").errors_percent == 5
    assert watch.objective("other").errors_percent == 1


def test_what_the_readme_shows_is_taken() -> None:
    watch = readme_example("Monitors").monitoring
    assert watch is not None
    assert watch.alerts is not None


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no password": ({}, "monitoring.grafana_password", "add it"),
    "a password in clear": ({"grafana_password": "hunter2"}, "monitoring.grafana_password", "env:"),
    "a webhook in clear": (
        {**WATCH, "alerts": {"webhook": "https://hooks.example/T0"}},
        *("monitoring.alerts.webhook", "env:"),
    ),
    "a public address": ({**WATCH, "address": "1.1.1.1"}, "monitoring.address", "private"),
    "every address": ({**WATCH, "address": "0.0.0.0"}, "monitoring.address", "private"),  # noqa: S104
    "an unknown pool": (
        {**WATCH, "objectives": {"chatt": {}}},
        *("monitoring.objectives.chatt", "did you mean `chat`?"),
    ),
    "a port twice": (
        {**WATCH, "host_port": 9400},
        *("monitoring.gpu_port", "a port of its own"),
    ),
    "a gateway's port": (
        {**WATCH, "grafana_port": WORDS["gateway"]["port"]},  # type: ignore[index]
        *("monitoring.grafana_port", "a port of its own"),
    ),
    "no figures for minutes": ({**WATCH, "scrape_seconds": 300}, "monitoring.scrape_seconds", "60"),
    "no disk": ({**WATCH, "retention_gib": 0}, "monitoring.retention_gib", "1"),
    "an objective of nothing": (
        {**WATCH, "objectives": {"chat": {"first_byte_seconds": 0}}},
        *("monitoring.objectives.chat.first_byte_seconds", "greater than 0"),
    ),
    "a misspelt word": (
        {**WATCH, "retention_day": 30},
        "monitoring.retention_day",
        "retention_days",
    ),
}


@pytest.mark.parametrize(("watch", "path", "hint"), WRONG.values(), ids=WRONG.keys())
def test_what_does_not_fit_is_refused_with_what_does(
    watch: dict[str, Any], path: str, hint: str, tmp_path: Path
) -> None:
    found = _complaints(tmp_path, watch)
    assert [one for one in found if one.path == path and hint in one.hint], found


def test_monitors_without_monitoring_are_refused(tmp_path: Path) -> None:
    (found,) = _complaints(tmp_path, None)
    assert (found.path, "grafana_password" in found.hint) == ("monitoring", True)


def test_monitoring_without_monitors_is_refused(tmp_path: Path, groups: list[str]) -> None:
    groups.remove("monitors")
    (found,) = _complaints(tmp_path, WATCH)
    assert (found.path, found.found) == ("monitors", "names no host")


def test_a_monitor_that_cannot_reach_other_hosts_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside an egress hop Docker's network lets nothing out."""

    def ask(root: Path, _path: Path) -> list[dict[str, Any]]:
        data = {"address": "10.0.0.1", "monitoring": WATCH, "cloud": CLOUD, **WORDS}
        first = {"name": "gate1", "groups": [*ROLES, "monitors"], "data": data}
        second = {"name": "gpu1", "groups": ["small", "gpu_hosts"], "data": data}
        return [first, second]

    monkeypatch.setattr(inventory, "_ask_pyinfra", ask)
    with pytest.raises(Refused) as refused:
        _read(tmp_path, {})
    found = [one for one in refused.value.complaints if one.path == "monitors"]
    assert [one.found for one in found] == [
        "gate1 is a gateway with a way to the cloud, and so has no other"
    ]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Gives the one host, which watches itself, an address."""

    def put(address: str) -> None:
        data = {"monitoring": WATCH, **WORDS, "address": address, "directory": ".h"}
        host = {"name": "@local", "groups": [*ROLES, "monitors"], "data": data}
        monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: [host])

    return put


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00::1"])
def test_a_host_that_everybody_reaches_is_refused(
    address: str, at: Callable[[str], None], tmp_path: Path
) -> None:
    at(address)
    (found,) = _complaints(tmp_path, None)
    assert (found.path.rpartition(".")[2], address in found.found) == ("address", True)


@pytest.mark.parametrize("address", ["10.0.0.1", "fd00::1"])
def test_a_host_in_a_private_network_is_taken(
    address: str, at: Callable[[str], None], tmp_path: Path
) -> None:
    at(address)
    assert _read(tmp_path, {}).hosts[0].words.address == address
