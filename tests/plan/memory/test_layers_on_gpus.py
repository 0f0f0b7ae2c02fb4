"""Where builds of different ages put a model's output, and what a GPU borrows to compute it."""

import pytest

from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Case, Device, LlamaCppConfiguration
from deploys.plan.memory.estimate import DeviceEstimate
from deploys.plan.memory.layer_placement import CPU, devices_of_layers
from tests.plan.search.fleets import shape


@pytest.mark.parametrize(
    ("gpu_layers", "output_first", "placed"),
    [
        (0, True, [CPU] * 5),
        (0, False, [CPU] * 5),
        (1, True, [CPU, CPU, CPU, CPU, 0]),
        (1, False, [CPU, CPU, CPU, 0, CPU]),
        (4, True, [CPU, 0, 0, 0, 0]),
        (4, False, [0, 0, 0, 0, CPU]),
        (5, True, [0] * 5),
        (5, False, [0] * 5),
        (None, False, [0] * 5),
    ],
)
def test_the_output_is_the_first_of_the_layers_on_gpus_or_the_last(
    gpu_layers: int | None, output_first: bool, placed: list[int]
) -> None:
    assert devices_of_layers(4, gpu_layers, (1.0,), output_first) == placed


def _gpu(version: str, gpu_layers: int) -> DeviceEstimate:
    """Llama-3.1-8B in F16, whose output is a matrix of 1,002 MiB."""
    asked = LlamaCppConfiguration(8192, gpu_layers=gpu_layers, devices=(Device("RTX 4090"),))
    case = Case("", "llama.cpp", version, "F16", shape("llama-3.1-8b"), asked)
    return estimate(case).gpus[0]


def test_builds_until_december_2025_give_all_layers_a_place_before_the_output() -> None:
    before, after = _gpu("b6895", 32), _gpu("b8000", 32)
    assert before.parts["kv_cache"].expected == 1024
    assert after.parts["kv_cache"].expected == 1024 * 31 / 32


def test_a_gpu_that_computes_the_output_in_ram_borrows_its_matrix_beside_the_logits() -> None:
    borrowed, own = (_gpu("b6895", count).parts["compute_buffer"] for count in (32, 33))
    matrix = 128256 * 4096 * 2 / 2**20
    assert borrowed.expected == own.expected + matrix
    assert borrowed.upper > own.upper + matrix
