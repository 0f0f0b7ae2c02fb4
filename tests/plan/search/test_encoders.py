"""Encoders on either engine: nothing is kept of a text, and what they cannot do is refused."""

import pytest

from deploys.catalogue.model import Model, ModelFile
from deploys.plan.arguments import VllmArguments
from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan
from deploys.settings.refusal import Refused
from tests.plan.search.encoders import ENCODER, vectors
from tests.plan.search.fleets import card, chat, environment, host

CHECKPOINT = ENCODER.model_copy(
    update={
        "format": "safetensors",
        "quantization": "f32",
        "weights": None,
        "files": (ModelFile(name="model.safetensors", size_bytes=2**29, sha256="1" * 64),),
    }
)


def _planned(words: dict[str, object], model: Model, *gpus: str) -> Plan:
    asked = environment([host("a", *gpus)], {"vectors": words}, {"encoder": model})
    return plan_environment(asked, {})


def test_an_encoder_has_no_cache_and_no_speed_in_tokens() -> None:
    (replica,) = _planned(vectors(slots=8), ENCODER, "RTX 4090").pools[0].replicas
    assert replica.memory[0].parts["kv_cache"].upper == 0
    assert replica.memory[0].parts["weights"].upper > 160
    assert replica.speed is None


def test_an_encoder_whose_tensors_are_not_listed_is_refused() -> None:
    unlisted = ENCODER.model_copy(update={"weights": None})
    with pytest.raises(Refused, match="the tensors of architecture bert are not described"):
        _planned(vectors(), unlisted, "RTX 4090")


def test_a_text_longer_than_an_encoder_was_trained_for_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        _planned(vectors(context_tokens=513), ENCODER, "RTX 4090")
    (complaint,) = refused.value.complaints
    assert "context: the model was trained for 512 tokens" in complaint.found


def test_vllm_serves_an_encoder_with_what_it_needs_and_no_pool() -> None:
    (pool,) = _planned(vectors(slots=32), CHECKPOINT, "L4").pools
    (replica,) = pool.replicas
    assert isinstance(replica.arguments, VllmArguments)
    assert replica.kv_pool is None
    assert replica.arguments.kv_cache_bytes is None
    assert replica.memory[0].parts["kv_cache"].upper == 0
    assert 0 < replica.arguments.utilisation < 0.5
    assert replica.arguments.maximum_length_tokens == 512
    assert "activations by the rules for text: not measured for encoders" in pool.reasons


def test_a_share_that_is_set_is_what_an_encoder_in_vllm_takes() -> None:
    (pool,) = _planned(vectors(gpu_memory_utilization=0.75), CHECKPOINT, "L4").pools
    arguments = pool.replicas[0].arguments
    assert isinstance(arguments, VllmArguments)
    assert arguments.utilisation == 0.75
    assert "utilisation 0.75: as set" in pool.reasons


def test_a_share_of_which_others_hold_some_is_refused() -> None:
    gpu = card("GPU-a", "L4", used_mib=6000)
    busy = host("a", "L4")
    busy = busy.model_copy(update={"hardware": busy.hardware.model_copy(update={"gpus": (gpu,)})})
    words = vectors(gpu_memory_utilization=0.75)
    with pytest.raises(Refused, match="others hold 6,000 MiB of that share"):
        plan_environment(environment([busy], {"vectors": words}, {"encoder": CHECKPOINT}), {})


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (vectors(context_tokens=513), "trained for 512 tokens"),
        (vectors(tensor_parallel=2), "how it is spread over several is not known"),
        (chat("encoder", 512), "an encoder writes no text"),
    ],
)
def test_what_an_encoder_in_vllm_cannot_is_refused(words: dict[str, object], found: str) -> None:
    with pytest.raises(Refused) as refused:
        _planned(words, CHECKPOINT, "L4", "L4")
    assert found in str(refused.value)


def test_an_encoder_is_no_chat_in_llama_server_either() -> None:
    with pytest.raises(Refused, match="an encoder writes no text"):
        _planned(chat("encoder", 512), ENCODER, "L4")
