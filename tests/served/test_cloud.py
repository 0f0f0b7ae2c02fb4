"""A deployed gateway with a way to the cloud: over SSH, engines on other hosts, a cloud outside."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploys.operations.fleet_way import unit_name
from deploys.render.image_tags import built_reference
from tests.lab import plain_http
from tests.lab.certificates import authority, server_certificate
from tests.lab.labels import resource
from tests.lab.machine import ROOT, docker
from tests.lab.served import KEY, NAME, POOL, Served
from tests.render.cloud_plans import CLOUD, PROVIDER_MODEL

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(900)]

CLOUD_NAME = "api.acme.test"
CLOUD_KEY = "sk-of-the-provider"
CONTAINER = f"homeport-lab-{NAME}-cloud"
CHAIN = "HOMEPORT-"
FAKE_CLOUD = Path(__file__).parents[1] / "lab" / "fake_cloud.py"
SAFE_KEY = "hp-key-of-a-client-that-stays"
WORDS = {
    "pools": {
        "chat": {**POOL, "cloud": "fallback"},
        "secret": {**POOL, "replicas": 1, "rollout": "auto", "sovereign": True},
    },
    "clients": {
        "tester": {"key": "file:.homeport/served.key", "cloud": "fallback"},
        "safe": {"key": "file:.homeport/safe.key", "sovereign": True},
    },
    "cloud": {
        **CLOUD,
        "base_url": f"https://{CLOUD_NAME}/openai/v1",
        "key": "file:.homeport/provider.key",
        "authority": "inventories/provider-ca.pem",
    },
}


@pytest.fixture(scope="module")
def cloudy(served_lab: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The served lab with a cloud; as it was before, afterwards."""
    folder = tmp_path_factory.mktemp("provider")
    start_cloud(served_lab, folder)
    keys = {"provider.key": CLOUD_KEY, "safe.key": SAFE_KEY}
    for name, key in keys.items():
        file = served_lab.checkout.path / ".homeport" / name
        file.touch(0o600)
        file.write_text(key)
    target = served_lab.checkout.path / "inventories" / "provider-ca.pem"
    shutil.copy(authority(folder), target)
    served_lab.commit(**WORDS)
    try:
        yield served_lab
    finally:
        served_lab.commit()
        take_gateway_down(served_lab)
        served_lab.apply()
        docker("rm", "--force", CONTAINER, check=False)


def start_cloud(served: Served, folder: Path) -> None:
    """On the lab's network, outside of every host."""
    image = built_reference("nginx", ROOT / "deploys" / "images")
    certificate, key = server_certificate(folder, CLOUD_NAME, ("127.0.0.1",))
    key.chmod(0o644)
    # A run that was interrupted may have left one.
    docker("rm", "--force", CONTAINER, check=False)
    docker(
        "run", "--detach", f"--name={CONTAINER}", f"--network={resource(NAME, 'network')}",
        f"--network-alias={CLOUD_NAME}", "--publish=127.0.0.1::8090", "--volume=/usr:/usr:ro",
        f"--volume={FAKE_CLOUD}:/fake_cloud.py:ro", f"--volume={certificate}:/tls.crt:ro",
        f"--volume={key}:/tls.key:ro", "--user=10001", "--read-only",
        "--entrypoint=/usr/bin/python3", image,
        "/fake_cloud.py", "/tls.crt", "/tls.key", CLOUD_NAME, CLOUD_KEY, PROVIDER_MODEL,
    )  # fmt: skip


def take_gateway_down(served: Served) -> None:
    """As the refusal says."""
    served.checkout.run(f".venv/bin/pyinfra -y --limit gate1 inventories/{NAME}.py deploys/down.py")


def ask(served: Served, model: str = "chat", key: str = KEY, **headers: str) -> httpx.Response:
    """One short answer through the gateway."""
    url = f"http://{served.host('gate1').address}:8080/v1/chat/completions"
    body = {"model": model, "max_tokens": 4, "messages": [{"role": "user", "content": "Hi"}]}
    sent = {"Authorization": f"Bearer {key}", **headers}
    return plain_http.post(url, json=body, headers=sent, timeout=30)


