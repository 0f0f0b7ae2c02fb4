"""GPUs of the catalogue are found by the names that drivers and people give them."""

import pytest

from deploys.plan.gpu_catalogue import find_gpu, read_gpus


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("NVIDIA GeForce RTX 4090", "GeForce RTX 4090"),
        ("RTX 4090 x3", "GeForce RTX 4090"),
        ("RTX 4090 (24077 MiB visible)", "GeForce RTX 4090"),
        ("NVIDIA H100 80GB HBM3", "H100 SXM"),
        ("NVIDIA H200 NVL", "H200 NVL"),
        ("NVIDIA H200", "H200"),
        ("NVIDIA L4", "L4"),
        ("NVIDIA L40S", "L40S"),
        ("RTX PRO 6000", "RTX PRO 6000 Blackwell"),
    ],
)
def test_a_gpu_is_found_by_its_names(words: str, name: str) -> None:
    found = find_gpu(words)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "words", ["RTX 3090 Ti", "GeForce RTX 4090 Laptop GPU", "GPU", "2 GPUs", "H100 80GB", ""]
)
def test_another_gpu_is_not_taken_for_one_of_the_catalogue(words: str) -> None:
    assert find_gpu(words) is None


def test_cuda_never_sees_more_than_nvml() -> None:
    for gpu in read_gpus():
        assert gpu.usable_mib < gpu.nvml_mib
        assert gpu.source


def test_every_name_belongs_to_one_gpu() -> None:
    names = [name for gpu in read_gpus() for name in (gpu.name, *gpu.other_names)]
    assert len(names) == len(set(names))
    for gpu in read_gpus():
        assert find_gpu(gpu.name) == gpu
