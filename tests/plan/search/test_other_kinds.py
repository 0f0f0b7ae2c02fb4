"""Pools of vectors and ranks: a text is computed at once, and nothing is kept that need not be."""

import pytest
from pydantic import ValidationError

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.model import Model, ModelFile
from deploys.catalogue.weight_facts import WeightFacts
from deploys.plan.arguments import LlamaCppArguments, VllmArguments
from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan, Replica
from deploys.plan.what_if import Questions, one_model
from deploys.settings.kind_consistency import kind_complaints
from deploys.settings.pool import Pool
from deploys.settings.refusal import Refused
from tests.plan.search.fleets import catalogue, chat, environment, host

BERT = Architecture(
    name="bert",
    layers=12,
    embedding_length=768,
    feed_forward_length=3072,
    heads=12,
    kv_heads=12,
    key_length=64,
    value_length=64,
    vocabulary_size=30_522,
    context_tokens=512,
)
ENCODER = Model(
    source="https://models.example/encoder.gguf",
    licence="as published",
    format="gguf",
    quantization="F16",
    files=(ModelFile(name="encoder.gguf", size_bytes=220 * 2**20, sha256="0" * 64),),
    architecture=BERT,
    # A BERT of this shape: matrices in 2 bytes, biases, norms and places in 4.
    weights=WeightFacts(
        token_embedding_bytes=30_522 * 768 * 2,
        output_bytes=0,
        layer_bytes=(14_195_712,) * 12,
        expert_bytes=(0,) * 12,
        other_bytes=1_585_152,
        largest_tensor_bytes=3072 * 768 * 2,
    ),
    kind="embedding",
    chat_template=False,
)


def _vectors(
    model: str = "encoder", context_tokens: int = 512, **words: object
) -> dict[str, object]:
    return chat(model, context_tokens, kind="embeddings", **words)


def _planned(words: dict[str, object], *gpus: str) -> Plan:
    models = {**catalogue(), "encoder": ENCODER}
    return plan_environment(environment([host("a", *gpus)], {"vectors": words}, models), {})


def _replica(words: dict[str, object], *gpus: str) -> Replica:
    return _planned(words, *gpus).pools[0].replicas[0]


@pytest.mark.parametrize("gpus", [(), ("RTX 4090",)], ids=["in RAM", "on a GPU"])
def test_a_micro_batch_holds_the_longest_text(gpus: tuple[str, ...]) -> None:
    arguments = _replica(_vectors(slots=8), *gpus).arguments
    assert isinstance(arguments, LlamaCppArguments)
    assert (arguments.batch_tokens, arguments.micro_batch_tokens) == (512, 512)
    assert (arguments.context_tokens, arguments.slots) == (8 * 512, 8)


def test_an_encoder_has_no_cache_and_no_speed_in_tokens() -> None:
    replica = _replica(_vectors(slots=8), "RTX 4090")
    assert replica.memory[0].parts["kv_cache"].upper == 0
    assert replica.memory[0].parts["weights"].upper > 160
    assert replica.speed is None


def test_an_encoder_whose_tensors_are_not_listed_is_refused() -> None:
    models = {"encoder": ENCODER.model_copy(update={"weights": None})}
    asked = environment([host("a", "RTX 4090")], {"vectors": _vectors()}, models)
    with pytest.raises(Refused, match="the tensors of architecture bert are not described"):
        plan_environment(asked, {})


def test_a_text_longer_than_an_encoder_was_trained_for_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        _planned(_vectors(context_tokens=513), "RTX 4090")
    (complaint,) = refused.value.complaints
    assert "context: the model was trained for 512 tokens" in complaint.found


def test_vllm_computes_a_text_at_once_too() -> None:
    words = _vectors("llama-3.1-8b-bf16", 16_384, engine="vllm", slots=4)
    replica = _replica(words, "H100 SXM")
    assert isinstance(replica.arguments, VllmArguments)
    assert replica.arguments.batched_tokens == 16_384


def test_what_was_not_measured_is_said() -> None:
    words = _vectors("llama-3.1-8b-bf16", 8192, engine="vllm")
    (pool,) = _planned(words, "H100 SXM").pools
    assert "activations by the rules for text: not measured for vectors and ranks" in pool.reasons


def test_a_pinned_batch_is_kept() -> None:
    arguments = _replica(_vectors(slots=8, batch_tokens=2048), "RTX 4090").arguments
    assert isinstance(arguments, LlamaCppArguments)
    assert (arguments.batch_tokens, arguments.micro_batch_tokens) == (2048, 2048)
    words = _vectors("llama-3.1-8b-bf16", 2048, engine="vllm", batch_tokens=4096)
    arguments = _replica(words, "H100 SXM").arguments
    assert isinstance(arguments, VllmArguments)
    assert arguments.batched_tokens == 4096


