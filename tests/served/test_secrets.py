"""After an apply to hosts over SSH secrets stand with the operator, and nowhere else."""

import contextlib
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.lab.host import File
from tests.lab.served import KEY, STORE, Served, pushed_images
from tests.lab.waiting import until
from tests.operations import loud_run, secret_watch

pytestmark = [pytest.mark.docker, pytest.mark.root]

USER = "kit"
SECRETS = {
    name: f"s3cret-{name}-{secrets.token_hex(8)}"
    for name in ("environment", "command", "password", "nobodys")
}
NEEDLES = secret_watch.needles([KEY, *SECRETS.values()], USER)
# What an operator keeps in files of mode 0600, below the checkout's root.
OWN = {".homeport/command.key": "command", ".homeport/password": "password"}
CLIENTS = {
    "tester": {"key": "file:.homeport/served.key"},
    "environment": {"key": "env:CLIENT_KEY"},
    "command": {"key": "command:cat .homeport/command.key"},
}
LOGIN = re.compile(rf"file 600 root {STORE}/secrets/registry\.\w+/config\.json")


@pytest.fixture
def locked(served: Served) -> Iterator[Served]:
    """The lab with a client of each kind and a registry that wants a login, nothing applied yet.

    The gateway's image has another name there: it is pulled, with the login.
    """
    registry = served.lab.registry
    assert registry is not None
    renamed = pushed_images(registry, "renamed")["nginx"]
    registry.require_login(USER, SECRETS["password"])
    for name, secret in OWN.items():
        file = served.checkout.path / name
        file.touch(0o600)
        file.write_text(f"{SECRETS[secret]}\n")
    images = {name: {"reference": one} for name, one in served.images.items()}
    login = {"prefix": registry.address, "user": USER, "password": "file:.homeport/password"}
    images["nginx"] = {"reference": renamed}
    served.commit(clients=CLIENTS, registry=login, images=images)
    yield served
    registry.require_no_login()
    # Before its image can be removed.
    served.put_back()
    served.host("gate1").run(f"docker image rm {renamed}")


def _watched(served: Served, found: list[str]) -> contextlib.ExitStack:
    """Looks at processes and files of all hosts and of this machine until it is closed."""
    stack = contextlib.ExitStack()
    for host in served.lab.hosts:
        stack.enter_context(secret_watch.watched(host, NEEDLES))
    stack.enter_context(loud_run.arguments_watched(found, NEEDLES))
    return stack


def _answers(served: Served, keys: Mapping[str, str]) -> dict[str, int]:
    return {name: served.chat(key=key).status_code for name, key in keys.items()}


def test_secrets_stand_nowhere_but_with_the_operator(
    locked: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loud_run.keep_below(tmp_path, monkeypatch)
    monkeypatch.setenv("CLIENT_KEY", SECRETS["environment"])
    on_controller: list[str] = []
    root, hosts = locked.checkout.path, locked.lab.hosts
    with _watched(locked, on_controller):
        said = loud_run.loudest(root, "inventories/served.py", "deploys/site.py")
        said += locked.first_apply + locked.apply() + locked.homeport("drift served")
    assert f"{STORE}/secrets/gateway" in said
    assert "pull-image" in said
    keys = {name: SECRETS[name] for name in ("environment", "command", "nobodys")}
    assert _answers(locked, {"tester": KEY, **keys}) == {
        "tester": 200, "environment": 200, "command": 200, "nobodys": 401,
    }  # fmt: skip
    assert loud_run.shown(said, NEEDLES) == []
    assert on_controller == []
    assert loud_run.written(root, NEEDLES, {*OWN, ".homeport/served.key"}) == []
    assert loud_run.written(tmp_path, NEEDLES, ()) == []
    # A fast host may have pulled between two looks; none may have shown anything else.
    seen = set().union(*(secret_watch.seen(host) for host in hosts))
    assert [one for one in seen if not LOGIN.fullmatch(one)] == []
    assert {host.name: secret_watch.left(host) for host in hosts} == {
        "gpu1": [], "gpu2": [], "gate1": [],
    }  # fmt: skip
    for host in hosts:
        secret_watch.forget(host)


# As a container, a service and a person would leave a secret. Another one each time: the journal
# keeps what it has, and a lab may be used again.
PLANTED = f"needle-{secrets.token_hex(8)}"
FILES = ("/var/log/planted", f"{STORE}/state/planted")
PLANT = f"""
set -eu
. /root/watch/planted
image=$(docker image ls --quiet | head -1)
docker run --detach --name planted --network none --env-file /root/watch/planted --entrypoint sh \
    $image -c 'echo "$WORD"; exec sh -c "sleep 600; :" "$WORD"'
echo "$WORD" | systemd-cat
echo "$WORD" >{FILES[0]}
echo "$WORD" >{FILES[1]}
"""
FOUND = {
    *(f"file {path}" for path in FILES),
    "cmdline of sh", "environ of sh", "inspect /planted", "journal", "logs /planted",
}  # fmt: skip
SEEN = {f"process {PLANTED}", f"file 644 root {FILES[1]}"}


def test_what_is_planted_in_each_place_is_found_there(served: Served) -> None:
    gate1 = served.host("gate1")
    with secret_watch.watched(gate1, f"{PLANTED}\n"):
        assert secret_watch.left(gate1) == []
        gate1.put({"/root/watch/planted": File(f"WORD={PLANTED}\n".encode(), 0o600)})
        try:
            gate1.run("sh", given=PLANT.encode())
            until(lambda: secret_watch.seen(gate1) >= SEEN, every_seconds=0.5)
            until(lambda: set(secret_watch.left(gate1)) >= FOUND, every_seconds=0.5)
        finally:
            gate1.run(f"docker rm --force planted; rm -f {' '.join(FILES)}", check=False)
    secret_watch.forget(gate1)


def test_what_is_planted_on_the_controller_is_found_there(served: Served) -> None:
    root = served.checkout.path
    places = ("compose/served/gate1/note", "nginx/served/gate1/note", ".homeport/apply.log")
    for place in places:
        Path(root, place).write_text(f"{PLANTED}\n")
    try:
        assert loud_run.written(root, PLANTED, ()) == sorted(places)
    finally:
        for place in places:
            Path(root, place).unlink()
