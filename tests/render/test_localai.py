"""Pools on LocalAI: a service, and a model file that says every number of the plan."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploys.catalogue.model import ModelFile
from deploys.catalogue.store import store_folder
from deploys.cli.stages import run_stages
from deploys.engine_facts.facts import facts_of
from deploys.engine_facts.judging import wrong
from deploys.engine_facts.localai_facts import LocalAiFacts, localai_facts
from deploys.engine_facts.localai_judging import wrong_in_environment, wrong_in_model
from deploys.plan.arguments import LocalAiArguments
from deploys.plan.plan import Plan
from deploys.render.compose import ENGINES
from deploys.render.engines.flags import checked
from deploys.render.engines.llamacpp import arguments as llama_server
from deploys.render.engines.service import Entry
from deploys.render.files import render_environment
from deploys.render.image_tags import built_reference
from deploys.render.release import Access
from deploys.settings.engine_versions import PINNED
from deploys.settings.localai import LocalAi
from deploys.settings.refusal import Refused
from deploys.settings.routing import Kind, Routing
from tests.environments import ROOT, write_environment
from tests.lab.localai import backend
from tests.render.gpu_plans import GPUS, LOCALAI, gpu_files, gpu_plan, gpu_service
from tests.render.plans import ARGUMENTS, HOST, MODEL

IN_RAM = LocalAiArguments(**vars(ARGUMENTS))
ONE_GPU = dataclasses.replace(LOCALAI, tensor_split=())
FOLDER = f"compose/small/{HOST}"


def _facts() -> LocalAiFacts:
    facts = localai_facts(PINNED["localai"])
    assert facts is not None
    return facts


def _rendered(plan: Plan) -> dict[str, str]:
    return render_environment(plan, Access(clients={}), ROOT / "templates")


def model_files(plan: Plan) -> dict[str, dict[str, Any]]:
    """File name -> what stands in it, of its one replica."""
    folder = f"{FOLDER}/gpu_hosts/localai/chat-1/"
    return {
        path.removeprefix(folder): yaml.safe_load(text)
        for path, text in _rendered(plan).items()
        if path.startswith(folder)
    }


def with_routing(plan: Plan, **words: object) -> Plan:
    """The plan with other routing words of its pool."""
    pool = dataclasses.replace(plan.pools[0], routing=Routing.model_validate(words))
    return dataclasses.replace(plan, pools=(pool,))


PLANS = {
    "two gpus": gpu_plan(LOCALAI),
    "one gpu": gpu_plan(ONE_GPU, gpus=GPUS[:1]),
    "in ram": gpu_plan(IN_RAM, gpus=()),
    "embeddings": with_routing(gpu_plan(IN_RAM, gpus=()), kind="embeddings"),
    "reranking": with_routing(gpu_plan(IN_RAM, gpus=()), kind="reranking"),
    "other names": with_routing(gpu_plan(LOCALAI), aliases=("gpt-4", "org/model:7b")),
}


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_every_file_and_variable_is_known_to_the_pinned_version(plan: Plan) -> None:
    for document in model_files(plan).values():
        assert wrong_in_model(_facts(), document) == []
    environment = gpu_service(plan)["environment"]
    assert list(wrong_in_environment(_facts(), environment)) == []


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


def test_nothing_is_fetched_shown_or_guessed_unless_asked_for() -> None:
    closed = gpu_service(gpu_plan(LOCALAI))["environment"]
    for name in ("GALLERY_ENDPOINT", "WEBUI", "RUNTIME_SETTINGS", "AGENTS", "MCP", "GUESSING"):
        assert closed[f"LOCALAI_DISABLE_{name}"] == "true"
    for name in ("AUTOLOAD_GALLERIES", "AUTOLOAD_BACKEND_GALLERIES", "WATCHDOG_BUSY"):
        assert closed[f"LOCALAI_{name}"] == "false"
    assert closed["LOCALAI_GALLERIES"] == closed["LOCALAI_BACKEND_GALLERIES"] == "[]"
    assert "LOCALAI_API_KEY" not in closed
    own = LocalAi(web_ui=True, gallery=True)
    opened = gpu_service(gpu_plan(dataclasses.replace(LOCALAI, own=own)))["environment"]
    assert opened["LOCALAI_DISABLE_WEBUI"] == "false"
    assert opened["LOCALAI_DISABLE_GALLERY_ENDPOINT"] == "false"
    assert opened["LOCALAI_AUTOLOAD_BACKEND_GALLERIES"] == "true"
    assert "LOCALAI_GALLERIES" not in opened


def test_the_model_is_in_memory_before_it_counts_as_ready() -> None:
    service = gpu_service(gpu_plan(LOCALAI))
    assert service["environment"]["LOCALAI_LOAD_TO_MEMORY"] == "chat"
    # With 1 it would not be loaded at the start.
    assert service["environment"]["LOCALAI_MAX_ACTIVE_BACKENDS"] == "0"
    assert service["healthcheck"]["test"][-1] == "http://127.0.0.1:8080/readyz"
    large = MODEL.model_copy(
        update={"files": (MODEL.files[0].model_copy(update={"size_bytes": 200 * 2**30}),)}
    )
    waits = model_files(gpu_plan(LOCALAI, large))["model.yaml"]["grpc"]
    assert waits["attempts"] * waits["attempts_sleep_time"] > 200 * 1024 // 100


def test_its_container_has_no_more_rights_than_others() -> None:
    service = gpu_service(gpu_plan(LOCALAI))
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["user"] == "10001:10001"
    assert service["image"] == "homeport/localai_cuda:1"
    assert service["command"] == ["run"]
    assert [one.partition(":")[0] for one in service["tmpfs"]] == ["/tmp", "/models"]
    written = ("BACKENDS", "CONFIG_DIR", "DATA", "GENERATED_CONTENT", "UPLOAD")
    for name, value in service["environment"].items():
        if any(name.startswith(f"LOCALAI_{one}") for one in written) and value.startswith("/"):
            assert value.startswith("/tmp/") or name == "LOCALAI_BACKENDS_SYSTEM_PATH"


def test_its_files_come_from_the_hosts_store_by_their_content() -> None:
    plan = PLANS["other names"]
    rendered, files = _rendered(plan), gpu_files(plan)
    (copy,) = (one for one in files["release"]["models"] if one["name"] == "chat-1-localai")
    assert copy["source"] == f"committed:{FOLDER}/gpu_hosts/localai/chat-1/"
    kept = tuple(ModelFile.model_validate(one) for one in copy["files"])
    for file in kept:
        text = rendered[f"{FOLDER}/gpu_hosts/localai/chat-1/{file.name}"]
        assert file.size_bytes == len(text.encode())
    mounts = {one["target"]: one for one in gpu_service(plan)["volumes"]}
    assert mounts["/models/weights"]["source"] == f"../../models/{store_folder(MODEL.every_file)}"
    for file in kept:
        source = f"../../models/{store_folder(kept)}/{file.name}"
        assert mounts[f"/models/{file.name}"]["source"] == source
    assert all(one["read_only"] for one in mounts.values())
    assert "gpu_hosts/localai/chat-1/model.yaml" in files["release"]["files"]


def test_another_number_is_another_file_and_so_another_container() -> None:
    def config(arguments: LocalAiArguments) -> str:
        return str(gpu_service(gpu_plan(arguments))["labels"]["homeport.config-sha256"])

    assert config(LOCALAI) == config(dataclasses.replace(LOCALAI))
    assert config(LOCALAI) != config(dataclasses.replace(LOCALAI, gpu_layers=12))


def test_a_stand_in_reads_the_files_of_its_replica() -> None:
    plan = gpu_plan(LOCALAI, gpus=GPUS[:1])
    (replica,) = plan.pools[0].replicas
    second = dataclasses.replace(replica, name="chat-1-surge", gpus=GPUS[1:])
    plan = dataclasses.replace(plan, stand_ins={"chat-1": second})
    services = gpu_files(plan)["compose"]["services"]
    volumes = {name: services[name]["volumes"] for name in ("chat-1", "chat-1-surge")}
    assert volumes["chat-1"] == volumes["chat-1-surge"]
    assert list(model_files(plan)) == ["model.yaml"]
    assert not [path for path in _rendered(plan) if "surge" in path]


def test_a_key_and_a_variable_that_the_version_does_not_know_are_not_rendered() -> None:
    plan = gpu_plan(LOCALAI)
    (pool,) = plan.pools
    (replica,) = pool.replicas
    service = ENGINES["localai"](pool, replica)
    files = {"model.yaml": [*service.files["model.yaml"], Entry("n_gpu_layers", 33)]}
    environment = {**service.environment, "LOCALAI_TREADS": "8"}
    broken = dataclasses.replace(service, files=files, environment=environment)
    with pytest.raises(Refused) as refused:
        checked("localai", replica, broken)
    variable, key = refused.value.complaints
    assert key.path == "chat-1.n_gpu_layers"
    assert "drops it silently" in key.found
    assert variable.hint == "did you mean `LOCALAI_THREADS`?"


def test_a_version_without_facts_is_not_rendered() -> None:
    with pytest.raises(Refused) as refused:
        gpu_service(gpu_plan(LOCALAI, version="2.16.0"))
    (complaint,) = refused.value.complaints
    assert str(complaint).startswith("error: deploys/engine_facts/localai/2.16.0.yaml: is missing")


def test_an_environment_on_localai_is_read_planned_and_rendered(tmp_path: Path) -> None:
    own = {"keys": {"parameters": {"top_p": 0.9}}}
    pool = {"model": "tiny-random", "engine": "localai", "context_tokens": 512, "localai": own}
    pools = {"chat": {**pool, "slots": 2, "replicas": 2}}
    stages = run_stages(write_environment(tmp_path, {"pools": pools}), "small")
    image = stages.plan.images["localai"]
    assert image == built_reference("localai", ROOT / "deploys" / "images")
    folder = "compose/small/localhost/gpu_hosts"
    release = yaml.safe_load(stages.files["compose/small/localhost/release.yaml"])
    assert {"name": "localai", "reference": image, "build": {"context": "localai"}} in (
        release["images"]
    )
    for name in ("chat-1", "chat-2"):
        model = yaml.safe_load(stages.files[f"{folder}/localai/{name}/model.yaml"])
        assert (model["context_size"], model["parameters"]["top_p"]) == (1024, 0.9)
        assert "parallel:2" in model["options"]
        assert wrong_in_model(_facts(), model) == []
    assert f"{folder}/localai/chat-2/model.yaml" in {one.path for one in stages.pending}
