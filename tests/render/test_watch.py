"""The watch: its words, units that systemd takes, and a program of the kit that any Python runs."""

import ast
import dataclasses
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploys.plan.plan import Plan
from deploys.render.release_watch import program_digest
from deploys.render.watch_program import program
from deploys.settings.hardware import HostHardware
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid
from tests.render.gateway_files import write_files
from tests.render.plans import HOST, small_plan
from tests.render.watch_plans import one_host, texts_on_a_host, two_hosts, watch_texts

PROGRAM = {path.removeprefix("watch/"): file.read_text() for path, file in program("gpus").items()}
SOURCES = {path: PROGRAM[path] for path in PROGRAM.keys() - {"__main__.py", "pynvml.py"}}

GPU = gpu_uuid("gpu1", 0)


def words(plan: Plan, host: str) -> dict[str, Any]:
    """What the program is told."""
    found: dict[str, Any] = json.loads(watch_texts(plan, host)["words.json"])
    return found


def test_without_a_watch_nothing_of_it_is_rendered() -> None:
    found = watch_texts(small_plan(), HOST)
    assert found.keys() == {"release.yaml"}
    assert yaml.safe_load(found["release.yaml"])["watch"] is None


def test_a_gateway_knows_its_pools_and_how_to_ask_each_replica_as_nginx_does() -> None:
    gateway = words(two_hosts(), HOST)["gateway"]
    assert gateway["pools"] == {"chat": ["chat-1", "chat-2"], "rank": ["rank-1"]}
    assert gateway["hosts"] == {"gpu1": "10.0.0.2"}
    assert gateway["replicas"]["chat-1"]["url"] == "http://10.0.0.2:9000/v1/chat/completions"
    assert gateway["replicas"]["rank-1"]["url"] == "http://rank-1:8080/v1/rerank"
    assert json.loads(gateway["replicas"]["chat-1"]["body"])["model"] == "chat"


def test_a_host_with_engines_knows_its_own_and_who_may_ask() -> None:
    found = words(two_hosts(), "gpu1")
    assert found["gateway"] is None
    assert found["engines"] == {
        "project": "homeport-small-gpu_hosts",
        "replicas": {"chat-1": [], "chat-2": []},
        "gateways": [HOST],
        "addresses": {"10.0.0.1": HOST},
    }


def test_only_a_host_that_a_gateway_elsewhere_asks_listens() -> None:
    assert "homeport-watch-small.socket" not in watch_texts(one_host(), HOST)
    assert "homeport-watch-small.socket" not in watch_texts(two_hosts(), HOST)
    socket = watch_texts(two_hosts(), "gpu1")["homeport-watch-small.socket"]
    assert "\nListenStream=10.0.0.2:8999\n" in socket
    assert "\nIPAddressDeny=any\nIPAddressAllow=10.0.0.1\n" in socket


def test_the_manifest_names_every_file_and_the_secret_by_its_reference_alone() -> None:
    found = watch_texts(two_hosts(), "gpu1")
    manifest = yaml.safe_load(found.pop("release.yaml"))
    assert {f"watch/{path}" for path in found} <= manifest["files"].keys()
    assert found.keys() == {*manifest["watch"]["units"], "words.json"}
    assert manifest["watch"]["webhook"] == "env:HOOK"
    assert set(manifest["watch"]["units"]) == {name for name in found if "homeport" in name}
    assert not [path for path, text in found.items() if "env:HOOK" in text]


def test_the_program_is_named_by_one_digest_of_the_kits_files_and_is_not_rendered() -> None:
    plan = two_hosts()
    texts = {host: watch_texts(plan, host) for host in (HOST, "gpu1")}
    watches = {host: yaml.safe_load(text["release.yaml"])["watch"] for host, text in texts.items()}
    assert [path for text in texts.values() for path in text if path in PROGRAM] == []
    assert watches[HOST]["parts"] == ["gateway"]
    assert watches["gpu1"]["parts"] == []
    for watch in watches.values():
        files = program(*watch["parts"])
        listing = "".join(
            f"{hashlib.sha256(files[path].read_bytes()).hexdigest()}  {path}\n"
            for path in sorted(files)
        )
        assert watch["program"] == hashlib.sha256(listing.encode()).hexdigest()


def test_the_digest_says_of_each_file_both_its_place_and_its_content() -> None:
    files = {"watch/a.py": "1" * 64, "watch/b.py": "2" * 64}
    digest = program_digest(files)
    assert program_digest(dict(reversed(files.items()))) == digest
    others = (
        {**files, "watch/b.py": "3" * 64},
        {"watch/a.py": "2" * 64, "watch/b.py": "1" * 64},
        {"watch/a.py": "1" * 64, "watch/c.py": "2" * 64},
        {"watch/a.py": "1" * 64},
        {**files, "watch/c.py": "3" * 64},
    )
    assert digest not in {program_digest(other) for other in others}


