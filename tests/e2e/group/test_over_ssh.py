"""One replica on two hosts, over SSH: begun, drained, replaced, put back and restarted as one.

A double of vLLM stands in for its ranks (tests/lab/images/group); all else is real: Docker on the
hosts' own network, the kernel's connections, the firewall, nginx and the streams through it.
"""

from collections.abc import Iterator

import pytest

from deploys.operations.group_way import unit_name
from tests.e2e.group.group_fleet import NAME, GroupFleet, group_fleet
from tests.e2e.running_fleet import engine_image, forget_engine_images
from tests.e2e.streaming_load import streaming
from tests.lab.host import LabHost
from tests.lab.images import image
from tests.lab.served import KEY
from tests.lab.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1800)]

RANKS = {"chat-1", "chat-1-rank1"}
CRASHES = "rank 1 crashes"
CHAIN = "HOMEPORT-G-"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[GroupFleet]:
    """The fleet, to which the first test applies."""
    bad = engine_image(CRASHES, "group")
    images = {"group": image("group"), "crashes": bad, "nginx": nginx_image}
    try:
        with group_fleet(tmp_path_factory.mktemp("group") / "homeport", images) as made:
            yield made
    finally:
        forget_engine_images(bad)


def answers(fleet: GroupFleet) -> bool:
    """Whether a client gets a real answer."""
    return fleet.chat().status_code == 200


def have_met(fleet: GroupFleet) -> bool:
    """Whether each rank says so by its health check."""
    ask = "docker ps --quiet --filter label=homeport.pool=chat --filter health=healthy"
    return all(fleet.host(name).run(ask) for name in ("gpu1", "gpu2"))


def reached(host: LabHost, place: str) -> bool:
    """Whether something takes a connection from a host at ADDRESS PORT."""
    address, port = place.split()
    command = f"timeout 3 bash -c 'exec 3<>/dev/tcp/{address}/{port}' 2>/dev/null && echo yes"
    return host.run(command, check=False) == "yes"


def test_a_group_begins_together_and_rank_0_answers(fleet: GroupFleet) -> None:
    said = fleet.brings()
    assert "chat-1 on gpu1: started, and answers right" in said
    assert {*fleet.ranks()} == RANKS
    assert answers(fleet)
    files = " ".join(f"checks/check_{part}.py" for part in ("drift", "hosts", "engines"))
    fleet.checkout.run(f".venv/bin/pytest {files} --environment={NAME} -q")
    assert "nothing to do" in fleet.brings() or {*fleet.ranks()} == RANKS


def test_a_stranger_can_reach_neither_the_meeting_place_nor_a_port_of_the_kernels(
    fleet: GroupFleet,
) -> None:
    gpu1, gpu2, gate1 = (fleet.host(name) for name in ("gpu1", "gpu2", "gate1"))
    # A bare host's Python has no server in it.
    listener = "systemd-socket-activate --listen=0.0.0.0:40000 --accept /bin/cat"
    gpu1.run(f"systemd-run --unit=stranger {listener}")
    until(lambda: reached(gpu2, f"{gpu1.address} 40000"))
    assert reached(gpu2, f"{gpu1.address} 29501")
    assert not reached(gate1, f"{gpu1.address} 29501")
    assert not reached(gate1, f"{gpu1.address} 40000")
    assert reached(gate1, f"{gpu1.address} 9001")
    assert reached(gpu1, f"{gpu1.address} 40000")
    gpu1.run("systemctl stop stranger")


def test_half_a_group_is_not_applied(fleet: GroupFleet) -> None:
    said = fleet.brings("--limit gpu2", expect=7)
    assert "chat-1 is one with gpu1, which this run leaves out" in said


def test_an_update_drains_once_and_replaces_both_and_cuts_no_stream(fleet: GroupFleet) -> None:
    before = fleet.ranks()
    fleet.render(slots=12)
    url = f"http://{fleet.host('gate1').address}:8080"
    with streaming(url, KEY, [4] * 6, 6, pause_seconds=0.5) as load:
        said = fleet.brings()
        until(lambda: answers(fleet))
    after = fleet.ranks()
    assert said.count("chat-1 on gpu1: drained at gate1") == 1
    assert "chat-1 on gpu1: replaced, and answers right" in said
    assert {*after} == RANKS
    assert not {*after.values()} & {*before.values()}
    assert load.cut() == []
    assert {one.status for one in load.answers} <= {200, 503}


def test_a_release_whose_rank_1_dies_goes_back_as_one(fleet: GroupFleet) -> None:
    before = fleet.ranks()
    fleet.render("crashes", slots=12)
    said = fleet.brings(expect=6)
    assert "chat-1-rank1 on gpu2 ended while the group started" in said
    assert "went back to its old release" in said
    after = fleet.ranks()
    assert {*after} == RANKS
    assert not {*after.values()} & {*before.values()}
    assert answers(fleet)
    fleet.render(slots=12)
    fleet.brings()


def killed_alone(fleet: GroupFleet, host: str, service: str) -> None:
    """Kills what a rank of a group that has met runs, and waits until all were begun anew."""
    until(lambda: have_met(fleet))
    before = fleet.ranks()
    name = f"$(docker ps -q --filter label=com.docker.compose.service={service})"
    # Its first process: Docker takes `docker kill` for somebody's wish, and leaves it ended.
    fleet.host(host).run(f"kill -9 $(docker inspect -f '{{{{.State.Pid}}}}' {name})")
    until(lambda: all(fleet.ranks().get(one, "") not in ("", before[one]) for one in RANKS))
    until(lambda: answers(fleet))
    # The same containers: Docker started them, no run did.
    assert [one.split()[0] for one in fleet.ranks().values()] == [
        one.split()[0] for one in before.values()
    ]


def test_rank_0_that_is_killed_takes_the_other_along_and_they_meet_again(fleet: GroupFleet) -> None:
    killed_alone(fleet, "gpu1", "chat-1")


def test_a_rank_behind_it_that_is_killed_takes_rank_0_along_and_they_meet_again(
    fleet: GroupFleet,
) -> None:
    killed_alone(fleet, "gpu2", "chat-1-rank1")


def test_nobody_is_kept_out_of_a_host_that_was_taken_down(fleet: GroupFleet) -> None:
    """Last of all: nothing runs any more."""
    hosts = [fleet.host(name) for name in ("gpu1", "gpu2")]
    assert all(CHAIN in host.run("iptables-save") for host in hosts)
    fleet.checkout.run(f".venv/bin/pyinfra --yes inventories/{NAME}.py deploys/down.py")
    assert fleet.ranks() == {}
    for host in hosts:
        assert CHAIN not in host.run("iptables-save")
        assert host.run(f"systemctl list-unit-files --no-legend '{unit_name(NAME)}' || true") == ""
