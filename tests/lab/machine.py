"""This machine: its commands, its Docker Engine, and the programs that the lab is made with."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".homeport" / "cache"

# Program -> Debian packages that bring it. gcc only recommends the headers of the C library.
PACKAGES = {
    "chromium": ("chromium", "fonts-dejavu-core"),
    "debootstrap": ("debootstrap",),
    "gcc": ("gcc", "libc6-dev"),
    "ip": ("iproute2",),
    "openssl": ("openssl",),
    # Both come with a service; where init starts it at once, it is the machine's own to stop.
    "prometheus": ("prometheus",),
    "prometheus-node-exporter": ("prometheus-node-exporter",),
    "promtool": ("prometheus",),
    "ssh": ("openssh-client",),
    "ssh-keygen": ("openssh-client",),
    "strip": ("binutils",),
}


class LabError(RuntimeError):
    """What the lab can't do, and what helps; the command prints it without a traceback."""

    def __init__(self, error: str, hint: str) -> None:
        super().__init__(f"error: {error}\nhint: {hint}")


class Missing(LabError):
    """A program that this machine lacks, and that nobody may install here."""


def run(
    *command: str, given: bytes = b"", check: bool = True, seconds: int = 600
) -> subprocess.CompletedProcess[str]:
    """
    Runs a command with `given` as its standard input.

    Raises LabError with the end of its output when it fails and `check` is set, or runs too long.
    """
    line = " ".join(command)[:200]
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"`{line}` took more than {seconds} s", "see what it waits for") from error
    text = subprocess.CompletedProcess(
        command,
        done.returncode,
        done.stdout.decode(errors="replace"),
        done.stderr.decode(errors="replace"),
    )
    if check and done.returncode:
        said = (text.stdout + text.stderr)[-3000:].strip()
        raise LabError(f"`{line}` ended with {done.returncode}", said or "it said nothing")
    return text


def docker(*arguments: str, given: bytes = b"", check: bool = True) -> str:
    """Output of a Docker command; empty when it fails and `check` is not set."""
    done = run("docker", *arguments, given=given, check=check)
    return done.stdout.strip() if done.returncode == 0 else ""


def need_docker() -> None:
    """Raises LabError where no Docker daemon answers, with what helps."""
    if shutil.which("docker") is None:
        raise Missing("Docker is not installed here", "`make demo` installs and starts it")
    asked = run("docker", "version", "--format", "{{.Server.Version}}", check=False, seconds=60)
    if asked.returncode:
        hint = "systemctl start docker (as root), or `make demo`, which starts it; see DOCKER_HOST"
        raise LabError(f"no Docker daemon answers: {asked.stderr.strip()}", hint)


def need(*programs: str) -> None:
    """Has programs on this machine; as root it installs what is missing, and says so."""
    lacking = [name for name in programs if shutil.which(name) is None]
    missing = sorted({package for name in lacking for package in PACKAGES[name]})
    if not missing:
        return
    names = " ".join(missing)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Missing(f"missing here: {names}", f"as root: apt-get install {names}")
    print(f"   the lab installs what is missing on this machine: {names}", file=sys.stderr)
    with one_at_a_time("apt"):
        run("apt-get", "-qq", "update", check=False)
        install = ("apt-get", "-qq", "install", "-y", "--no-install-recommends")
        options = ("-o", "DPkg::Lock::Timeout=300")
        run("env", "DEBIAN_FRONTEND=noninteractive", *install, *options, *missing)


@contextmanager
def one_at_a_time(what: str) -> Iterator[None]:
    """Waits until no other process is inside the same `what`."""
    # Of the whole machine, not of one checkout: Docker, apt and the subnets are, too.
    path = Path(tempfile.gettempdir()) / f"homeport-lab-{what}.lock"
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