def seen() -> list[dict[str, object]]:
    """What has reached the cloud."""
    port = docker("port", CONTAINER, "8090").split()[0]
    found: list[dict[str, object]] = plain_http.get(f"http://{port}/seen", timeout=5).json()
    return found


@pytest.fixture(scope="module")
def applied(cloudy: Served) -> Served:
    """The same once it is deployed."""
    take_gateway_down(cloudy)
    cloudy.apply()
    return cloudy


@pytest.fixture
def without_engines(applied: Served) -> Iterator[Served]:
    """All engines stopped; they run again afterwards."""
    stop = "docker ps -q --filter label=homeport.pool"
    for name in ("gpu1", "gpu2"):
        applied.host(name).run(f"docker stop --time 1 $({stop})")
    yield applied
    for name in ("gpu1", "gpu2"):
        applied.host(name).run(f"docker start $({stop.replace('ps -q', 'ps -aq')})")
    applied.apply()


def test_a_network_that_lets_the_gateway_out_is_refused_with_what_helps(cloudy: Served) -> None:
    said = cloudy.apply(expect=7)
    assert f"network homeport-{NAME} lets containers out" in said
    assert "deploys/down.py" in said


def test_it_is_deployed_without_drift_and_the_second_time_changes_nothing(applied: Served) -> None:
    assert applied.findings() == []
    assert "nothing had to change" in applied.apply()


def test_engines_on_other_hosts_answer_and_nothing_leaves(applied: Served) -> None:
    for _ in range(4):
        answer = ask(applied)
        assert answer.status_code == 200
        assert answer.headers["x-homeport-provider"] == "fleet"
    assert ask(applied, "secret", SAFE_KEY).status_code == 200
    assert seen() == []


def test_the_checks_of_sovereignty_hold_the_disruptive_one_too(applied: Served) -> None:
    command = f".venv/bin/pytest checks/check_sovereignty.py --environment={NAME} --disruptive -q"
    done = applied.checkout.run(command)
    assert "5 passed" in done.stdout
    assert seen() == []


def test_the_providers_key_is_in_one_file_that_its_container_alone_may_read(
    applied: Served,
) -> None:
    gate = applied.host("gate1")
    file = "/srv/homeport/secrets/egress/provider.key"
    assert gate.run(f"stat -c '%a %u' {file}") == "600 10001"
    # Not with sudo, which would write the key into the journal.
    found = gate.run(f"grep -rl {CLOUD_KEY} /srv/homeport /var/log /etc").split()
    assert found == [file]


def test_without_engines_the_cloud_answers_whom_it_may(without_engines: Served) -> None:
    answer = ask(without_engines)
    assert answer.json()["served_by"] == "cloud"
    assert answer.headers["x-homeport-reason"] == "unavailable"
    assert ask(without_engines, "secret").status_code == 503
    assert ask(without_engines, key=SAFE_KEY).status_code == 503
    assert ask(without_engines, **{"X-Data-Class": "secret"}).status_code == 503
    assert len(seen()) == 1
    told = without_engines.homeport(f"traffic {NAME}")
    assert "cloud, spent by gate1: requests per day 1 of " in told


def test_without_its_rules_the_gateway_reaches_less_and_an_apply_mends_it(
    applied: Served,
) -> None:
    applied.host("gate1").run(f"systemctl stop {unit_name(NAME)}")
    assert ask(applied).json()["served_by"] == "cloud"
    assert ask(applied, "secret").status_code in (503, 504)
    applied.apply()
    assert ask(applied).headers["x-homeport-provider"] == "fleet"


def test_a_gateway_that_was_taken_down_leaves_no_rules(applied: Served) -> None:
    """Last of all: nothing answers any more."""
    gate1 = applied.host("gate1")
    assert CHAIN in gate1.run("iptables-save --table nat")
    take_gateway_down(applied)
    assert CHAIN not in gate1.run("iptables-save --table nat")
    assert gate1.run(f"systemctl list-unit-files --no-legend '{unit_name(NAME)}' || true") == ""
