"""Applying twice changes nothing; what differs is found, shown and mended, and nothing else."""

import json
from pathlib import Path

import httpx
import pytest

from tests.e2e.checkout import Checkout, chat, containers, docker, gateway
from tests.lab.waiting import until

CONFIGURATION = "/srv/homeport/gateway/current/nginx.conf"

pytestmark = [pytest.mark.docker, pytest.mark.root]


def _times(directory: Path) -> dict[str, int]:
    return {
        str(path): path.lstat().st_mtime_ns
        for folder in ("releases", "models", "secrets", "gateway")
        for path in (directory / folder).rglob("*")
    }


def _mended(demo: Checkout, words: str) -> None:
    """Found by drift, shown by apply --dry, mended by apply."""
    assert words in demo.homeport("drift local", expect=2)
    assert "would change" in demo.homeport("apply local --dry", expect=2)
    demo.homeport("apply local")
    demo.homeport("drift local")
    assert demo.pending() == []


def test_applying_again_changes_nothing(demo: Checkout) -> None:
    ids, times = containers(), _times(demo.directory)
    assert "nothing had to change" in demo.homeport("apply local")
    assert demo.pending() == []
    assert (containers(), _times(demo.directory)) == (ids, times)
    assert "nothing to change" in demo.homeport("apply local --dry")


def test_raw_pyinfra_does_the_same_as_the_command(demo: Checkout) -> None:
    ids = containers()
    demo.run(".venv/bin/pyinfra -y inventories/local.py deploys/site.py")
    assert containers() == ids


def test_a_container_stopped_by_hand_is_found_and_mended(changed: Checkout) -> None:
    before = containers()
    docker("stop", before["chat-1"])
    _mended(changed, "chat-1")
    after = containers()
    assert after["chat-2"] == before["chat-2"]
    assert after["nginx"] == before["nginx"]
    assert set(after) == set(before)


def test_a_container_removed_by_hand_is_found_and_mended(changed: Checkout) -> None:
    before = containers()
    docker("rm", "--force", before["chat-2"])
    _mended(changed, "chat-2")
    assert containers()["chat-1"] == before["chat-1"]


@pytest.mark.parametrize("file", ["nginx/nginx.conf", "gpu_hosts/compose.yaml"])
def test_a_file_edited_on_the_host_is_found_and_mended(changed: Checkout, file: str) -> None:
    before = containers()
    live = changed.directory / "current" / file
    committed = live.read_bytes()
    live.write_bytes(committed + b"# by hand\n")
    _mended(changed, file)
    assert live.read_bytes() == committed
    assert containers() == before


def test_a_gateway_setting_reloads_nginx_and_leaves_every_container_alone(
    changed: Checkout,
) -> None:
    before = containers()
    changed.edit(
        "inventories/group_data/local.py",
        '"admin_port": 8081',
        '"admin_port": 8081, "first_byte_seconds": 321',
    )
    assert "stale" in changed.homeport("render local --check", expect=2)
    refusal = changed.homeport("apply local", expect=7)
    assert "error: nginx/local/localhost/" in refusal
    assert "hint: homeport render local" in refusal
    changed.homeport("render local")
    _mended(changed, "revision")
    assert containers() == before
    loaded = docker("exec", before["nginx"], "nginx", "-T", "-c", CONFIGURATION)
    assert "proxy_read_timeout 321s;" in loaded


def test_the_body_limit_is_a_setting_that_holds(changed: Checkout) -> None:
    before = containers()
    changed.edit(
        "inventories/group_data/local.py",
        '"admin_port": 8081',
        '"admin_port": 8081, "body_limit_mib": 1',
    )
    changed.homeport("render local")
    changed.homeport("apply local")
    # The gateway's memory is planned from the limit, so its container is another; engines stay.
    assert {**containers(), "nginx": ""} == {**before, "nginx": ""}
    with gateway(changed) as client:
        too_large = client.post("/v1/chat/completions", content=b" " * (2 << 20))
    assert too_large.status_code == 413


def test_one_more_replica_leaves_the_others_alone(changed: Checkout) -> None:
    before = containers()
    changed.edit("inventories/group_data/local.py", '"replicas": 2', '"replicas": 3')
    changed.homeport("render local")
    changed.homeport("apply local")
    after = containers()
    assert set(after) - set(before) == {"chat-3"}
    assert {name: after[name] for name in before} == before


def test_a_new_key_is_loaded_without_a_new_container(changed: Checkout) -> None:
    before, old = containers(), changed.key
    file = changed.path / ".homeport" / "demo.key"
    file.write_text("hp-another-key\n")
    try:
        changed.homeport("apply local")
        with gateway(changed) as client:
            assert chat(client).status_code == 200
            assert _without_a_key(httpx.Client(base_url=client.base_url)) == 401
        assert containers() == before
    finally:
        file.write_text(f"{old}\n")


def _without_a_key(client: httpx.Client) -> int:
    """Its status, once there is room for one: the apply's own checks may have used that up."""
    return until(lambda: code if (code := chat(client).status_code) != 429 else 0, every_seconds=1)


def test_a_broken_gateway_configuration_leaves_the_running_one_untouched(
    changed: Checkout,
) -> None:
    before = containers()
    current = (changed.directory / "current").readlink()
    broken = changed.path / "nginx" / "local" / "localhost" / "nginx.conf"
    broken.write_text(broken.read_text() + "\nnot_a_directive on;\n")
    _release_again(changed)
    done = changed.run(".venv/bin/pyinfra -y inventories/local.py deploys/site.py", expect=1)
    assert "not_a_directive" in done.stdout + done.stderr
    assert (changed.directory / "current").readlink() == current
    assert containers() == before
    with gateway(changed) as client:
        assert chat(client).status_code == 200


def _release_again(checkout: Checkout) -> None:
    """Commits the broken file as a release of its own, as a faulty renderer would."""
    code = (
        "import hashlib, pathlib, yaml\n"
        "path = pathlib.Path('compose/local/localhost/release.yaml')\n"
        "release = yaml.safe_load(path.read_text())\n"
        "text = pathlib.Path('nginx/local/localhost/nginx.conf').read_bytes()\n"
        "release['files']['nginx/nginx.conf'] = hashlib.sha256(text).hexdigest()\n"
        "release['release'] = 'badbadbadbad'\n"
        "path.write_text(yaml.safe_dump(release))\n"
    )
    checkout.run(f".venv/bin/python - <<'PYTHON'\n{code}PYTHON")


def test_drift_is_json_for_a_program(changed: Checkout) -> None:
    docker("stop", containers()["chat-2"])
    done = changed.run(".venv/bin/homeport drift local --json", expect=2)
    assert any("chat-2" in json.dumps(finding) for finding in json.loads(done.stdout)["findings"])
