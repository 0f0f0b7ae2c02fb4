"""Pools of vectors and ranks: a text is computed at once, and what is pinned for it is kept."""

import pytest
from pydantic import ValidationError

from deploys.plan.arguments import LlamaCppArguments, VllmArguments
from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan, Replica
from deploys.plan.what_if import Questions, one_model
from deploys.settings.kind_consistency import kind_complaints
from deploys.settings.pool import Pool
from deploys.settings.refusal import Refused
from tests.plan.search.encoders import ENCODER, vectors
from tests.plan.search.fleets import catalogue, chat, environment, host


def _planned(words: dict[str, object], *gpus: str) -> Plan:
    models = {**catalogue(), "encoder": ENCODER}
    return plan_environment(environment([host("a", *gpus)], {"vectors": words}, models), {})


def _replica(words: dict[str, object], *gpus: str) -> Replica:
    return _planned(words, *gpus).pools[0].replicas[0]


@pytest.mark.parametrize("gpus", [(), ("RTX 4090",)], ids=["in RAM", "on a GPU"])
def test_a_micro_batch_holds_the_longest_text(gpus: tuple[str, ...]) -> None:
    arguments = _replica(vectors(slots=8), *gpus).arguments
    assert isinstance(arguments, LlamaCppArguments)
    assert (arguments.batch_tokens, arguments.micro_batch_tokens) == (512, 512)
    assert (arguments.context_tokens, arguments.slots) == (8 * 512, 8)


def test_slots_share_a_micro_batch_evenly() -> None:
    arguments = _replica(vectors(slots=3)).arguments
    assert isinstance(arguments, LlamaCppArguments)
    assert (arguments.batch_tokens, arguments.micro_batch_tokens) == (513, 513)
    with pytest.raises(Refused, match="a batch of 1024 tokens is no multiple of 3 slots"):
        _planned(vectors(slots=3, batch_tokens=1024, micro_batch_tokens=1024))


def test_vllm_computes_a_text_at_once_too() -> None:
    words = vectors("llama-3.1-8b-bf16", 16_384, engine="vllm", slots=4)
    replica = _replica(words, "H100 SXM")
    assert isinstance(replica.arguments, VllmArguments)
    assert replica.arguments.batched_tokens == 16_384


def test_what_was_not_measured_is_said() -> None:
    words = vectors("llama-3.1-8b-bf16", 8192, engine="vllm")
    (pool,) = _planned(words, "H100 SXM").pools
    assert "activations by the rules for text: not measured for vectors and ranks" in pool.reasons


def test_a_pinned_batch_is_kept() -> None:
    arguments = _replica(vectors(slots=8, batch_tokens=2048), "RTX 4090").arguments
    assert isinstance(arguments, LlamaCppArguments)
    assert (arguments.batch_tokens, arguments.micro_batch_tokens) == (2048, 2048)
    words = vectors("llama-3.1-8b-bf16", 2048, engine="vllm", batch_tokens=4096)
    arguments = _replica(words, "H100 SXM").arguments
    assert isinstance(arguments, VllmArguments)
    assert arguments.batched_tokens == 4096


def _longer(words: dict[str, object], model: str) -> str:
    """What is said where a question makes the context 8192 tokens, which no inventory can."""
    asked = environment([host("a", "H100 SXM")], {"vectors": vectors(model, 2048) | words})
    longer = asked.pools["vectors"].model_copy(update={"context_tokens": 8192})
    with pytest.raises(Refused) as refused:
        plan_environment(asked.model_copy(update={"pools": {"vectors": longer}}), {})
    return str(refused.value)


def test_a_batch_that_a_longer_context_outgrows_is_refused_with_one_that_holds_a_text() -> None:
    for model in ("llama-3.1-8b-bf16", "llama-3.1-8b-q4_k_m"):
        said = _longer({"batch_tokens": 2048}, model)
        assert "a batch of 2048 tokens cuts a text of 8192" in said
        assert "batch_tokens 8192" in said
    said = _longer({"micro_batch_tokens": 2048}, "llama-3.1-8b-q4_k_m")
    assert "a batch of 2048 tokens cuts a text of 8192" in said


def test_a_question_about_a_model_of_vectors_is_one_about_vectors() -> None:
    questions = Questions(models=["encoder"], gpus=["L4"])
    (pool,) = plan_environment(one_model({"encoder": ENCODER}, questions), {}).pools
    arguments = pool.replicas[0].arguments
    assert isinstance(arguments, LlamaCppArguments)
    assert (pool.routing.kind, arguments.micro_batch_tokens) == ("embeddings", 512)


@pytest.mark.parametrize("key", ["batch_tokens", "micro_batch_tokens"])
def test_a_batch_that_would_cut_a_text_is_refused(key: str) -> None:
    with pytest.raises(ValidationError, match="batches of context_tokens: a text of embeddings"):
        Pool.model_validate(vectors(context_tokens=2048) | {key: 512})
    Pool.model_validate(vectors(context_tokens=512) | {key: 512})
    Pool.model_validate(chat("encoder", 4096, **{key: 512}))


@pytest.mark.parametrize(("batch", "micro_batch"), [(1024, 512), (512, 1024)])
def test_batches_of_texts_that_are_not_alike_are_refused(batch: int, micro_batch: int) -> None:
    with pytest.raises(ValidationError, match="batch_tokens and micro_batch_tokens alike"):
        Pool.model_validate(vectors(batch_tokens=batch, micro_batch_tokens=micro_batch))
    Pool.model_validate(vectors(batch_tokens=micro_batch, micro_batch_tokens=micro_batch))


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
    pool = Pool.model_validate(vectors())
    assert list(kind_complaints("file.py", "p", pool, [("encoder", ENCODER)])) == []
