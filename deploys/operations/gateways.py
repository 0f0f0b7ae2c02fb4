"""The gateways of an environment, in or out of `--limit`: what they drain and restore."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pyinfra import inventory
from pyinfra.api import QuoteString, StringCommand
from pyinfra.api.host import Host

from deploys.facts.gateway import Drains, GatewayLoaded
from deploys.history.holder import who
from deploys.operations.host_script import SCRIPTS, run_script
from deploys.operations.manifest import host_directory, this_project
from deploys.operations.other_host import on, run
from deploys.questions.gateway_log import lines_since

RELOAD_SECONDS = 20
# What nginx should have loaded: `default "<revision>-<clients>-<time>";`, which nginx serves
# beside its revision. Removed before any of nginx's files is changed.
LOADED = "state/gateway/loaded.conf"


@dataclass(frozen=True)
class Gateway:
    """One gateway."""

    host: Host
    directory: str
    project: str

    def inside(self, command: StringCommand) -> StringCommand:
        """A command in its container."""
        name = QuoteString(self.project)
        return StringCommand("docker compose --project-name", name, "exec --no-TTY nginx", command)

    def clock(self) -> str:
        """Unix time by its host's own clock, which is Docker's there."""
        return run(self.host, StringCommand("date +%s.%N")).strip()

    def logs(self, since: str) -> StringCommand:
        """Both its logs from a moment of `clock` on."""
        script = lines_since(self.project, since, with_errors=True)
        return StringCommand("sh -c", QuoteString(script))

    def marks(self) -> dict[str, str]:
        """NAME.KIND of what is drained -> who did it and when."""
        with on(self.host):
            found: dict[str, str] = self.host.get_fact(Drains, directory=self.directory)["marks"]
        return found

    def stand_ins(self) -> dict[str, str]:
        """The stand-ins that nginx knows with its next reload -> their addresses."""
        with on(self.host):
            found: dict[str, str] = self.host.get_fact(Drains, directory=self.directory)[
                "stand_ins"
            ]
        return found

    def is_up(self) -> bool:
        """Whether nginx answers; a gateway that does not has no streams to lose."""
        with on(self.host):
            return bool(self.host.get_fact(GatewayLoaded, project=self.project))

    def change(self, *marks: str, surely: bool = False) -> None:
        """Sets (+NAME.KIND) and removes (-NAME.KIND) marks, and has nginx load what follows.

        `surely`: also where they are as they were, because a run may have died before it reloaded.
        """
        if "changed" in run(self.host, set_drains(self.directory, *marks)) or surely:
            run(self.host, reload(self.directory, self.project))


def all_gateways() -> list[Gateway]:
    """Every gateway of the environment, `--limit` or not, by name."""
    hosts = sorted(inventory.get_group("gateways", default=[]), key=lambda host: str(host.name))
    found = []
    for host in hosts:
        project = this_project(host, "gateways")
        if project is not None:
            found.append(Gateway(host, host_directory(host), project.name))
    return found


def set_drains(directory: str, *marks: str, text: str = "") -> StringCommand:
    """The command that sets and removes marks, and writes what nginx includes."""
    words = text or json.dumps({"who": who()})
    return run_script(SCRIPTS / "set-drains", directory, words, *marks)


def reload(directory: str, project: str, prefix: str = "-") -> StringCommand:
    """The command that has nginx load its files; `-` says no more of them than before."""
    words = (project, prefix, f"{directory}/{LOADED}", str(RELOAD_SECONDS))
    return run_script(SCRIPTS / "reload-gateway", *words)


def names(marks: Sequence[str], kind: str) -> list[str]:
    """Replicas with a mark of this kind, sorted."""
    ending = f".{kind}"
    return sorted(mark.removesuffix(ending) for mark in marks if mark.endswith(ending))
