"""The verbs `verify` and `drift`: real pyinfra inventory, real subprocess, fake Docker."""

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from deploys.cli.drift import drift
from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from deploys.cli.verify import verify
from deploys.settings.inventory import UnknownEnvironment
from tests.checks.deployment import Deployment


@pytest.mark.deploys
@pytest.mark.usefixtures("deployment")
def test_verify_ends_with_0_when_all_is_true(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # An operator's own settings of pytest leave no check out.
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k no_such_check")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")

    assert verify("lab", junit=Path("report.xml")) == ExitCode.DONE

    assert "checks passed" in capsys.readouterr().out
    assert len(list(ElementTree.parse("report.xml").iter("testcase"))) > 30  # noqa: S314


@pytest.mark.deploys
def test_verify_ends_with_5_and_tells_each_failure(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.docker.containers["chat-2"]["State"]["Health"]["Status"] = "unhealthy"
    deployment.docker.write()

    assert verify("lab", as_json=True) == ExitCode.VERIFICATION_FAILED

    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["exit_code"]) == (1, 5)
    assert document["counts"]["failed"] == 2
    # Nobody has asked for it.
    assert not (deployment.root / ".homeport/reports").exists()
    failed = {check["check"] for check in document["checks"] if check["result"] == "failed"}
    assert failed == {"every container is healthy", "the host is what was committed"}


@pytest.mark.deploys
def test_verify_and_drift_end_with_4_when_a_host_is_unreachable(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    program = deployment.docker.folder / "timeout"
    program.write_text("#!/bin/sh\necho no route to host >&2\nexit 127\n")
    program.chmod(0o755)

    assert verify("lab") == ExitCode.HOST_UNREACHABLE
    assert drift("lab", as_json=True) == ExitCode.HOST_UNREACHABLE
    captured = capsys.readouterr()
    assert "UNREACHABLE" in captured.out
    assert '"unreachable": [\n    {\n      "host": "localhost"' in captured.out
    assert "no route to host" in captured.err


def test_verify_refuses_an_environment_that_was_not_rendered(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(deployment.root / "compose")

    assert exit_code(["verify", "lab"]) == ExitCode.REFUSED
    assert "error: compose/lab/localhost/release.yaml: cannot be read" in capsys.readouterr().err


@pytest.mark.usefixtures("deployment")
def test_an_unknown_environment_is_misuse() -> None:
    for verb in (verify, drift):
        with pytest.raises(UnknownEnvironment, match="environments here: lab"):
            verb("production")


def test_drift_ends_with_0_or_2(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    assert drift("lab") == ExitCode.DONE
    assert "1 host is what was committed" in capsys.readouterr().out

    (deployment.current / "nginx/nginx.conf").write_text("by hand\n")
    assert drift("lab") == ExitCode.CHANGES_PENDING
    assert "nginx/nginx.conf" in capsys.readouterr().out

    assert drift("lab", as_json=True) == ExitCode.CHANGES_PENDING
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["what"] == "file nginx/nginx.conf"


def test_drift_says_plainly_which_release_a_host_runs_after_a_rollback(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.commit(release="ba9876543210")
    assert drift("lab") == ExitCode.CHANGES_PENDING
    said = capsys.readouterr().out
    assert "localhost runs release 0123456789ab; the commit is release ba9876543210" in said


def test_drift_lists_what_is_drained_and_takes_it_for_no_drift(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.drain("chat-2", "operator")

    assert drift("lab") == ExitCode.DONE
    told = "localhost: chat-2 is drained by op@desk (a noisy fan)"
    assert told in capsys.readouterr().out
    assert drift("lab", as_json=True) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out)["drained"] == [
        {
            "gateway": "localhost",
            "replica": "chat-2",
            "mark": "operator",
            "by": "op@desk (a noisy fan)",
        }
    ]


def test_drift_tells_a_stand_in_that_serves_from_what_is_drained(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.drain("chat-1-surge", "serves")

    assert drift("lab", as_json=True) == ExitCode.DONE
    found = json.loads(capsys.readouterr().out)
    assert found["drained"] == []
    assert [one["replica"] for one in found["standing_in"]] == ["chat-1-surge"]
    drift("lab")
    assert "localhost: chat-1-surge serves, let in by a run of op@desk" in capsys.readouterr().out
