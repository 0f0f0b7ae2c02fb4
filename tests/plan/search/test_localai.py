"""Pools on LocalAI are planned as llama.cpp, its backend, with its own server beside."""

import dataclasses

import pytest

from deploys.plan.arguments import LlamaCppArguments, LocalAiArguments, argument_words
from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan
from deploys.plan.search.llamacpp_fit import LOCALAI_PROCESS_MIB
from deploys.settings.image import Image
from deploys.settings.refusal import Refused
from tests.plan.search.fleets import chat, environment, host, planned, refusal

HOSTS = [host("gpu1", "RTX 4090")]
MODEL = "llama-3.1-8b-q4_k_m"


def _one(plan: Plan) -> tuple[LlamaCppArguments, dict[str, int], dict[str, float]]:
    (replica,) = plan.pools[0].replicas
    assert isinstance(replica.arguments, LlamaCppArguments)
    gpu = {part: size.upper for part, size in replica.memory[0].parts.items()}
    return replica.arguments, dict(replica.memory_mib), gpu


@pytest.mark.parametrize("hosts", [HOSTS, [host("ram1")]], ids=["on a gpu", "in ram"])
def test_its_numbers_and_memory_are_those_of_llamacpp(hosts: list[object]) -> None:
    words = {"slots": 4, "kv_cache_type": "q8_0", "context_tokens": 8192}
    ours = planned(hosts, chat=chat(MODEL, engine="localai", **words))  # type: ignore[arg-type]
    plain = planned(hosts, chat=chat(MODEL, engine="llamacpp", **words))  # type: ignore[arg-type]
    (arguments, ram, _), (expected, plain_ram, _) = _one(ours), _one(plain)
    assert isinstance(arguments, LocalAiArguments)
    fields = {field.name for field in dataclasses.fields(LlamaCppArguments)}
    assert {name: getattr(arguments, name) for name in fields} == {
        name: getattr(expected, name) for name in fields
    }
    for part in ("weights", "kv_cache"):
        assert ram[part] == plain_ram[part]
    assert ram["process"] == plain_ram["process"] + LOCALAI_PROCESS_MIB


def test_weights_and_cache_on_a_gpu_are_those_of_llamacpp() -> None:
    (_, _, ours), (_, _, plain) = (
        _one(planned(HOSTS, chat=chat(MODEL, engine=engine))) for engine in ("localai", "llamacpp")
    )
    assert (ours["weights"], ours["kv_cache"]) == (plain["weights"], plain["kv_cache"])


def test_it_is_taken_only_when_it_is_asked_for() -> None:
    plan = planned(
        HOSTS, chat=chat(MODEL, engine="localai"), other=chat(MODEL, share_gpus=False, gpus=0)
    )
    assert {pool.name: pool.engine for pool in plan.pools} == {
        "chat": "localai",
        "other": "llamacpp",
    }
    (replica,) = plan.pools[0].replicas
    assert (replica.version, plan.pools[0].engine_reason) == ("4.9.0", "as set")


def test_layers_go_to_ram_and_are_split_over_unlike_gpus_as_llamacpp_does() -> None:
    large = "llama-3.1-70b-q4_k_m"
    (arguments, _, _) = _one(planned(HOSTS, chat=chat(large, engine="localai")))
    assert 0 < arguments.gpu_layers < 81
    mixed = [host("gpu1", "RTX 4090", "A100 80GB PCIe")]
    (arguments, _, _) = _one(planned(mixed, chat=chat(large, engine="localai", gpus=2)))
    assert len(arguments.tensor_split) == 2


def test_safetensors_are_not_for_it() -> None:
    found = refusal(HOSTS, chat=chat("llama-3.1-8b-bf16", engine="localai"))
    assert found.path == "pools.chat.engine"
    assert "no entry in the format that localai reads" in found.found


def test_a_version_that_is_not_known_is_refused_without_a_command_that_cannot_help() -> None:
    asked = environment(HOSTS, {"chat": chat(MODEL, engine="localai")})
    images = {"localai_cuda": Image(reference="localai/localai:v2.16.0-cublas-cuda12")}
    with pytest.raises(Refused) as refused:
        plan_environment(asked.model_copy(update={"images": images}), {})
    (complaint,) = refused.value.complaints
    assert complaint.path == "images.localai_cuda.reference"
    assert complaint.found.startswith("localai 2.16.0 is not known")
    assert complaint.hint == "4.9.0"


def test_its_own_words_stand_in_the_plan() -> None:
    own = {"keys": {"system_prompt": "Hello"}, "web_ui": True}
    plan = planned(HOSTS, chat=chat(MODEL, engine="localai", localai=own))
    words = argument_words(plan.pools[0].replicas[0].arguments)
    assert words["own"] == {**own, "gallery": False}


def test_what_would_fit_is_no_other_engine_where_there_are_words_for_this_one() -> None:
    small = [host("gpu1", "RTX 4090", ram_mib=2048)]
    words = {"engine": "localai", "localai": {}, "context_tokens": 4_000_000}
    assert "engine auto" not in refusal(small, chat=chat("llama-3.1-70b-q4_k_m", **words)).hint
