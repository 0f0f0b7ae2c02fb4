"""Lock, audit log and rollback on two hosts over SSH, as an unprivileged user with sudo."""

import hashlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from deploys.cli.pyinfra_run import Run, run_pyinfra
from deploys.history.holder import Holder, lock_text
from deploys.history.process import Process
from tests.lab.inventory import controller
from tests.lab.lab import Lab, fleet, running_lab
from tests.operations.committed_release import ROOT, commit_release

pytestmark = [pytest.mark.docker, pytest.mark.root]

STORE = "/srv/homeport"
# Left to TCP alone, a host that is gone is waited for a quarter of an hour.
LONGEST_SECONDS = 300
# What site.py does, without what needs Docker.
SITE = """\
from pyinfra import local
from pyinfra.operations import server

local.include("deploys/lock.py")
local.include("deploys/releases.py")
server.shell(name="Do", commands=["if [ -e /tmp/do ]; then sh /tmp/do; fi"])
local.include("deploys/switch.py")
local.include("deploys/prune.py")
"""
STRANGER = Holder(
    "beef", "ana@elsewhere", "apply", "abc", "old", "a try", Process("elsewhere", 1, 2, "3")
)


@pytest.fixture(scope="module")
def started() -> Iterator[Lab]:
    with running_lab("releases", fleet(2, 0)) as lab:
        yield lab


