"""The user that containers run as has a name on the host, so that nobody else gets its number."""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import FunctionCommand, StringCommand, operation

from deploys.facts.docker import DockerHost
from deploys.facts.once import once
from deploys.facts.users import UserName

# As in the templates: `user: "10001:10001"`.
UID = 10001
NAME = "homeport"


@operation()
def reserved() -> Generator[StringCommand | FunctionCommand, None, None]:
    """
    Have a user without home and without a way to log in own the uid of the kit's containers.

    The next person or service that is added would otherwise get it, and with it the files that only
    the containers may read.
    """
    there = once(host, UserName, uid=UID)
    if there == NAME:
        host.noop(f"uid {UID} is {NAME}'s")
        return
    if there:
        words = f"warning: uid {UID}, as which containers run, is {there}'s on this host"
        host.noop(words)
        if host.state.is_executing:
            host.log(words)
        return
    command = (
        f"groupadd --system --gid {UID} {NAME} && useradd --system --uid {UID} --gid {UID} "
        f"--no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin {NAME}"
    )
    sudo = once(host, DockerHost).uid != 0
    yield StringCommand(command, _sudo=True) if sudo else StringCommand(command)
