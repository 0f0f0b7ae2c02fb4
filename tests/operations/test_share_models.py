"""The SSH server that gives models to other hosts: who may read what, from where, for how long."""

from collections.abc import Iterator

import pytest

from deploys.operations.host_script import SCRIPTS
from tests.lab.host import LabHost
from tests.lab.lab import Lab

pytestmark = [pytest.mark.docker, pytest.mark.root]

STORE = "/srv/homeport/models"
SHA256 = "5" * 64
SCRIPT = (SCRIPTS / "share-models").read_bytes()
LISTENING = "cat /proc/net/tcp /proc/net/tcp6 | awk '$4 == \"0A\" && $2 ~ /:2328$/ {print $2}'"
TAKE = (
    "ssh -F /dev/null -i KEY -o BatchMode=yes -o UserKnownHostsFile=/tmp/known -p 9000 "
    "-o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=/dev/null -l operator ADDRESS WORDS"
)


def share(host: LabHost, *words: str, check: bool = True) -> str:
    """A step of the script as sudo runs it."""
    arguments = " ".join(f"'{word}'" for word in words)
    script = f"cat >/tmp/share; SUDO_USER=operator bash /tmp/share {arguments}"
    return host.run(script, given=SCRIPT, check=check)


@pytest.fixture(scope="module")
def giver(shared_lab: Lab) -> Iterator[LabHost]:
    """gpu1, which gives one file to gpu2."""
    gpu1, gpu2 = shared_lab.host("gpu1"), shared_lab.host("gpu2")
    gpu1.run(f"mkdir -p {STORE}/.files; echo content >{STORE}/.files/{SHA256}")
    gpu1.run(f"echo secret >{STORE}/.files/other; echo secret >/etc/homeport-lab-test")
    share(gpu2, "key", STORE)
    public = gpu2.run(f"cat {STORE}/.taking/key.pub")
    give(gpu1, f'from="{gpu2.address}",restrict {public}')
    yield gpu1
    for host in (gpu1, gpu2):
        share(host, "stop", STORE)
        host.run(f"rm -rf {STORE} /etc/homeport-lab-test /tmp/share /tmp/known")


def give(host: LabHost, authorized: str = "none") -> None:
    """Starts the server."""
    share(host, "start", STORE, host.address, "9000", authorized)


def take(giver: LabHost, taker: LabHost, words: str, key: str = f"{STORE}/.taking/key") -> str:
    """What a host gets that asks."""
    known = giver.run("cut -d ' ' -f 2- /run/homeport/models.pub")
    taker.run("cat >/tmp/known", given=f"[{giver.address}]:9000 {known}\n".encode())
    asked = TAKE.replace("KEY", key).replace("ADDRESS", giver.address)
    return taker.run(f"{asked.replace('WORDS', words)} 2>&1", check=False)


def test_a_host_with_its_key_gets_a_file_from_any_place_on(shared_lab: Lab, giver: LabHost) -> None:
    gpu2 = shared_lab.host("gpu2")
    assert take(giver, gpu2, f"'{SHA256} 0'") == "content"
    assert take(giver, gpu2, f"'{SHA256} 4'") == "ent"


@pytest.mark.parametrize(
    "words",
    ["", "id", "'cat /etc/homeport-lab-test'", "'other 0'", "'../other 0'",
     f"'{SHA256[:-1]} 0'", f"'{SHA256} 0;cat /etc/homeport-lab-test'", "-s sftp"],
)  # fmt: skip
def test_it_gets_nothing_else(shared_lab: Lab, giver: LabHost, words: str) -> None:
    said = take(giver, shared_lab.host("gpu2"), words)
    assert "secret" not in said
    assert "uid=" not in said
    assert "sftp>" not in said


def test_a_host_without_a_key_and_one_with_somebody_elses_get_nothing(
    shared_lab: Lab, giver: LabHost
) -> None:
    gate1, gpu2 = shared_lab.host("gate1"), shared_lab.host("gpu2")
    stolen = gpu2.run(f"cat {STORE}/.taking/key")
    gate1.run("umask 077; cat >/tmp/key", given=f"{stolen}\n".encode())
    gate1.run("rm -f /tmp/own; ssh-keygen -q -t ed25519 -N '' -f /tmp/own")
    try:
        for key in ("/tmp/key", "/tmp/own"):
            assert "Permission denied" in take(giver, gate1, f"'{SHA256} 0'", key)
    finally:
        gate1.run("rm -f /tmp/key /tmp/own /tmp/own.pub /tmp/known")


def test_it_listens_on_the_private_address_alone_and_has_no_privileges(giver: LabHost) -> None:
    place = "".join(f"{int(part):02X}" for part in reversed(giver.address.split(".")))
    assert giver.run(LISTENING) == f"{place}:2328"
    shown = "systemctl show homeport-models --value --property=MainPID"
    status = giver.run(f"grep -E '^(Uid|CapBnd|NoNewPrivs):' /proc/$({shown})/status")
    assert [line.split()[1] for line in status.splitlines()] == ["1000", "0000000000000000", "1"]


def test_keys_are_readable_by_their_owner_alone(shared_lab: Lab, giver: LabHost) -> None:
    gpu2 = shared_lab.host("gpu2")
    assert gpu2.run(f"stat --format %a {STORE}/.taking {STORE}/.taking/key").split() == [
        "700",
        "600",
    ]
    found = giver.run("stat --format %a /run/homeport/models /run/homeport/models/host_key")
    assert found.split() == ["700", "600"]


def test_nothing_is_left_after_it_was_stopped(giver: LabHost) -> None:
    give(giver)
    share(giver, "stop", STORE)
    assert giver.run(LISTENING) == ""
    assert giver.run("ls -d /run/homeport/models* || true") == ""
    assert giver.run("systemctl is-active homeport-models || true") == "inactive"


def test_a_run_that_was_killed_leaves_a_server_that_ends_by_itself(giver: LabHost) -> None:
    quick = SCRIPT.replace(b"sleep 10", b"sleep 0.1").replace(b"-lt 90", b"-lt 5")
    giver.run("cat >/tmp/share", given=quick)
    giver.run(f"SUDO_USER=operator bash /tmp/share start {STORE} {giver.address} 9000 none")
    for _ in range(100):
        if not giver.run(LISTENING):
            break
        giver.run("sleep 0.1")
    assert giver.run(LISTENING) == ""
