"""Replicas on several hosts: replaced as one, started as one, closed to others."""

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pyinfra.api.host import Host

from deploys.operations import brought_together, group_limit, replacing
from deploys.operations.group_way import unit_text
from deploys.operations.other_host import CommandFailed
from deploys.operations.replacing import Service
from deploys.operations.service_changes import Changes, Step, changes, rollout_steps
from deploys.render.release import GroupAccess
from deploys.settings.words import member_of, stands_behind

GROUPED = ("big-1", "big-1-rank1")
ACCESS = GroupAccess(
    address="10.0.0.1",
    peers=("10.0.0.3", "10.0.0.2"),
    master_ports=(29501, 29502),
    services=("big-1", "other-1-rank1"),
)


def running(config: str) -> Mapping[str, str]:
    """A container as ComposeServices has it."""
    return {"config": config, "status": "running", "health": "healthy"}


def test_no_host_starts_or_replaces_a_part_of_a_group_by_itself() -> None:
    wanted = {"big-1": "new", "chat-1": "new"}
    assert changes({}, wanted, GROUPED) == Changes(start=("chat-1",), joined=("big-1",))
    found = changes({name: running("old") for name in wanted}, wanted, GROUPED)
    assert found == Changes(replace=("chat-1",), joined=("big-1",))
    assert changes({}, {"big-1": "new"}, GROUPED).rolls
    assert changes({"big-1": running("new")}, {"big-1": "new"}, GROUPED) == Changes()


def test_a_group_is_one_step_after_what_may_hold_its_gpus_and_before_what_waits_for_its_own() -> (
    None
):
    by_host = {
        "gpu1": Changes(joined=("big-1",), start=("chat-1",)),
        "gpu2": Changes(joined=("big-1-rank1",), remove=("old-2",)),
        "gpu3": Changes(remove=("big-1-rank2",)),
    }
    assert rollout_steps(by_host, [("gpu1", "big-1")], (), [("gpu1", "big-1")]) == [
        Step("remove", "gpu2", "old-2"),
        Step("replace", "gpu1", "big-1"),
        Step("remove", "gpu3", "big-1-rank2"),
        Step("start", "gpu1", "chat-1"),
    ]


@pytest.mark.parametrize(
    ("name", "replica"),
    [("big-1-rank1", "big-1"), ("big-1", ""), ("big-rank1", ""), ("a-rank1-2", "")],
)
def test_a_rank_is_known_by_its_name(name: str, replica: str) -> None:
    assert stands_behind(name) == replica
    assert stands_behind(member_of("a-1", 3)) == "a-1"


