"""systemd gets the watch of the current release, and loses it again, by real pyinfra."""

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploys.cli.pyinfra_run import Run, run_pyinfra
from deploys.questions.watch import unit_names
from tests.operations.committed_release import INVENTORY, ROOT, commit_release, write_release

pytestmark = [pytest.mark.root, pytest.mark.deploys]

TIMER, SERVICE, SOCKET, ANSWER = unit_names("small")
ADDRESS = "https://hooks.example/s3cret"
# What is asked of a unit is answered by what was told last: a file for each that runs and starts.
SYSTEMCTL = """\
#!/bin/bash
cd {root}/systemd || exit 1
unit=${{@: -1}}
case "$1" in
  is-active) [ -e "$unit.runs" ] && echo active || echo inactive ;;
  is-enabled) [ -e "$unit.starts" ] && echo enabled || echo disabled ;;
  show) echo success ;;
  enable) echo "$*" >>told; touch "$unit.starts" ;;
  restart) echo "$*" >>told; touch "$unit.runs" ;;
  disable) echo "$*" >>told; rm -f "$unit.runs" "$unit.starts" ;;
  *) echo "$*" >>told ;;
esac
"""
# The operations as they are, with units in a folder of the test's and a systemd that is PID 1.
SITE = """\
import os
from dataclasses import replace
from pyinfra import local
from deploys.facts.docker import DockerHost
from deploys.operations import watch
from deploys.questions import watch as questions

questions.UNITS = {units!r}
asked = watch.once


def once(host, fact, **words):
    found = asked(host, fact, **words)
    return replace(found, systemd=not os.environ.get("NO_SYSTEMD")) if fact is DockerHost else found


watch.once = once
local.include("deploys/watch.py")
"""


@dataclass(frozen=True)
class Host:
    """This machine, with its systemd somewhere else."""

    root: Path

    @property
    def units(self) -> dict[str, str]:
        """Unit -> text, of those that systemd has."""
        return {path.name: path.read_text() for path in sorted((self.root / "units").iterdir())}

    def told(self) -> list[str]:
        """What systemd was told since the last time."""
        file = self.root / "systemd" / "told"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

    def commit(self, *units: str, text: str = "1", webhook: str | None = None) -> None:
        """A release with these units, which is current on the host already."""
        files = {f"watch/{unit}": f"{unit} {text}\n" for unit in units}
        write_release(self.root, files=files, inventory=INVENTORY)
        watch = {"units": units, "look_seconds": 15, "webhook": webhook} if units else None
        digests = {
            path: hashlib.sha256(found.encode()).hexdigest() for path, found in files.items()
        }
        commit_release(self.root, "small", "localhost", files=digests, watch=watch)
        for path, found in files.items():
            place = self.root / "store" / "current" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(found)

    def run(self) -> Run:
        """deploys/watch.py."""
        return run_pyinfra(self.root, "small", "site.py")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """Nothing watches it yet."""
    (tmp_path / "deploys").symlink_to(ROOT / "deploys")
    (tmp_path / "site.py").write_text(SITE.format(units=str(tmp_path / "units")))
    for folder in ("bin", "systemd", "units", "store/secrets"):
        (tmp_path / folder).mkdir(parents=True)
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.write_text(SYSTEMCTL.format(root=tmp_path))
    systemctl.chmod(systemctl.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{systemctl.parent}:/usr/sbin:/usr/bin:/sbin:/bin")
    return Host(tmp_path)


def test_systemd_has_exactly_the_units_of_the_current_release(host: Host) -> None:
    host.commit(TIMER, SERVICE, SOCKET, ANSWER)
    assert host.run().changed
    assert host.units.keys() == {TIMER, SERVICE, SOCKET, ANSWER}
    assert host.told() == [
        "daemon-reload",
        *(f"{word} {unit}" for unit in (TIMER, SOCKET) for word in ("enable --quiet", "restart")),
    ]
    assert not host.run().changed
    host.commit(TIMER, SERVICE, text="2")
    assert host.run().changed
    assert host.units == {TIMER: f"{TIMER} 2\n", SERVICE: f"{SERVICE} 2\n"}
    assert host.told()[0] == f"disable --quiet --now {SOCKET}"
    host.commit()
    assert host.run().changed
    assert host.units == {}
    assert host.told() == [
        f"disable --quiet --now {TIMER}",
        f"stop {SERVICE}",
        f"reset-failed {SERVICE}",
        "daemon-reload",
    ]
    assert not host.run().changed


def test_a_unit_that_was_changed_or_stopped_by_hand_is_put_right(host: Host) -> None:
    host.commit(TIMER, SERVICE)
    host.run()
    (host.root / "units" / SERVICE).write_text("[Service]\n")
    assert host.run().changed
    assert host.units[SERVICE] == f"{SERVICE} 1\n"
    (host.root / "systemd" / f"{TIMER}.runs").unlink()
    assert host.run().changed
    assert not host.run().changed


def test_the_webhooks_address_lies_in_a_0600_file_and_nowhere_else(
    host: Host, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOOK", ADDRESS)
    host.commit(TIMER, SERVICE, webhook="env:HOOK")
    run = host.run()
    secret = host.root / "store" / "secrets" / "watch"
    assert secret.read_text() == f"{ADDRESS}\n"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert run.changed
    assert not host.run().changed
    host.commit(TIMER, SERVICE)
    assert host.run().changed
    assert not secret.exists()
    monkeypatch.setenv("HOOK", "ftp://hooks.example/s3cret")
    host.commit(TIMER, SERVICE, webhook="env:HOOK")
    refused = host.run()
    assert refused.exit_code == 1
    said = "".join(capfd.readouterr())
    assert "it leads to no http or https address" in said
    assert "s3cret" not in said


def test_a_host_without_systemd_is_refused_with_what_helps(
    host: Host, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_SYSTEMD", "1")
    host.commit(TIMER, SERVICE)
    assert host.run().exit_code == 1
    assert "the watch needs systemd, which is not PID 1 here" in "".join(capfd.readouterr())
    assert host.units == {}
