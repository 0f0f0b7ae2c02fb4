"""The verb `canary` where something is amiss: gateways, shares, and its own words."""

from typing import Any

import pytest

from checks.canary import trial
from checks.probes.host import Unreachable, ask_all
from deploys.cli import canary_steps
from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from deploys.cli.pyinfra_run import Run
from deploys.render.release_gateway import CanaryRelease
from deploys.settings.canary import Canary
from tests.cli.canary_gateway import Gateway, status


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


def test_a_gateway_that_gives_no_answer_keeps_nobody_from_ending_it(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code(["canary", "lab", "start"])

    def ask(*arguments: Any) -> dict[str, Any]:  # noqa: ANN401
        return {**ask_all(*arguments), "gate2": Unreachable("gate2", "no route")}

    monkeypatch.setattr(trial, "ask_all", ask)
    gateway.logs(candidate_errors=0.01)
    assert exit_code(["canary", "lab", "advance"]) == ExitCode.HOST_UNREACHABLE
    assert exit_code(["canary", "lab", "status"]) == ExitCode.HOST_UNREACHABLE
    assert gateway.runs == [10]
    assert "gate2 is unreachable: no route" in capsys.readouterr().err
    gateway.logs(candidate_errors=0.06)
    assert exit_code(["canary", "lab", "advance"]) == ExitCode.HOST_UNREACHABLE
    told = capsys.readouterr().err
    assert "`homeport canary lab abort` again when it is back" in told
    assert "ended by evidence: errors" in told
    assert exit_code(["canary", "lab", "abort"]) == ExitCode.HOST_UNREACHABLE
    assert gateway.runs == [10, 0, 0]


def test_a_trial_beside_another_one_is_named_by_what_ends_it(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    released = gateway.deployment.release.gateway
    assert released is not None
    words = CanaryRelease(model="old", words=Canary(candidate="chat"))
    both = {"canaries": {"old": words, "other": words}}
    gateway.deployment.commit(gateway=released.model_copy(update=both))
    exit_code(["canary", "lab", "start", "--pool", "old"])
    assert exit_code(["canary", "lab", "start", "--pool", "old"]) == ExitCode.REFUSED
    assert "`homeport canary lab abort --pool old` ends it" in capsys.readouterr().err
    assert exit_code(["canary", "lab", "abort", "--pool", "old"]) == 0
    exit_code(["canary", "lab", "status", "--pool", "old"])
    assert "next: `homeport canary lab start --pool old`" in capsys.readouterr().out


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
