"""Random fleets and pools for what must hold of every plan."""

from collections.abc import Mapping

from hypothesis import strategies as st

from deploys.catalogue.model import Model
from deploys.settings.environment import Environment, Host
from tests.plan.search.fleets import SHAPES, catalogue, chat, environment, host, safetensors

CARDS = ("H100 SXM", "A100 80GB SXM", "RTX 4090", "RTX 3090", "L4", "T4")
# A mixture, whose activations and layout differ.
MIXTURE = "qwen3-30b-a3b"
MODELS: Mapping[str, Model] = {
    **catalogue(),
    **{f"{MIXTURE}-{word}": safetensors(MIXTURE, word) for word in ("bf16", "fp8")},
}
CHECKPOINTS = tuple(name for name, model in MODELS.items() if model.format == "safetensors")

Words = dict[str, object]


@st.composite
def fleets(draw: st.DrawFn) -> list[Host]:
    """One or two hosts with up to four GPUs, or none; others may hold memory of them."""
    mixed = st.lists(st.sampled_from(CARDS), max_size=3)
    alike = st.builds(lambda card, count: [card] * count, st.sampled_from(CARDS), st.integers(2, 4))
    return [
        _with_others(
            host(name, *draw(alike | mixed), ram_mib=draw(st.sampled_from((16_384, 131_072)))),
            draw(st.sampled_from((0, 0, 0, 3072))),
        )
        for name in ("a", "b")[: draw(st.integers(1, 2))]
    ]


def _with_others(one: Host, used_mib: int) -> Host:
    """The host, with memory of its first GPU in the hands of others."""
    first, *rest = one.hardware.gpus or (None,)
    if first is None:
        return one
    gpus = (first.model_copy(update={"used_mib": used_mib}), *rest)
    return one.model_copy(update={"hardware": one.hardware.model_copy(update={"gpus": gpus})})


@st.composite
def pools(draw: st.DrawFn) -> Words:
    """What an inventory may say, some of it pinned."""
    words = chat(
        draw(st.sampled_from((*SHAPES, "qwen3-32b-q4_k_m", "llama-3.1-8b-bf16"))),
        draw(st.sampled_from((2048, 8192, 40_000))),
        slots=draw(st.sampled_from((1, 2, 8))),
        replicas=draw(st.sampled_from((1, 1, 2, "fill"))),
    )
    if draw(st.booleans()):
        words["kv_cache_type"] = draw(st.sampled_from(("f16", "q8_0")))
    if draw(st.integers(0, 3)) == 0:
        words["gpus"] = draw(st.integers(1, 2))
    return words


@st.composite
def vllm_pools(draw: st.DrawFn) -> Words:
    """The same of what vLLM alone serves, with its words."""
    small = ("llama-3.1-8b-awq", "llama-3.1-8b-bf16")
    words = chat(
        draw(st.sampled_from((*small, *small, *CHECKPOINTS))),
        draw(st.sampled_from((2048, 2048, 8192, 40_000))),
        slots=draw(st.sampled_from((1, 4, 8, 64))),
        replicas=draw(st.sampled_from((1, 1, 2, "fill"))),
    )
    if draw(st.integers(0, 3)) == 3:
        words["kv_cache_type"] = "q8_0"
    if draw(st.integers(0, 3)) == 3:
        words["batch_tokens"] = draw(st.sampled_from((32, 512, 2048, 16_384)))
    layout = draw(st.sampled_from(("auto", "shared", "parallel", "alone")))
    if layout == "shared":
        words["share_gpus"] = True
    if layout == "parallel":
        words["tensor_parallel"] = draw(st.sampled_from((2, 2, 4, 3)))
    if layout == "alone":
        words["gpu_memory_utilization"] = draw(st.sampled_from((0.9, 0.6)))
    return words


@st.composite
def greedy_pools(draw: st.DrawFn) -> Words:
    """What asks for more context and slots than most GPUs hold, and would be content with less."""
    return chat(
        draw(st.sampled_from(("llama-3.1-8b", "qwen3-32b", "qwen3-30b-a3b"))),
        draw(st.sampled_from((40_000, 131_072))),
        slots=draw(st.sampled_from((8, 32))),
        replicas=draw(st.sampled_from((1, 2))),
    )


def drawn_environment(hosts: list[Host], pools_: Mapping[str, Words]) -> Environment:
    """These pools on these hosts, with every model that may be drawn."""
    return environment(hosts, pools_, MODELS)


def environments(words: st.SearchStrategy[Words]) -> st.SearchStrategy[Environment]:
    """Two pools on a fleet."""
    return st.builds(
        lambda hosts, one, two: drawn_environment(hosts, {"one": one, "two": two}),
        fleets(),
        words,
        words,
    )


def with_more(one: Host, more_mib: int) -> Host:
    """The host, with so much more on each of its GPUs and in RAM."""
    gpus = tuple(
        gpu.model_copy(
            update={
                "memory_mib": gpu.memory_mib + more_mib,
                "visible_mib": (gpu.visible_mib or gpu.memory_mib - 640) + more_mib,
            }
        )
        for gpu in one.hardware.gpus
    )
    ram = one.hardware.memory_mib + more_mib
    hardware = one.hardware.model_copy(update={"gpus": gpus, "memory_mib": ram})
    return one.model_copy(update={"hardware": hardware})
