"""The watch on hosts with GPUs: who has a sick one gets no requests, and the last one stays."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.planned.gpu_fleet import CARDS, NAME, GpuFleet
from tests.lab.gpus import change_gpu
from tests.lab.waiting import until

# After the tests of engines: they ask hosts that have no more than Debian's minimal python3.
pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1800)]

# GPUs are asked once a minute, and each mark takes a look of the host's and one of the gateway's.
LONGEST_SECONDS = 480.0
WELL, ASKS_FOR_A_RESET = {"field.230": "0"}, {"field.230": "1"}


@pytest.fixture
def watched(fleet: GpuFleet) -> Iterator[GpuFleet]:
    """As an apply has brought it; with it comes a whole python3, and NVML by ctypes."""
    data = fleet.checkout.path / "inventories" / "group_data" / f"{NAME}.py"
    data.write_text(f"{data.read_text()}watch = {{'look_seconds': 5}}\n")
    fleet.homeport(f"render {NAME}")
    fleet.homeport(f"apply {NAME} --no-verify")
    yield fleet
    for host, number in CARDS:
        change_gpu(fleet.lab.host(host), number, WELL)


def _marks(fleet: GpuFleet) -> set[str]:
    """Replicas that the watch keeps out of their pool."""
    listing = fleet.lab.host("gate1").run("ls /srv/homeport/state/gateway/drained")
    return {name.removesuffix(".watch") for name in listing.split() if name.endswith(".watch")}


def _account(fleet: GpuFleet) -> str:
    look = "journalctl --no-pager -n 20 -u 'homeport-watch-*'"
    return "\n".join(f"{host.name}: {host.run(look, check=False)}" for host in fleet.lab.hosts)


def _engines(fleet: GpuFleet) -> list[str]:
    ask = "docker ps --no-trunc --quiet | xargs docker inspect -f '{{.Id}} {{.State.StartedAt}}'"
    return [fleet.lab.host(name).run(ask) for name in ("gpu1", "gpu2")]


def test_the_watch_takes_out_whose_gpu_waits_for_a_reset_but_not_the_last_and_restarts_none(
    watched: GpuFleet,
) -> None:
    began = _engines(watched)
    by_gpu = {
        uuid: replica
        for host in ("gpu1", "gpu2")
        for replica, (uuid,) in watched.planned(host).items()
    }

    def waits_for(wanted: Callable[[set[str]], bool]) -> None:
        until(
            lambda: wanted(_marks(watched)),
            every_seconds=1,
            longest_seconds=LONGEST_SECONDS,
            account=lambda: _account(watched),
        )

    change_gpu(watched.lab.host("gpu2"), 1, ASKS_FOR_A_RESET)
    waits_for(lambda marks: marks == {by_gpu[CARDS["gpu2", 1]]})
    reason = watched.lab.host("gate1").run("cat /srv/homeport/state/gateway/drained/*.watch")
    assert "recovery action 1: the driver asks for: GPU reset" in reason
    for host, number in CARDS:
        change_gpu(watched.lab.host(host), number, ASKS_FOR_A_RESET)
    # Those that one look finds sick together stay in together: any of them would be the last.
    kept = "journalctl --no-pager -u 'homeport-watch-*' | grep 'sick, and kept in its pool'"
    until(
        lambda: watched.lab.host("gate1").run(kept, check=False),
        every_seconds=1,
        longest_seconds=LONGEST_SECONDS,
        account=lambda: _account(watched),
    )
    watched.homeport(f"chat {NAME} --max-tokens 4 Hi")
    assert by_gpu[CARDS["gpu2", 1]] in _marks(watched)
    assert len(_marks(watched)) < len(CARDS)
    for host, number in CARDS:
        change_gpu(watched.lab.host(host), number, WELL)
    waits_for(lambda marks: not marks)
    assert _engines(watched) == began
