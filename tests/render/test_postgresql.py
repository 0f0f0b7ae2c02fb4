"""The rendered vector store: confined like all services, private, and its memory shared out."""

import hashlib
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml

from deploys.cli.plan_text import store_words
from deploys.plan.plan import Plan
from deploys.render.files import render_environment
from deploys.render.release import Access, Release
from deploys.settings.hardware import Cpu, HostHardware
from deploys.settings.refusal import Refused
from tests.environments import ROOT
from tests.render.plans import HOST
from tests.render.retrieval_plans import store_plan

FOLDER = f"compose/small/{HOST}/vector_stores"


def _files(plan: Plan) -> dict[str, str]:
    return render_environment(plan, Access(clients={}), ROOT / "templates")


def _service(plan: Plan) -> dict[str, Any]:
    text = _files(plan)[f"{FOLDER}/compose.yaml"]
    service: dict[str, Any] = yaml.safe_load(text)["services"]["postgresql"]
    return service


def _release(plan: Plan) -> Release:
    text = _files(plan)[f"compose/small/{HOST}/release.yaml"]
    return Release.model_validate(yaml.safe_load(text), strict=False)


def _settings(plan: Plan) -> dict[str, str]:
    text = _files(plan)[f"{FOLDER}/postgresql.conf"]
    return dict(re.findall(r"^(\w+) = '?([^'\n]*)'?$", text, re.MULTILINE))


def test_the_store_has_no_more_rights_than_it_needs() -> None:
    service = _service(store_plan())
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["user"] == "10001:10001"
    writable = [one["target"] for one in service["volumes"] if not one["read_only"]]
    assert writable == ["/var/lib/postgresql/data"]


def test_the_store_is_published_only_where_the_inventory_says_so() -> None:
    assert "ports" not in _service(store_plan())
    published = store_plan(address="10.0.0.9", port=6000)
    assert _service(published)["ports"] == ["10.0.0.9:6000:5432"]
    released = _release(published).retrieval
    assert released is not None
    assert released.published == "10.0.0.9:6000"


def test_no_way_leads_out_of_the_stores_network() -> None:
    networks = yaml.safe_load(_files(store_plan())[f"{FOLDER}/compose.yaml"])["networks"]
    option = "com.docker.network.bridge.enable_ip_masquerade"
    assert networks["store"]["driver_opts"] == {option: "false"}


@pytest.mark.parametrize(("memory_mib", "connections"), [(512, 8), (2048, 40), (65_536, 1000)])
def test_the_parts_of_the_stores_memory_are_within_its_limit(
    memory_mib: int, connections: int
) -> None:
    plan = store_plan(memory_mib=memory_mib, connections=connections)
    settings = _settings(plan)
    names = ("shared_buffers", "maintenance_work_mem", "work_mem")
    pages, index, sort = (int(settings[name].removesuffix("MB")) for name in names)
    assert pages + index + max(sort * connections, memory_mib // 8) <= memory_mib * 7 // 8 or (
        # A megabyte for each of very many connections is PostgreSQL's business, not ours.
        sort == 1
    )
    assert _service(plan)["mem_limit"] == _service(plan)["memswap_limit"] == f"{memory_mib}m"
    assert int(_service(plan)["shm_size"].removesuffix("m")) >= index


def test_another_file_of_the_stores_is_another_container() -> None:
    labels = [_service(store_plan(connections=n))["labels"] for n in (40, 41)]
    for label in ("homeport.files-sha256", "homeport.config-sha256"):
        assert labels[0][label] != labels[1][label]


def test_a_failed_statement_is_logged_without_its_text() -> None:
    settings = _settings(store_plan())
    assert settings["log_min_error_statement"] == "panic"
    assert settings["log_error_verbosity"] == "terse"


def test_no_rendered_file_holds_a_password() -> None:
    for path, text in _files(store_plan()).items():
        assert not re.search(r"password\s*[:=]\s*['\"]?[A-Za-z0-9]{8,}", text), path


def test_the_release_names_the_model_whose_vectors_a_collection_holds() -> None:
    released = _release(store_plan()).retrieval
    assert released is not None
    one = released.collections["texts"]
    assert (one.pool, one.model, one.revision) == ("public-vectors", "tiny-embedding", "0" * 64)
    assert (one.dimension, one.distance, one.index.kind) == (64, "cosine", "hnsw")


def test_every_migration_is_shipped_as_it_is_and_numbered_without_a_gap() -> None:
    source = ROOT / "templates" / "compose" / "vector_stores" / "migrations"
    names = sorted(path.name for path in source.iterdir())
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    plan = store_plan()
    released = _release(plan)
    assert released.retrieval is not None
    assert released.retrieval.migrations == tuple(f"vector_stores/migrations/{n}" for n in names)
    for path in released.retrieval.migrations:
        text = (source / path.rpartition("/")[2]).read_bytes()
        assert released.files[path] == hashlib.sha256(text).hexdigest()


def test_vectors_wider_than_an_index_takes_are_refused() -> None:
    with pytest.raises(Refused, match=r"2560 numbers of single precision; hnsw takes 2000"):
        store_plan(collection={"dimension": 2560})
    for words in ({"numbers": "half"}, {"index": {"kind": "flat"}}):
        released = _release(store_plan(collection={"dimension": 2560, **words})).retrieval
        assert released is not None
        assert released.collections["texts"].dimension == 2560


def test_a_host_without_the_role_gets_no_store() -> None:
    plan = store_plan()
    other = replace(plan.hosts[0], roles=("gpu_hosts", "gateways"))
    plan = replace(plan, hosts=(other,))
    assert not [path for path in _files(plan) if "vector_stores" in path]
    assert _release(plan).retrieval is None


def test_an_apply_asks_the_host_for_the_stores_memory_too() -> None:
    plan = store_plan(memory_mib=1024)
    hardware = HostHardware(cpu=Cpu(physical_cores=2), memory_mib=4096)
    host = replace(plan.hosts[0], hardware=hardware)
    expected = _release(replace(plan, hosts=(host,))).hardware
    assert expected is not None
    assert expected.memory_mib == 256 + 1024


def test_a_plan_says_where_the_store_is_and_whose_vectors_it_holds() -> None:
    assert list(store_words(store_plan(address="10.0.0.9"))) == [
        f"vector store on {HOST}: 2,048 MiB, published 10.0.0.9:5432",
        "  texts: public-vectors, 64 numbers (single), hnsw, by cosine",
    ]
    assert not list(store_words(replace(store_plan(), retrieval=None)))
