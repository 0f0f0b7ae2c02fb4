"""What is asked with `homeport plan` and `homeport estimate`, as a shell sees it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from tests.environments import POOL, write_environment

HOSTS = ("alpha", "beta")
INVENTORY = f"""\
small = {[(name, {"address": f"10.0.0.{number}"}) for number, name in enumerate(HOSTS, 1)]}
gpu_hosts = {list(HOSTS)}
gateways = ["alpha"]
"""
CASE: dict[str, Any] = {
    "id": "one",
    "engine": "llama.cpp",
    "version": "pinned",
    "quant": "Q4_K_M",
    "arch": {"arch": "llama", "L": 32, "d": 4096, "h": 32, "kv": 8, "hd": 128, "ff": 14336}
    | {"V": 128256},
    "config": {"ctx": 8192, "gpus": ["RTX 4090"]},
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two hosts without a GPU, and a second model; the working directory of the test."""
    pools = {"chat": {**POOL, "replicas": 2}, "other": POOL}
    write_environment(tmp_path, {"pools": pools}, inventory=INVENTORY)
    hardware = {"cpu": {"physical_cores": 2}, "memory_mib": 4096, "gpus": []}
    file = tmp_path / "inventories" / "hardware" / "small.yaml"
    file.write_text(json.dumps({"hosts": dict.fromkeys(HOSTS, hardware)}))
    catalogue = tmp_path / "inventories" / "models.yaml"
    words = yaml.safe_load(catalogue.read_text())
    words["models"]["second"] = words["models"]["tiny-random"]
    catalogue.write_text(yaml.safe_dump(words))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """A file with one case."""
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([CASE]))
    return path


def _asked(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert exit_code(["plan", "small", *options, "--json"]) == ExitCode.DONE
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert answer["pending"] is None
    return answer


def _hosts(answer: dict[str, Any]) -> set[str]:
    return {replica["host"] for replica in answer["replicas"]}


@pytest.mark.usefixtures("root")
def test_without_a_host_its_replicas_are_planned_onto_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(["plan", "small", "--json"]) == ExitCode.CHANGES_PENDING
    assert _hosts(json.loads(capsys.readouterr().out)) == set(HOSTS)
    answer = _asked(capsys, "--without", "beta")
    assert _hosts(answer) == {"alpha"}
    assert len(answer["replicas"]) == 3


@pytest.mark.usefixtures("root")
def test_with_gpus_a_context_and_a_model_each_pool_is_planned_as_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ("--context", "2048", "--context", "chat=1024")
    answer = _asked(capsys, "--gpu", "L4x2", "--gpu", "RTX 4090", *options)
    contexts = {one["pool"]: one["arguments"]["context_tokens"] for one in answer["replicas"]}
    assert contexts == {"chat": 1024, "other": 2048}
    assert all(one["gpus"][0]["outcome"] == "fits" for one in answer["replicas"])
    models = {
        one["name"]: one["model"] for one in _asked(capsys, "--model", "other=second")["pools"]
    }
    assert models == {"chat": "tiny-random", "other": "second"}


@pytest.mark.parametrize(
    ("options", "error", "hint"),
    [
        (["--without", "bta"], "--without: there is no host `bta`", "did you mean `beta`?"),
        (
            ["--without", "alpha", "--without", "beta"],
            "--without: no host is left to run engines",
            "leave one of gpu_hosts",
        ),
        (["--context", "chat=many"], "--context: found 'many'", "tokens of one request"),
        (["--model", "chat=tiny"], "--model: `tiny` is not in the catalogue", "known here: "),
        (
            ["--gpu", "RTX 4091"],
            "--gpu: `RTX 4091` is not in deploys/plan/gpus.yaml",
            "known here: A10",
        ),
        (["--context", "16000000"], "cannot hold", "nearest that fit, each by itself: "),
    ],
)
@pytest.mark.usefixtures("root")
def test_a_question_without_an_answer_is_7(
    options: list[str], error: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["plan", "small", *options, "--json"]) == ExitCode.REFUSED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert error in printed.err
    assert f"hint: {hint}" in printed.err


def test_an_estimate_prints_its_parts_and_nothing_beside_the_json(
    cases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["estimate", str(cases), "--json"]) == ExitCode.DONE
    printed = capsys.readouterr()
    (answer,) = json.loads(printed.out)
    assert answer["devices"][0]["parts_mib"]["kv_cache"] == {"expected": 1024, "upper": 1024}
    assert printed.err == ""


def test_the_command_itself_ends_with_7_and_names_every_complaint(cases: Path) -> None:
    cases.write_text(json.dumps([{**CASE, "engine": "tgi", "config": {"ctx": -5}}]))
    homeport = str(Path(sys.executable).with_name("homeport"))
    command = [homeport, "estimate", str(cases), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (ExitCode.REFUSED, "")
    assert f"error: {cases}: 0.engine: " in done.stderr
    assert f"error: {cases}: 0.config.ctx: " in done.stderr
    assert "Traceback" not in done.stderr
