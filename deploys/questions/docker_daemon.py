"""The configuration of a host's Docker daemon: what is written, and what was not taken in yet."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

PATH = "/etc/docker/daemon.json"
# Written before the daemon is told and removed when it has taken the file in: a run that ends
# between the two is finished by the next one. A daemon that was started since needs nothing more.
PENDING = "/var/lib/homeport/daemon.json.pending"

# To start dockerd for its version takes a tenth of a second: only where none answers.
_TOLD = "{{.ServerVersion}} {{.Swarm.LocalNodeState}}"
# base64, because a fact's lines lose their blanks at the end, and with them the digest.
QUESTION = f"""
export PATH="$PATH:/usr/sbin:/sbin"
[ ! -e {PATH} ] || echo "text=$(base64 -w 0 {PATH})"
[ {PENDING} -ot /run/docker.pid ] || [ ! -e {PENDING} ] || echo "pending=$(cat {PENDING})"
told=$(timeout 20 docker info --format '{_TOLD}' 2>/dev/null)
case "$told" in
  [0-9]*) echo "program=${{told%% *}}"; echo "swarm=${{told##* }}" ;;
  *) echo "program=$(dockerd --version 2>/dev/null | sed 's/^Docker version //; s/,.*//')" ;;
esac
true
"""


@dataclass(frozen=True)
class DaemonState:
    """What is known of the daemon's configuration."""

    text: str | None = None
    """Of daemon.json; None where there is none."""
    pending: str = ""
    """`reload` or `restart` where a written file still waits for it."""
    version: str = ""
    """Of the dockerd that answers, else of the one installed: `26.1.5+dfsg1`; empty without one."""
    swarm: bool = False
    """Whether the host is in a swarm, which excludes live-restore."""


def parse_daemon(output: Iterable[str]) -> DaemonState:
    """Lines `key=value` -> state."""
    values = dict(line.split("=", 1) for line in output if "=" in line)
    text = values.get("text")
    return DaemonState(
        text=None if text is None else base64.b64decode(text).decode("utf-8", "replace"),
        pending=values.get("pending", ""),
        version=values.get("program", ""),
        swarm=values.get("swarm") in ("active", "pending", "locked"),
    )
