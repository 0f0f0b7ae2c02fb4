"""Who pays for which GPU and host."""

import pytest

from checks.benchmarks.cost.machines import GpuWatts, NoWatts, machine, ways
from checks.benchmarks.cost.share import Share, shares
from deploys.settings.cost import HostCost, Watts
from tests.render.releases import host_release


def test_a_model_pays_for_its_gpus_and_that_part_of_their_host() -> None:
    found = shares(
        [
            host_release("gpu1", {"chat-1": ("a", "b"), "embed-1": ("c",)}),
            host_release("gate1", {}),
        ],
        "chat",
    )
    assert found.hosts["gpu1"].part == pytest.approx(2 / 3)
    assert found.hosts["gpu1"].gpus == {"a": 1, "b": 1}
    assert found.fleet == pytest.approx(2 / 3)
    assert found.hosts["gate1"] == Share(found.fleet, {})
    assert found.pools == {"chat"}


def test_replicas_that_share_a_gpu_have_equal_parts_of_it() -> None:
    found = shares(
        [host_release("gpu1", {"chat-1": ("a",), "chat-2": ("a",), "embed-1": ("a",)})], "chat"
    )
    assert found.hosts["gpu1"].gpus == {"a": pytest.approx(2 / 3)}
    assert found.hosts["gpu1"].part == pytest.approx(2 / 3)


def test_replicas_in_ram_share_the_host_by_their_number() -> None:
    found = shares([host_release("cpu1", {"chat-1": (), "chat-2": (), "embed-1": ()})], "chat")
    assert set(found.hosts) == {"cpu1"}
    assert found.hosts["cpu1"].part == pytest.approx(2 / 3)
    assert found.hosts["cpu1"].gpus == {}


def test_slices_of_a_gpu_are_parts_of_it() -> None:
    release = host_release(
        "gpu1", {"chat-1": ("m1",), "embed-1": ("m2",)}, slices={"a": ("m1", "m2")}
    )
    assert shares([release], "chat").hosts["gpu1"].gpus == {"a": 0.5}


def test_all_models_together_pay_for_everything() -> None:
    releases = [
        host_release("gpu1", {"chat-1": ("a", "b"), "embed-1": ("c",), "embed-2": ("c",)}),
        host_release("gpu2", {"chat-2": ("d",)}),
        host_release("gate1", {}),
    ]
    found = [shares(releases, model) for model in ("chat", "embed")]
    for host in ("gpu1", "gpu2", "gate1"):
        parts = [one.hosts[host].part for one in found if host in one.hosts]
        assert sum(parts) == pytest.approx(1)
    assert sum(one.fleet for one in found) == pytest.approx(1)


def test_a_model_that_nobody_serves_has_no_share() -> None:
    assert (
        shares([host_release("gpu1", {"chat-1": ("a",)}), host_release("gate1", {})], "other").hosts
        == {}
    )


COST = HostCost(
    price=9000,
    years=3,
    residual=900,
    rack_per_month=60,
    host_watts=Watts(idle=120, load=300),
    gpu_watts=Watts(idle=50, load=400),
)


def test_the_share_of_a_host_by_hand() -> None:
    """A third of the host: 3,000 of 9,000, 40 W idle; a whole GPU beside, as the operator says."""
    found = machine(COST, Share(1 / 3, {"a": 1.0}), {})
    assert (found.price, found.residual, found.rack_per_month) == pytest.approx((3000, 300, 20))
    assert (found.idle_watts, found.load_watts) == pytest.approx((40 + 50, 100 + 400))


def test_what_was_measured_wins_over_the_operators_figure() -> None:
    """Of a GPU that is shared by two: half of what it takes idle, all that load adds."""
    measured = {"a": GpuWatts(60, 260, "energy counter")}
    found = machine(COST, Share(0.5, {"a": 0.5}), measured)
    assert (found.idle_watts, found.load_watts) == pytest.approx((60 + 30, 60 + 30 + 90 + 200))
    assert ways(COST, Share(0.5, {"a": 0.5, "b": 1.0}), measured) == {
        "a": "energy counter",
        "b": "the operator's figure",
    }


def test_a_gpu_that_nobody_knows_of_has_no_price() -> None:
    silent = COST.model_copy(update={"gpu_watts": None})
    with pytest.raises(NoWatts, match="a"):
        machine(silent, Share(1, {"a": 1.0}), {})


def test_a_load_that_took_less_than_nothing_is_nothing() -> None:
    still = COST.model_copy(update={"host_watts": Watts(idle=100, load=100)})
    found = machine(still, Share(1, {"a": 1.0}), {"a": GpuWatts(61, 60, "energy counter")})
    assert found.load_watts == found.idle_watts == 161
