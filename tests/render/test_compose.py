"""The rendered Compose files: explicit, confined, and hashed service by service."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploys.cli.stages import run_stages
from deploys.render.compose_project import service_hashes
from tests.environments import POOL, ROOT, write_environment

ENGINES = "gpu_hosts/compose.yaml"
GATEWAY = "gateways/compose.yaml"


def _text(file: str) -> str:
    return (ROOT / "compose" / "local" / "localhost" / file).read_text()


def _services(file: str) -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load(_text(file))["services"]
    return services


ALL = [(file, name) for file in (ENGINES, GATEWAY) for name in _services(file)]


@pytest.mark.parametrize(("file", "name"), ALL)
def test_a_service_has_no_more_rights_than_it_needs(file: str, name: str) -> None:
    service = _services(file)[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["user"] == "10001:10001"
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc"} & service.keys()
    written = [mount["target"] for mount in service["volumes"] if not mount["read_only"]]
    assert written == (["/srv/homeport/logs/gateway"] if name == "nginx" else [])
    assert "docker.sock" not in str(service)


@pytest.mark.parametrize(("file", "name"), ALL)
def test_a_service_is_limited_and_watched(file: str, name: str) -> None:
    service = _services(file)[name]
    assert service["mem_limit"] == service["memswap_limit"]
    assert service["pids_limit"]
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert {"test", "start_period", "interval", "timeout", "retries"} <= set(service["healthcheck"])
    assert service["stop_grace_period"] == "60s"
    assert service["pull_policy"] == "never"


def test_engines_are_published_nowhere_and_the_gateway_on_loopback() -> None:
    assert not any("ports" in service for service in _services(ENGINES).values())
    assert all(port.startswith("127.0.0.1:") for port in _services(GATEWAY)["nginx"]["ports"])


def test_a_file_begins_with_what_runs_and_tells_a_plan_once_for_replicas_that_are_alike() -> None:
    text = _text(ENGINES)
    head, _, rest = text.partition("\nservices:\n")
    assert [line for line in head.splitlines() if line.startswith("#   - ")] == [
        "#   - chat-1: tiny-random, RAM",
        "#   - chat-2: tiny-random, RAM",
    ]
    assert rest.count("What was planned, and why:") == 1
    assert "  # Planned like chat-1 above, for the same reasons.\n  chat-2:\n" in rest


def test_gpus_with_one_sum_stand_in_one_line() -> None:
    text = (ROOT / "compose/production/h100-1/gpu_hosts/compose.yaml").read_text()
    assert text.count("each of GPU0, GPU1, GPU2, GPU3 ") == 1


@pytest.mark.parametrize("replica", ["chat-1", "chat-2"])
def test_nothing_is_left_for_the_engine_to_guess(replica: str) -> None:
    command = _services(ENGINES)[replica]["command"]
    values = dict(itertools.pairwise(command))
    expected = {
        "--ctx-size": "4096",
        "--parallel": "2",
        "--threads": "1",
        "--threads-batch": "1",
        "--batch-size": "512",
        "--ubatch-size": "128",
        "--cache-type-k": "f16",
        "--cache-type-v": "f16",
        "--flash-attn": "on",
        "--gpu-layers": "0",
        "--fit": "off",
    }
    assert {flag: values[flag] for flag in expected} == expected


def test_a_label_is_the_hash_of_its_service_without_the_label() -> None:
    for file in (ENGINES, GATEWAY):
        labels = {
            name: service["labels"]["homeport.config-sha256"]
            for name, service in _services(file).items()
        }
        assert service_hashes(_text(file)) == labels


def test_a_change_in_one_pool_changes_no_other_pools_label(tmp_path: Path) -> None:
    def labels(slots: int) -> dict[str, str]:
        pools = {"a": {**POOL, "threads": 1}, "b": {**POOL, "threads": 1, "slots": slots}}
        root = write_environment(tmp_path, {"pools": pools})
        return service_hashes(run_stages(root, "small").files[f"compose/small/localhost/{ENGINES}"])

    before, after = labels(1), labels(2)
    assert before["a-1"] == after["a-1"]
    assert before["b-1"] != after["b-1"]


def test_an_ipv6_address_is_published_in_brackets(tmp_path: Path) -> None:
    root = write_environment(tmp_path, {"gateway": {"address": "fd00::1"}})
    text = run_stages(root, "small").files[f"compose/small/localhost/{GATEWAY}"]
    assert yaml.safe_load(text)["services"]["nginx"]["ports"][0] == "[fd00::1]:8080:8080"


def _fleet(root: Path) -> dict[str, str]:
    """What is rendered for one gateway host and two hosts with one engine each."""
    hosts = ", ".join(
        f'("{name}", {{"address": "10.9.0.{number}"}})'
        for number, name in enumerate(("gate1", "gpu1", "gpu2"), start=1)
    )
    inventory = f'small = [{hosts}]\ngpu_hosts = ["gpu1", "gpu2"]\ngateways = ["gate1"]\n'
    pools = {"pools": {"chat": {**POOL, "replicas": 2}}}
    write_environment(root, pools, inventory=inventory)
    one = '{"cpu": {"physical_cores": 2}, "memory_mib": 4096}'
    hardware = ", ".join(f'"{name}": {one}' for name in ("gate1", "gpu1", "gpu2"))
    file = root / "inventories" / "hardware" / "small.yaml"
    file.write_text(f'{{"hosts": {{{hardware}}}}}')
    return run_stages(root, "small").files


def test_engines_of_other_hosts_listen_on_the_private_address_for_the_gateway(
    tmp_path: Path,
) -> None:
    files = _fleet(tmp_path)
    services = yaml.safe_load(files["compose/small/gpu2/gpu_hosts/compose.yaml"])["services"]
    assert services["chat-2"]["ports"] == ["10.9.0.3:9001:8080"]
    release = yaml.safe_load(files["compose/small/gpu2/release.yaml"])
    expected = {"address": "10.9.0.3", "ports": [9001, 9501], "gateways": ["10.9.0.1"]}
    assert release["engines"] == expected
    assert "compose/small/gate1/gpu_hosts/compose.yaml" not in files


def test_the_gateway_asks_engines_of_other_hosts_by_address(tmp_path: Path) -> None:
    files = _fleet(tmp_path)
    pools = files["nginx/small/gate1/pools.conf"]
    assert "server 10.9.0.2:9001 max_conns=" in pools
    assert "server 10.9.0.3:9001 max_conns=" in pools
    release = yaml.safe_load(files["compose/small/gate1/release.yaml"])
    engines = {"10.9.0.2:9001": "chat-1", "10.9.0.3:9001": "chat-2"}
    engines |= {"10.9.0.2:9501": "chat-1-surge", "10.9.0.3:9501": "chat-2-surge"}
    assert release["gateway"]["engines"] == engines


def test_a_stand_in_is_its_replica_once_more_and_starts_with_no_other(tmp_path: Path) -> None:
    files = _fleet(tmp_path)
    services = yaml.safe_load(files["compose/small/gpu2/gpu_hosts/compose.yaml"])["services"]
    replica, stand_in = services["chat-2"], services["chat-2-surge"]
    changed = ("profiles", "ports", "labels")
    assert {key: stand_in[key] for key in stand_in if key not in changed} == {
        key: replica[key] for key in replica if key not in changed
    }
    assert (stand_in["profiles"], stand_in["ports"]) == (["surge"], ["10.9.0.3:9501:8080"])
    release = yaml.safe_load(files["compose/small/gpu2/release.yaml"])
    assert list(release["projects"][0]["services"]) == ["chat-2"]
    (rollout,) = release["rollouts"]
    assert rollout["stand_in"] == {"service": "chat-2-surge", "endpoint": "10.9.0.3:9501"}
    # For the replica and for one stand-in.
    assert release["hardware"]["memory_mib"] == 2 * 256


def test_the_gateway_has_a_stand_in_as_a_comment(tmp_path: Path) -> None:
    files = _fleet(tmp_path)
    lines = files["nginx/small/gate1/pools.conf"].splitlines()
    (line,) = [line for line in lines if line.endswith("; # chat-1-surge")]
    assert line.startswith("    # server 10.9.0.2:9501 max_conns=17 ")
    release = yaml.safe_load(files["compose/small/gate1/release.yaml"])
    found = release["gateway"]["stand_ins"]
    assert found == {"chat-1-surge": "10.9.0.2:9501", "chat-2-surge": "10.9.0.3:9501"}
