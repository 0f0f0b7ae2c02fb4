"""Engines on GPUs: exactly the planned devices, and every number of the plan as a flag."""

import dataclasses
import itertools

import pytest

from deploys.catalogue.model import ModelFile
from deploys.catalogue.store import store_folder
from deploys.plan.arguments import LlamaCppArguments, VllmArguments
from deploys.plan.memory.estimate import DeviceEstimate, Range
from deploys.plan.plan import Plan
from deploys.render.engines import vllm
from deploys.render.files import render_environment
from deploys.render.release import Access
from deploys.settings.vllm import Vllm
from tests.environments import ROOT
from tests.render.gpu_plans import (
    ADAPTERS,
    CHECKPOINT,
    GPUS,
    ON_GPUS,
    VLLM,
    gpu_files,
    gpu_plan,
    gpu_service,
)
from tests.render.plans import ARGUMENTS, HOST, MODEL


def _flags(plan: Plan) -> dict[str, str]:
    """Flag -> the word after it."""
    return dict(itertools.pairwise([*gpu_service(plan)["command"], ""]))


@pytest.mark.parametrize("arguments", [ON_GPUS, VLLM], ids=["llamacpp", "vllm"])
def test_a_service_reserves_exactly_its_gpus_by_uuid(
    arguments: LlamaCppArguments | VllmArguments,
) -> None:
    (device,) = gpu_service(gpu_plan(arguments))["deploy"]["resources"]["reservations"]["devices"]
    assert device == {
        "driver": "cdi",
        "device_ids": [f"nvidia.com/gpu={uuid}" for uuid in GPUS],
        "capabilities": ["gpu"],
    }


def test_a_service_in_ram_reserves_nothing_and_says_so_to_the_engine() -> None:
    plan = gpu_plan(ARGUMENTS, gpus=())
    service = gpu_service(plan)
    assert not {"deploy", "cpuset", "environment"} & service.keys()
    assert service["image"] == "homeport/llamacpp:1"
    assert _flags(plan)["--device"] == "none"


def test_a_service_is_kept_to_the_numa_node_of_its_gpus() -> None:
    assert (
        gpu_service(gpu_plan(ON_GPUS, numa_node=1, cpuset="16-31,48-63"))["cpuset"] == "16-31,48-63"
    )


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
        environment = gpu_service(gpu_plan(arguments))["environment"]
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


def test_eager_execution_compiles_not_even_single_functions() -> None:
    for eager, said in ((True, "1"), (False, None)):
        files = gpu_files(gpu_plan(dataclasses.replace(VLLM, eager=eager)))
        environment = files["compose"]["services"]["chat-1"]["environment"]
        assert environment.get("TORCH_COMPILE_DISABLE") == said


def test_adapters_are_folders_of_the_store_that_vllm_serves_by_name() -> None:
    own = Vllm(adapters=("support", "legal"))
    plan = gpu_plan(dataclasses.replace(VLLM, own=own, adapter_rank=32), CHECKPOINT)
    files = gpu_files(plan)
    service = files["compose"]["services"]["chat-1"]
    words = service["command"]
    at = words.index("--lora-modules")
    assert words[at - 1] == "--enable-lora"
    assert words[at + 1 : at + 3] == ["support=/adapters/support", "legal=/adapters/legal"]
    flags = _flags(plan)
    assert (flags["--max-loras"], flags["--max-lora-rank"]) == ("2", "32")
    assert flags["--served-model-name"] == "chat"
    rendered = render_environment(plan, Access(clients={}), ROOT / "templates")
    assert '"~^support\\z" "chat";' in rendered[f"nginx/small/{HOST}/models.conf"]
    mounts = {one["target"]: one["source"] for one in service["volumes"] if one["type"] == "bind"}
    stored = {one["name"]: one for one in files["release"]["models"]}
    model = plan.pools[0].model_name
    for name, adapter in ADAPTERS.items():
        place = f"../../models/{store_folder(adapter.files)}"
        assert mounts[f"/adapters/{name}"] == place
        assert stored[f"{model}-{name}"]["source"] == adapter.source


def test_a_pool_without_adapters_keeps_none_of_its_entry() -> None:
    files = gpu_files(gpu_plan(VLLM, CHECKPOINT))
    assert len(files["release"]["models"]) == 1
    assert "--enable-lora" not in files["compose"]["services"]["chat-1"]["command"]


def test_memory_is_locked_without_a_limit_where_gpus_talk_to_each_other() -> None:
    """Who starts the container needs the right to raise limits for it, which not every host has."""
    alone = dataclasses.replace(VLLM, tensor_parallel=1)
    assert gpu_service(gpu_plan(VLLM))["ulimits"] == {"memlock": -1, "nofile": 65536}
    assert gpu_service(gpu_plan(alone, gpus=GPUS[:1]))["ulimits"] == {"nofile": 65536}


def test_vllm_calls_nobody_and_compiles_once() -> None:
    compose = gpu_files(gpu_plan(VLLM))["compose"]
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
    grace = int(gpu_service(plan)["stop_grace_period"].removesuffix("s"))
    assert grace >= int(_flags(plan)["--shutdown-timeout"]) + 30


def test_a_large_model_has_time_to_load_before_it_counts_as_ill() -> None:
    seconds = int(
        gpu_service(gpu_plan(VLLM, CHECKPOINT))["healthcheck"]["start_period"].rstrip("s")
    )
    assert seconds == vllm.COMPILE_SECONDS + 20 * 1024 // 100
    assert gpu_service(gpu_plan(VLLM))["healthcheck"]["test"][:2] == ["CMD", "python3"]


def test_a_model_of_several_files_is_one_folder_inside() -> None:
    mounts = [
        (mount["source"], mount["target"])
        for mount in gpu_service(gpu_plan(VLLM, CHECKPOINT))["volumes"]
        if mount["type"] == "bind"
    ]
    assert mounts == [(f"../../models/{store_folder(CHECKPOINT.every_file)}", "/models")]


def test_a_projector_lies_beside_its_model_and_is_named() -> None:
    projector = ModelFile(name="mmproj.gguf", size_bytes=5, sha256="f" * 64)
    plan = gpu_plan(ON_GPUS, MODEL.model_copy(update={"projector": projector}))
    assert _flags(plan)["--mmproj"] == "/models/mmproj.gguf"
    (mount,) = gpu_service(plan)["volumes"]
    (copy,) = gpu_files(plan)["release"]["models"]
    assert [file["name"] for file in copy["files"]] == ["tiny.gguf", "mmproj.gguf"]
    assert mount["source"] == f"../../models/{store_folder((*MODEL.files, projector))}"


def test_the_manifest_carries_what_is_expected_of_each_gpu_and_its_image() -> None:
    parts = {"weights": Range(5000, 5000), "process": Range(482, 533.6), "margin": Range(900, 900)}
    memory = (DeviceEstimate("GPU0", parts), DeviceEstimate("GPU1", parts))
    release = gpu_files(gpu_plan(ON_GPUS, memory=memory, gpu_name="NVIDIA L4"))["release"]
    (replica,) = release["replicas"]
    assert (replica["gpu_name"], replica["gpu_layers"]) == ("NVIDIA L4", 33)
    assert [device["gpu"] for device in replica["devices"]] == list(GPUS)
    assert replica["devices"][0]["expected_mib"] == {"weights": 5000.0, "process": 482.0}
    images = {image["name"]: image["build"] for image in release["images"]}
    assert images == {"llamacpp_cuda": None, "nginx": None}
