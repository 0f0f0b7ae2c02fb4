"""The share of a pool's sessions that goes to its candidate: set on a gateway, and forgotten."""

from collections.abc import Generator, Mapping

from pyinfra import host
from pyinfra.api import StringCommand, operation

from deploys.facts.gateway import Drains, GatewayLoaded
from deploys.facts.once import once
from deploys.history.holder import who
from deploys.operations.gateways import reload
from deploys.operations.host_script import SCRIPTS, run_script
from deploys.questions.canaries import Share, parse_loaded, read_share, share_file

Commands = Generator[StringCommand, None, None]


@operation()
def shared(directory: str, project: str, share: str) -> Commands:
    """
    Have the gateway send a share of a pool's sessions to its candidate; running answers go on.

    + directory: where the kit keeps its files
    + project: Compose project of the gateway
    + share: JSON: pool, candidate, percent (0 ends it) and steps
    """
    wanted = read_share(share)
    found = host.get_fact(Drains, directory=directory).get("canaries", {}).get(wanted.pool)
    served = host.get_fact(GatewayLoaded, project=project)
    loaded = parse_loaded(served.get("canaries", ""))
    if _is_set(wanted, found):
        if loaded.get(wanted.pool, "0") == (found.loaded if found else "0"):
            host.noop(f"{wanted}")
            return
        # A run that died in between.
        yield reload(directory, project)
        return
    yield run_script(SCRIPTS / "set-canary", directory, wanted.pool, share_file(wanted, who()))
    yield reload(directory, project)


def _is_set(wanted: Share, found: Share | None) -> bool:
    if found is None:
        return wanted.percent == 0
    return wanted.is_like(found)


@operation()
def kept(directory: str, candidates: Mapping[str, str]) -> Commands:
    """
    Forget the shares of candidates that the gateway's release does not have any more.

    + directory: where the kit keeps its files
    + candidates: pool -> its candidate

    Otherwise one that comes back under the same name would begin where the last one ended.
    """
    shares = once(host, Drains, directory=directory).get("canaries", {})
    over = [one.pool for one in shares.values() if candidates.get(one.pool) != one.candidate]
    if not over:
        host.noop("no candidate's share is left over")
        return
    for pool in over:
        yield run_script(SCRIPTS / "set-canary", directory, pool)
