"""What somebody does to a host by hand, so that it is not what was committed any more."""

from tests.lab.host import LabHost
from tests.lab.served import STORE, Served


def by_hand(host: LabHost, command: str) -> None:
    """As somebody does it who logs in: over SSH, with sudo."""
    host.ssh("sudo bash -eu", given=command.encode())


def load_other_revision(served: Served) -> None:
    """Has nginx load files of another revision than lies there, before and afterwards."""
    gate1 = served.host("gate1")
    folder = f"{STORE}/current/nginx"
    by_hand(
        gate1,
        f"cd {folder}; cp --preserve revision.conf /tmp/revision.conf; "
        "sed -i 's/[0-9a-f]\\{12\\}/000000000000/' revision.conf; "
        "docker kill --signal HUP $(docker ps --quiet --filter name=nginx)",
    )
    served.loads_revision("000000000000")
    by_hand(gate1, f"cp --preserve /tmp/revision.conf {folder}/; rm /tmp/revision.conf")
