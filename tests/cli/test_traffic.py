"""The verb `traffic`: a real gateway's log by way of a fake Docker."""

import json
from pathlib import Path

import pytest

from checks.probes.host import Unreachable
from deploys.cli import traffic
from deploys.cli.main import exit_code
from deploys.render.release_gateway import EgressRelease
from deploys.settings import inventory
from deploys.settings.inventory import InventoryHost
from tests.checks.deployment import Deployment, deploy

LOG = Path(__file__).resolve().parents[1] / "checks" / "traffic" / "access.log"
HOST = {"name": "@local", "groups": ["lab"], "data": {"directory": ".homeport/lab"}}


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Everything deployed as committed, and the gateway has served something."""
    found = deploy(tmp_path)
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: [HOST])
    monkeypatch.setenv("PATH", f"{found.docker.folder}:/usr/local/bin:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    networks = {"homeport-lab": {"IPAddress": "172.26.0.2"}}
    found.docker.containers["chat-1"]["NetworkSettings"]["Networks"] = networks
    found.docker.write()
    (found.docker.folder / "id-nginx.log").write_text("started\n" + LOG.read_text())
    return found


def limited(line: str) -> str:
    """The line as a gateway writes it that has several keys for a client, and counts tokens."""
    return json.dumps({**json.loads(line), "key": "demo/old", "error": "", "tokens": "1200"})


@pytest.mark.usefixtures("deployment")
def test_the_table_has_a_row_for_all_and_for_each_pool_replica_and_client(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert exit_code(["traffic", "lab", "--since", "30m"]) == 0
    told = capsys.readouterr().out
    for row in (
        "all ",
        "pool session.pool",
        "replica chat-1",
        "replica 172.26.0.3:8080",
        "client demo",
    ):
        assert row in told
    assert "answered by: fleet 18 (66.7%), gateway 9 (33.3%)" in told
    assert "not by the first replica: " in told


def test_keys_tokens_and_the_gateways_own_errors_are_told_where_there_are_any(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    answered, refused = limited(LOG.read_text().splitlines()[0]), {"error": "x", "tokens": ""}
    lines = [answered, json.dumps({**json.loads(answered), **refused})]
    (deployment.docker.folder / "id-nginx.log").write_text("\n".join(lines) + "\n")
    assert exit_code(["traffic", "lab"]) == 0
    told = capsys.readouterr().out
    rows = {line.split("  ")[0]: line.split()[-1] for line in told.splitlines()}
    assert rows["key demo/old"] == "1,200"
    assert "the gateway's own errors: x 1 (50.0%)" in told


@pytest.mark.usefixtures("deployment")
def test_the_document_holds_the_same_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["traffic", "lab", "--since", "2d", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["since_seconds"] == 172_800
    assert document["all"]["requests"] == 27
    assert document["all"]["total_seconds"]["p99"] > 1
    assert document["other_lines"] == 1
    assert document["unreachable"] == []


def test_a_gateway_without_requests_says_so(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    (deployment.docker.folder / "id-nginx.log").write_text("")
    assert exit_code(["traffic", "lab"]) == 0
    assert capsys.readouterr().out == "lab: no request in the last 1h\n"


def test_arms_of_a_candidate_have_rows_and_shares(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    line = json.loads(LOG.read_text().splitlines()[0])
    lines = [
        json.dumps({**line, "arm": arm}) for arm in ("stable", "stable", "stable", "candidate")
    ]
    (deployment.docker.folder / "id-nginx.log").write_text("\n".join(lines) + "\n")
    assert exit_code(["traffic", "lab"]) == 0
    told = capsys.readouterr().out
    assert "arm chat candidate" in told
    assert "arms: stable 3 (75.0%), candidate 1 (25.0%)" in told


CAPS = (
    {"name": "requests per day", "spent": 12, "limit": 4000, "alert": False},
    {"name": "money per month", "spent": 3.25, "limit": 50, "alert": False},
)


@pytest.fixture
def cloudy(deployment: Deployment) -> Deployment:
    """Its gateway has a way to the cloud."""
    egress = EgressRelease(
        service="egress",
        provider="acme",
        server="api.acme.test:443",
        key="file:.homeport/provider.key",
        pools={},
    )
    assert deployment.release.gateway is not None
    deployment.commit(gateway=deployment.release.gateway.model_copy(update={"egress": egress}))
    return deployment


@pytest.mark.usefixtures("cloudy")
def test_what_the_cloud_has_cost_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "spent", lambda *_: CAPS)
    assert exit_code(["traffic", "lab"]) == 0
    told = "cloud, spent by localhost: requests per day 12 of 4,000, money per month 3.25 of 50"
    assert told in capsys.readouterr().out
    assert exit_code(["traffic", "lab", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cloud_spent"] == {"localhost": list(CAPS)}


@pytest.mark.usefixtures("cloudy")
def test_an_egress_hop_that_does_not_say_what_is_spent_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "spent", lambda *_: ())
    assert exit_code(["traffic", "lab"]) == 0
    assert "cloud, spent by localhost: its egress hop does not say" in capsys.readouterr().out

    def gone(host: InventoryHost, _project: str) -> tuple[()]:
        raise Unreachable(host.name, "no answer")

    monkeypatch.setattr(traffic, "spent", gone)
    assert exit_code(["traffic", "lab"]) == 4
    assert "error: localhost is unreachable: no answer" in capsys.readouterr().err


@pytest.mark.usefixtures("deployment")
def test_without_a_way_to_the_cloud_nothing_is_said_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(["traffic", "lab", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cloud_spent"] == {}


def test_a_gateway_that_is_not_there_is_told_with_its_exit_code(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    del deployment.docker.containers["nginx"]
    deployment.docker.write()
    assert exit_code(["traffic", "lab", "--json"]) == 4
    told = capsys.readouterr()
    assert json.loads(told.out)["unreachable"] == ["localhost"]
    assert "there is no gateway's container" in told.err


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize("since", ["", "1", "h", "-1h", "1h30m", "0s", "1w", "yesterday"])
def test_a_time_that_is_none_is_misuse(since: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["traffic", "lab", "--since", since]) == 64
    assert "a number and s, m, h or d" in capsys.readouterr().err
