"""Three plans and a refusal in full, as `homeport plan` prints them."""

import io

from rich.console import Console

from deploys.cli.plan_text import print_plan
from deploys.plan.placement import plan_environment
from deploys.settings.environment import Host
from tests.plan.search.fleets import chat, environment, host, refusal


def _printed(hosts: list[Host], **words: object) -> list[str]:
    asked = environment(hosts, {"chat": words})
    text = io.StringIO()
    print_plan(plan_environment(asked, {}), asked, Console(file=text, width=100))
    return [line.rstrip() for line in text.getvalue().splitlines()]


def test_one_rtx_4090_serves_a_32b_model() -> None:
    assert _printed([host("a", "RTX 4090")], **chat("qwen3-32b", 16_384)) == [
        "replica  host  model             engine    context  slots  RAM MiB       tokens/s",
        "chat-1   a     qwen3-32b-q4_k_m  llamacpp  16384    1      1442 of 1856  < 52",
        "a: 1,856 of 262,144 MiB RAM planned",
        "  GeForce RTX 4090       chat-1     "
        "WWWWWWWWWWWWWWWWWWWWWWWWKKKcp..m 21,746 of 24,080 MiB fits",
        "  W weights, K KV cache, c compute buffer, p process, m margin, . free",
        "pool chat on llamacpp (the catalogue has the model as GGUF only):",
        "  quantization Q4_K_M: the first that fits of Q6_K, Q5_K_M, Q8_0, Q4_K_M",
        "  one GPU: it holds everything",
        "  KV cache q8_0: with f16 it does not fit",
        "  context 16384 = 16384 tokens x 1 slots",
        "  gpu_layers 65: all, the output counted too",
        "  threads 16: physical cores near its GPUs shared out among the replicas there",
        "  replaced by swap (it is alone in pool chat: 503 with Retry-After meanwhile; no surge: "
        "a second one needs a GeForce RTX 4090 with 21,746 MiB free; 0 are free on its host), "
        "drained for 600 s at most: chat-1",
        "  one request gets at most 52 tokens/s; usual 31 to 44, below 26 something is wrong",
    ]


def test_two_rtx_3090_split_its_layers_for_two_long_requests() -> None:
    words = chat("qwen3-32b", 32_768, slots=2)
    assert _printed([host("a", "RTX 3090", "RTX 3090")], **words)[2:] == [
        "a: 2,048 of 262,144 MiB RAM planned",
        "  GeForce RTX 3090       chat-1     "
        "WWWWWWWWWWWWWWWWWKKKKKKKKKKKcp.m 22,295 of 24,124 MiB fits",
        "  GeForce RTX 3090       chat-1     "
        "WWWWWWWWWWWWWWWWKKKKKKKKKKKcp..m 21,575 of 24,124 MiB fits",
        "  W weights, K KV cache, c compute buffer, p process, m margin, . free",
        "pool chat on llamacpp (the catalogue has the model as GGUF only):",
        "  quantization Q6_K: the first that fits of Q6_K, Q5_K_M, Q8_0, Q4_K_M",
        "  layers split over 2 GPUs; on fewer: GeForce RTX 3090 (GPU0) needs 28,379 MiB "
        "(weights 18,424 + KV cache 8,704 + compute buffer 516 + process 735); "
        "budget 23,400 MiB (24,124 less margin 724)",
        "  KV cache f16: nothing is lost",
        "  context 65536 = 32768 tokens x 2 slots",
        "  gpu_layers 65: all, the output counted too",
        "  threads 32: physical cores near its GPUs shared out among the replicas there",
        "  replaced by swap (it is alone in pool chat: 503 with Retry-After meanwhile; no surge: "
        "a second one needs 2 GPUs like its own with 22,295 MiB free; 0 are free on its host), "
        "drained for 600 s at most: chat-1",
        "  one request gets at most 36 tokens/s; usual 21 to 30, below 18 something is wrong",
    ]


def test_eight_h100_serve_a_70b_model_twice_over_nvlink() -> None:
    words = chat("llama-3.1-70b", 16_384, slots=16, replicas="fill")
    one = host("a", *["H100 SXM"] * 8, ram_mib=1_048_576)
    lines = _printed([one], **words)
    assert [line.split()[3:5] for line in lines[1:3]] == [["vllm", "262144"]] * 2
    assert [line.split()[2] for line in lines[4:12]] == ["chat-1"] * 4 + ["chat-2"] * 4
    assert lines[13:] == [
        "pool chat on vllm (16 requests at once, on GPUs that hold everything):",
        "  quantization fp8: the first that fits of fp8, bf16",
        "  tensor parallel over 4 GPUs; on fewer: H100 SXM needs 75,197 MiB (weights 34,646 + "
        "KV cache 34,662 + compute buffer 264 + graphs 2,796 + process 2,828); budget 78,687 MiB "
        "(81,121 less margin 2,434); the KV cache is 6,298 MiB short",
        "  KV cache f16: nothing is lost",
        "  16 requests of up to 16384 tokens at once",
        "  utilisation 0.92: 81,121 MiB less margin, context, at most 0.92",
        "  KV cache holds 40.3 requests of 16,384 tokens, and more shorter",
        "  batch of 8,192 tokens: vllm's for such a GPU",
        "  threads 16: physical cores near its GPUs shared out among the replicas there",
        "  2 replicas: as many as the GPUs hold",
        "  replaced by shift (1 other replica carries pool chat meanwhile; no surge: "
        "a second one needs 4 GPUs like its own with 75,197 MiB free; 0 are free on its host), "
        "drained for 600 s at most: chat-1, chat-2",
        "  one request gets at most 190 tokens/s; usual 57 to 104, below 47 something is wrong",
    ]


def test_what_does_not_fit_is_refused_with_the_sum_and_what_would() -> None:
    words = chat("qwen3-32b-q4_k_m", 32_768, kv_cache_type="f16", gpu_layers=65)
    assert str(refusal([host("a", "RTX 3090")], chat=words)) == (
        "error: inventories/group_data/lab.py: pools.chat: GeForce RTX 3090 (GPU0) needs "
        "27,591 MiB (weights 18,424 + KV cache 8,192 + compute buffer 240 + process 735); "
        "budget 23,400 MiB (24,124 less margin 724); in the way: KV cache\n"
        "hint: nearest that fit, each by itself: kv_cache_type q8_0; kv_cache_type q4_0; "
        "gpu_layers 53; model qwen3-32b-q3_k_m; context_tokens 18944"
    )
