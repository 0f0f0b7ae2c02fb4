"""A lab comes up where a run before it was killed together with its daemon."""

import re
from collections.abc import Iterator

import pytest

from tests.lab.labels import label_options, remove_all, resource
from tests.lab.machine import LabError, docker, need, run
from tests.lab.network import address, ensure_network, subnet

pytestmark = [pytest.mark.docker, pytest.mark.root]

NAME = "tests-leftovers"
PAST = "br-0123456789ab"
SOMEBODYS = "br-somebodys"


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    need("ip")
    yield
    remove_all(NAME)
    for bridge in (PAST, SOMEBODYS):
        run("ip", "link", "delete", bridge, check=False)
        run(*_masquerading("--delete", bridge), check=False)


def _masquerading(verb: str, bridge: str) -> tuple[str, ...]:
    rule = ("--source", str(subnet(NAME)), "!", "--out-interface", bridge, "--jump", "MASQUERADE")
    return ("iptables", "--wait=5", "--table=nat", verb, "POSTROUTING", *rule)


def _bridge(name: str) -> None:
    run("ip", "link", "add", name, "type", "bridge")
    run("ip", "address", "add", f"{address(NAME, 1)}/24", "dev", name)
    run("ip", "link", "set", name, "up")


def _bridges_of_rules() -> list[str]:
    rules = run("iptables", "--table=nat", "--list-rules", "POSTROUTING").stdout.splitlines()
    return [re.findall(r"-o (\S+)", one)[0] for one in rules if f" -s {subnet(NAME)} " in one]


def test_a_bridge_and_a_rule_of_a_network_that_is_gone_are_taken_away() -> None:
    _bridge(PAST)
    run(*_masquerading("--append", PAST))
    network = docker("network", "inspect", "--format", "{{.Id}}", ensure_network(NAME))
    assert _bridges_of_rules() == [f"br-{network[:12]}"]
    assert run("ip", "link", "show", PAST, check=False).returncode != 0


def test_what_docker_has_not_named_or_still_knows_stays() -> None:
    label = label_options(NAME)
    ours = docker("network", "create", f"--subnet={subnet(NAME)}", *label, resource(NAME, "other"))
    with pytest.raises(LabError, match="choose another --name"):
        ensure_network(NAME)
    assert _bridges_of_rules() == [f"br-{ours[:12]}"]
    remove_all(NAME)
    _bridge(SOMEBODYS)
    run(*_masquerading("--append", SOMEBODYS))
    with pytest.raises(LabError, match="choose another --name"):
        ensure_network(NAME)
    assert _bridges_of_rules() == [SOMEBODYS]
