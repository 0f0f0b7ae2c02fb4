"""The order in which quantizations are tried."""

import pytest

from deploys.plan.search import ladder
from tests.plan.search.fleets import shape


def _llamacpp_order(name: str, *words: str) -> list[str]:
    return sorted(words, key=lambda word: ladder.gguf_preference(word, shape(name)))


def test_a_small_model_is_served_in_q8_0_where_it_fits() -> None:
    order = _llamacpp_order("llama-3.1-8b", "Q4_K_M", "F16", "Q6_K", "Q8_0", "Q5_K_M")
    assert order == ["Q8_0", "Q6_K", "Q5_K_M", "F16", "Q4_K_M"]


def test_a_large_model_is_served_in_q6_k_and_what_is_finer_comes_before_what_loses() -> None:
    order = _llamacpp_order("qwen3-32b", "Q8_0", "Q4_K_M", "Q6_K", "IQ4_XS", "Q5_K_M")
    assert order == ["Q6_K", "Q5_K_M", "Q8_0", "Q4_K_M", "IQ4_XS"]


@pytest.mark.parametrize(
    ("word", "floor", "expected"),
    [
        ("Q4_K_M", "Q4_K_M", True),
        ("q6_k", "Q4_K_M", True),
        ("IQ4_XS", "Q4_K_M", False),
        ("Q4_0", "IQ4_XS", False),
        ("awq", "Q4_K_M", True),
        ("awq", "Q8_0", False),
        ("fp8", "Q8_0", True),
        ("UD-Q4_K_XL", "Q2_K", False),
    ],
)
def test_the_floor_is_by_measured_loss_and_unknown_words_are_below_it(
    word: str, floor: str, expected: bool
) -> None:
    assert ladder.is_at_least(word, floor) is expected


@pytest.mark.parametrize(
    ("capability", "first"),
    [((9, 0), "fp8"), ((8, 9), "fp8"), ((8, 6), "bf16"), ((7, 5), "bf16")],
)
def test_fp8_comes_first_where_the_gpu_computes_in_it(
    capability: tuple[int, int], first: str
) -> None:
    words = ("awq", "bf16", "fp8", "nvfp4")
    order = sorted(words, key=lambda word: ladder.safetensors_preference(word, capability))
    assert order[0] == first
    assert set(order[2:]) <= {"awq", "nvfp4", "fp8"}


def test_among_four_bit_formats_blackwell_prefers_its_own() -> None:
    def order(capability: tuple[int, int]) -> list[str]:
        words = ("awq", "nvfp4")
        return sorted(words, key=lambda word: ladder.safetensors_preference(word, capability))

    assert order((12, 0)) == ["nvfp4", "awq"]
    assert order((8, 6)) == ["awq", "nvfp4"]
