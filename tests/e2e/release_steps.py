"""What tests of releases do to the demo, and what they look at."""

import json
import os
import subprocess
from pathlib import Path

import yaml

from deploys.history.holder import Holder, lock_text
from deploys.history.process import Process
from tests.e2e.checkout import PLAIN_PATH, Checkout, chat, gateway
from tests.lab import plain_http
from tests.lab.waiting import until

SETTINGS = "inventories/group_data/local.py"
STRANGER = Holder(
    "beef", "ana@elsewhere", "apply", "abc", "old", "a try", Process("elsewhere", 1, 2, "3")
)


def current_release(demo: Checkout) -> str:
    """The release that the host runs."""
    return (demo.directory / "current").readlink().name


def kept_releases(demo: Checkout) -> set[str]:
    """The releases that lie on the host."""
    return {folder.name for folder in (demo.directory / "releases").iterdir()}


def audit_lines(demo: Checkout) -> list[dict[str, str]]:
    """The audit log, oldest first."""
    text = (demo.directory / "audit.log").read_text()
    return [json.loads(line) for line in text.splitlines()]


def render_release(demo: Checkout, first_byte_seconds: int) -> None:
    """Commits a release of its own in which nothing but nginx's files differs."""
    path = demo.path / SETTINGS
    lines = [line for line in path.read_text().splitlines() if "first_byte_seconds" not in line]
    lines.append(f'gateway["first_byte_seconds"] = {first_byte_seconds}')
    path.write_text("\n".join(lines) + "\n")
    demo.homeport("render local")


def apply_release(demo: Checkout, first_byte_seconds: int, words: str = "") -> str:
    """Brings such a release; gives its name."""
    render_release(demo, first_byte_seconds)
    demo.homeport(f"apply local --no-verify {words}")
    return current_release(demo)


def is_served(demo: Checkout) -> bool:
    """Whether nginx has loaded the files of the release that is current on the host."""
    manifest = yaml.safe_load((demo.directory / "current" / "release.yaml").read_text())
    served = plain_http.get("http://127.0.0.1:8081/revision", timeout=10).json()["revision"]
    with gateway(demo) as client:
        answered = chat(client).status_code == 200
    return answered and bool(served == manifest["gateway"]["revision"])


def start(demo: Checkout, command: str) -> "subprocess.Popen[str]":
    """A command in a process group of its own, as from another terminal.

    A shell starts what runs in its background with Ctrl-C ignored, and that is inherited.
    """
    variables = {**os.environ, "PATH": PLAIN_PATH, "PYTHONUNBUFFERED": "1"}
    variables.pop("VIRTUAL_ENV", None)
    return subprocess.Popen(
        ["env", "--default-signal=INT", "bash", "-c", f"exec {command}"],
        cwd=demo.path, env=variables, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def wait_for_lock(demo: Checkout) -> None:
    """Until a run holds the lock."""
    until((demo.directory / "lock").exists)


def lay_strangers_lock(demo: Checkout) -> Path:
    """A lock of another machine, as old as can be."""
    lock = demo.directory / "lock"
    lock.write_text(lock_text(STRANGER))
    os.utime(lock, (1, 1))
    return lock
