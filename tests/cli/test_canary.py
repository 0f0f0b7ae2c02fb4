"""The verb `canary`: step by step, by evidence, and by a watch."""

import time

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from tests.cli.canary_gateway import Gateway, status


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
    assert (status(capsys)["percent"], status(capsys)["agree"]) == (0, True)
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
