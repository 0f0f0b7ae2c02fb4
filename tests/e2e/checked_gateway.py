"""A gateway of the lab as an environment commits it, so that whole checks are run against it.

nginx is real and so are its limits and shares; only the host around it is made up, for what these
checks ask of a host lies in its files.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from deploys.plan.plan import Pool
from deploys.render.gateway_manifest import gateway_release
from deploys.settings.client import Client
from tests.checks.conftest import Outcomes, runner
from tests.checks.deployment import Deployment, deploy
from tests.e2e.gateway_tree import POOLS, SETTINGS, place_secret
from tests.render.plans import HOST, small_plan

# Used up and whole again within four seconds; two at once, for nginx counts a moment longer.
TIER = {"requests_per_second": 5, "burst": 20, "concurrent_requests": 2}
LIMITS = {
    "mistakes are refused in one shape",
    "a body may be as large as allowed and no larger",
    "whoever has no key is refused for less and less",
}
AT_ONCE = "a client has no more at once than its tier allows"
TOO_OFTEN = "a client that asks too often is told when to come again"


def commit(
    root: Path,
    address: str,
    pools: Sequence[Pool] = POOLS,
    clients: Mapping[str, object] | None = None,
    **settings: object,
) -> Deployment:
    """A checkout in an empty folder whose gateway is that of `write_tree`, at ADDRESS:PORT."""
    deployment = deploy(root, address)
    plan = small_plan(*pools, gateway={**SETTINGS, **settings}, clients=clients)
    own = {name: _with_file(root, name, one) for name, one in plan.clients.items() if one.key}
    released = gateway_release(plan, plan.host(HOST), {}, own)
    assert released is not None
    deployment.commit(gateway=released.model_copy(update={"listen": address}))
    return deployment


def _with_file(root: Path, name: str, client: Client) -> Client:
    """In the lab a reference holds the secret itself."""
    assert client.key is not None
    place_secret(root / ".homeport" / f"{name}.key", client.key.removeprefix("file:"))
    return client.model_copy(update={"key": f"file:.homeport/{name}.key"})


def outcomes(deployment: Deployment, file: str, *options: str) -> Outcomes:
    """What becomes of the checks of a file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{deployment.docker.folder}:/usr/local/bin:/usr/bin:/bin")
        return runner(deployment, patch)(file, options=options)


def limits_bite(deployment: Deployment) -> None:
    """Every check of limits, and of other refusals, passes; none is left out."""
    refusals = outcomes(deployment, "check_gateway.py", "-k", "without_a_key or unknown_model")
    assert {line["result"] for line in refusals.values()} == {"passed"}, refusals
    found = outcomes(deployment, "check_limits.py")
    assert {line["check"]: line["result"] for line in found.values()} == dict.fromkeys(
        LIMITS | {AT_ONCE, TOO_OFTEN}, "passed"
    ), found


def a_stricter_one_is_found(deployment: Deployment) -> None:
    """A tier that is committed and that nginx has not loaded fails its own check."""
    found = outcomes(deployment, "check_limits.py", "-k", "at_once")
    (line,) = found.values()
    assert (line["check"], line["result"]) == (AT_ONCE, "failed"), found
    assert "one more than 1 at once: is let in" in line["message"]
