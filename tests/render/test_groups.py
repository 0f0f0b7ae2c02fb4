"""What is rendered for a replica on two hosts: its containers, its address, its firewall."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.render.group_plans import files_of_group


@pytest.fixture(scope="module")
def rendered() -> dict[str, str]:
    """Two hosts, each a gateway too, and one group on both."""
    return files_of_group()


def service(rendered: dict[str, str], host: str, name: str) -> dict[str, Any]:
    """One service of a host's engines."""
    text = rendered[f"compose/lab/{host}/gpu_hosts/compose.yaml"]
    found: dict[str, Any] = yaml.safe_load(text)["services"][name]
    return found


def release(rendered: dict[str, str], host: str) -> dict[str, Any]:
    """A host's manifest."""
    found: dict[str, Any] = yaml.safe_load(rendered[f"compose/lab/{host}/release.yaml"])
    return found


def value(command: list[str], flag: str) -> str:
    """What follows a flag."""
    return command[command.index(flag) + 1]


def test_each_rank_is_told_its_own_and_where_they_meet(rendered: dict[str, str]) -> None:
    ranks = [service(rendered, "gpu1", "big-1"), service(rendered, "gpu2", "big-1-rank1")]
    for rank, one in enumerate(ranks):
        command = one["command"]
        assert value(command, "--nnodes") == "2"
        assert value(command, "--node-rank") == str(rank)
        assert value(command, "--master-addr") == "10.0.0.1"
        assert value(command, "--master-port") == "29501"
        assert value(command, "--tensor-parallel-size") == "2"
        assert value(command, "--pipeline-parallel-size") == "2"
        assert one["network_mode"] == "host"
        assert not {"networks", "ports"} & {*one}
        said = one["environment"]
        assert said["VLLM_PP_LAYER_PARTITION"] == "40,40"
        assert said["VLLM_HOST_IP"] == f"10.0.0.{rank + 1}"
        assert said["NCCL_SOCKET_IFNAME"] == said["GLOO_SOCKET_IFNAME"] == "eth1"
        assert one["restart"] == "unless-stopped"


def test_rank_0_alone_listens_for_requests(rendered: dict[str, str]) -> None:
    first = service(rendered, "gpu1", "big-1")
    behind = service(rendered, "gpu2", "big-1-rank1")
    assert value(first["command"], "--host") == "10.0.0.1"
    assert value(first["command"], "--port") == "9001"
    assert first["labels"]["homeport.listens"] == "10.0.0.1:9001"
    assert "--headless" in behind["command"]
    assert not {"--host", "--port"} & {*behind["command"]}
    for host in ("gpu1", "gpu2"):
        pools = rendered[f"nginx/lab/{host}/pools.conf"]
        assert "10.0.0.1:9001" in pools
        assert "rank1" not in pools


def test_every_other_container_stays_on_dockers_network(rendered: dict[str, str]) -> None:
    text = rendered["compose/lab/gpu1/gateways/compose.yaml"]
    assert "network_mode: host" not in text


def asked_with(
    test: list[str], tables: list[str], tmp_path: Path, *, age_seconds: int = 60
) -> tuple[int, bool]:
    """Exit status of a health check with these lines of /proc/net/tcp in a container of this age,
    and whether it would have ended that; what it remembers stays in the folder.
    """
    table, ended = tmp_path / "tcp", tmp_path / "ended"
    table.write_text(
        "".join(f"{line}\n" for line in ["  sl  local_address rem_address   st", *tables])
    )
    mark, uptime, first = (tmp_path / name for name in ("met", "uptime", "stat"))
    began = 1000 * os.sysconf("SC_CLK_TCK")
    first.write_text(f"1 (docker-init) S {'0 ' * 18}{began} 0")
    uptime.write_text(f"{1000 + age_seconds}.21 5000.00")
    script = test[3].replace("open('/proc/net/'+f)", f"open('{table}')")
    script = script.replace("/tmp/homeport-met", str(mark))
    script = script.replace("/proc/uptime", str(uptime)).replace("/proc/1/stat", str(first))
    script = script.replace("os.kill(-1,9)", f"open('{ended}','w')").replace("u.urlopen(", "str(")
    script = script.replace(",timeout=4)", ")")
    done = subprocess.run(["python3", "-c", script, test[4]], check=False, capture_output=True)
    return done.returncode, ended.exists()


