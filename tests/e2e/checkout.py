"""A clean checkout of this repository in a folder of the test's own, and commands run in it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SECONDS = 1500
ENVIRONMENT = "local"
# What a fresh Debian has: neither a Python of this machine's own nor this run's tools.
PLAIN_PATH = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Checkout:
    """A clean checkout; commands run in it as a user would type them."""

    path: Path

    def run(
        self, command: str, *, expect: int | None = 0, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a shell command line; fails with its whole output when the exit code is another."""
        environment = {**os.environ, "PATH": PLAIN_PATH, "PYTHONUNBUFFERED": "1", **variables}
        environment.pop("VIRTUAL_ENV", None)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
        if expect is not None and done.returncode != expect:
            raise AssertionError(
                f"`{command}`: {done.returncode}, not {expect}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def homeport(self, arguments: str, *, expect: int | None = 0) -> str:
        """Runs a verb; gives stdout and stderr together."""
        done = self.run(f".venv/bin/homeport {arguments}", expect=expect)
        return done.stdout + done.stderr

    def pending(self) -> list[str]:
        """Names of the operations that pyinfra's own JSON dry run says would change something."""
        command = ".venv/bin/pyinfra --json --dry inventories/local.py deploys/site.py"
        plan = json.loads(self.run(command).stdout)["plan"]
        return [
            operation["name"]
            for operation in plan
            if operation["hosts_with_change"] or operation["hosts_with_conditional_change"]
        ]

    @property
    def directory(self) -> Path:
        """Where the kit keeps its files for the environment `local`."""
        return self.path / ".homeport" / "local"

    @property
    def key(self) -> str:
        """The demo client's key."""
        return (self.path / ".homeport" / "demo.key").read_text().strip()

    def edit(self, file: str, old: str, new: str) -> None:
        """Replaces `old`, which must stand there, in one file."""
        path = self.path / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new))


def make_checkout(path: Path) -> Checkout:
    """Copies what git would: tracked files, and untracked ones that are not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if not (ROOT / name).exists():
            continue
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    subprocess.run(["git", "init", "--quiet", str(path)], check=True)
    return Checkout(path)


@contextmanager
def open_folder() -> Iterator[Path]:
    """An empty folder that every user may pass; pytest's own are root's, and each run says so."""
    with TemporaryDirectory(prefix="homeport-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


def docker(*arguments: str) -> str:
    """Runs one Docker command; gives its output."""
    command = ["docker", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def containers() -> dict[str, str]:
    """Container id by Compose service of the environment `local`, running ones only."""
    ids = docker("ps", "--quiet", "--filter", f"label=homeport.environment={ENVIRONMENT}").split()
    inspected: list[dict[str, Any]] = json.loads(docker("inspect", *ids)) if ids else []
    return {
        container["Config"]["Labels"]["com.docker.compose.service"]: container["Id"]
        for container in inspected
    }


def gateway(checkout: Checkout) -> httpx.Client:
    """A client of the demo's gateway, with the demo's key."""
    return httpx.Client(
        base_url="http://127.0.0.1:8080",
        headers={"Authorization": f"Bearer {checkout.key}"},
        timeout=60,
    )


def chat(client: httpx.Client, **changes: object) -> httpx.Response:
    """One chat request for a short answer."""
    body = {"model": "chat", "max_tokens": 8, "messages": [{"role": "user", "content": "Hello"}]}
    return client.post("/v1/chat/completions", json={**body, **changes})