@pytest.fixture
def lab(started: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Two hosts to which nothing was applied; the working directory is their repository."""
    controller(started, tmp_path)
    (tmp_path / "deploys").symlink_to(ROOT / "deploys")
    (tmp_path / "site.py").write_text(SITE)
    monkeypatch.chdir(tmp_path)
    for host in started.hosts:
        host.run(f"rm -rf {STORE} /tmp/do")
    return started


def _commit(**releases: str) -> None:
    """Commits a release of one file for each host."""
    for host, name in releases.items():
        text = f"# {name}\n"
        digest = hashlib.sha256(text.encode()).hexdigest()
        commit_release(Path(), "lab", host, release=name, files={"gpu_hosts/note": digest})
        note = Path("compose/lab", host, "gpu_hosts", "note")
        note.parent.mkdir(exist_ok=True)
        note.write_text(text)


def _apply(**releases: str) -> Run:
    _commit(**releases)
    return run_pyinfra(Path(), "lab", "site.py")


def _current(lab: Lab) -> dict[str, str]:
    read = f"readlink {STORE}/current || true"
    return {host.name: host.run(read).rpartition("/")[2] for host in lab.hosts}


def _outcomes(lab: Lab, host: str) -> list[str]:
    text = lab.host(host).run(f"cat {STORE}/audit.log 2>/dev/null || true")
    return [json.loads(line)["outcome"] for line in text.splitlines()]


def _locked(lab: Lab) -> list[str]:
    looking = f"[ ! -e {STORE}/lock ] || echo locked"
    return [host.name for host in lab.hosts if host.run(looking)]


def test_every_host_is_locked_while_a_run_lasts_and_free_afterwards(lab: Lab) -> None:
    for host in lab.hosts:
        host.run(f"echo 'cp {STORE}/lock /tmp/seen' >/tmp/do")
    assert _apply(gpu1="a1", gpu2="b1").exit_code == ExitCode.DONE
    seen = [json.loads(host.run("tail -n 1 /tmp/seen")) for host in lab.hosts]
    assert [(one["action"], one["release"]) for one in seen] == [("apply", "a1"), ("apply", "b1")]
    assert len({one["run"] for one in seen}) == 1
    assert _locked(lab) == []
    assert [_outcomes(lab, host.name) for host in lab.hosts] == [["switched"], ["switched"]]


def test_a_host_that_fails_leaves_no_lock_on_any(lab: Lab) -> None:
    lab.host("gpu2").run("echo 'false' >/tmp/do")
    assert _apply(gpu1="a1", gpu2="b1").exit_code == ExitCode.OPERATION_FAILED
    assert _locked(lab) == []
    assert _outcomes(lab, "gpu2") == ["failed at Do"]
    assert _outcomes(lab, "gpu1") == ["stopped at Switch to release a1"]


@pytest.mark.parametrize("locked", ["gpu1", "gpu2"])
def test_one_locked_host_keeps_every_host_as_it_is(lab: Lab, locked: str) -> None:
    host = lab.host(locked)
    host.run(f"mkdir -p {STORE}; cat >{STORE}/lock", given=lock_text(STRANGER).encode())
    refused = _apply(gpu1="a1", gpu2="b1")
    assert refused.exit_code == ExitCode.LOCKED
    assert f"{locked} is locked by ana@elsewhere" in refused.explanation
    assert _locked(lab) == [locked]
    assert _current(lab) == {"gpu1": "", "gpu2": ""}
    assert _outcomes(lab, "gpu1") == _outcomes(lab, "gpu2") == []


def test_of_two_runs_that_begin_together_one_gets_every_host(lab: Lab) -> None:
    _commit(gpu1="a1", gpu2="b1")
    for host in lab.hosts:
        host.run("echo 'sleep 3' >/tmp/do")
    code = (
        "import sys; from pathlib import Path; from deploys.cli.pyinfra_run import run_pyinfra; "
        "sys.exit(int(run_pyinfra(Path(), 'lab', 'site.py').exit_code))"
    )
    runs = [subprocess.Popen([ROOT / ".venv/bin/python", "-c", code]) for _ in range(2)]
    assert sorted(run.wait(timeout=60) for run in runs) == [ExitCode.DONE, ExitCode.LOCKED]
    assert _locked(lab) == []


def test_a_lock_is_released_after_the_connection_was_cut(lab: Lab) -> None:
    gpu1 = lab.host("gpu1")
    # Each connection has a process of its own that runs as the operator.
    gpu1.run("echo 'pkill -KILL -u operator sshd' >/tmp/do")
    assert _apply(gpu1="a1", gpu2="b1").exit_code != ExitCode.DONE
    assert _locked(lab) == []
    assert _outcomes(lab, "gpu1") == ["failed at Do"]
    gpu1.run("rm /tmp/do")
    assert _apply(gpu1="a1", gpu2="b1").exit_code == ExitCode.DONE


def test_a_host_that_is_gone_at_the_end_keeps_its_lock_until_the_next_run(lab: Lab) -> None:
    gpu1 = lab.host("gpu1")
    stop = "systemctl stop ssh.socket ssh.service; pkill -KILL -u operator sshd"
    gpu1.run(f"echo '{stop}' >/tmp/do")
    began = time.monotonic()
    assert _apply(gpu1="a1", gpu2="b1").exit_code != ExitCode.DONE
    assert time.monotonic() - began < LONGEST_SECONDS
    assert _locked(lab) == ["gpu1"]
    gpu1.run("rm /tmp/do; systemctl start ssh")
    assert _apply(gpu1="a1", gpu2="b1").exit_code == ExitCode.DONE
    assert _locked(lab) == []
    assert _outcomes(lab, "gpu1")[0] == "died"


def test_a_rollback_leaves_a_host_alone_that_the_last_apply_did_not_change(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    for releases in ({"gpu1": "a1", "gpu2": "b1"}, {"gpu1": "a2", "gpu2": "b2"}, {"gpu1": "a3"}):
        assert _apply(**releases).exit_code == ExitCode.DONE
    assert exit_code(["rollback", "lab"]) == ExitCode.DONE
    assert _current(lab) == {"gpu1": "a2", "gpu2": "b2"}
    assert "gpu1: a3 -> a2" in capsys.readouterr().out
    assert exit_code(["rollback", "lab"]) == ExitCode.DONE
    assert _current(lab) == {"gpu1": "a1", "gpu2": "b1"}
    assert exit_code(["rollback", "lab", "a3"]) == ExitCode.DONE
    assert _current(lab) == {"gpu1": "a3", "gpu2": "b2"}
    assert exit_code(["releases", "lab"]) == ExitCode.DONE
    assert _locked(lab) == []


def test_one_host_of_a_fleet_can_go_back_alone_and_an_apply_brings_it_again(lab: Lab) -> None:
    for releases in ({"gpu1": "a1", "gpu2": "b1"}, {"gpu1": "a2", "gpu2": "b2"}):
        assert _apply(**releases).exit_code == ExitCode.DONE
    assert exit_code(["rollback", "lab", "--limit", "gpu2"]) == ExitCode.DONE
    assert _current(lab) == {"gpu1": "a2", "gpu2": "b1"}
    # gpu2 is in the fleet that the others would go back to.
    assert exit_code(["rollback", "lab"]) == ExitCode.DONE
    assert _current(lab) == {"gpu1": "a1", "gpu2": "b1"}
    assert _apply().exit_code == ExitCode.DONE
    assert _current(lab) == {"gpu1": "a2", "gpu2": "b2"}
    assert _outcomes(lab, "gpu1") == ["switched"] * 4


def test_breaking_locks_works_over_ssh_too(lab: Lab) -> None:
    for host in lab.hosts:
        host.run(f"mkdir -p {STORE}; cat >{STORE}/lock", given=lock_text(STRANGER).encode())
    _commit(gpu1="a1", gpu2="b1")
    assert exit_code(["unlock", "lab"]) == ExitCode.CONFIRMATION_NEEDED
    assert _locked(lab) == ["gpu1", "gpu2"]
    assert exit_code(["unlock", "lab", "--yes"]) == ExitCode.DONE
    assert _locked(lab) == []
