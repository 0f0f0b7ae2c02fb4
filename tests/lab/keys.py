"""SSH of a lab: one key for its operator, host keys made here and so known before the first word.

All of it lies in .homeport/lab/NAME: `key`, `known_hosts`, `ssh_config`, `host_keys/HOST`.
"""

import shutil
from pathlib import Path

from tests.lab.machine import ROOT, need, run

USER = "operator"
UID = 1000


def folder(lab: str) -> Path:
    """Where a lab's keys and certificates lie; made when it is not there."""
    path = ROOT / ".homeport" / "lab" / lab
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def forget(lab: str) -> None:
    """Removes the lab's keys and certificates."""
    shutil.rmtree(ROOT / ".homeport" / "lab" / lab, ignore_errors=True)


def user_key(lab: str) -> Path:
    """The operator's private key; the public one lies beside it."""
    return _key_pair(folder(lab) / "key", f"{USER} of lab {lab}")


def host_key(lab: str, host: str) -> Path:
    """A host's private key; the public one lies beside it."""
    path = folder(lab) / "host_keys" / host
    path.parent.mkdir(exist_ok=True, mode=0o700)
    return _key_pair(path, host)


def write_client_files(lab: str, addresses: dict[str, str]) -> None:
    """Writes known_hosts and ssh_config for these hosts (name -> address)."""
    known = []
    for host, address in addresses.items():
        kind, key = host_key(lab, host).with_suffix(".pub").read_text().split()[:2]
        known.append(f"{host},{address} {kind} {key}\n")
    (folder(lab) / "known_hosts").write_text("".join(known))
    (folder(lab) / "ssh_config").write_text(_ssh_config(lab, addresses))


def _ssh_config(lab: str, addresses: dict[str, str]) -> str:
    names = "".join(f"Host {host}\n    HostName {address}\n" for host, address in addresses.items())
    return (
        f"{names}Host *\n    User {USER}\n"
        f"    IdentityFile {user_key(lab)}\n    IdentitiesOnly yes\n"
        f"    UserKnownHostsFile {folder(lab) / 'known_hosts'}\n    GlobalKnownHostsFile none\n"
        # Bounded: a host that is switched off must not hold up a test.
        "    StrictHostKeyChecking yes\n    BatchMode yes\n    ConnectTimeout 10\n"
        "    ServerAliveInterval 15\n    ServerAliveCountMax 4\n"
    )


def _key_pair(path: Path, comment: str) -> Path:
    need("ssh-keygen", "ssh")
    if not path.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path))
    return path
