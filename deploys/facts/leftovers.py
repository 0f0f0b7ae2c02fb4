"""What an environment has left on a host, for the tear-down."""

from collections.abc import Iterable
from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand


@dataclass(frozen=True)
class Leftover:
    """Docker's ids, and whether the kit's own daemon runs."""

    containers: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    daemon: bool = False
    """Whether the kit started a daemon here that has not been stopped by the kit."""
    running: tuple[tuple[str, str], ...] = ()
    """Name and environment of every container that runs; somebody else's have no environment."""

    def strangers(self, environment: str) -> tuple[str, ...]:
        """Names of running containers that are not the environment's."""
        return tuple(name for name, owner in self.running if owner != environment)


class Leftovers(FactBase[Leftover]):
    """Returns the containers and networks of an environment, and which of the folders exist."""

    @staticmethod
    def default() -> Leftover:
        return Leftover()

    def command(self, environment: str, folders: tuple[str, ...]) -> StringCommand:
        label = QuoteString(f"label=homeport.environment={environment}")
        return StringCommand(
            # A daemon that is down has nothing running, and must not be waited for.
            "(docker ps --all --no-trunc --format 'container {{.ID}}' --filter", label,
            "; docker network ls --no-trunc --format 'network {{.ID}}' --filter", label,
            "; docker ps --format 'running {{.Names}} {{.Label \"homeport.environment\"}}'",
            ") 2>/dev/null; for folder in", *map(QuoteString, folders),
            '; do if [ -e "$folder" ]; then echo "folder $folder"; fi; done;',
            "if [ -e /run/homeport/dockerd.pid ]; then echo 'daemon marked'; fi",
        )  # fmt: skip

    def process(self, output: Iterable[str]) -> Leftover:
        return parse_leftovers(output)


def parse_leftovers(output: Iterable[str]) -> Leftover:
    """Lines `KIND VALUE` -> leftovers; `running NAME [ENVIRONMENT]` for what runs."""
    found: dict[str, list[str]] = {}
    for line in output:
        kind, _, value = line.partition(" ")
        found.setdefault(kind, []).append(value.strip())
    return Leftover(
        containers=tuple(found.get("container", ())),
        networks=tuple(found.get("network", ())),
        folders=tuple(found.get("folder", ())),
        daemon="daemon" in found,
        running=tuple(
            (name, owner) for name, _, owner in (v.partition(" ") for v in found.get("running", ()))
        ),
    )
