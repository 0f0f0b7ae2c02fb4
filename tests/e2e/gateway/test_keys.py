"""A real nginx whose clients have several keys: rotation, expiry, revocation; budgets that last."""

import dataclasses
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from deploys.render.nginx import gateway_revision
from tests.e2e.gateway.test_reload import load
from tests.e2e.gateway_lab import CHAT, Lab, docker, gateway_arguments, published, running_lab, said
from tests.e2e.gateway_tree import KEY, write_tree

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

OLD, NEW = "sk-old", "sk-new"
LAST_KEY_ENDED = "2020-12-31"
CLIENTS = {
    "demo": {"key": f"file:{KEY}"},
    "team": {
        "keys": {
            "old": {"key": f"file:{OLD}", "valid_until": "2999-12-31"},
            "older": {"key": "file:sk-older", "valid_until": LAST_KEY_ENDED},
        }
    },
    "metered": {"key": "file:sk-metered", "tier": "small"},
}
ROTATED = {**CLIENTS, "team": {"keys": {"new": {"key": f"file:{NEW}"}}}}
BOTH = {
    **CLIENTS,
    "team": {"keys": {"old": {"key": f"file:{OLD}"}, "new": {"key": f"file:{NEW}"}}},
}
TIERS = {"small": {"tokens_per_day": 50}}


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """A gateway whose clients have several keys."""
    folder = tmp_path_factory.mktemp("gateway")
    with running_lab(folder, nginx_image, clients=CLIENTS, tiers=TIERS) as lab:
        yield lab


@pytest.fixture
def restored(lab: Lab) -> Iterator[Lab]:
    """For tests that change files: the next test finds the first ones loaded."""
    yield lab
    loaded(lab, CLIENTS)


def loaded(lab: Lab, clients: dict[str, object]) -> None:
    """Has nginx load other clients."""
    revision = gateway_revision(write_tree(lab.folder, clients=clients, tiers=TIERS))
    load(lab, revision)


def with_key(lab: Lab, key: str) -> httpx.Response:
    """One chat completion with a key."""
    return lab.chat(headers={"Authorization": f"Bearer {key}"})


def test_a_key_is_taken_until_the_end_of_its_last_day_and_named_in_the_log(lab: Lab) -> None:
    answer = with_key(lab, OLD)
    assert answer.status_code == 200
    line = lab.logged(answer.headers["x-request-id"])
    assert (line["client"], line["key"]) == ("team", "team/old")


def test_an_expired_key_is_refused_as_such(lab: Lab) -> None:
    answer = with_key(lab, "sk-older")
    assert said(answer) == (401, "expired_key")
    assert answer.headers["www-authenticate"] == "Bearer"
    line = lab.logged(answer.headers["x-request-id"])
    assert (line["client"], line["key"], line["error"]) == ("", "team/older", "expired_key")
    assert said(with_key(lab, "sk-oldest")) == (401, "wrong_key")
    assert said(lab.chat(headers={})) == (401, "no_key")
    assert lab.seen() == []


def test_a_key_expires_by_the_clock_alone(restored: Lab) -> None:
    file = restored.folder / "nginx" / "clients.conf"
    ends = int(time.time()) + 4
    text, changed = re.subn(r'("\\\\team/old") \d+;', rf"\1 {ends};", file.read_text())
    assert changed == 1
    file.write_text(text)
    restored.reload()
    assert with_key(restored, OLD).status_code == 200
    time.sleep(max(0.0, ends - time.time()))
    assert said(with_key(restored, OLD)) == (401, "expired_key")


def test_keys_are_rotated_without_a_refused_request(restored: Lab) -> None:
    assert with_key(restored, NEW).status_code == 401
    loaded(restored, BOTH)
    assert [with_key(restored, key).status_code for key in (OLD, NEW)] == [200, 200]
    loaded(restored, ROTATED)
    assert [with_key(restored, key).status_code for key in (OLD, NEW)] == [401, 200]


