"""A real nginx that is given new files: what it loads, what it refuses, what it never drops."""

import hashlib
import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from deploys.render.nginx import gateway_revision, pools_digest
from tests.e2e.gateway_lab import CHAT, Lab, docker, gateway_arguments
from tests.e2e.gateway_tree import KEY, write_tree
from tests.lab import plain_http

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

HEADERS = {"Authorization": f"Bearer {KEY}"}
CLIENTS = 4
RELOADS = 10


@pytest.fixture
def restored(lab: Lab) -> Iterator[Lab]:
    """For tests that change files: the next test finds the first ones loaded."""
    yield lab
    load(lab, gateway_revision(write_tree(lab.folder)))


def served_revision(lab: Lab) -> str:
    """What the admin listener says."""
    return str(plain_http.get(f"{lab.admin_url}/revision", timeout=5).json()["revision"])


def reload(lab: Lab) -> None:
    """As the deploy does it."""
    docker("kill", "--signal=HUP", lab.container("nginx"))


def load(lab: Lab, revision: str) -> None:
    """Reloads, and proves that it is this revision that workers serve now."""
    lab.reload()
    assert served_revision(lab) == revision


def proof(lab: Lab) -> str:
    """What `nginx -t` says about the files, in a container as the deploy uses it."""
    image = docker("inspect", "--format={{.Image}}", lab.container("nginx")).strip()
    arguments = gateway_arguments(lab.folder, image, "-t")
    return docker("run", "--rm", "--network=none", *arguments, expect=None)


def test_the_rendered_files_pass_nginx_and_are_served_under_their_revision(lab: Lab) -> None:
    assert "test is successful" in proof(lab)
    assert served_revision(lab) == gateway_revision(write_tree(lab.folder))


def test_the_admin_listener_serves_nothing_but_revision_and_status(lab: Lab) -> None:
    assert "Active connections" in plain_http.get(f"{lab.admin_url}/status", timeout=5).text
    for path in ("/", CHAT, "/v1/models", "/nginx.conf", "/healthz"):
        assert plain_http.get(lab.admin_url + path, headers=HEADERS, timeout=5).status_code == 404


def test_nginx_runs_without_root_or_capabilities_and_writes_only_to_tmp(lab: Lab) -> None:
    status = docker("exec", lab.container("nginx"), "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == ["10001"] * 4
    assert int(fields["CapEff"], 16) == 0
    assert "Read-only" in docker("exec", lab.container("nginx"), "touch", "/x", expect=None)


def test_nothing_is_complained_about_at_start(lab: Lab) -> None:
    lines = docker("logs", lab.container("nginx")).splitlines()
    assert not [line for line in lines if "[alert]" in line or "[emerg]" in line]


def test_a_broken_configuration_leaves_the_running_one_serving(restored: Lab) -> None:
    before = served_revision(restored)
    files = write_tree(restored.folder, body_limit_mib=8)
    (copy,) = restored.folder.glob(f"state/pools/{pools_digest(files['pools.conf'])}.conf")
    copy.write_text(files["pools.conf"] + "upstream {\n")
    assert "[emerg]" in proof(restored)
    reload(restored)
    time.sleep(1)
    assert served_revision(restored) == before
    assert restored.chat().status_code == 200
    assert restored.chat(b"A" * (5 * 1024 * 1024)).status_code == 413


def test_a_broken_script_leaves_the_running_one_serving(restored: Lab) -> None:
    (restored.folder / "nginx" / "gateway.js").write_text("export default {")
    assert "test failed" in proof(restored)
    reload(restored)
    time.sleep(1)
    assert restored.chat().status_code == 200


def test_a_new_client_may_enter_after_a_reload_and_a_removed_one_may_not(restored: Lab) -> None:
    secret = restored.folder / "secrets" / "clients.map"
    old = secret.read_text()
    digest = hashlib.sha256(b"sk-another").hexdigest()
    revision = gateway_revision(write_tree(restored.folder, body_limit_mib=5))
    try:
        secret.write_text(f'"{digest}" "another";\n')
        load(restored, revision)
        # A worker that is about to leave may still take the first of the next connections.
        restored.wait_for(200, "sk-another")
        restored.wait_for(401, KEY)
    finally:
        secret.write_text(old)


def test_a_stream_outlives_a_reload(restored: Lab) -> None:
    body = {"model": "chat", "stream": True}
    url = restored.url + CHAT
    with plain_http.stream("POST", url, json=body, headers=HEADERS, timeout=15) as answer:
        pieces = answer.iter_text()
        first = next(pieces)
        load(restored, gateway_revision(write_tree(restored.folder, body_limit_mib=6)))
        assert "data: 7" in first + "".join(pieces)


def test_reloads_lose_no_request_of_clients_that_keep_their_connection(
    restored: Lab, figure: Callable[[str], None]
) -> None:
    stop = threading.Event()
    with ThreadPoolExecutor(CLIENTS) as threads:
        clients = [threads.submit(keep_asking, restored, stop) for _ in range(CLIENTS)]
        for _ in range(RELOADS):
            time.sleep(1)
            reload(restored)
        stop.set()
    counts = sum((client.result() for client in clients), Counter[str]())
    figure(f"{RELOADS} reloads, one each second: {counts} of {CLIENTS} clients")
    # Thousands, on a machine that has nothing else to do.
    assert counts.total() > 1000
    assert set(counts) == {"200"}


def keep_asking(lab: Lab, stop: threading.Event) -> Counter[str]:
    """Statuses of one client's requests; it connects anew only where nginx has said that it must.

    A connection that ends without an answer is counted by the error.
    """
    address = httpx.URL(lab.url)
    counts: Counter[str] = Counter()
    connection = http.client.HTTPConnection(address.host, address.port, timeout=15)
    while not stop.is_set():
        try:
            connection.request("POST", CHAT, b'{"model": "chat"}', HEADERS)
            answer = connection.getresponse()
            answer.read()
            counts[str(answer.status)] += 1
        except (http.client.HTTPException, OSError) as error:
            counts[repr(error)] += 1
            connection.close()
    connection.close()
    return counts
