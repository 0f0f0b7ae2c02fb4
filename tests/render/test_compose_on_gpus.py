"""Engines on GPUs: exactly the planned devices, and every number of the plan as a flag."""

import dataclasses
import itertools
from typing import Any

import pytest
import yaml

from deploys.catalogue.model import ModelFile
from deploys.catalogue.store import store_folder
from deploys.plan.arguments import LlamaCppArguments, VllmArguments
from deploys.plan.memory.estimate import DeviceEstimate, Range
from deploys.plan.plan import Plan
from deploys.questions.engine_answers import served
from deploys.render.compose import ENGINES
from deploys.render.engines import vllm
from deploys.render.engines.flags import checked
from deploys.render.engines.service import Argument
from deploys.render.files import render_environment
from deploys.render.release import Access
from deploys.settings.refusal import Refused
from deploys.settings.routing import Kind, Routing
from deploys.settings.vllm import Vllm
from tests.environments import ROOT
from tests.render.gpu_plans import CHECKPOINT, GPUS, ON_GPUS, VLLM, gpu_plan
from tests.render.plans import ARGUMENTS, HOST, MODEL


def _files(plan: Plan) -> dict[str, Any]:
    rendered = render_environment(plan, Access(clients={}), ROOT / "templates")
    folder = f"compose/small/{HOST}"
    compose = yaml.safe_load(rendered[f"{folder}/gpu_hosts/compose.yaml"])
    return {"compose": compose, "release": yaml.safe_load(rendered[f"{folder}/release.yaml"])}


def _service(plan: Plan) -> dict[str, Any]:
    service: dict[str, Any] = _files(plan)["compose"]["services"]["chat-1"]
    return service


def _flags(plan: Plan) -> dict[str, str]:
    """Flag -> the word after it."""
    return dict(itertools.pairwise([*_service(plan)["command"], ""]))


@pytest.mark.parametrize("arguments", [ON_GPUS, VLLM], ids=["llamacpp", "vllm"])
def test_a_service_reserves_exactly_its_gpus_by_uuid(
    arguments: LlamaCppArguments | VllmArguments,
) -> None:
    (device,) = _service(gpu_plan(arguments))["deploy"]["resources"]["reservations"]["devices"]
    assert device == {
        "driver": "cdi",
        "device_ids": [f"nvidia.com/gpu={uuid}" for uuid in GPUS],
        "capabilities": ["gpu"],
    }


def test_a_service_in_ram_reserves_nothing_and_says_so_to_the_engine() -> None:
    plan = gpu_plan(ARGUMENTS, gpus=())
    service = _service(plan)
    assert not {"deploy", "cpuset", "environment"} & service.keys()
    assert service["image"] == "homeport/llamacpp:1"
    assert _flags(plan)["--device"] == "none"


def test_a_service_is_kept_to_the_numa_node_of_its_gpus() -> None:
    assert _service(gpu_plan(ON_GPUS, numa_node=1, cpuset="16-31,48-63"))["cpuset"] == "16-31,48-63"


def test_llama_server_is_told_what_lies_where() -> None:
    flags = _flags(gpu_plan(ON_GPUS))
    expected = {
        "--gpu-layers": "33",
        "--split-mode": "layer",
        "--tensor-split": "1,0.75",
        "--n-cpu-moe": "4",
        "--threads": "8",
        "--fit": "off",
    }
    assert {flag: flags[flag] for flag in expected} == expected
    assert "--device" not in flags


def test_llama_server_on_one_gpu_splits_nothing() -> None:
    flags = _flags(gpu_plan(dataclasses.replace(ON_GPUS, tensor_split=()), gpus=GPUS[:1]))
    assert (flags["--split-mode"], flags["--main-gpu"]) == ("none", "0")
    assert "--tensor-split" not in flags


