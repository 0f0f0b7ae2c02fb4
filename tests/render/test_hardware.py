"""What the manifest says the plan needs of a host's hardware."""

import dataclasses

from deploys.plan.memory.estimate import DeviceEstimate, exactly
from deploys.plan.plan import HostPlan, Limits
from deploys.plan.verdict import judge
from deploys.render.hardware import expected_hardware
from deploys.render.release import ExpectedGpu, ExpectedHardware
from deploys.settings.hardware import Cpu, Gpu, HostHardware, MigSlice
from tests.render.plans import small_pool

CUT = Gpu(
    uuid="GPU-a",
    name="NVIDIA H100 80GB HBM3",
    memory_mib=81559,
    mig=tuple(MigSlice(uuid=f"MIG-{x}", profile="1g.10gb", memory_mib=9856) for x in "xy"),
)
WHOLE = Gpu(
    uuid="GPU-b",
    name="NVIDIA L4",
    memory_mib=23034,
    visible_mib=22500,
    compute_capability="8.9",
)
NEEDED = judge(DeviceEstimate("GPU0", {"process": exactly(500), "weights": exactly(4000)}), 22500)
HARDWARE = HostHardware(cpu=Cpu(physical_cores=8), memory_mib=64_000, gpus=(WHOLE, CUT))


def host(*gpus: str, cpus: int = 3, hardware: HostHardware | None = HARDWARE) -> HostPlan:
    limits = Limits(cpus=cpus, memory_mib=1000)
    replicas = [
        dataclasses.replace(
            replica, gpus=(gpu,) if gpu else (), verdicts=(NEEDED,) if gpu else (), limits=limits
        )
        for replica, gpu in zip(small_pool("chat", len(gpus)).replicas, gpus, strict=True)
    ]
    return HostPlan("gpu1", ("gpu_hosts",), tuple(replicas), None, "", hardware)


def test_only_the_cards_and_slices_in_use_are_expected() -> None:
    assert expected_hardware(host("GPU-b", "MIG-y")) == ExpectedHardware(
        physical_cores=6,
        memory_mib=2000,
        gpus=(
            ExpectedGpu(
                uuid="GPU-a",
                name=CUT.name,
                memory_mib=81559,
                compute_capability=None,
                slices=("MIG-y",),
            ),
            ExpectedGpu(
                uuid="GPU-b",
                name=WHOLE.name,
                memory_mib=23034,
                compute_capability="8.9",
                left_mib=18_000,
            ),
        ),
    )


def test_an_engine_without_a_card_expects_cores_and_ram_alone() -> None:
    assert expected_hardware(host("")) == ExpectedHardware(physical_cores=3, memory_mib=1000)


def test_more_threads_than_the_file_has_cores_expect_no_more_than_those() -> None:
    expected = expected_hardware(host("", cpus=32))
    assert expected is not None
    assert expected.physical_cores == 8


def test_a_host_without_engines_expects_nothing() -> None:
    assert expected_hardware(host()) is None


def test_stand_ins_expect_their_cards_and_the_ram_of_the_largest_one() -> None:
    one = host("GPU-b")
    stand_in = dataclasses.replace(one.replicas[0], gpus=("MIG-x",))
    smaller = dataclasses.replace(stand_in, gpus=(), limits=Limits(cpus=3, memory_mib=500))
    found = expected_hardware(one, (stand_in, smaller))
    assert found is not None
    assert (found.physical_cores, found.memory_mib) == (3, 2000)
    assert [gpu.uuid for gpu in found.gpus] == ["GPU-a", "GPU-b"]


def test_others_are_left_what_replicas_and_the_largest_stand_in_of_a_card_do_not_need() -> None:
    two = host("GPU-b", "GPU-b")
    larger = dataclasses.replace(NEEDED, needed_mib=6000.5)
    one = dataclasses.replace(two.replicas[0], verdicts=(larger,))
    found = expected_hardware(two, (two.replicas[0], one))
    assert found is not None
    assert [gpu.left_mib for gpu in found.gpus] == [22_500 - 2 * 4500 - 6001]
