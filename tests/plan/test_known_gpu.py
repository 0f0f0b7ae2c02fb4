"""What the catalogue adds to a GPU that the hardware file only names."""

from deploys.plan.known_gpu import known_gpu
from deploys.settings.hardware import Gpu


def test_a_named_gpu_has_the_catalogue_s_capability_and_processors() -> None:
    gpu = known_gpu(Gpu(uuid="GPU-a", name="NVIDIA GeForce RTX 4090", memory_mib=24564))
    assert (gpu.compute_capability, gpu.sm_count, gpu.visible_mib) == ("8.9", 128, 24080)


def test_cuda_sees_as_much_less_of_a_card_whose_total_another_driver_counts_otherwise() -> None:
    gpu = known_gpu(Gpu(uuid="GPU-a", name="NVIDIA GeForce RTX 4090", memory_mib=24217))
    assert gpu.visible_mib == 24217 - (24564 - 24080)


def test_what_was_measured_is_not_replaced() -> None:
    measured = Gpu(
        uuid="GPU-a",
        name="NVIDIA GeForce RTX 4090",
        memory_mib=24564,
        visible_mib=24080,
        compute_capability="8.9",
        sm_count=127,
    )
    assert known_gpu(measured) == measured


def test_an_empty_context_is_the_hosts_own_and_else_the_catalogues() -> None:
    named = Gpu(uuid="GPU-a", name="NVIDIA H200", memory_mib=143771)
    assert known_gpu(named).process_mib == 524
    assert known_gpu(named.model_copy(update={"process_mib": 600})).process_mib == 600


def test_of_an_unknown_gpu_cuda_sees_the_least_that_was_seen() -> None:
    gpu = known_gpu(Gpu(uuid="GPU-a", name="Quadro 9000", memory_mib=10000))
    assert (gpu.visible_mib, gpu.compute_capability, gpu.sm_count) == (9360, None, None)


def test_a_gpu_below_what_cuda_misses_has_nothing_left() -> None:
    assert known_gpu(Gpu(uuid="GPU-a", name="Quadro 9000", memory_mib=512)).visible_mib == 0