def test_gpus_are_counted_as_the_plan_counts_them() -> None:
    for arguments in (ON_GPUS, VLLM):
        environment = _service(gpu_plan(arguments))["environment"]
        assert environment["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


def test_every_number_of_the_plan_is_a_flag_of_vllm() -> None:
    flags = _flags(gpu_plan(VLLM, CHECKPOINT))
    expected = {
        "--served-model-name": "chat",
        "--dtype": "bfloat16",
        "--tensor-parallel-size": "2",
        "--max-model-len": "8192",
        "--max-num-seqs": "64",
        "--max-num-batched-tokens": "8192",
        "--gpu-memory-utilization": "0.9",
        "--kv-cache-dtype": "bfloat16",
        "--load-format": "safetensors",
    }
    assert {flag: flags[flag] for flag in expected} == expected
    assert {"--no-enforce-eager", "--enable-prefix-caching"} < flags.keys()
    assert next(iter(flags)) == "/models"


def test_a_pinned_pool_and_eager_execution_are_flags_too() -> None:
    flags = _flags(gpu_plan(dataclasses.replace(VLLM, kv_cache_bytes=2**30, eager=True)))
    assert flags["--kv-cache-memory-bytes"] == str(2**30)
    assert "--enforce-eager" in flags


def test_vllm_calls_nobody_and_compiles_once() -> None:
    compose = _files(gpu_plan(VLLM))["compose"]
    service = compose["services"]["chat-1"]
    offline = {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "VLLM_NO_USAGE_STATS", "DO_NOT_TRACK"}
    assert all(service["environment"][name] == "1" for name in offline)
    assert compose["volumes"] == {"vllm-cache-0.33.0": {}}
    caches = [mount for mount in service["volumes"] if mount["type"] == "volume"]
    assert [mount["target"] for mount in caches] == ["/home/vllm/.cache"]
    assert service["shm_size"] == "8192m"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["user"] == "2000:0"


def test_an_answer_of_vllm_may_end_before_its_container_is_killed() -> None:
    plan = gpu_plan(VLLM)
    grace = int(_service(plan)["stop_grace_period"].removesuffix("s"))
    assert grace >= int(_flags(plan)["--shutdown-timeout"]) + 30


def test_a_large_model_has_time_to_load_before_it_counts_as_ill() -> None:
    seconds = int(_service(gpu_plan(VLLM, CHECKPOINT))["healthcheck"]["start_period"].rstrip("s"))
    assert seconds == vllm.COMPILE_SECONDS + 20 * 1024 // 100
    assert _service(gpu_plan(VLLM))["healthcheck"]["test"][:2] == ["CMD", "python3"]


def test_a_model_of_several_files_is_one_folder_inside() -> None:
    mounts = [
        (mount["source"], mount["target"])
        for mount in _service(gpu_plan(VLLM, CHECKPOINT))["volumes"]
        if mount["type"] == "bind"
    ]
    assert mounts == [(f"../../models/{store_folder(CHECKPOINT.every_file)}", "/models")]


def test_a_projector_lies_beside_its_model_and_is_named() -> None:
    projector = ModelFile(name="mmproj.gguf", size_bytes=5, sha256="f" * 64)
    plan = gpu_plan(ON_GPUS, MODEL.model_copy(update={"projector": projector}))
    assert _flags(plan)["--mmproj"] == "/models/mmproj.gguf"
    (mount,) = _service(plan)["volumes"]
    (copy,) = _files(plan)["release"]["models"]
    assert [file["name"] for file in copy["files"]] == ["tiny.gguf", "mmproj.gguf"]
    assert mount["source"] == f"../../models/{store_folder((*MODEL.files, projector))}"


def test_the_manifest_carries_what_is_expected_of_each_gpu_and_its_image() -> None:
    parts = {"weights": Range(5000, 5000), "process": Range(482, 533.6), "margin": Range(900, 900)}
    memory = (DeviceEstimate("GPU0", parts), DeviceEstimate("GPU1", parts))
    release = _files(gpu_plan(ON_GPUS, memory=memory, gpu_name="NVIDIA L4"))["release"]
    (replica,) = release["replicas"]
    assert (replica["gpu_name"], replica["gpu_layers"]) == ("NVIDIA L4", 33)
    assert [device["gpu"] for device in replica["devices"]] == list(GPUS)
    assert replica["devices"][0]["expected_mib"] == {"weights": 5000.0, "process": 482.0}
    images = {image["name"]: image["build"] for image in release["images"]}
    assert images == {"llamacpp_cuda": None, "nginx": None}


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
        found: list[str] = _service(dataclasses.replace(plan, pools=(pool,)))["command"]
        assert served(found).kind == kind
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
    service = _service(gpu_plan(dataclasses.replace(VLLM, own=own, prefix_caching=False)))
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
    words = set(_service(gpu_plan(VLLM))["command"])
    assert "none.invalid" in words
    assert not {"--tool-call-parser", "--speculative-config", "--limit-mm-per-prompt"} & words


def test_a_version_without_facts_is_not_rendered() -> None:
    with pytest.raises(Refused) as refused:
        _service(gpu_plan(VLLM, version="0.12.0"))
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
