"""The verb `canary`: a gateway's log and state by way of a fake Docker, set by the real script."""

import json
import random
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploys.cli import canary_steps
from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from deploys.cli.pyinfra_run import Run
from deploys.history.words import CANARY
from deploys.operations.host_script import SCRIPTS
from deploys.questions.canaries import parse_shares, question, read_share, share_file
from deploys.render.release_gateway import CanaryRelease
from deploys.settings import inventory
from deploys.settings.canary import Canary
from tests.checks.canary.test_sample import line
from tests.checks.deployment import Deployment, deploy

HOST = {"name": "@local", "groups": ["lab"], "data": {"directory": ".homeport/lab"}}


@dataclass
class Gateway:
    """One gateway of pool `old`, whose candidate is `chat`, and what pyinfra would do to it."""

    deployment: Deployment
    runs: list[int]
    """Per cent of each run."""

    @property
    def state(self) -> Path:
        """Its folder."""
        return self.deployment.directory / "state" / "gateway"

    def says(self, loaded: str) -> None:
        """What nginx says at /revision."""
        text = json.dumps({"revision": "x", **({"canaries": loaded} if loaded else {})})
        (self.deployment.docker.folder / "revision").write_text(text)

    def run(self, *_: object, words: Mapping[str, str], **__: object) -> Run:
        """As deploys/canary.py does it."""
        share = read_share(words[CANARY])
        self.runs.append(share.percent)
        text = [share_file(share, "ana@desk")] if share.percent else []
        script = (SCRIPTS / "set-canary").read_text()
        directory = str(self.deployment.directory)
        subprocess.run(
            ["bash", "-c", script, "set-canary", directory, share.pool, *text], check=True
        )
        asked = ["sh", "-c", question(str(self.state))]
        told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        shares = parse_shares(told.splitlines())
        self.says(f"old={shares['old'].loaded if shares else '0'}")
        return Run(ExitCode.DONE, dry=False, changed=["Set the candidate's share"])

    def logs(self, *, candidate_errors: float, requests: int = 2000) -> None:
        """Half of the requests to each arm; every hundredth of the stable one fails."""
        rng, lines = random.Random(1), []
        for number in range(requests):
            arm = "candidate" if number % 2 else "stable"
            failed = rng.random() < (candidate_errors if number % 2 else 0.01)
            words = {"arm": arm, "drawn": arm, "pool": "old", "status": 500 if failed else 200}
            lines.append(line(time=f"{number:09}", **words))
        (self.deployment.docker.folder / "id-nginx.log").write_text("\n".join(lines) + "\n")


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """Everything as committed, and no share yet."""
    found = deploy(tmp_path)
    assert found.release.gateway is not None
    words = CanaryRelease(model="old", words=Canary(candidate="chat"))
    found.commit(gateway=found.release.gateway.model_copy(update={"canaries": {"old": words}}))
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: [HOST])
    monkeypatch.setenv("PATH", f"{found.docker.folder}:/usr/local/bin:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    one = Gateway(found, [])
    one.says("old=0")
    one.logs(candidate_errors=0.01, requests=20)
    monkeypatch.setattr(canary_steps, "run_pyinfra", one.run)
    return one


def status(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What `homeport canary lab status --json` says."""
    capsys.readouterr()
    exit_code(["canary", "lab", "status", "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_good_candidate_goes_step_by_step_to_all_and_is_then_made_the_stable_one(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["canary", "lab", "start"]) == 0
    gateway.logs(candidate_errors=0.01)
    assert [exit_code(["canary", "lab", "advance"]) for _ in range(3)] == [0, 0, 0]
    assert gateway.runs == [10, 25, 50, 100]
    assert exit_code(["canary", "lab", "advance"]) == 0
    assert gateway.runs == [10, 25, 50, 100]
    assert "In the inventory take pool `old` out" in capsys.readouterr().out
    assert "give `chat` its public name" in status(capsys)["next"]


def test_too_few_requests_are_refused_with_how_many_more_it_takes(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code(["canary", "lab", "start", "--steps", "20,100"])
    assert exit_code(["canary", "lab", "advance"]) == ExitCode.REFUSED
    assert "too early to go on from 20 %: about 190 more requests" in capsys.readouterr().err
    assert gateway.runs == [20]
    found = status(capsys)
    assert (found["percent"], found["steps"], found["verdict"]) == (20, [20, 100], "waits")
    assert found["gates"][1]["words"].startswith("10 of the candidate, 10 of the stable arm")


def test_evidence_ends_it_at_once(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code(["canary", "lab", "start"])
    gateway.logs(candidate_errors=0.06)
    assert exit_code(["canary", "lab", "status"]) == ExitCode.VERIFICATION_FAILED
    assert gateway.runs == [10]
    assert exit_code(["canary", "lab", "advance"]) == ExitCode.ROLLED_BACK
    assert gateway.runs == [10, 0]
    assert "ended by evidence" in capsys.readouterr().err
    assert not (gateway.state / "canaries" / "old.conf").exists()
    assert exit_code(["canary", "lab", "abort"]) == 0
    assert gateway.runs == [10, 0]


def test_an_engine_that_crashed_is_evidence(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code(["canary", "lab", "start"])
    docker = gateway.deployment.docker
    docker.containers["chat-1"]["RestartCount"] = 1
    docker.containers["chat-1"]["State"]["StartedAt"] = "2999-01-01T00:00:00.123456789Z"
    docker.write()
    gateway.says(f"old={status(capsys)['gateways'][0]['written']}")
    assert exit_code(["canary", "lab", "advance"]) == ExitCode.ROLLED_BACK
    assert "chat-1 has crashed, 1 times in all" in capsys.readouterr().err


def test_a_watch_drives_all_steps(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        gateway.logs(candidate_errors=0.01, requests=20 if len(slept) == 1 else 2000)

    monkeypatch.setattr(time, "sleep", sleep)
    assert exit_code(["canary", "lab", "start", "--watch", "--every", "5"]) == 0
    assert gateway.runs == [10, 25, 50, 100]
    assert slept == [5, 5, 5, 5]


def test_a_watch_ends_with_what_ended_the_trial(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: gateway.logs(candidate_errors=0.06))
    assert exit_code(["canary", "lab", "start", "--watch"]) == ExitCode.ROLLED_BACK
    assert gateway.runs == [10, 0]


def test_a_gateway_that_goes_by_another_share_is_told_and_brought_back(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code(["canary", "lab", "start"])
    gateway.says("old=0")
    found = status(capsys)
    assert found["agree"] is False
    assert found["gates"] == []
    assert exit_code(["canary", "lab", "advance"]) == 0
    assert gateway.runs == [10, 10]
    assert status(capsys)["agree"] is True


@pytest.mark.parametrize(
    ("arguments", "loaded", "told"),
    [
        (["advance"], "old=0", "no share is set"),
        (["start"], "", "serves no release with this candidate"),
        (["start", "--pool", "chat"], "old=0", "pool `chat` has no candidate"),
        (["start", "--pool", "odl"], "old=0", "there is no pool `odl`\nhint: did you mean `old`?"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_changed(
    gateway: Gateway,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    loaded: str,
    told: str,
) -> None:
    gateway.says(loaded)
    assert exit_code(["canary", "lab", *arguments]) == ExitCode.REFUSED
    assert told in capsys.readouterr().err
    assert gateway.runs == []


def test_a_second_start_is_refused(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code(["canary", "lab", "start"])
    assert exit_code(["canary", "lab", "start"]) == ExitCode.REFUSED
    assert "10 % of `old` go to `chat`" in capsys.readouterr().err
    assert gateway.runs == [10]


def test_an_environment_without_candidates_says_so(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.deployment.commit()
    assert exit_code(["canary", "lab", "status"]) == ExitCode.REFUSED
    assert "no pool has a candidate" in capsys.readouterr().err


def test_a_share_that_nginx_does_not_go_by_is_an_error(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*_: object, **words: Any) -> Run:  # noqa: ANN401
        gateway.run(**words)
        gateway.says("old=0")
        return Run(ExitCode.DONE, dry=False)

    monkeypatch.setattr(canary_steps, "run_pyinfra", run)
    assert exit_code(["canary", "lab", "start"]) == ExitCode.OPERATION_FAILED
    assert "not every gateway goes by the new share" in capsys.readouterr().err


@pytest.mark.usefixtures("gateway")
@pytest.mark.parametrize("words", [["abort", "--watch"], ["start", "--json"], ["go"]])
def test_words_that_do_not_belong_to_an_action_are_misuse(words: list[str]) -> None:
    assert exit_code(["canary", "lab", *words]) == ExitCode.MISUSE


@pytest.mark.parametrize("steps", ["", "0,100", "50,10", "10,10", "10,200", "10;20", "a"])
def test_steps_that_are_none_are_misuse(gateway: Gateway, steps: str) -> None:
    assert exit_code(["canary", "lab", "start", "--steps", steps]) == ExitCode.MISUSE
    assert gateway.runs == []
