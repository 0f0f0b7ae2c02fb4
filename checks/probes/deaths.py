"""Ends a replica as a crash does, sees whether it is back, and starts it where it is not."""

import shlex
from dataclasses import dataclass

from checks.probes.host import run
from deploys.settings.inventory import InventoryHost

_SHOWN = (
    "{{.State.Status}} {{with .State.Health}}{{.Status}}{{else}}none{{end}} {{.State.StartedAt}}"
    "{{range .NetworkSettings.Networks}} {{.IPAddress}}{{end}}"
)


@dataclass(frozen=True)
class Seen:
    """One container now."""

    status: str = ""
    """Docker's word: `running`, `restarting`, `exited`; empty: there is none."""
    health: str = ""
    started: str = ""
    addresses: tuple[str, ...] = ()

    @property
    def serves(self) -> bool:
        """Whether it runs, and is healthy."""
        return (self.status, self.health) == ("running", "healthy")


def look(host: InventoryHost, container: str) -> Seen:
    """How a container is now. Raises Unreachable."""
    shown = f"docker inspect --format {shlex.quote(_SHOWN)} {shlex.quote(container)}"
    words = run(host, f"{shown} 2>/dev/null; echo").split()
    return Seen(words[0], words[1], words[2], tuple(words[3:])) if len(words) > 2 else Seen()


def kill(host: InventoryHost, container: str) -> bool:
    """Ends its process from outside; False where the host gives no root for that.

    `docker kill` would be taken for somebody's wish: Docker leaves such a container alone
    (docs.docker.com, "Start containers automatically"). This one it starts again by itself, also
    when whoever killed it is killed in turn. Raises Unreachable.
    """
    process = f"$(docker inspect --format '{{{{.State.Pid}}}}' {shlex.quote(container)})"
    script = (
        'root=; [ "$(id -u)" = 0 ] || root="sudo -n"; '
        f'process={process}; [ "$process" -gt 1 ] && $root kill -KILL "$process" && echo killed; '
        "echo"
    )
    return "killed" in run(host, script)


def start(host: InventoryHost, container: str) -> None:
    """Nothing where it runs. Raises Unreachable."""
    run(host, f"docker start {shlex.quote(container)} 2>&1; echo")