class Containers:
    """What is done to a group's containers, and how they are at each look."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *looks: dict[str, str]) -> None:
        self.done: list[str] = []
        self.looks = list(looks)
        monkeypatch.setattr(replacing, "removed", lambda one: self.done.append(f"ends {one.name}"))
        monkeypatch.setattr(replacing, "rendered_listener", lambda one, file: "10.0.0.1:9001")
        monkeypatch.setattr(
            brought_together, "open_door", lambda *words: self.done.append("opens its door")
        )
        monkeypatch.setattr(brought_together, "_begun", self.begun)
        monkeypatch.setattr(brought_together, "_state", self.state)
        monkeypatch.setattr(brought_together, "_keep_log", self.kept)
        monkeypatch.setattr(brought_together, "_POLL_SECONDS", 0)

    def begun(self, one: Service, file: str) -> str:
        self.done.append(f"{one.name} begins as {file}")
        return f"id of {one.name}"

    def state(self, one: Service, container: str) -> str:
        assert container == f"id of {one.name}"
        found = self.looks[0][one.name]
        if one.behind and len(self.looks) > 1:
            self.looks.pop(0)
        return found

    def kept(self, _one: Service, container: str) -> None:
        self.done.append(f"keeps the log of {container}")


def group() -> Service:
    """big-1 on gpu1, with a rank on gpu2."""
    hosts = [cast("Host", SimpleNamespace(name=name)) for name in ("gpu1", "gpu2")]
    return Service(hosts[0], "big-1", (Service(hosts[1], "big-1-rank1"),))


def test_all_of_a_group_end_before_the_first_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    starting = {"big-1": "running 0 starting", "big-1-rank1": "running 0 starting"}
    well = {"big-1": "running 0 healthy", "big-1-rank1": "running 0 starting"}
    containers = Containers(monkeypatch, starting, well)
    assert brought_together.brought(group(), ["new", "its"]) == "id of big-1"
    assert containers.done == [
        "ends big-1",
        "ends big-1-rank1",
        "opens its door",
        "big-1-rank1 begins as its",
        "big-1 begins as new",
    ]


@pytest.mark.parametrize("state", ["exited 0 ", "running 1 starting", "running 0 unhealthy"])
def test_a_rank_that_ends_fails_the_group_at_once(
    monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    look = {"big-1": "running 0 starting", "big-1-rank1": state}
    containers = Containers(monkeypatch, look)
    with pytest.raises(CommandFailed, match="big-1-rank1 on gpu2 ended while the group started"):
        brought_together.brought(group(), ["new", "its"])
    assert containers.done[-2:] == [
        "keeps the log of id of big-1-rank1",
        "keeps the log of id of big-1",
    ]


def test_what_was_on_one_host_goes_back_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    containers = Containers(monkeypatch, {"big-1": "running 0 healthy"})
    brought_together.brought(group(), ["old", ""])
    assert containers.done[-1] == "big-1 begins as old"
    assert "big-1-rank1 begins as " not in containers.done


def test_hosts_of_a_group_are_let_in_and_nobody_else() -> None:
    text = unit_text("lab", ACCESS)
    rules = [
        line.partition(" --append ")[2].partition(" ")[2]
        for line in text.splitlines()
        if line.startswith("ExecStart=/") and "--append" in line
    ]
    to_own = "--destination 10.0.0.1 --protocol tcp --syn --dport"
    reject = "--jump REJECT --reject-with tcp-reset"
    assert rules == [
        "--in-interface lo --jump RETURN",
        *(
            f"{to_own} {port} {what}"
            for port in (29501, 29502)
            for what in (
                "--source 10.0.0.2 --jump ACCEPT",
                "--source 10.0.0.3 --jump ACCEPT",
                reject,
            )
        ),
        f"{to_own} $$1:$$2 --source 10.0.0.2 --jump ACCEPT'",
        f"{to_own} $$1:$$2 --source 10.0.0.3 --jump ACCEPT'",
        f"{to_own} $$1:$$2 {reject}'",
    ]
    assert "Before=docker.service" in text


def test_a_shell_puts_in_all_of_the_range_from_which_the_kernel_picks_ports() -> None:
    """dash reads such a file by the byte, of which the kernel gives it the first alone."""
    asks = [line for line in unit_text("lab", ACCESS).splitlines() if "$$1" in line]
    programs = [line.partition("=")[2].replace("$$", "$") for line in asks]
    shown = [
        subprocess.run(
            [*shlex.split(program)[:-1], shlex.split(program)[-1].replace("exec ", "exec echo ")],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for program in programs
    ]
    first, last = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    assert len(shown) == 3
    assert all(f"--dport {first}:{last} " in one for one in shown)


def test_rules_are_of_addresses_alone() -> None:
    with pytest.raises(ValueError, match="gpu2"):
        unit_text("lab", ACCESS.model_copy(update={"peers": ("gpu2",)}))


@pytest.mark.parametrize(("active", "found"), [(("gpu1", "gpu2"), 0), (("gpu1",), 1)])
def test_a_run_with_half_a_group_is_refused(
    monkeypatch: pytest.MonkeyPatch, active: tuple[str, ...], found: int
) -> None:
    hosts = {name: SimpleNamespace(name=name) for name in ("gpu1", "gpu2", "gate1")}
    behind = SimpleNamespace(host="gpu2", service="big-1-rank1")
    replica = SimpleNamespace(name="big-1", behind=(behind,))
    releases = {
        name: SimpleNamespace(host=name, groups=ACCESS, rollouts=(replica,) * (name == "gpu1"))
        for name in hosts
    }

    class Inventory(list[object]):
        def get_active_hosts(self) -> list[object]:
            return [hosts[name] for name in active]

    monkeypatch.setattr(group_limit, "inventory", Inventory(hosts.values()))
    monkeypatch.setattr(group_limit, "this_release", lambda one: releases[one.name])
    complaints = list(group_limit.left_out(releases["gpu1"]))  # type: ignore[arg-type]
    assert len(complaints) == found
    assert all("big-1 is one with gpu2, which this run leaves out" in one for one in complaints)
