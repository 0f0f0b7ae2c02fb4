"""keepalived on a host against what is committed for it."""

from dataclasses import replace

import pytest

from deploys.questions.keepalived import (
    PLACES,
    SYSCTL,
    Keepalived,
    keepalived_differences,
    parse_keepalived,
)

WANTED = {"keepalived.conf": "a" * 64, "check-gateway": "b" * 64}
OUTPUT = f"""\
installed=installed
active=active
enabled=enabled
nonlocal=1
addresses=10.0.0.1 10.0.0.100
fit=yes
{"a" * 64}  {PLACES["keepalived.conf"]}
{"b" * 64}  {PLACES["check-gateway"]}
{"c" * 64}  {SYSCTL}
""".splitlines()
RIGHT = parse_keepalived(OUTPUT)


def test_a_host_as_committed_differs_in_nothing() -> None:
    assert RIGHT.addresses == ("10.0.0.1", "10.0.0.100")
    assert RIGHT.fit
    assert keepalived_differences(WANTED, RIGHT) == []


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (replace(RIGHT, active=False), "keepalived"),
        (replace(RIGHT, installed=False), "keepalived"),
        (replace(RIGHT, enabled=False), "keepalived"),
        (replace(RIGHT, nonlocal_bind=False), "sysctl net.ipv4.ip_nonlocal_bind"),
        (replace(RIGHT, digests={**RIGHT.digests, PLACES["check-gateway"]: "d" * 64}),
         "file /etc/keepalived/check-gateway"),
        (replace(RIGHT, digests={key: text for key, text in RIGHT.digests.items()
                                 if key != SYSCTL}), f"file {SYSCTL}"),
    ],
)  # fmt: skip
def test_each_difference_is_named(found: Keepalived, what: str) -> None:
    assert [one[0] for one in keepalived_differences(WANTED, found)] == [what]


def test_a_bare_host_lacks_all_of_it() -> None:
    assert len(keepalived_differences(WANTED, parse_keepalived([]))) == 6
