"""What the facts make of a host's answers."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api import FactProcessError

from deploys.facts.compose import ComposeServices, NetworkExists, NetworkLetsOut
from deploys.facts.files import Owner
from deploys.facts.gateway import Drains, GatewayLoaded, SecretDigest
from deploys.facts.history import KeptReleases, Standing
from deploys.facts.ports import ListeningPorts
from deploys.facts.release import FileText, LinkTargets, MissingFolders, StagedFiles
from deploys.facts.units import UnitIsActive
from deploys.questions.canaries import NOW, Share, share_file

CONTAINER: dict[str, Any] = {
    "Id": "f00",
    "Config": {
        "Labels": {
            "com.docker.compose.service": "chat-1",
            "com.docker.compose.project.working_dir": "/srv/homeport/current/gpu_hosts",
            "homeport.config-sha256": "abc",
        }
    },
    "State": {"Status": "running", "Health": {"Status": "healthy"}},
    "HostConfig": {"PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8090"}]}},
}


def test_a_compose_project_is_read_by_service() -> None:
    services = ComposeServices().process([json.dumps([CONTAINER])])
    assert services == {
        "chat-1": {
            "id": "f00",
            "status": "running",
            "health": "healthy",
            "config": "abc",
            "differs": False,
            "directory": "/srv/homeport/current/gpu_hosts",
            "addresses": ["127.0.0.1:8090"],
            "ports": [8090],
            "listens": "",
        }
    }


def test_an_engine_on_the_hosts_own_network_is_where_its_label_says() -> None:
    labels = {**CONTAINER["Config"]["Labels"], "homeport.listens": "10.0.0.1:9001"}
    on_host = {**CONTAINER, "Config": {"Labels": labels}, "HostConfig": {"PortBindings": {}}}
    found = ComposeServices().process([json.dumps([on_host])])["chat-1"]
    assert found["listens"] == "10.0.0.1:9001"
    assert found["addresses"] == ["10.0.0.1:9001"]
    assert found["ports"] == [9001]


def test_a_container_that_does_not_run_as_its_file_says_differs() -> None:
    running = {**CONTAINER, "Config": {**CONTAINER["Config"], "Cmd": ["--parallel", "4"]}}
    file = "services:\n  chat-1:\n    command: [--parallel, '{}']\n"
    for slots, differs in (("4", False), ("2", True)):
        lines = [
            json.dumps([running]),
            "@@homeport@@ compose.yaml",
            *file.format(slots).split("\n"),
        ]
        assert ComposeServices().process(lines)["chat-1"]["differs"] is differs


def test_a_container_without_health_check_or_ports_is_read_too() -> None:
    bare = {**CONTAINER, "State": {"Status": "exited"}, "HostConfig": {"PortBindings": None}}
    service = ComposeServices().process([json.dumps([bare])])["chat-1"]
    assert (service["status"], service["health"], service["ports"]) == ("exited", None, [])


def test_only_listening_ports_count_of_both_address_families() -> None:
    table = [
        "  sl  local_address rem_address   st tx_queue",
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000",
        "   1: 0100007F:1F91 0100007F:D2F0 01 00000000:00000000",
        "   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0",
    ]
    assert ListeningPorts().process(table) == [22, 8080]


def test_staged_files_are_read_with_their_digests() -> None:
    lines = ["aa  ./release.yaml", "bb  ./nginx/a file.conf"]
    assert StagedFiles().process(lines) == {"release.yaml": "aa", "nginx/a file.conf": "bb"}


def test_what_a_gateway_says_of_its_revision_is_read_and_silence_is_none() -> None:
    answer = '{"revision": "0123", "loaded": "0123-4567-8"}'
    assert GatewayLoaded().process([answer]) == {"revision": "0123", "loaded": "0123-4567-8"}
    for silence in ([], [""], ["<html>"], ["[]"]):
        assert GatewayLoaded().process(silence) == {}


def test_what_is_drained_and_which_stand_ins_nginx_knows_is_read_in_one_answer(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state/gateway"
    current = tmp_path / "gateway/current"
    for folder in (state / "drained", state / "pools", state / "canaries", current):
        folder.mkdir(parents=True)
    share = Share("chat", "next", 10, (10, 100))
    (state / "canaries/chat.conf").write_text(share_file(share, "ana").replace(NOW, "7"))
    (state / "drained/chat-1.operator").write_text('{"who": "ana"}\n')
    (state / "pools/0123456789ab.conf").touch()
    (state / "drained.conf").write_text('default "chat-1";\n')
    pools = "    server 10.0.0.2:9001 max_conns=4; # chat-1\n    # 4 running\n"
    pools += "    # server 10.0.0.2:9501 max_conns=4; # chat-1-surge\n"
    (current / "pools.conf").write_text(pools)
    command = str(Drains().command(str(tmp_path)).get_raw_value())
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert Drains().process(done.stdout.splitlines()) == {
        "marks": {"chat-1.operator": '{"who": "ana"}'},
        "pools": ["0123456789ab"],
        "loaded": "chat-1",
        "stand_ins": {"chat-1-surge": "10.0.0.2:9501"},
        "canaries": {"chat": replace(share, since=7, who="ana")},
    }


def test_small_answers_are_read_as_they_are() -> None:
    assert LinkTargets().process(["current releases/0123"]) == {"current": "releases/0123"}
    assert LinkTargets().process([]) == {}
    assert MissingFolders().process(["models", ""]) == ["models"]
    assert FileText().process(["one", "two"]) == "one\ntwo"
    assert SecretDigest().process(["aa  /folder/clients.map"]) == "aa"
    assert SecretDigest().process([]) == ""
    assert NetworkExists().process(["homeport-local"])
    assert not NetworkExists().process([])


def test_a_network_lets_out_unless_it_was_made_without_masquerade() -> None:
    assert NetworkLetsOut().process(["masquerade="]) is True
    assert NetworkLetsOut().process(["masquerade=true"]) is True
    assert NetworkLetsOut().process(["masquerade=false"]) is False
    assert NetworkLetsOut().process([]) is None


def test_a_unit_that_has_failed_or_is_missing_is_not_active() -> None:
    assert UnitIsActive().process(["active"])
    for said in (["inactive"], ["failed"], []):
        assert not UnitIsActive().process(said)


def test_the_owner_of_a_folder_is_its_uid_or_nobody() -> None:
    assert Owner().process(["10001"]) == 10001
    assert Owner().process([]) is None


def test_what_is_kept_and_who_holds_the_lock_are_read_in_one_answer_each() -> None:
    kept = KeptReleases().process(["current 5 releases/two", "fleet applied/two", "folder two"])
    assert (kept.current, kept.current_since, kept.fleet, kept.folders) == (
        "two", 5.0, "two", ("two",),
    )  # fmt: skip
    with pytest.raises(FactProcessError, match="cannot be read"):
        KeptReleases().process(["applied when two ../releases/two"])
    assert Standing().process(["releases/two"]) == ("two", None)
    assert Standing().process([""]) == ("", None)
    current, holder = Standing().process(["releases/two", "1 61", "half a lock"])
    assert current == "two"
    assert holder is not None
    assert (holder.who, holder.age_seconds) == ("somebody", 60)