def test_a_revoked_key_gets_at_most_one_more_answer_on_an_open_connection(restored: Lab) -> None:
    headers = {"Authorization": f"Bearer {OLD}"}
    with httpx.Client(headers=headers, timeout=15) as open_before:
        body = {"model": "chat"}
        assert open_before.post(restored.url + CHAT, json=body).status_code == 200
        loaded(restored, ROTATED)
        later = [open_before.post(restored.url + CHAT, json=body).status_code for _ in range(3)]
    assert later[1:] == [401, 401]
    # A new connection is a new worker's.
    assert with_key(restored, OLD).status_code == 401


def test_a_digest_without_a_reviewed_key_opens_nothing(restored: Lab) -> None:
    write_tree(restored.folder, clients=BOTH, tiers=TIERS)
    digests = (restored.folder / "secrets" / "clients.map").read_text()
    revision = gateway_revision(write_tree(restored.folder, clients=CLIENTS, tiers=TIERS))
    (restored.folder / "secrets" / "clients.map").write_text(digests)
    load(restored, revision)
    restored.reload()
    assert said(with_key(restored, NEW)) == (401, "wrong_key")
    assert with_key(restored, KEY).status_code == 200


@contextmanager
def another_gateway(lab: Lab, image: str, folder: Path) -> Iterator[Lab]:
    """A second gateway before the same engines, killed in the end: no worker says good-bye."""
    name = lab.container("other")
    start = ["run", "--detach", f"--name={name}", f"--network={lab.name}"]
    ports = ["--publish=127.0.0.1::8080", "--publish=127.0.0.1::8081"]
    docker(*start, *ports, *gateway_arguments(folder, image, "-g", "daemon off;"))
    try:
        other = dataclasses.replace(lab, folder=folder, url=published(name, 8080), gateway="other")
        give_up = time.monotonic() + 20
        while not _is_up(other):
            assert time.monotonic() < give_up, docker("logs", name)
            time.sleep(0.1)
        yield other
    finally:
        docker("rm", "--force", name, expect=None)


def _is_up(lab: Lab) -> bool:
    try:
        return lab.chat().status_code == 200
    except httpx.HTTPError:
        return False


def test_a_day_budget_holds_after_the_gateway_was_reloaded_and_killed(
    lab: Lab, nginx_image: str, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    write_tree(tmp_path, clients=CLIENTS, tiers=TIERS)
    headers = {"Authorization": "Bearer sk-metered"}

    def spend(gateway: Lab, tokens: int) -> int:
        body = {"model": "chat", "max_tokens": tokens}
        return gateway.chat(body, headers=headers).status_code

    with another_gateway(lab, nginx_image, tmp_path) as gateway:
        assert spend(gateway, 30) == 200
        docker("kill", "--signal=HUP", lab.container("other"))
        time.sleep(1)
        assert spend(gateway, 19) == 200
        wait_until_written(tmp_path, 49)
    with another_gateway(lab, nginx_image, tmp_path) as gateway:
        assert spend(gateway, 1) == 200
        assert said(gateway.chat(headers=headers)) == (429, "tokens_per_day")
        wait_until_written(tmp_path, 50)
    with another_gateway(lab, nginx_image, tmp_path) as gateway:
        assert said(gateway.chat(headers=headers)) == (429, "tokens_per_day")
        assert gateway.chat().status_code == 200


def wait_until_written(folder: Path, tokens: int) -> None:
    """nginx writes counts a second after they changed."""
    file = folder / "state" / "counters" / "tokens_by_day.json"
    give_up = time.monotonic() + 5
    while not file.exists() or f'"value":{tokens}' not in file.read_text().replace(" ", ""):
        assert time.monotonic() < give_up, file.exists() and file.read_text()
        time.sleep(0.1)


def test_nginx_complains_about_nothing(lab: Lab) -> None:
    lines = docker("logs", lab.container("nginx")).splitlines()
    assert not [line for line in lines if re.search(r"\[(alert|emerg|crit|warn)\]|js:", line)]
