"""One connection per host, whatever pyinfra calls it, and scripts of plain sh over it.

The only file that imports testinfra. The hosts stay pyinfra's: its inventory says how each one is
reached, and the same data words are passed on.
"""

import shlex
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import testinfra
import testinfra.host

from checks.probes.sections import MARK
from deploys.settings.inventory import InventoryHost

CONNECT_SECONDS = 10
SCRIPT_SECONDS = 60
# Hosts are asked at the same time: a fleet takes as long as its slowest host.
PARALLEL_HOSTS = 32
DEFAULT_DIRECTORY = "/srv/homeport"

_UNPACK = "import sys, zlib; exec(zlib.decompress(sys.stdin.buffer.read()))"
SSH_FAILED = 255
NO_CONTAINER = "Error response from daemon"
# Exit status of `timeout`, and of `timeout -k` where the script had to be killed.
_TIMED_OUT = (124, 137)


Answer = TypeVar("Answer")


class Unreachable(Exception):
    """The host gave no answer to judge."""

    def __init__(self, host: str, reason: str) -> None:
        self.host = host
        self.reason = reason
        super().__init__(
            f"{host} is unreachable: {reason}\n"
            f"remedy: try the connection with `pyinfra inventories/ENVIRONMENT.py exec -- true`"
        )


def run(host: InventoryHost, script: str, limit_seconds: int = SCRIPT_SECONDS) -> str:
    """What `script`, run by the host's sh, prints; its exit status is not looked at.

    Raises Unreachable when the host cannot be asked or does not finish in time.
    """
    # testinfra bounds only the connecting: the host's own `timeout` bounds the rest.
    command = f"timeout -k 5 {limit_seconds} sh -c {shlex.quote(script)}"
    try:
        answer = _connection(host).run(command)
    except (RuntimeError, OSError) as error:
        # testinfra raises the whole result of an ssh that could not connect.
        reason = getattr(error.args[0], "stderr", str(error)) if error.args else ""
        raise Unreachable(host.name, _last_line(reason)) from error
    if answer.rc in _TIMED_OUT:
        raise Unreachable(host.name, f"no answer within {limit_seconds} s")
    # A log may hold any byte; testinfra would raise.
    output, errors = (
        bytes(text).decode(errors="replace") for text in (answer.stdout_bytes, answer.stderr_bytes)
    )
    if answer.rc in (125, 126, 127) or (answer.rc and not output):
        raise Unreachable(host.name, _last_line(errors) or f"exit status {answer.rc}")
    return output


def run_program(
    host: InventoryHost, program: bytes, arguments: Sequence[str], limit_seconds: int
) -> subprocess.CompletedProcess[str]:
    """Runs Python source, compressed with zlib, on the host; nothing of it stays there.

    Raises Unreachable when the host cannot be asked or does not finish in time, with what the
    program told last on standard error. testinfra closes standard input, so ssh is called here.
    """
    command = f"timeout -k 5 {limit_seconds} python3 -I -c {shlex.quote(_UNPACK)} "
    line = command_line(host, command + shlex.join(arguments))
    try:
        # A process that the kernel does not let go of outlives even the host's own `timeout`.
        done = subprocess.run(
            line, input=program, capture_output=True, check=False, timeout=limit_seconds + 20
        )
    except subprocess.TimeoutExpired as expired:
        raise _too_late(host, limit_seconds, (expired.stderr or b"").decode()) from None
    except OSError as error:
        raise Unreachable(host.name, str(error)) from None
    output, errors = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    if done.returncode in _TIMED_OUT:
        raise _too_late(host, limit_seconds, errors)
    if done.returncode == SSH_FAILED or NO_CONTAINER in errors:
        raise Unreachable(host.name, _last_line(errors))
    return subprocess.CompletedProcess(line, done.returncode, output, errors)


def ask_all(
    hosts: Iterable[InventoryHost], ask: Callable[[InventoryHost], Answer]
) -> dict[str, Answer | Unreachable]:
    """Host's name -> its answer, or why it could not be asked; all hosts at the same time."""

    def asked(host: InventoryHost) -> Answer | Unreachable:
        try:
            return ask(host)
        except Unreachable as unreachable:
            return unreachable

    wanted = list(hosts)
    with ThreadPoolExecutor(PARALLEL_HOSTS) as pool:
        return dict(zip((host.name for host in wanted), pool.map(asked, wanted), strict=True))


def directory(host: InventoryHost, root: Path) -> str:
    """Where the kit keeps its files on `host`; relative paths are this machine's checkout."""
    words = str(host.data.get("directory", DEFAULT_DIRECTORY))
    return str(root / words) if host.connection == "@local" else words


def _connection(host: InventoryHost) -> testinfra.host.Host:
    sudo = bool(host.data.get("_sudo"))
    kind, _, rest = host.connection.partition("/")
    if kind == "@local":
        return testinfra.get_host("local://", sudo=sudo)
    if kind == "@docker":
        return testinfra.get_host(f"docker://{rest}", sudo=sudo)
    data = host.data
    user = f"{data['ssh_user']}@" if "ssh_user" in data else ""
    name = _ssh_name(host)
    port = f":{data['ssh_port']}" if "ssh_port" in data else ""
    return testinfra.get_host(
        f"ssh://{user}{name}{port}",
        sudo=sudo,
        timeout=CONNECT_SECONDS,
        # A few scripts per host: not worth a control socket that outlives this process.
        controlpersist=0,
        ssh_identity_file=_path(data.get("ssh_key")),
        ssh_config=_path(data.get("ssh_config_file")),
        ssh_extra_args=_ssh_options(host),
    )


def command_line(host: InventoryHost, command: str) -> list[str]:
    """What is called here to have the host's sh run `command`, as testinfra's connection does."""
    if host.data.get("_sudo"):
        command = f"sudo -n {command}"
    kind, _, rest = host.connection.partition("/")
    if kind == "@local":
        return ["sh", "-c", command]
    if kind == "@docker":
        return ["docker", "exec", "--interactive", rest, "sh", "-c", command]
    data = host.data
    options = [*shlex.split(_ssh_options(host)), "-o", f"ConnectTimeout={CONNECT_SECONDS}"]
    for option, key in (("-l", "ssh_user"), ("-p", "ssh_port")):
        options += [option, str(data[key])] if key in data else []
    for option, key in (("-i", "ssh_key"), ("-F", "ssh_config_file")):
        options += [option, str(_path(data[key]))] if data.get(key) else []
    return ["ssh", *options, _ssh_name(host), command]


def _ssh_name(host: InventoryHost) -> str:
    return str(host.data.get("ssh_hostname", host.connection.removeprefix("@ssh/")))


def _too_late(host: InventoryHost, limit_seconds: int, errors: str) -> Unreachable:
    stages = [line for line in errors.splitlines() if line.startswith(MARK)]
    where = f", {stages[-1].removeprefix(MARK).strip()}" if stages else ""
    return Unreachable(host.name, f"no answer within {limit_seconds} s{where}")


def _ssh_options(host: InventoryHost) -> str:
    options = [
        "BatchMode=yes",
        "ServerAliveInterval=5",
        "ServerAliveCountMax=3",
        f"StrictHostKeyChecking={host.data.get('ssh_strict_host_key_checking', 'accept-new')}",
    ]
    known_hosts = _path(host.data.get("ssh_known_hosts_file"))
    if known_hosts:
        options.append(f"UserKnownHostsFile={known_hosts}")
    return " ".join(f"-o {shlex.quote(option)}" for option in options)


def _path(value: object) -> str | None:
    return str(Path(str(value)).expanduser()) if value else None


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
