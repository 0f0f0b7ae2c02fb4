"""An environment on this machine without Docker: releases of one file, brought by real pyinfra."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploys.cli.pyinfra_run import Run, run_pyinfra
from deploys.history.words import LOCKING
from tests.lab.waiting import until
from tests.operations import killed_run
from tests.operations.committed_release import ROOT, write_release

# What site.py does, without what needs Docker.
SITE = """\
from pyinfra import local
from pyinfra.operations import server

local.include("deploys/lock.py")
server.shell(
    name="Take a while",
    commands=[
        "if [ -e wait ]; then touch waiting; fi; "
        "for _ in $(seq 600); do [ -e wait ] || break; sleep 0.1; done"
    ],
)
server.shell(name="Fail", commands=["[ ! -e fail ]"])
local.include("deploys/releases.py")
local.include("deploys/switch.py")
local.include("deploys/prune.py")
"""


@dataclass(frozen=True)
class Trial:
    """The repository and the host's directory in it."""

    root: Path

    @property
    def store(self) -> Path:
        """The kit's folder on the host."""
        return self.root / "store"

    def commit(self, name: str) -> None:
        """Makes `name` the committed release."""
        write_release(self.root, files={"nginx/nginx.conf": f"# {name}\n"}, name=name)

    def apply(self, name: str = "", *, dry: bool = False, **words: str) -> Run:
        """Commits a release, where one is named, and brings it to the host."""
        if name:
            self.commit(name)
        return run_pyinfra(self.root, "small", "site.py", dry=dry, words=words)

    def rollback(self, release: str = "", *, dry: bool = False) -> Run:
        """Goes back."""
        words = {"HOMEPORT_RELEASE": release}
        return run_pyinfra(self.root, "small", "deploys/rollback.py", dry=dry, words=words)

    def start(self) -> "subprocess.Popen[str]":
        """An apply by raw pyinfra that holds the lock and waits; ends within a minute."""
        return self.start_command("-m", "pyinfra", "-y", "inventories/small.py", "site.py")

    def start_command(self, *words: str) -> "subprocess.Popen[str]":
        """The same with Python's arguments for another way to run it."""
        (self.root / "wait").touch()
        (self.root / "waiting").unlink(missing_ok=True)
        process = killed_run.begun(self.root, *words)
        until((self.root / "waiting").exists)
        assert self.is_locked
        return process

    def go_on(self) -> None:
        """Lets what waits go on."""
        (self.root / "wait").unlink(missing_ok=True)

    def kill(self) -> None:
        """Leaves the lock of a run that was killed."""
        killed_run.killed(self.start())
        self.go_on()

    @property
    def is_locked(self) -> bool:
        """Whether the host is locked."""
        return (self.store / "lock").exists()

    @property
    def current(self) -> str:
        """The release that is current on the host."""
        return (self.store / "current").readlink().name

    @property
    def releases(self) -> set[str]:
        """The releases that lie on the host."""
        return {folder.name for folder in (self.store / "releases").iterdir()}

    @property
    def audit(self) -> list[tuple[str, str, str]]:
        """Before, after and outcome of each line of the audit log."""
        lines = [json.loads(line) for line in (self.store / "audit.log").read_text().splitlines()]
        return [(line["before"], line["after"], line["outcome"]) for line in lines]


def make_trial(root: Path) -> Trial:
    """A repository with one host, this machine, to which nothing was applied."""
    (root / "deploys").symlink_to(ROOT / "deploys")
    (root / "site.py").write_text(SITE)
    trial = Trial(root)
    trial.commit("first")
    return trial


def deployed(run: Run) -> list[str]:
    """What a run changed, without the trial's own steps."""
    assert not any(name.endswith(LOCKING) for name in run.changed)
    names = [name.rpartition(" | ")[2] for name in run.changed]
    return [name for name in names if name not in ("Take a while", "Fail")]
