"""What bounds one request's tokens per second, wherever the weights lie."""

import pytest

from deploys.plan.plan import Replica
from tests.plan.search.fleets import catalogue, chat, host, planned

GIB = 2**30


def _replica(*cards: str, ram_gb_per_second: object = None, **words: object) -> Replica:
    one = host("a", *cards, ram_gb_per_second=ram_gb_per_second)
    return planned([one], chat=chat(**words)).pools[0].replicas[0]


def _roofline(replica: Replica) -> float:
    assert replica.speed is not None
    return replica.speed.roofline


def _file_bytes(entry: str) -> int:
    return catalogue()[entry].files[0].size_bytes


def test_one_gpu_reads_all_weights_but_the_embeddings_once_a_token() -> None:
    replica = _replica("RTX 4090", model="llama-3.1-8b-q8_0", context_tokens=4096)
    embeddings = 4096 * 128_256 * 34 / 32
    read = _file_bytes("llama-3.1-8b-q8_0") - embeddings
    assert _roofline(replica) == pytest.approx(1008e9 / read, rel=1e-4)


def test_gpus_that_split_layers_take_turns() -> None:
    words = {"model": "qwen3-32b-q6_k", "context_tokens": 4096}
    one = _replica("RTX A6000", gpus=1, **words)
    two = _replica("RTX A6000", "RTX A6000", gpus=2, **words)
    assert _roofline(two) == pytest.approx(_roofline(one))


def test_gpus_that_share_layers_read_at_the_same_time() -> None:
    words = {"model": "llama-3.1-8b-bf16", "context_tokens": 4096}
    one = _replica("RTX 4090", **words)
    two = _replica("RTX 4090", "RTX 4090", tensor_parallel=2, **words)
    # Norms are on both.
    assert _roofline(two) == pytest.approx(2 * _roofline(one), rel=1e-3)


def test_of_a_mixture_only_the_experts_in_use_are_read() -> None:
    words = {"model": "qwen3-30b-a3b-q4_k_m", "context_tokens": 4096}
    whole = 936e9 / _file_bytes("qwen3-30b-a3b-q4_k_m")
    assert 8 * whole < _roofline(_replica("RTX 3090", **words)) < 128 / 8 * whole


def test_what_lies_in_ram_is_read_as_fast_as_ram_is() -> None:
    words = {"model": "qwen3-235b-a22b-q4_k_m", "context_tokens": 4096}
    slow = _roofline(_replica("RTX 4090", ram_gb_per_second=40.0, **words))
    fast = _roofline(_replica("RTX 4090", ram_gb_per_second=80.0, **words))
    assert slow < fast < 2 * slow


def test_ram_of_unknown_speed_leaves_the_bound_open() -> None:
    words = {"model": "qwen3-235b-a22b-q4_k_m", "context_tokens": 4096}
    assert _replica("RTX 4090", **words).speed is None
