"""Sets up the host's Docker daemon: its configuration, and whom it trusts."""

from collections.abc import Generator, Mapping
from pathlib import Path

from pyinfra import host
from pyinfra.api import FunctionCommand, StringCommand, operation

from deploys.facts.docker import DockerHost
from deploys.facts.docker_daemon import DockerDaemon
from deploys.facts.once import once
from deploys.operations.daemon_json import merge, wanted
from deploys.operations.docker_choice import Refusal
from deploys.operations.host_files import sha256, written
from deploys.operations.host_script import SCRIPTS, refuse, run_script
from deploys.questions.docker import DockerSystem
from deploys.questions.docker_daemon import PATH, PENDING, DaemonState
from deploys.settings.docker import Daemon

Commands = Generator[StringCommand | FunctionCommand, None, None]


@operation()
def configured(daemon: Daemon) -> Commands:
    """
    Have the kit's keys in daemon.json, and the daemon know them.

    What else is there stays. The file is checked by dockerd itself before it replaces the old one;
    a daemon that does not come back with it gets the old one again.

    + daemon: what the inventory says
    """
    system = once(host, DockerHost)
    state = _state(system)
    merged = merge(state, wanted(daemon, state.version))
    if isinstance(merged, Refusal):
        yield refuse(merged.error, merged.hint)
        return
    step = "restart" if "restart" in (state.pending, merged.step) else state.pending or merged.step
    if not step:
        host.noop(f"{PATH} says all of it")
        return
    if not system.may_become_root:
        yield refuse(
            f"{PATH} lacks {', '.join(merged.changed)}, and changing it needs root",
            'run as root or with sudo, or set "managed": False in docker.daemon',
        )
        return
    before = "none" if state.text is None else sha256(state.text)
    yield run_script(
        SCRIPTS / "set-daemon-json", PATH, PENDING, before, step,
        *((SCRIPTS / name).read_text() for name in ("stop-dockerd", "start-dockerd")),
        sudo=system.uid != 0, given=merged.text,
    )  # fmt: skip


@operation()
def trusted(authorities: dict[str, str]) -> Commands:
    """
    Have the daemon trust private registries, by the certificate of who signed theirs.

    Docker reads these files at each pull; nothing is reloaded.

    + authorities: registry -> committed file with the certificate, PEM
    """
    files = [file for _, file in sorted(authorities.items())]
    contents = [Path(file).read_text(encoding="utf-8") for file in files]
    texts = dict(zip(authority_paths(authorities), contents, strict=True))
    secret = [file for file in authorities.values() if "PRIVATE KEY" in Path(file).read_text()]
    if secret:
        yield refuse(f"{secret[0]} holds a private key", "commit the certificate alone, and renew")
        return
    if not (yield from written(texts, sudo=once(host, DockerHost).uid != 0)):
        host.noop("the certificates of all named registries are there")


def _state(system: DockerSystem) -> DaemonState:
    if system.uid != 0 and system.sudo:
        return once(host, DockerDaemon, _sudo=True)
    return once(host, DockerDaemon)


def authority_paths(authorities: Mapping[str, str]) -> tuple[str, ...]:
    """Where Docker looks for the certificates, by registry in their order."""
    return tuple(f"/etc/docker/certs.d/{registry}/ca.crt" for registry in sorted(authorities))
