"""What of vLLM fits, which share of the GPU it takes, and what else it asks of one."""

from collections.abc import Mapping

import pytest

from deploys.plan.arguments import VllmArguments
from deploys.plan.plan import Pool
from deploys.plan.verdict import Outcome
from deploys.settings.environment import Host
from tests.plan.search.fleets import card, chat, host, planned, refusal

H100 = host("a", "H100 SXM")


def _pool(one: Host, **words: object) -> Pool:
    return planned([one], chat=chat(**{"model": "llama-3.1-8b-bf16", "slots": 8, **words})).pools[0]


def _arguments(one: Host, **words: object) -> VllmArguments:
    arguments = _pool(one, **words).replicas[0].arguments
    assert isinstance(arguments, VllmArguments)
    return arguments


def test_every_number_is_written_out() -> None:
    assert _arguments(H100, context_tokens=8192) == VllmArguments(
        maximum_length_tokens=8192,
        sequences=8,
        batched_tokens=8192,
        tensor_parallel=1,
        utilisation=0.92,
        kv_cache_bytes=None,
        kv_cache_type="bfloat16",
        dtype="bfloat16",
        quantization="bf16",
        eager=False,
        threads=16,
    )


@pytest.mark.parametrize(
    ("gpu", "tokens"),
    [("RTX 4090", 2048), ("A100 80GB SXM", 2048), ("H200", 8192), ("B200", 16384)],
)
def test_the_batch_goes_by_the_class_of_gpu(gpu: str, tokens: int) -> None:
    assert _arguments(host("a", gpu), context_tokens=4096, slots=4).batched_tokens == tokens


def test_a_pinned_batch_is_kept() -> None:
    assert _arguments(H100, context_tokens=4096, batch_tokens=512).batched_tokens == 512
    assert _arguments(H100, context_tokens=4096, slots=32, batch_tokens=32).batched_tokens == 32


def test_a_pinned_batch_with_less_than_a_token_for_each_request_is_refused() -> None:
    words = chat("llama-3.1-8b-bf16", 4096, slots=64, batch_tokens=32)
    found = refusal([H100], chat=words)
    assert found.found == "a batch of 32 tokens has none for each of 64 requests"
    assert "batch_tokens 2048; " in found.hint
    assert "slots 32" in found.hint


def test_a_pinned_batch_that_leaves_no_room_is_refused_with_one_that_does() -> None:
    words = chat("llama-3.1-8b-bf16", 16_384, batch_tokens=65_536)
    assert "batch_tokens 2048" in refusal([host("a", "RTX 4090")], chat=words).hint


def test_the_share_leaves_room_for_others_the_context_and_the_margin() -> None:
    used = card("GPU-a-0", "H100 SXM", used_mib=20_000)
    hardware = H100.hardware.model_copy(update={"gpus": (used,)})
    shared = H100.model_copy(update={"hardware": hardware})
    # (81,121 - 20,000 - (222 + 2.6 x 132) - 3 %) / 81,121 = 0.716
    assert _arguments(shared, context_tokens=4096).utilisation == 0.71


def test_a_pinned_share_is_kept_and_checked() -> None:
    assert _arguments(H100, context_tokens=4096, gpu_memory_utilization=0.5).utilisation == 0.5
    found = refusal(
        [H100], chat=chat("llama-3.1-8b-bf16", 131_072, slots=8, gpu_memory_utilization=0.2)
    )
    assert "weights" in found.found
    assert "gpu_memory_utilization None" in found.hint


def test_a_pool_of_too_few_requests_is_tight_and_says_how_many_it_holds() -> None:
    pool = _pool(host("a", "RTX 4090"), context_tokens=16_384)
    assert pool.replicas[0].verdicts[0].outcome is Outcome.TIGHT
    assert pool.reasons[-1] == "tight: KV cache: it holds 1.6 of 8 requests of 16,384 tokens"


def test_a_pool_of_no_whole_request_is_refused_in_vllms_words() -> None:
    found = refusal([host("a", "RTX 4090")], chat=chat("llama-3.1-8b-bf16", 65_536))
    assert "KV cache: one request needs 8.00 GiB, 3." in found.found


def test_gpus_without_bf16_compute_in_half() -> None:
    arguments = _arguments(host("a", "V100 32GB"), context_tokens=4096)
    assert (arguments.dtype, arguments.kv_cache_type) == ("half", "float16")


@pytest.mark.parametrize(
    ("gpu", "words", "found"),
    [
        ("RTX 3090", {"kv_cache_type": "q8_0"}, "an fp8 cache needs compute capability 8.9"),
        ("RTX 3090", {"kv_cache_type": "q4_0"}, "vllm has no q4_0 cache"),
        ("RTX 3090", {"context_tokens": 200_000}, "trained for 131,072 tokens"),
        ("V100 32GB", {"model": "llama-3.1-8b-awq"}, "awq needs compute capability 7.5"),
    ],
)
def test_what_else_stands_in_the_way_is_said(
    gpu: str, words: Mapping[str, object], found: str
) -> None:
    pool = chat(**{"model": "llama-3.1-8b-bf16", "context_tokens": 4096, **words})
    assert found in refusal([host("a", gpu)], chat=pool).found


def test_heads_that_cannot_be_divided_are_named() -> None:
    pool = chat("llama-3.1-8b-bf16", 4096, tensor_parallel=3)
    complaint = refusal([host("a", *["RTX 4090"] * 4)], chat=pool)
    assert complaint.found == "32 heads are not divisible by 3 GPUs"
    assert "tensor_parallel 1" in complaint.hint


def test_an_fp8_cache_holds_twice_as_much() -> None:
    def held(cache: str) -> str:
        return next(
            one
            for one in _pool(H100, context_tokens=8192, kv_cache_type=cache).reasons
            if one.startswith("KV cache holds")
        )

    assert held("f16").startswith("KV cache holds 53.")
    assert held("q8_0").startswith("KV cache holds 10")


def test_tensor_parallelism_over_pcie_ends_at_four_gpus_unless_it_is_asked_for() -> None:
    pcie = host("a", *["L40S"] * 8)
    words = {"model": "llama-3.1-70b-bf16", "context_tokens": 32_768, "slots": 16}
    (replica,) = planned([pcie], chat=chat(**words)).pools[0].replicas
    assert (len(replica.gpus), replica.verdicts[0].outcome) == (4, Outcome.TIGHT)
    (eight,) = planned([pcie], chat=chat(**words, tensor_parallel=8)).pools[0].replicas
    assert (len(eight.gpus), eight.verdicts[0].outcome) == (8, Outcome.FITS)


def test_replicas_that_share_a_gpu_have_their_cache_pinned() -> None:
    words = chat("llama-3.1-8b-awq", 4096, slots=4, replicas=2, share_gpus=True)
    (pool,) = planned([host("a", "H100 SXM")], chat=words).pools
    first, second = (replica.arguments for replica in pool.replicas)
    assert isinstance(first, VllmArguments)
    assert isinstance(second, VllmArguments)
    # 4 requests of 4,096 tokens, each of 128 KiB.
    assert first.kv_cache_bytes == second.kv_cache_bytes == 4 * 4096 * 131_072
    assert first.utilisation < 0.3
    assert {replica.gpus for replica in pool.replicas} == {("GPU-a-0",)}
