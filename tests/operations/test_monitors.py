"""What monitors get before they start: secrets that they alone read, and folders of their own."""

import stat
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.pyinfra_run import run_pyinfra
from deploys.operations.secret_file import GATEWAY_UID
from tests.operations.trial import make_trial

PASSWORD = "correct-horse"
WEBHOOK = "https://hooks.example/T0/B0"
DEPLOY = """\
from deploys.operations import monitors
from deploys.operations.manifest import host_directory
from deploys.render.release_monitors import MonitorsRelease
from pyinfra import host

monitors.prepared(
    name="Prepare",
    directory=host_directory(host),
    released=MonitorsRelease(
        image="none",
        folders=("state/monitors/prometheus", "state/monitors/grafana"),
        password="env:GRAFANA_PASSWORD",
        webhook="env:ALERT_URL",
        prometheus="127.0.0.1:9090",
        targets=1,
        alerts=1,
    ),
)
"""


@pytest.mark.root
@pytest.mark.deploys
def test_monitors_get_secrets_and_folders_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAFANA_PASSWORD", PASSWORD)
    monkeypatch.setenv("ALERT_URL", WEBHOOK)
    trial = make_trial(tmp_path)
    (tmp_path / "prepare.py").write_text(DEPLOY)
    runs = [run_pyinfra(tmp_path, "small", "prepare.py") for _ in range(2)]
    assert [run.exit_code for run in runs] == [ExitCode.DONE] * 2
    assert [bool(run.changed) for run in runs] == [True, False]
    secrets = trial.store / "secrets" / "monitors"
    texts = {path.name: path.read_text() for path in secrets.iterdir()}
    assert texts == {"grafana-password": f"{PASSWORD}\n", "webhook": f"{WEBHOOK}\n"}
    for path in (*secrets.iterdir(), *(trial.store / "state" / "monitors").iterdir()):
        assert path.stat().st_uid == GATEWAY_UID
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    # Where the link to the current files is made by the switch.
    assert (trial.store / "monitors").is_dir()


@pytest.mark.root
@pytest.mark.deploys
def test_a_secret_that_is_missing_fails_the_host_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRAFANA_PASSWORD", PASSWORD)
    monkeypatch.delenv("ALERT_URL", raising=False)
    make_trial(tmp_path)
    (tmp_path / "prepare.py").write_text(DEPLOY)
    run = run_pyinfra(tmp_path, "small", "prepare.py")
    assert run.exit_code == ExitCode.OPERATION_FAILED
    said = "".join(capfd.readouterr())
    assert "env:ALERT_URL: is not set" in said
    assert PASSWORD not in said