@pytest.mark.parametrize(
    ("host", "name", "line"),
    [
        ("gpu1", "big-1", "0: 0100000A:733D 0200000A:C350 01 x"),
        ("gpu1", "big-1", "0: {0}0100000A:733D {0}0200000A:C350 01 x"),
        ("gpu2", "big-1-rank1", "0: 0200000A:C350 0100000A:733D 01 x"),
    ],
)
def test_a_rank_that_has_lost_another_ends(
    rendered: dict[str, str], tmp_path: Path, host: str, name: str, line: str
) -> None:
    test = service(rendered, host, name)["healthcheck"]["test"]
    line = line.format("0000000000000000FFFF0000")
    closed = line.replace(" 01 ", " 06 ")
    assert asked_with(test, [], tmp_path) == (1, False)
    assert asked_with(test, [closed], tmp_path) == (1, False)
    assert asked_with(test, [line], tmp_path) == (0, False)
    assert asked_with(test, [line], tmp_path) == (0, False)
    assert asked_with(test, [closed], tmp_path) == (1, True)


@pytest.mark.parametrize(
    ("host", "name", "line"),
    [
        ("gpu1", "big-1", "0: 0100000A:733D 0200000A:{} 01 x"),
        ("gpu2", "big-1-rank1", "0: 0200000A:{} 0100000A:733D 01 x"),
    ],
)
def test_one_that_came_back_before_anybody_looked_is_not_whom_a_rank_has_met(
    rendered: dict[str, str], tmp_path: Path, host: str, name: str, line: str
) -> None:
    test = service(rendered, host, name)["healthcheck"]["test"]
    first, again = line.format("C350"), line.format("C351")
    assert asked_with(test, [first], tmp_path) == (0, False)
    assert asked_with(test, [first, again], tmp_path) == (0, False)
    assert asked_with(test, [again], tmp_path) == (1, True)


def test_a_rank_that_rank_0_took_and_left_before_it_looked_ends(
    rendered: dict[str, str], tmp_path: Path
) -> None:
    """It came to a rank 0 that had not missed the one before it yet, and waits for its word."""
    test = service(rendered, "gpu2", "big-1-rank1")["healthcheck"]["test"]
    line = "0: 0200000A:C350 0100000A:733D 08 x"
    elsewhere = line.replace("0100000A", "0300000A")
    assert asked_with(test, [elsewhere], tmp_path) == (1, False)
    assert asked_with(test, [line], tmp_path) == (1, True)


def test_rank_0_waits_for_others_whose_first_connections_have_ended(
    rendered: dict[str, str], tmp_path: Path
) -> None:
    test = service(rendered, "gpu1", "big-1")["healthcheck"]["test"]
    assert asked_with(test, ["0: 0100000A:733D 0200000A:C350 08 x"], tmp_path) == (1, False)


@pytest.mark.parametrize(("host", "name"), [("gpu1", "big-1"), ("gpu2", "big-1-rank1")])
def test_a_rank_that_met_nobody_in_the_time_of_a_start_ends(
    rendered: dict[str, str], tmp_path: Path, host: str, name: str
) -> None:
    found = service(rendered, host, name)["healthcheck"]
    start_seconds = int(found["start_period"].removesuffix("s"))
    assert start_seconds > 600
    young, old = (start_seconds + more for more in (-1, 1))
    assert asked_with(found["test"], [], tmp_path, age_seconds=young) == (1, False)
    assert asked_with(found["test"], [], tmp_path, age_seconds=old) == (1, True)


def test_a_stranger_is_no_member(rendered: dict[str, str], tmp_path: Path) -> None:
    test = service(rendered, "gpu1", "big-1")["healthcheck"]["test"]
    stranger = "0: 0100000A:733D 0900000A:C350 01 x"
    assert asked_with(test, [stranger], tmp_path) == (1, False)
