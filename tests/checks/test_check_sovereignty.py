"""Each check of what must stay fails for its own reason; tests/served asks a real deployment."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from checks import check_sovereignty as checks
from checks.committed import Committed
from checks.fleet import Fleet
from checks.probes import egress, gateway
from checks.probes.gateway import Answer, Gateway
from checks.results import NOTE
from deploys.certificates.entrance import Entrance
from deploys.settings.docker import Docker
from deploys.settings.inventory import InventoryHost
from deploys.settings.nvidia import Nvidia
from deploys.settings.secrets import Secret
from tests.checks.cloud_tree import written
from tests.render.plans import HOST

# Every check here, as `homeport verify` calls it.
NAMES = (
    "no way leads out for what must stay",
    "the gateway is on networks without a way out",
    "only the egress hop gets out",
    "the budget is kept",
    "marked requests stay when no engine answers",
)
Fails = pytest.fail.Exception


@pytest.fixture
def cloudy(tmp_path: Path) -> Committed:
    """The commit of a gateway with a cloud."""
    folder, release = written(tmp_path)
    compose = tmp_path / "compose" / "small" / HOST / "gateways" / "compose.yaml"
    document: dict[str, Any] = yaml.safe_load(compose.read_text())
    host = InventoryHost(HOST, HOST, ("small",), {})
    services, networks = document["services"], document["networks"]
    return Committed(host, release, "", (), services, networks, folder, Docker(), Nvidia())


@pytest.fixture
def host_says(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Has the gateway's host answer each script with a text; gives the scripts."""

    def say(text: str) -> list[str]:
        scripts: list[str] = []

        def run(_host: object, script: str, *_limit: int) -> str:
            scripts.append(script)
            return text

        monkeypatch.setattr(egress, "run", run)
        return scripts

    return say


def test_every_check_of_the_file_is_tried_here() -> None:
    found = [name for name in vars(checks) if name.startswith("check_")]
    assert [name.removeprefix("check_").replace("_", " ") for name in found] == list(NAMES)


def test_a_gateway_as_rendered_keeps_what_must_stay(cloudy: Committed) -> None:
    checks.check_no_way_leads_out_for_what_must_stay(cloudy)
    checks.check_the_gateway_is_on_networks_without_a_way_out(cloudy)


def test_a_way_out_is_told_with_all_its_steps(cloudy: Committed) -> None:
    file = cloudy.nginx / "cloud.conf"
    file.write_text(file.read_text().replace('"=demo" fallback', '"=safe" fallback'))
    with pytest.raises(Fails, match=r"client safe, pool chat: .* -> @cloud.* -> egress:8080"):
        checks.check_no_way_leads_out_for_what_must_stay(cloudy)


def test_files_that_nginx_could_not_read_are_told(cloudy: Committed) -> None:
    (cloudy.nginx / "cloud.conf").write_text("map {")
    with pytest.raises(Fails, match=r"cloud\.conf: "):
        checks.check_no_way_leads_out_for_what_must_stay(cloudy)


@pytest.mark.parametrize(
    ("part", "change", "said"),
    [
        ("services", {"networks": ["engines", "outside"]}, "with a way out:\n  outside"),
        (
            "services",
            {"volumes": [{"source": "../../secrets/egress"}]},
            "service nginx has the provider's key",
        ),
        ("networks", {"internal": False}, "with a way out:\n  egress"),
    ],
)
def test_a_compose_file_that_lets_the_gateway_out_is_told(
    cloudy: Committed, part: str, change: Mapping[str, object], said: str
) -> None:
    name = "nginx" if part == "services" else "egress"
    cast("dict[str, Any]", getattr(cloudy, part)[name]).update(change)
    with pytest.raises(Fails, match=said):
        checks.check_the_gateway_is_on_networks_without_a_way_out(cloudy)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("address 203.0.113.7\negress 0.012\nnginx 0.011\n", "reaches 203.0.113.7"),
        ("address 203.0.113.7\negress 0.000000\nnginx 0.000000\n", "does not reach api.acme"),
        ("address \n", "no address"),
    ],
)
def test_a_gateway_that_gets_out_and_an_egress_hop_that_does_not_are_told(
    cloudy: Committed, host_says: Callable[[str], list[str]], answer: str, said: str
) -> None:
    host_says(answer)
    with pytest.raises(Fails, match=said):
        checks.check_only_the_egress_hop_gets_out(cloudy)


def test_an_egress_hop_that_alone_gets_out_passes(
    cloudy: Committed, host_says: Callable[[str], list[str]]
) -> None:
    scripts = host_says("address 203.0.113.7\negress 0.012\nnginx 0.000000\n")
    checks.check_only_the_egress_hop_gets_out(cloudy)
    assert "homeport-small-gateways" in scripts[0]
    assert "getent ahostsv4 api.acme.test" in scripts[0]
    assert "https://$address:443/" in scripts[0]


def test_a_budget_that_is_nearly_spent_is_told_and_one_that_is_silent_fails(
    cloudy: Committed, host_says: Callable[[str], list[str]]
) -> None:
    notes: list[tuple[str, object]] = []

    def record(name: str, value: object) -> None:
        notes.append((name, value))

    cap = '{"name": "requests per day", "limit": 10, "spent": %d, "alert": %s}'
    host_says('{"caps": [' + cap % (9, "true") + ", " + cap % (1, "false") + "]}")
    checks.check_the_budget_is_kept(cloudy, record)
    assert notes == [(NOTE, "cloud: 9 of 10 requests per day are spent")]
    host_says("curl: (7) Failed to connect\n")
    with pytest.raises(Fails, match="does not say what is spent"):
        checks.check_the_budget_is_kept(cloudy, record)


@pytest.fixture
def tried(
    cloudy: Committed, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int, set[str]], list[str]]:
    """Tries the disruptive check: the gateway's status, and what is recorded; gives the doors."""

    def try_(status: int, record: set[str]) -> list[str]:
        words: list[str] = []
        monkeypatch.setattr(gateway, "models", lambda _gateway: ["chat"])
        answer = Answer(status, {"x-request-id": "id-1"}, "{}")
        monkeypatch.setattr(gateway, "ask", lambda *_: answer)
        monkeypatch.setattr(egress, "doors", lambda _host, _ids, word: words.append(word))
        monkeypatch.setattr(egress, "recorded", lambda *_: record)
        live = SimpleNamespace(engines=lambda _release: {"chat-1": SimpleNamespace(id="c1")})
        fleet = cast("Fleet", SimpleNamespace(committed={HOST: cloudy}, live=lambda _name: live))
        asked = Gateway(HOST, Entrance("http://127.0.0.1:1"), Secret("k"))
        try:
            checks.check_marked_requests_stay_when_no_engine_answers(asked, fleet)
        finally:
            assert words == ["close", "open"]
        return words

    return try_


def test_marked_requests_that_are_refused_and_not_recorded_pass(
    tried: Callable[[int, set[str]], list[str]],
) -> None:
    assert tried(503, set()) == ["close", "open"]


@pytest.mark.parametrize(
    ("status", "record", "said"),
    [(200, set(), "although no engine can be reached"), (503, {"id-1"}, "have left:\n  id-1")],
)
def test_marked_requests_that_are_answered_or_recorded_are_told(
    tried: Callable[[int, set[str]], list[str]], status: int, record: set[str], said: str
) -> None:
    with pytest.raises(Fails, match=said):
        tried(status, record)
