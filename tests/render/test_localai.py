"""Pools on LocalAI: a service like the other engines', and files that come by their content."""

import dataclasses
from pathlib import Path

import pytest
import yaml

from deploys.catalogue.model import ModelFile
from deploys.catalogue.store import store_folder
from deploys.cli.stages import run_stages
from deploys.engine_facts.localai_judging import wrong_in_model
from deploys.plan.arguments import LocalAiArguments
from deploys.render.compose import ENGINES
from deploys.render.engines.flags import checked
from deploys.render.engines.service import Entry
from deploys.render.image_tags import built_reference
from deploys.settings.localai import LocalAi
from deploys.settings.refusal import Refused
from tests.environments import ROOT, write_environment
from tests.render.gpu_plans import GPUS, LOCALAI, gpu_files, gpu_plan, gpu_service
from tests.render.localai_plans import FOLDER, PLANS, known, model_files, rendered
from tests.render.plans import MODEL


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
    texts, files = rendered(plan), gpu_files(plan)
    (copy,) = (one for one in files["release"]["models"] if one["name"] == "chat-1-localai")
    assert copy["source"] == f"committed:{FOLDER}/gpu_hosts/localai/chat-1/"
    kept = tuple(ModelFile.model_validate(one) for one in copy["files"])
    for file in kept:
        text = texts[f"{FOLDER}/gpu_hosts/localai/chat-1/{file.name}"]
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
    assert not [path for path in rendered(plan) if "surge" in path]


def test_a_key_and_a_variable_that_the_version_does_not_know_are_notrendered() -> None:
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


def test_a_version_without_facts_is_notrendered() -> None:
    with pytest.raises(Refused) as refused:
        gpu_service(gpu_plan(LOCALAI, version="2.16.0"))
    (complaint,) = refused.value.complaints
    assert str(complaint).startswith("error: deploys/engine_facts/localai/2.16.0.yaml: is missing")


def test_an_environment_on_localai_is_read_planned_andrendered(tmp_path: Path) -> None:
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
        assert wrong_in_model(known(), model) == []
    assert f"{folder}/localai/chat-2/model.yaml" in {one.path for one in stages.pending}
