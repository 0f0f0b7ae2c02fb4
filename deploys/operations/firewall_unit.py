"""Rules of a host's firewall that a systemd unit of the kit sets at each start of the host.

They lie in a chain of their own, to which one of the kernel's leads, and go with it.
"""

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from deploys.facts.files import FileDigests
from deploys.facts.once import once
from deploys.facts.units import UnitIsActive
from deploys.operations.host_files import written

Commands = Generator[StringCommand, None, None]


@dataclass(frozen=True)
class Chain:
    """A chain of the kit's, of one environment."""

    iptables: str
    """The command, with its table."""
    name: str
    comes_from: str
    """The kernel's own chain that leads to it."""

    def lines(self, rules: Sequence[str], *, lead: str) -> list[str]:
        """The unit's `[Service]`; `rules`: commands; `lead`: `--append`, or `--insert` before all
        that the host has otherwise.
        """
        return [
            "[Service]",
            "Type=oneshot",
            "RemainAfterExit=yes",
            *self._emptied("ExecStart"),
            f"ExecStart={self.iptables} --new-chain {self.name}",
            *(f"ExecStart={rule}" for rule in rules),
            f"ExecStart={self.iptables} {lead} {self.comes_from} --jump {self.name}",
            *self._emptied("ExecStop"),
            "[Install]",
            "WantedBy=multi-user.target",
        ]

    def _emptied(self, word: str) -> list[str]:
        """The minus: what is not there need not be removed."""
        return [
            f"{word}=-{self.iptables} --delete {self.comes_from} --jump {self.name}",
            f"{word}=-{self.iptables} --flush {self.name}",
            f"{word}=-{self.iptables} --delete-chain {self.name}",
        ]


def chain_name(prefix: str, environment: str) -> str:
    """iptables takes 28 characters; environments may have longer names."""
    return f"{prefix}-{hashlib.sha256(environment.encode()).hexdigest()[:12]}"


def unit_file(unit: str) -> str:
    """Where systemd has it."""
    return f"/etc/systemd/system/{unit}"


def in_force(unit: str, text: str, right: str, *, sudo: bool) -> Commands:
    """Has systemd set the rules of this text; `right` says that it has."""
    changed = yield from written({unit_file(unit): text}, sudo=sudo)
    if not changed and host.get_fact(UnitIsActive, unit=unit):
        host.noop(right)
        return
    name = QuoteString(unit)
    command = ("systemctl daemon-reload && systemctl enable --quiet", name)
    yield _as_root(StringCommand(*command, "&& systemctl restart", name), sudo=sudo)


def gone(unit: str, right: str, *, sudo: bool) -> Commands:
    """Has neither unit nor rules; `right` says that there are none."""
    path = unit_file(unit)
    if path not in once(host, FileDigests, paths=(path,)):
        host.noop(right)
        return
    stop = ("systemctl disable --now --quiet", QuoteString(unit), "; rm -f", QuoteString(path))
    yield _as_root(StringCommand(*stop, "&& systemctl daemon-reload"), sudo=sudo)


def _as_root(command: StringCommand, *, sudo: bool) -> StringCommand:
    return StringCommand(command, _sudo=True) if sudo else command
