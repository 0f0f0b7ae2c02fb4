"""A release whose files do not fit on a host's disk: told, and no host is changed."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.pyinfra_run import run_pyinfra
from tests.lab.host import LabHost
from tests.operations.committed_release import commit_release
from tests.operations.store_lab import DIRECTORY, StoreLab

pytestmark = [pytest.mark.docker, pytest.mark.root]

RELEASES = f"{DIRECTORY}/releases"
# Of the files there is one, of 32 KiB.
DISK_KIB = 16
SITE = """\
from pyinfra import local

local.include("deploys/lock.py")
local.include("deploys/releases.py")
local.include("deploys/switch.py")
"""


@pytest.fixture
def fleet(stores: StoreLab) -> Iterator[StoreLab]:
    """Hosts that have a first release, and nothing of it afterwards."""
    (stores.root / "site.py").write_text(SITE)
    commit(stores, "a1")
    assert run_pyinfra(Path(), "lab", "site.py").exit_code == ExitCode.DONE
    yield stores
    for host in stores.lab.hosts:
        host.run(f"umount {RELEASES}; rm -rf {DIRECTORY}", check=False)


def commit(stores: StoreLab, name: str) -> None:
    """A release of one file for each host."""
    text = f"# {name}\n" * 2**13
    for host in stores.lab.hosts:
        digest = hashlib.sha256(text.encode()).hexdigest()
        commit_release(
            stores.root, "lab", host.name, release=name, files={"gpu_hosts/note": digest}
        )
        file = stores.root / "compose" / "lab" / host.name / "gpu_hosts" / "note"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)


def fill(host: LabHost) -> None:
    """Leaves a small disk with what was staged on it."""
    host.run(
        f"mount -t tmpfs -o size={DISK_KIB}k tmpfs {RELEASES} && mkdir {RELEASES}/a1 && "
        f"touch {RELEASES}/a1/release.yaml"
    )


def on_each(stores: StoreLab, command: str) -> list[str]:
    """What a command says on each host."""
    return [host.run(command, check=False) for host in stores.lab.hosts]


def test_a_release_that_does_not_fit_is_told_with_what_it_needs_and_changes_no_host(
    fleet: StoreLab, capfd: pytest.CaptureFixture[str]
) -> None:
    gpu1, hosts = fleet.host("gpu1"), len(fleet.lab.hosts)
    commit(fleet, "a2")
    fill(gpu1)
    assert run_pyinfra(Path(), "lab", "site.py").exit_code == ExitCode.OPERATION_FAILED
    said = capfd.readouterr().err
    assert f"error: release a2 needs 1 MiB below {RELEASES}, and 0 MiB are free there" in said
    assert "hint: make room there" in said
    assert "data-root" not in said
    assert "Traceback" not in said
    assert gpu1.run(f"ls {RELEASES}") == "a1"
    assert on_each(fleet, f"readlink {DIRECTORY}/current") == ["releases/a1"] * hosts
    assert on_each(fleet, f"ls {DIRECTORY}/lock 2>&-") == [""] * hosts
    gpu1.run(f"umount {RELEASES}")
    assert run_pyinfra(Path(), "lab", "site.py").exit_code == ExitCode.DONE
    assert on_each(fleet, f"readlink {DIRECTORY}/current") == ["releases/a2"] * hosts
