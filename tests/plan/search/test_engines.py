"""Which engine is chosen, and the reason that is given."""

from collections.abc import Mapping

import pytest

from deploys.plan.placement import plan_environment
from deploys.plan.search.alternatives import Alternative, alternatives
from deploys.plan.search.engines import engine_choices
from deploys.settings.image import Image
from deploys.settings.pool import Pool
from deploys.settings.refusal import Refused
from tests.plan.search.fleets import catalogue, chat, environment, host, planned


def _engines(words: Mapping[str, object], on_gpus: bool = True) -> list[tuple[str, str]]:
    pool = Pool.model_validate(chat("llama-3.1-8b", **words))
    named = alternatives(pool, catalogue())
    return [(one.engine, one.reason) for one in engine_choices(pool, named, on_gpus)]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ({"slots": 4}, ("vllm", "4 requests at once, on GPUs that hold everything")),
        ({}, ("llamacpp", "1 request at once; vllm's batching pays from 4 on")),
        ({"slots": 3}, ("llamacpp", "3 requests at once; vllm's batching pays from 4 on")),
        ({"slots": 9, "engine": "llamacpp"}, ("llamacpp", "as set")),
        (
            {"slots": 9, "gpu_layers": 12},
            ("llamacpp", "it alone keeps layers or experts in RAM, as set"),
        ),
        (
            {"tensor_parallel": 2},
            ("vllm", "tensor_parallel and gpu_memory_utilization are its words"),
        ),
    ],
)
def test_the_engine_follows_from_the_requests_unless_words_say_it(
    words: Mapping[str, object], first: tuple[str, str]
) -> None:
    assert _engines(words)[0] == first


def test_without_a_gpu_it_is_llamacpp() -> None:
    assert _engines({"slots": 8}, on_gpus=False) == [("llamacpp", "it runs without a GPU")]


def test_one_format_leaves_one_engine() -> None:
    pool = Pool.model_validate(chat(slots=8))

    def only(name: str) -> str:
        named = [Alternative(name, catalogue()[name])]
        (choice,) = engine_choices(pool, named, on_gpus=True)
        return choice.reason

    assert only("llama-3.1-8b-q8_0") == "the catalogue has the model as GGUF only"
    assert only("llama-3.1-8b-bf16") == "the catalogue has the model as safetensors only"


def test_many_requests_that_vllm_has_no_room_for_are_given_to_llamacpp() -> None:
    gpu = host("a", "RTX 4090")
    roomy = planned([gpu], chat=chat("llama-3.1-8b", 4096, slots=8)).pools[0]
    close = planned([gpu], chat=chat("llama-3.1-8b", 16_384, slots=8)).pools[0]
    assert (roomy.engine, close.engine) == ("vllm", "llamacpp")
    assert close.engine_reason == "vllm has no room for 8 of 16,384 tokens on these GPUs"


@pytest.mark.parametrize(
    ("engine", "image", "reference", "version"),
    [
        ("vllm", "vllm", "vllm/vllm-openai:v0.12.0", "0.12.0"),
        ("llamacpp", "llamacpp_cuda", "ghcr.io/ggml-org/llama.cpp:server-cuda-b9001", "b9001"),
        ("llamacpp", "llamacpp", "ghcr.io/ggml-org/llama.cpp:server-b9001", "b9001"),
    ],
)
def test_an_engine_whose_flags_are_not_known_is_refused(
    engine: str, image: str, reference: str, version: str
) -> None:
    pools = {"chat": chat("llama-3.1-8b", 4096, engine=engine)}
    asked = environment([host("a", "RTX 4090")], pools)
    untagged = {"llamacpp_cuda": Image(reference="homeport/llamacpp_cuda:419a53154394")}
    images = {**untagged, image: Image(reference=reference)}
    with pytest.raises(Refused) as refused:
        plan_environment(asked.model_copy(update={"images": images}), {})
    (complaint,) = refused.value.complaints
    assert complaint.path == f"images.{image}.reference"
    assert complaint.found == f"{engine} {version} is not known: its flags cannot be checked"


def test_an_image_that_no_pool_runs_may_be_of_any_version() -> None:
    asked = environment([host("a", "RTX 4090")], {"chat": chat("llama-3.1-8b", 4096)})
    images = {"vllm": Image(reference="vllm/vllm-openai:v0.12.0")}
    assert plan_environment(asked.model_copy(update={"images": images}), {}).pools
