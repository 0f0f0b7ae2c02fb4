"""Models from one host of the fleet to the others, over an SSH server for the time of the run.

SSH, because every host that is reached over it has the programs, which cannot be said of a web
server or of curl, and because it is encrypted and knows both sides by keys. Each host makes its own
key and only public ones travel, by way of the controller, which is what both sides trust already.
Weights go straight from host to host; see scripts/share-models for who may read what.
"""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import FunctionCommand, QuoteString, StringCommand, operation

from deploys.catalogue.model import ModelFile
from deploys.facts.release import FileText
from deploys.operations.host_script import SCRIPTS, run_script, told
from deploys.operations.model_fleet import Seen, sources
from deploys.operations.model_upload import say, store_step
from deploys.operations.models import FLEET, arrived, from_outside, placed
from deploys.operations.run_end import at_the_end
from deploys.render.release import ModelCopy
from deploys.settings.hub import Hub

# One below the engines' first; see HostWords.
FLEET_PORT = 9000
# `USER TYPE KEY`, while a host gives; see scripts/share-models.
PUBLIC = "/run/homeport/models.pub"

Commands = Generator[StringCommand | FunctionCommand, None, None]


@operation(is_idempotent=False)
def key(directory: str) -> Commands:
    """
    Make the key with which this host takes models from another one, if it is to take any.

    + directory: the kit's folder on the host
    """
    mine = FLEET.get(host.name)
    if not host.state.is_executing or mine is None or not _takes_from_others(mine):
        host.noop("no other host of this run has what is missing here")
        return
    yield _share("key", directory)
    at_the_end(host, _share("stop", directory))
    mine.public_key = host.get_fact(FileText, path=f"{directory}/models/.taking/key.pub")


@operation(is_idempotent=False)
def given(directory: str, port: int) -> Commands:
    """
    Give models to the hosts that lack them, until the run ends.

    + directory: the kit's folder on the host
    + port: port of the host's address on which they take them
    """
    mine = FLEET.get(host.name)
    takers = [] if mine is None else [one for one in FLEET.values() if _takes(one, mine)]
    if not host.state.is_executing or mine is None or not takers:
        host.noop("no other host of this run takes models from here")
        return
    yield say(f"gives models to {', '.join(one.name for one in takers)}")
    at_the_end(host, _share("stop", directory))
    lines = (f'from="{one.address}",restrict {one.public_key}' for one in takers)
    yield told(_share("start", directory, mine.address, str(port), "\n".join(lines)))
    mine.giving = host.get_fact(FileText, path=PUBLIC)


@operation(is_idempotent=False)
def taken(directory: str, model: ModelCopy, hub: Hub | None, port: int) -> Commands:
    """
    Take a model's files from the host that has them; from outside what does not come that way.

    + directory: the kit's folder on the host
    + model: its files, with sizes and sha256, and where they come from
    + hub: where ``hub:`` sources lie
    + port: port on which the other host gives them
    """
    mine = FLEET.get(host.name)
    missing = [] if mine is None else [one for one in model.files if one.sha256 in mine.missing]
    if not host.state.is_executing or mine is None or not missing:
        host.noop(f"nothing of {model.name} is to come from another host")
        return
    for file in missing:
        giver = FLEET[sources(FLEET)[mine.name][file.sha256]]
        if giver.giving:
            yield say(f"{model.name}: {file.name} from {giver.name}")
            yield from _from_host(directory, file, giver, port)
        if giver.giving and arrived(directory, file):
            yield told(store_step("check", directory, file))
        else:
            yield from from_outside(directory, model, file, hub)
        mine.missing.pop(file.sha256)
        mine.held.add(file.sha256)
    yield from placed(directory, model)


@operation(is_idempotent=False)
def ended(directory: str) -> Commands:
    """
    End giving and taking, and remove the keys.

    + directory: the kit's folder on the host
    """
    mine = FLEET.get(host.name)
    if not host.state.is_executing or mine is None or not (mine.giving or mine.public_key):
        host.noop("nothing is shared")
        return
    yield told(_share("stop", directory))
    at_the_end(host, None)
    mine.giving = mine.public_key = ""


def _takes(one: Seen, giver: Seen) -> bool:
    """Whether a host that has its key takes anything from another one."""
    from_whom = sources(FLEET)[one.name].values()
    return bool(one.public_key) and one is not giver and giver.name in from_whom


def _takes_from_others(one: Seen) -> bool:
    return any(giver != one.name for giver in sources(FLEET)[one.name].values())


def _from_host(directory: str, file: ModelFile, giver: Seen, port: int) -> Commands:
    user, _, public = giver.giving.partition(" ")
    known = f"[{giver.address}]:{port} {public}\n"
    path = QuoteString(f"{directory}/models/.taking/known_hosts")
    yield StringCommand("umask 077; cat >", path, _stdin=known)
    yield told(store_step("take", directory, file, giver.address, str(port), user))


def _share(step: str, directory: str, *words: str) -> StringCommand:
    return run_script(SCRIPTS / "share-models", step, f"{directory}/models", *words)
