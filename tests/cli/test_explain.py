"""The verb `explain`: a log from a file or standard input, what it says, and how that ends."""

import gzip
import io
import json
import re
from pathlib import Path

import pytest

from deploys.cli.main import exit_code
from deploys.settings import inventory

ROOT = Path(__file__).resolve().parents[2]
LOG = ROOT / "tests" / "causes" / "vllm-20305.log"
HEALTHY = ROOT / "tests" / "checks" / "engine_logs" / "llamacpp-b11669-cpu.log"
HOST = {
    "name": "gpu1",
    "groups": ["gpu_hosts", "prod"],
    "data": {"pools": {"chat": {"model": "tiny-random"}}, "ssh_user": "operator"},
}


class _Pasted:
    """Standard input with a log."""

    def __init__(self, log: bytes) -> None:
        self.buffer = io.BufferedReader(io.BytesIO(log))


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose environment `prod` says its pools in line 3."""
    (tmp_path / "deploys").mkdir()
    words = tmp_path / "inventories" / "group_data" / "prod.py"
    words.parent.mkdir(parents=True)
    words.write_text('# words\n\npools = {"chat": {"model": "tiny-random"}}\n')
    (tmp_path / "inventories" / "prod.py").write_text('gpu_hosts = ["gpu1"]\n')
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: [HOST])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_is_told_with_cause_evidence_and_what_to_change(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(["explain", str(LOG)]) == 0
    told = capsys.readouterr().out
    first, evidence, *_ = told.splitlines()
    assert first.startswith("1. other processes hold GPU memory that vLLM is to take (31.44 of")
    assert evidence.startswith("   line 2: [multiproc_executor.py:492] ValueError: Free memory")
    setting = "inventories/group_data/ENV.py: pools.POOL.gpu_memory_utilization: lower"
    assert f"   remedy: {setting}" in told
    assert "2. follows from 1: the engine ended" in told


@pytest.mark.usefixtures("environment")
def test_an_environment_and_a_pool_are_named_by_file_and_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--environment", "prod", "--pool", "chat"]
    assert exit_code(["explain", str(LOG), *words]) == 0
    told = capsys.readouterr().out
    setting = "inventories/group_data/prod.py:3: pools.chat.gpu_memory_utilization: lower"
    assert f"   remedy: {setting}" in told
    assert "   remedy: `homeport verify prod`: check_gpus names" in told


def test_what_is_pasted_is_told_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    exit_code(["explain", str(LOG)])
    by_file = capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", _Pasted(LOG.read_bytes()))
    assert exit_code(["explain", "-"]) == 0
    assert capsys.readouterr().out == by_file


def test_a_program_gets_it_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["explain", str(LOG), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told["findings"]] == [
        "gpu_memory_held_by_others",
        "engine_ended",
    ]
    assert told["versions"] == {"vllm": "0.9.1"}


def test_a_log_of_what_runs_well_ends_with_0_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(["explain", str(HEALTHY)]) == 0
    assert re.fullmatch(r"nothing in its \d+ lines looks like an error\n", capsys.readouterr().out)


def test_an_unknown_error_ends_with_1_and_says_what_next(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", _Pasted(b"INFO begins\npanic: index out of range\n"))
    assert exit_code(["explain", "-"]) == 1
    told = capsys.readouterr().out
    assert "no rule knows what this log says" in told
    assert "line 2: panic: index out of range" in told
    assert "next: read on from the first of these lines" in told


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot be read: No such file or directory"),
        (gzip.compress(bytes(range(256)) * 20), "is no text"),
    ],
    ids=["a missing file", "a compressed one"],
)
def test_what_cannot_be_read_is_refused_with_a_hint(
    content: bytes | None, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "engine.log.gz"
    if content is not None:
        log.write_bytes(content)
    assert exit_code(["explain", str(log)]) == 7
    told = capsys.readouterr().err
    assert f"error: {log}" in told
    assert complaint in told
    assert "hint: " in told
    assert content is None or f"`zcat {log} | homeport explain -`" in told


@pytest.mark.usefixtures("environment")
def test_a_pool_that_the_environment_does_not_have_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(["explain", str(LOG), "--environment", "prod", "--pool", "chatt"]) == 7
    told = capsys.readouterr().err
    assert "error: --pool: `prod` has no pool `chatt`" in told
    assert "chat" in told.partition("hint: ")[2]


def test_a_name_is_told_letter_by_letter(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["explain", str(LOG), "--pool", r"\1"]) == 0
    assert r"pools.\1." in capsys.readouterr().out


def test_the_readmes_sample_is_explained() -> None:
    found = re.findall(r"homeport (explain [^#\n]+?) +#", (ROOT / "README.md").read_text())
    assert found
    for words in found:
        name, file, *options = words.split()
        assert exit_code([name, str(ROOT / file), *options]) == 0
