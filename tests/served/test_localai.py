"""Pools on LocalAI over SSH, through whole applies: LocalAI's double over the real llama-server."""

import dataclasses
from collections.abc import Iterator

import pytest

from tests.lab.localai_image import localai_image
from tests.lab.served import NAME, POOL, STORE, Served
from tests.served.planted_drift import by_hand

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1800)]

ON_LOCALAI = {**POOL, "engine": "localai"}
REPLICA = "$(docker ps --quiet --filter label=homeport.pool)"
MODEL_FILE = f"docker exec {REPLICA} cat /models/model.yaml"


@pytest.fixture(scope="module")
def moved(served_lab: Served) -> Iterator[Served]:
    """The fleet with LocalAI's image at hand; it goes back to llama-server afterwards."""
    registry = served_lab.lab.registry
    assert registry is not None
    digest = registry.push(localai_image(), "site/localai")
    images = {**served_lab.images, "localai": f"{registry.address}/site/localai@{digest}"}
    yield dataclasses.replace(served_lab, images=images)
    served_lab.put_back()


@pytest.fixture
def on_localai(moved: Served) -> Served:
    """The fleet, once LocalAI serves its pool as it was committed."""
    moved.commit(pools={"chat": ON_LOCALAI})
    moved.apply()
    return moved


def _checks(served: Served, *files: str) -> None:
    names = " ".join(f"checks/check_{name}.py" for name in files)
    served.checkout.run(f".venv/bin/pytest {names} --environment={NAME} -q")


def test_a_pool_moves_to_localai_and_is_served_checked_and_without_drift(
    on_localai: Served,
) -> None:
    answer = on_localai.chat()
    assert (answer.status_code, answer.json()["model"]) == (200, "chat")
    assert on_localai.findings() == []
    _checks(on_localai, "hosts", "engines", "memory", "gateway", "answers")
    for host in ("gpu1", "gpu2"):
        found = on_localai.host(host).run(MODEL_FILE)
        assert "backend: llama-cpp" in found
        assert "context_size: 1024" in found


def test_a_new_number_reaches_the_container_and_a_rollback_brings_the_old_one(
    on_localai: Served,
) -> None:
    """While a replica is replaced, `current` still shows the release before."""
    on_localai.commit(pools={"chat": {**ON_LOCALAI, "slots": 3}})
    on_localai.apply()
    assert "parallel:3" in on_localai.host("gpu1").run(MODEL_FILE)
    assert on_localai.findings() == []
    on_localai.homeport(f"rollback {NAME}")
    assert "parallel:2" in on_localai.host("gpu1").run(MODEL_FILE)
    assert on_localai.chat().status_code == 200


def test_a_number_and_a_variable_that_were_changed_by_hand_are_drift_and_mended(
    on_localai: Served,
) -> None:
    """The labels of the container stay as they were, and so does the size of its file."""
    gpu1, current = on_localai.host("gpu1"), f"{STORE}/current/gpu_hosts"
    by_hand(gpu1, f"sed -i s/parallel:2/parallel:3/ {STORE}/models/*/model.yaml")
    log = "s/LOCALAI_LOG_LEVEL: info/LOCALAI_LOG_LEVEL: debug/"
    by_hand(gpu1, f"sed '{log}' {current}/compose.yaml > {current}/mine.yaml")
    up = f"docker compose --file {current}/mine.yaml --project-directory {current} up"
    by_hand(gpu1, f"{up} --detach --wait; rm {current}/mine.yaml")
    assert "parallel:3" in gpu1.run(MODEL_FILE)

    rows = {row["what"]: (row["committed"], row["live"]) for row in on_localai.findings()}
    assert rows.pop("service chat-1: variable LOCALAI_LOG_LEVEL") == ("info", "debug")
    ((what, digests),) = rows.items()
    assert what == "model chat-1-localai: model.yaml"
    assert digests[0] != digests[1]

    on_localai.apply()
    assert on_localai.findings() == []
    assert "parallel:2" in gpu1.run(MODEL_FILE)
