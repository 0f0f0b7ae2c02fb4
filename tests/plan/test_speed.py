"""The roofline bounds what published runs reached, and never forecasts more."""

import pytest

from deploys.plan.gpu_catalogue import find_gpu
from deploys.plan.speed import bytes_per_token, roofline

# Llama-3-8B Q4_K_M at a depth of 512: 4403.5 MiB of weights on the GPU and 64 MiB of cache.
SMALL = bytes_per_token(4403.4924 * 2**20, 0, 0, 0, 512 * 131072)
# Llama-3-70B Q4_K_M: 42.09 GB per token.
LARGE = 42.09e9


# (GPU, bytes per token, roofline, published tokens per second): llama.cpp, May 2024.
@pytest.mark.parametrize(
    ("name", "read", "bound", "published"),
    [
        ("RTX 3090", SMALL, 199.8, 111.74),
        ("RTX 4090", SMALL, 215.2, 127.74),
        ("RTX A6000", SMALL, 163.9, 102.22),
        ("A40", LARGE, 16.5, 12.08),
        ("L40S", LARGE, 20.5, 15.31),
        ("A100 80GB SXM", LARGE, 48.4, 24.33),
        ("H100 PCIe", SMALL, 435.3, 144.49),
    ],
)
def test_a_published_run_is_below_the_bound_and_not_suspicious(
    name: str, read: float, bound: float, published: float
) -> None:
    gpu = find_gpu(name)
    assert gpu is not None
    speed = roofline(read, gpu)
    assert speed.roofline == pytest.approx(bound, rel=0.003)
    assert speed.suspicious < published < speed.roofline


def test_a_tenth_of_what_the_gpu_can_is_suspicious() -> None:
    gpu = find_gpu("RTX 4090")
    assert gpu is not None
    speed = roofline(SMALL, gpu)
    assert speed.roofline * 0.1 < speed.suspicious < speed.usual_low < speed.usual_high


def test_layers_in_ram_slow_a_token_down() -> None:
    gpu = find_gpu("RTX 4090")
    assert gpu is not None
    speed = roofline(1.008e9, gpu, ram_bytes=50e9, ram_gb_per_second=50)
    assert speed.roofline == pytest.approx(1 / 1.001)


def test_layers_in_ram_of_unknown_speed_are_not_guessed() -> None:
    gpu = find_gpu("RTX 4090")
    assert gpu is not None
    with pytest.raises(ValueError, match="bandwidth is not known"):
        roofline(1e9, gpu, ram_bytes=1e9)
