"""A bare Debian 12 without Docker and without systemd, in a container that can run Docker itself.

Made from this machine's own package mirror, once; the tarball is kept in .homeport/cache.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.debian_tarball import make_tarball

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".homeport" / "cache" / "bare-bookworm.tar"
IMAGE = "homeport-test/bookworm:bare"

# What a nested daemon needs, and no more: `--privileged` is refused on machines that themselves
# lack CAP_SYS_RESOURCE.
OPTIONS = (
    "--cap-add=ALL", "--cap-drop=SYS_RESOURCE", "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined", "--security-opt=systempaths=unconfined",
    "--cgroupns=private", "--tmpfs=/run", "--tmpfs=/run/lock",
    "--device-cgroup-rule=a *:* rwm", "--sysctl=net.ipv4.ip_forward=1",
)  # fmt: skip

# Docker mounts cgroup v1 hierarchies and /proc/sys read-only; a nested daemon writes to both.
FIRST_PROCESS = """
for place in $(awk '$3 ~ /^cgroup/ || $2 ~ "^(/proc/sys|/sys/fs/cgroup)$" {print $2}' /proc/mounts)
do mount -o remount,rw,bind "$place"; done
exec sleep infinity
"""


@dataclass(frozen=True)
class BareHost:
    """One running container that pyinfra can be pointed at."""

    name: str

    def run(self, command: str, *, check: bool = True) -> str:
        """Output of a shell command on the host."""
        done = _run("docker", "exec", self.name, "sh", "-c", command, check=check)
        return done.stdout.strip()

    def run_script(self, script: Path, *arguments: str) -> str:
        """What one of the kit's scripts says that fails here."""
        command = ("bash", "-c", script.read_text(), script.name, *arguments)
        done = _run("docker", "exec", self.name, *command, check=False)
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stdout + done.stderr

    def deploy(self, deploy: str | Path, *options: str) -> dict[str, Any]:
        """Applies a deploy; pyinfra's own JSON report."""
        done = self._pyinfra(deploy, "--yes", "--json", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def refusal(self, deploy: str | Path, *options: str) -> str:
        """What a deploy says that fails on this host."""
        done = self._pyinfra(deploy, "--yes", *options)
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stdout + done.stderr

    def planned(self, deploy: str | Path) -> list[str]:
        """Names of the operations that a dry run says would change something."""
        done = self._pyinfra(deploy, "--dry", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        plan = json.loads(done.stdout)["plan"]
        return [op["name"] for op in plan if op["hosts_with_change"]]

    def _pyinfra(self, deploy: str | Path, *options: str) -> subprocess.CompletedProcess[str]:
        pyinfra = Path(sys.executable).with_name("pyinfra")
        target = f"@docker/{self.name}"
        return _run(str(pyinfra), *options, target, str(deploy), check=False)


def start_bare_host(name: str, *options: str) -> BareHost:
    """Starts a host; `options` for docker run come first."""
    _have_image()
    remove_bare_host(name)
    command = ("docker", "run", "--detach", "--init", "--name", name, *OPTIONS, *options)
    _run(*command, IMAGE, "sh", "-c", FIRST_PROCESS)
    return BareHost(name)


def remove_bare_host(name: str) -> None:
    """Removes the container and its volumes, if there is one."""
    _run("docker", "rm", "--force", "--volumes", name, check=False)


def _have_image() -> None:
    if _run("docker", "image", "inspect", IMAGE, check=False).returncode == 0:
        return
    if not CACHE.exists():
        make_tarball("bookworm", CACHE)
    _run("docker", "import", str(CACHE), IMAGE)


def _run(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False,
                          timeout=600)  # fmt: skip
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command[:4])}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done
