"""What engines are started with: known to their version, and as their pool says."""

import dataclasses

import pytest

from deploys.plan.arguments import LlamaCppArguments, VllmArguments
from deploys.plan.plan import Plan
from deploys.questions.engine_answers import served
from deploys.render.compose import ENGINES
from deploys.render.engines.flags import checked
from deploys.render.engines.service import Argument
from deploys.settings.refusal import Refused
from deploys.settings.routing import Kind, Routing
from deploys.settings.vllm import Vllm
from tests.render.gpu_plans import CHECKPOINT, ON_GPUS, VLLM, gpu_plan, gpu_service
from tests.render.plans import ARGUMENTS, MODEL


@pytest.mark.parametrize(
    ("engine", "arguments"), [("llamacpp", ON_GPUS), ("llamacpp", ARGUMENTS), ("vllm", VLLM)]
)
def test_all_that_is_rendered_is_known_to_the_pinned_version(
    engine: str, arguments: LlamaCppArguments | VllmArguments
) -> None:
    plan = gpu_plan(arguments, CHECKPOINT if engine == "vllm" else MODEL)
    (pool,) = plan.pools
    (replica,) = pool.replicas
    service = ENGINES[engine](pool, replica)
    assert checked(engine, replica, service) == service
    assert len(service.arguments) > 20


@pytest.mark.parametrize(
    ("kind", "llamacpp", "of_vllm"),
    [
        ("generation", "--jinja", "--runner generate --convert none"),
        ("embeddings", "--embeddings", "--runner pooling --convert embed"),
        ("reranking", "--reranking", "--runner pooling --convert classify"),
    ],
)
def test_engines_are_started_for_what_their_pool_answers(
    kind: Kind, llamacpp: str, of_vllm: str
) -> None:
    def command(plan: Plan) -> list[str]:
        pool = dataclasses.replace(plan.pools[0], routing=Routing(kind=kind))
        found: list[str] = gpu_service(dataclasses.replace(plan, pools=(pool,)))["command"]
        assert served(found, {}).kind == kind
        return found

    switches = {"--jinja", "--embeddings", "--reranking"}
    assert switches & set(command(gpu_plan(ON_GPUS))) == {llamacpp}
    words = command(gpu_plan(VLLM))
    assert of_vllm in " ".join(words)
    assert ("--no-enable-chunked-prefill" in words) == (kind != "generation")


def test_a_pools_own_words_for_vllm_are_flags_and_limits_of_its_container() -> None:
    own = Vllm.model_validate(
        {
            "tool_parser": "hermes",
            "reasoning_parser": "qwen3",
            "media": {"image": 4, "domains": ["a.example", "b.example"]},
            "drafts": {"tokens": 3, "longest_match": 5},
            "shutdown_seconds": 120,
            "shm_mib": 16_384,
            "open_files": 100_000,
        }
    )
    service = gpu_service(gpu_plan(dataclasses.replace(VLLM, own=own, prefix_caching=False)))
    text = " ".join(service["command"])
    for words in (
        "--enable-auto-tool-choice --tool-call-parser hermes --reasoning-parser qwen3",
        '--speculative-config {"method":"ngram","num_speculative_tokens":3,"prompt_lookup_max":5}',
        "--allowed-media-domains a.example b.example",
        '--limit-mm-per-prompt {"image":4,"video":0,"audio":0}',
        "--shutdown-timeout 120",
        "--no-enable-prefix-caching",
    ):
        assert words in text
    assert service["stop_grace_period"] == "150s"
    assert (service["shm_size"], service["ulimits"]["nofile"]) == ("16384m", 100_000)


def test_without_words_of_its_own_vllm_fetches_nothing_and_parses_nothing() -> None:
    words = set(gpu_service(gpu_plan(VLLM))["command"])
    assert "none.invalid" in words
    assert not {"--tool-call-parser", "--speculative-config", "--limit-mm-per-prompt"} & words


def test_a_version_without_facts_is_not_rendered() -> None:
    with pytest.raises(Refused) as refused:
        gpu_service(gpu_plan(VLLM, version="0.12.0"))
    (complaint,) = refused.value.complaints
    assert str(complaint).startswith("error: deploys/engine_facts/vllm/0.12.0.yaml: is missing")


def test_a_flag_and_a_variable_that_the_version_does_not_know_are_not_rendered() -> None:
    plan = gpu_plan(VLLM)
    (pool,) = plan.pools
    (replica,) = pool.replicas
    service = ENGINES["vllm"](pool, replica)
    wrong = dataclasses.replace(
        service,
        arguments=[*service.arguments, Argument(("--swap-space", "4"))],
        environment={**service.environment, "VLLM_CACHE_ROT": "/cache"},
    )
    with pytest.raises(Refused) as refused:
        checked("vllm", replica, wrong)
    flag, variable = refused.value.complaints
    assert flag.path == "chat-1.--swap-space"
    assert flag.found.endswith("versions before 0.18.0 had it")
    assert (variable.path, variable.hint) == (
        "chat-1.VLLM_CACHE_ROT",
        "did you mean `VLLM_CACHE_ROOT`?",
    )