def test_a_batch_that_a_longer_context_outgrows_is_refused_with_one_that_holds_a_text() -> None:
    words = _vectors("llama-3.1-8b-bf16", 2048, engine="vllm", batch_tokens=2048)
    asked = environment([host("a", "H100 SXM")], {"vectors": words}, catalogue())
    longer = asked.pools["vectors"].model_copy(update={"context_tokens": 8192})
    with pytest.raises(Refused) as refused:
        plan_environment(asked.model_copy(update={"pools": {"vectors": longer}}), {})
    (complaint,) = refused.value.complaints
    assert "a batch of 2048 tokens cuts a text of 8192" in complaint.found
    assert "batch_tokens 8192" in complaint.hint


def test_a_question_about_a_model_of_vectors_is_one_about_vectors() -> None:
    questions = Questions(models=["encoder"], gpus=["L4"])
    (pool,) = plan_environment(one_model({"encoder": ENCODER}, questions), {}).pools
    arguments = pool.replicas[0].arguments
    assert isinstance(arguments, LlamaCppArguments)
    assert (pool.routing.kind, arguments.micro_batch_tokens) == ("embeddings", 512)


@pytest.mark.parametrize("key", ["batch_tokens", "micro_batch_tokens"])
def test_a_batch_that_would_cut_a_text_is_refused(key: str) -> None:
    with pytest.raises(ValidationError, match="batches of context_tokens: a text of embeddings"):
        Pool.model_validate(_vectors(context_tokens=2048) | {key: 512})
    Pool.model_validate(_vectors(context_tokens=512) | {key: 512})
    Pool.model_validate(chat("encoder", 4096, **{key: 512}))


@pytest.mark.parametrize(
    ("kind", "of_model", "fits"),
    [
        ("generation", "embedding", "embeddings"),
        ("embeddings", "chat", "generation"),
        ("reranking", "embedding", "embeddings"),
        ("embeddings", "rerank", "reranking"),
    ],
)
def test_a_model_of_another_kind_is_refused(kind: str, of_model: str, fits: str) -> None:
    pool = Pool.model_validate(chat("encoder", 512, kind=kind))
    model = ENCODER.model_copy(update={"kind": of_model})
    (complaint,) = kind_complaints("file.py", "p", pool, [("encoder", model)])
    assert complaint.path == "pools.p.kind"
    assert complaint.found == f"found {kind!r}, and `encoder` is a model for {fits}"


def test_a_model_of_the_kind_is_not() -> None:
    pool = Pool.model_validate(_vectors())
    assert list(kind_complaints("file.py", "p", pool, [("encoder", ENCODER)])) == []


def _checkpoint() -> Model:
    return ENCODER.model_copy(
        update={
            "format": "safetensors",
            "quantization": "f32",
            "weights": None,
            "files": (ModelFile(name="model.safetensors", size_bytes=2**29, sha256="1" * 64),),
        }
    )


def _on_vllm(words: dict[str, object], *gpus: str) -> Plan:
    models = {"encoder": _checkpoint()}
    return plan_environment(environment([host("a", *gpus)], {"vectors": words}, models), {})


def test_vllm_serves_an_encoder_with_what_it_needs_and_no_pool() -> None:
    (pool,) = _on_vllm(_vectors(slots=32), "L4").pools
    (replica,) = pool.replicas
    assert isinstance(replica.arguments, VllmArguments)
    assert replica.kv_pool is None
    assert replica.arguments.kv_cache_bytes is None
    assert replica.memory[0].parts["kv_cache"].upper == 0
    assert 0 < replica.arguments.utilisation < 0.5
    assert replica.arguments.maximum_length_tokens == 512
    assert "activations by the rules for text: not measured for encoders" in pool.reasons


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (_vectors(context_tokens=513), "trained for 512 tokens"),
        (_vectors(tensor_parallel=2), "how it is spread over several is not known"),
        (chat("encoder", 512), "an encoder writes no text"),
    ],
)
def test_what_an_encoder_in_vllm_cannot_is_refused(words: dict[str, object], found: str) -> None:
    with pytest.raises(Refused) as refused:
        _on_vllm(words, "L4", "L4")
    assert found in str(refused.value)


def test_an_encoder_is_no_chat_in_llama_server_either() -> None:
    with pytest.raises(Refused, match="an encoder writes no text"):
        _planned(chat("encoder", 512), "L4")
