"""What of llama.cpp fits on which GPUs, and what goes to RAM."""

from deploys.plan.arguments import LlamaCppArguments
from deploys.plan.plan import Replica
from deploys.plan.verdict import Outcome
from deploys.settings.hardware import Gpu
from tests.plan.search.fleets import card, chat, host, planned, refusal


def _replica(gpus: tuple[str, ...], **words: object) -> Replica:
    (replica,) = planned([host("a", *gpus)], chat=chat(**words)).pools[0].replicas
    return replica


def _arguments(gpus: tuple[str, ...], **words: object) -> LlamaCppArguments:
    arguments = _replica(gpus, **words).arguments
    assert isinstance(arguments, LlamaCppArguments)
    return arguments


ONE, TWO = ("RTX 3090",), ("RTX 3090", "RTX 3090")


def test_an_f16_cache_is_kept_where_it_fits_and_q8_0_taken_where_it_does_not() -> None:
    pinned = {"model": "qwen3-32b-q4_k_m"}
    assert _arguments(ONE, context_tokens=16_384, **pinned).kv_cache_type == "f16"
    assert _arguments(ONE, context_tokens=24_576, **pinned).kv_cache_type == "q8_0"


def test_a_better_quantization_with_a_smaller_cache_comes_before_a_lesser_one_with_f16() -> None:
    words = {"model": "qwen3-32b", "context_tokens": 6144}
    assert _replica(ONE, **words).model.quantization == "Q5_K_M"
    assert _arguments(ONE, **words).kv_cache_type == "q8_0"
    # Which would have had room.
    assert _arguments(ONE, **words, quantization="Q4_K_M").kv_cache_type == "f16"


def test_the_margin_is_reached_into_before_layers_go_to_ram() -> None:
    words = {"model": "qwen3-32b-q4_k_m", "context_tokens": 32_768}
    replica = _replica(("RTX 4090",), **words)
    assert replica.verdicts[0].outcome is Outcome.TIGHT
    assert _arguments(("RTX 4090",), **words).gpu_layers == 65
    # With less of it on the GPU the margin would have stayed free.
    fewer = _replica(("RTX 4090",), **words, gpu_layers=60)
    assert fewer.verdicts[0].outcome is Outcome.FITS


def test_without_flash_attention_the_cache_stays_f16() -> None:
    arguments = _arguments(TWO, context_tokens=24_576, flash_attention=False)
    assert arguments.kv_cache_type == "f16"


def test_layers_go_to_ram_last_and_as_few_as_needed() -> None:
    words = {"model": "qwen3-32b-q4_k_m", "context_tokens": 61_440, "kv_cache_type": "f16"}
    layers = _arguments(ONE, **words).gpu_layers
    assert 0 < layers < 65
    assert _replica(ONE, gpu_layers=layers, **words).verdicts[0].outcome is Outcome.FITS
    one_more = _replica(ONE, gpu_layers=layers + 1, **words).verdicts[0]
    assert (one_more.outcome, one_more.binding) == (Outcome.TIGHT, "KV cache")
    found = refusal([host("a", *ONE)], chat=chat(gpu_layers=layers + 8, **words))
    assert "in the way: KV cache" in found.found
    assert f"gpu_layers {layers}" in found.hint


def test_of_a_mixture_the_experts_of_the_first_layers_go_to_ram() -> None:
    arguments = _arguments(("RTX 4090",), model="qwen3-235b-a22b")
    assert arguments.gpu_layers == 95
    assert 0 < arguments.experts_on_cpu < 94
    words = {"model": "qwen3-235b-a22b-q6_k", "experts_on_cpu": arguments.experts_on_cpu - 1}
    one_less = refusal([host("a", "RTX 4090")], chat=chat(**words, kv_cache_type="f16"))
    assert "in the way: KV cache" in one_less.found
    assert f"experts_on_cpu {arguments.experts_on_cpu}" in one_less.hint


def test_a_smaller_micro_batch_is_taken_where_only_the_compute_buffer_is_in_the_way() -> None:
    words = {"model": "llama-3.1-8b-q8_0", "context_tokens": 90_112, "flash_attention": False}
    usual = _arguments(("RTX A6000",), **words)
    close = _arguments(("RTX 3090",), **words)
    assert (usual.micro_batch_tokens, close.micro_batch_tokens) == (512, 128)
    assert close.gpu_layers == 33


def test_a_pinned_micro_batch_is_left_alone() -> None:
    words = {"model": "llama-3.1-8b-q8_0", "context_tokens": 90_112, "flash_attention": False}
    arguments = _arguments(("RTX 3090",), micro_batch_tokens=512, **words)
    assert arguments.micro_batch_tokens == 512
    assert arguments.gpu_layers < 33


def test_a_micro_batch_that_is_left_out_is_no_larger_than_a_pinned_batch() -> None:
    (pool,) = planned([host("a", *ONE)], chat=chat(context_tokens=4096, batch_tokens=256)).pools
    arguments = pool.replicas[0].arguments
    assert isinstance(arguments, LlamaCppArguments)
    assert (arguments.batch_tokens, arguments.micro_batch_tokens) == (256, 256)
    assert [reason for reason in pool.reasons if "micro-batch" in reason] == []


def test_layers_are_split_by_what_each_gpu_has_room_for() -> None:
    even = _arguments(TWO, context_tokens=32_768, slots=2)
    assert even.tensor_split == (1.0, 1.0)
    uneven = _replica(("RTX 4090", "RTX A6000"), model="llama-3.1-70b", context_tokens=65_536)
    assert isinstance(uneven.arguments, LlamaCppArguments)
    small, large = uneven.arguments.tensor_split
    assert (round(small, 1), large) == (0.5, 1.0)
    assert len(uneven.gpus) == 2


def _gpu_refusal(gpu: Gpu) -> str:
    one = host("a", "RTX 3090")
    hardware = one.hardware.model_copy(update={"gpus": (gpu,)})
    hosts = [one.model_copy(update={"hardware": hardware})]
    return refusal(hosts, chat=chat("llama-3.1-8b", 4096)).found


def test_a_gpu_smaller_than_the_context_of_a_process_is_refused() -> None:
    small = card("GPU-a", "RTX 3090", memory_mib=700, visible_mib=680)
    words = "the context of a process does not fit on GeForce RTX 3090, or its size is not known"
    assert _gpu_refusal(small) == words


def test_a_gpu_that_others_have_filled_is_refused() -> None:
    taken = card("GPU-a", "RTX 3090", used_mib=23_900)
    assert "the context of a process does not fit" in _gpu_refusal(taken)


def test_a_gpu_that_nobody_knows_is_refused_rather_than_guessed() -> None:
    strange = Gpu(uuid="GPU-a", name="Unheard Of 1", memory_mib=24_000)
    assert "its size is not known" in _gpu_refusal(strange)