def test_a_slice_of_a_gpu_is_watched_by_the_gpu_that_it_is_cut_from() -> None:
    parts = [{"uuid": f"MIG-{x}", "profile": "1g.10gb", "memory_mib": 9856} for x in "ab"]
    plan = _gpu_plan(*parts, used="MIG-b")
    assert words(plan, HOST)["engines"]["replicas"] == {"chat-1": [GPU], "chat-2": []}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")
@pytest.mark.parametrize(("plan", "host"), [(one_host(), HOST), (two_hosts(), "gpu1")])
def test_systemd_finds_nothing_wrong_with_the_units(plan: Plan, host: str, tmp_path: Path) -> None:
    units = {name: text for name, text in watch_texts(plan, host).items() if "homeport-" in name}
    assert units
    write_files(units, tmp_path)
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in units)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "homeport" in line]
    assert (ours, done.returncode) == ([], 0), done.stderr


def test_the_program_runs_from_its_folder_alone(tmp_path: Path) -> None:
    """As systemd calls it; without Docker it says so, and remembers that."""
    folder = tmp_path / "store/releases/one/watch"
    write_files(texts_on_a_host(one_host(), HOST), folder)
    bare = {"PATH": str(tmp_path), "HOME": "/nonexistent"}
    command = [sys.executable, "-I", "-B", str(folder), "run"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=bare)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Docker: says nothing (docker: No such file or directory)" in done.stdout
    assert (tmp_path / "store/state/watch/seen.json").is_file()
    assert not list(folder.rglob("__pycache__"))
    wrong = subprocess.run([*command[:-1], "walk"], capture_output=True, check=False, env=bare)
    assert wrong.returncode == 64


def _gpu_plan(*parts: dict[str, object], used: str) -> Plan:
    """One host whose first replica has a GPU of gpu1's, or a part of it."""
    gpu = {"uuid": GPU, "name": "NVIDIA H100 80GB HBM3", "memory_mib": 81559, "mig": parts}
    hardware = {"cpu": {"physical_cores": 8}, "memory_mib": 65536, "gpus": (gpu,)}
    plan = one_host()
    first, second = plan.host(HOST).replicas
    host = dataclasses.replace(
        plan.host(HOST),
        replicas=(dataclasses.replace(first, gpus=(used,)), second),
        hardware=HostHardware.model_validate(hardware),
    )
    return dataclasses.replace(
        plan, hosts=(host,), images={**plan.images, "llamacpp_cuda": "llama.cpp:cuda"}
    )


def test_a_host_whose_replicas_have_gpus_gets_what_the_checks_of_gpus_are_made_of() -> None:
    checks = {path for path in SOURCES if path.startswith("checks/")} | {"pynvml.py"}
    assert checks <= texts_on_a_host(_gpu_plan(used=GPU), HOST).keys()
    assert not checks & texts_on_a_host(one_host(), HOST).keys()


def test_the_program_reads_gpus_by_nvidias_own_file_from_its_folder_alone(
    fake_libraries: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "store/releases/one/watch"
    write_files(texts_on_a_host(_gpu_plan(used=GPU), HOST), folder)
    FakeDriver(tmp_path / "nvml").has(Gpu("h100", {"field.230": "2"}))
    given = {"PATH": str(tmp_path), "HOMEPORT_LAB_NVML": str(tmp_path / "nvml")}
    command = [sys.executable, "-I", "-S", "-B", str(folder), "run"]
    environment = {**given, "LD_LIBRARY_PATH": str(fake_libraries.parent)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    seen = json.loads((tmp_path / "store/state/watch/seen.json").read_text())
    assert seen["gpus"] == {GPU: "recovery action 2: the driver asks for: reboot of the host"}


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_the_program_needs_python_3_8_its_standard_library_and_itself_alone(source: str) -> None:
    tree = ast.parse(SOURCES[source], feature_version=(3, 8))
    nodes = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {
        name
        for node in nodes
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        )
    }
    ours = {path.removesuffix(".py").replace("/", ".") for path in SOURCES} | {"pynvml"}
    packages = {name.rpartition(".")[0] for name in ours}
    foreign = {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
    # `from package.module import word` names the module, and a word in it.
    unknown = foreign - ours - packages
    assert {name for name in unknown if name.rpartition(".")[0] not in ours} == set()
    if names:
        assert "__future__" in names, "annotations of today stand for themselves in 3.8"
    newer = ("removeprefix", "removesuffix", "strict=", "import StrEnum")
    assert not [word for word in newer if word in SOURCES[source]]
