"""LocalAI's model file: every number of the plan, in keys that its version knows."""

import dataclasses

import pytest

from deploys.catalogue.model import ModelFile
from deploys.engine_facts.facts import facts_of
from deploys.engine_facts.judging import wrong
from deploys.engine_facts.localai_judging import wrong_in_environment, wrong_in_model
from deploys.plan.plan import Plan
from deploys.render.engines.llamacpp import arguments as llama_server
from deploys.settings.engine_versions import PINNED
from deploys.settings.localai import LocalAi
from deploys.settings.routing import Kind
from tests.lab.localai import backend
from tests.render.gpu_plans import LOCALAI, gpu_plan, gpu_service
from tests.render.localai_plans import PLANS, known, model_files, with_routing
from tests.render.plans import MODEL


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_every_file_and_variable_is_known_to_the_pinned_version(plan: Plan) -> None:
    for document in model_files(plan).values():
        assert wrong_in_model(known(), document) == []
    environment = gpu_service(plan)["environment"]
    assert list(wrong_in_environment(known(), environment)) == []


@pytest.mark.parametrize("name", ["two gpus", "one gpu", "in ram"])
def test_the_file_says_what_llama_server_would_be_told(name: str) -> None:
    """As LocalAI's own backend makes arguments of it; the rest is of the server around it."""
    plan = PLANS[name]
    (pool,) = plan.pools
    (replica,) = pool.replicas
    found = backend.arguments(model_files(plan)["model.yaml"], 8080)
    facts = facts_of("llamacpp", PINNED["llamacpp"])
    assert facts is not None
    told = _flags(found)
    assert [one for words in told.items() for one in wrong(facts, [w for w in words if w])] == []
    wanted = _flags([word for one in llama_server(pool, replica) for word in one.words])
    planned = ("--ctx-size", "--parallel", "--no-kv-unified", "--threads", "--threads-batch",
               "--batch-size", "--ubatch-size", "--cache-type-k", "--cache-type-v",
               "--flash-attn", "--fit", "--cache-ram", "--gpu-layers", "--split-mode",
               "--main-gpu", "--tensor-split", "--n-cpu-moe", "--device", "--jinja",
               "--alias")  # fmt: skip
    assert {flag: told.get(flag) for flag in planned} == {
        flag: wanted.get(flag) for flag in planned
    }


def _flags(words: list[str]) -> dict[str, str]:
    """Flag -> its value; empty for a switch."""
    pairs = zip(words, [*words[1:], "--"], strict=True)
    return {
        word: "" if after.startswith("--") else after
        for word, after in pairs
        if word.startswith("--")
    }


@pytest.mark.parametrize(
    ("kind", "key", "usecase"),
    [
        ("generation", "template", "chat"),
        ("embeddings", "embeddings", "embeddings"),
        ("reranking", "reranking", "rerank"),
    ],
)
def test_a_pool_is_served_for_what_it_answers(kind: Kind, key: str, usecase: str) -> None:
    plan = with_routing(gpu_plan(LOCALAI), kind=kind)
    model = model_files(plan)["model.yaml"]
    assert model["known_usecases"] == [usecase]
    assert {"template", "embeddings", "reranking"} & model.keys() == {key}
    labels = gpu_service(plan)["labels"]
    assert (labels["homeport.serves"], labels["homeport.kind"]) == ("chat", kind)


def test_images_are_read_by_the_projector_beside_the_weights() -> None:
    projector = ModelFile(name="mmproj.gguf", size_bytes=5, sha256="f" * 64)
    model = MODEL.model_copy(update={"projector": projector})
    document = model_files(gpu_plan(LOCALAI, model))["model.yaml"]
    assert document["mmproj"] == "weights/mmproj.gguf"
    assert document["known_usecases"] == ["chat", "vision"]


def test_each_other_name_is_a_file_that_leads_to_the_model() -> None:
    files = model_files(PLANS["other names"])
    assert files["alias-1.yaml"] == {"name": "gpt-4", "alias": "chat"}
    assert files["alias-2.yaml"] == {"name": "org/model:7b", "alias": "chat"}


def test_a_pools_own_keys_join_the_planned_ones() -> None:
    own = LocalAi(
        keys={
            "parameters": {"temperature": 0.2},
            "system_prompt": "It costs $5: say so.\nAlways.",
            "template": {"chat": "{{.Input}}"},
        }
    )
    document = model_files(gpu_plan(dataclasses.replace(LOCALAI, own=own)))["model.yaml"]
    batch = LOCALAI.batch_tokens
    expected = {"model": "weights/tiny.gguf", "batch": batch, "temperature": 0.2}
    assert document["parameters"] == expected
    assert document["system_prompt"] == "It costs $5: say so.\nAlways."
    assert document["template"] == {"chat": "{{.Input}}"}
