"""The verb `calibrate`: engines' own words by way of a fake Docker, and the file it writes."""

import json
from pathlib import Path

import pytest

from deploys.cli.main import exit_code
from deploys.settings import inventory
from tests.checks.deployment import Deployment, deploy
from tests.checks.fake_docker import LOG, FakeEngine

FILE = Path("inventories/calibration/lab.yaml")
HOST = {"name": "@local", "groups": ["lab"], "data": {"directory": ".homeport/lab"}}


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Everything deployed as committed; chat-2 takes more than was planned."""
    found = deploy(tmp_path)
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: [HOST])
    monkeypatch.setenv("PATH", f"{found.docker.folder}:/usr/local/bin:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    found.docker.engines["chat-2"] = FakeEngine(log=LOG.replace("0.85", "3.85"))
    found.docker.write()
    return found


@pytest.mark.usefixtures("deployment")
def test_what_differs_is_shown_and_what_was_measured_is_stored(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(["calibrate", "lab"]) == 0
    told = capsys.readouterr().out
    assert "CPU compute buffer" in told
    assert "3.85 MiB" in told
    assert "next: homeport plan lab" in told
    assert "compute_buffer: 3.0" in FILE.read_text()


@pytest.mark.usefixtures("deployment")
def test_a_second_time_nothing_is_new_and_the_file_stays_as_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exit_code(["calibrate", "lab"])
    before = FILE.read_bytes()
    assert exit_code(["calibrate", "lab"]) == 0
    assert "nothing new" in capsys.readouterr().out
    assert FILE.read_bytes() == before


@pytest.mark.usefixtures("deployment")
def test_a_dry_run_says_that_there_is_something_and_writes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(["calibrate", "lab", "--dry", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["hosts"]["localhost"][0]["corrections_mib"] == {"CPU": {"compute_buffer": 3.0}}
    assert not FILE.exists()


def test_engines_whose_start_is_forgotten_teach_nothing(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in deployment.docker.engines:
        deployment.docker.engines[name] = FakeEngine(log="slot release: id 0\n")
    deployment.docker.write()
    assert exit_code(["calibrate", "lab"]) == 1
    assert "localhost: chat-1: its log no longer holds its start" in capsys.readouterr().err
    assert not FILE.exists()


def test_a_host_that_does_not_answer_keeps_what_was_measured(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code(["calibrate", "lab"])
    before = FILE.read_bytes()
    timeout = deployment.docker.folder / "timeout"
    timeout.write_text("#!/bin/sh\necho no route to host >&2; exit 127\n")
    timeout.chmod(0o755)
    assert exit_code(["calibrate", "lab"]) == 4
    assert "no route to host" in capsys.readouterr().err
    assert FILE.read_bytes() == before


@pytest.mark.usefixtures("deployment")
def test_a_malformed_file_is_refused_before_anything_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    FILE.parent.mkdir(parents=True)
    FILE.write_text("hosts: {localhost: [{engine: vllm}]}")
    assert exit_code(["calibrate", "lab"]) == 7
    assert "error: inventories/calibration/lab.yaml: hosts.localhost.0" in capsys.readouterr().err
