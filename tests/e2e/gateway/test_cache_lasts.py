"""A real nginx that keeps answers: how long, over which restarts, and never one of the cloud."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.render.nginx import gateway_revision
from tests.e2e.cached_pools import POOLS, WORDS, ask, kept_files, settled, told
from tests.e2e.cloud_lab import CloudLab, running_cloud_lab
from tests.e2e.gateway.test_keys import another_gateway
from tests.e2e.gateway.test_reload import load
from tests.e2e.gateway_lab import Lab, running_lab
from tests.e2e.gateway_tree import write_tree

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """A gateway that keeps answers."""
    folder = tmp_path_factory.mktemp("gateway")
    with running_lab(folder, nginx_image, POOLS, **WORDS) as lab:
        yield lab


def test_answers_outlive_a_restart_and_no_longer_than_they_may(
    lab: Lab, nginx_image: str, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    write_tree(tmp_path, POOLS, **WORDS)
    for found in ("miss", "hit"):
        with another_gateway(lab, nginx_image, tmp_path) as gateway:
            assert told(ask(gateway, {})) == found
    write_tree(tmp_path, POOLS, **{**WORDS, "answer_cache": {"seconds": 1}})
    with another_gateway(lab, nginx_image, tmp_path) as gateway:
        for _ in range(2):
            assert told(ask(gateway, {"user": "soon over"})) == "miss"
            time.sleep(2.1)


def test_a_reload_by_the_kit_begins_anew_and_any_other_does_not(lab: Lab) -> None:
    assert told(ask(lab, {"user": "loads"})) == "miss"
    lab.reload()
    assert told(ask(lab, {"user": "loads"})) == "hit"
    files = write_tree(lab.folder, POOLS, **WORDS)
    word = f"{gateway_revision(files)}-0-1"
    (lab.folder / "state" / "loaded.conf").write_text(f'default "{word}";\n')
    lab.reload()
    assert told(ask(lab, {"user": "loads"})) == "miss"


def test_another_model_begins_anew(lab: Lab) -> None:
    assert told(ask(lab, {"user": "model"})) == "miss"
    file = lab.folder / "nginx" / "cache.conf"
    text = file.read_text()
    (line,) = [
        line
        for line in text.splitlines()
        if line.startswith('    "chat" ') and "client" not in line
    ]
    file.write_text(text.replace(line, '    "chat" 0123456789ab;'))
    lab.reload()
    assert told(ask(lab, {"user": "model"})) == "miss"
    load(lab, gateway_revision(write_tree(lab.folder, POOLS, **WORDS)))


@pytest.fixture(scope="module")
def cloud_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[CloudLab]:
    """The same with a cloud, which may stand in for the pool."""
    folder = tmp_path_factory.mktemp("cloud")
    with running_cloud_lab(folder, nginx_image, pool_words={"answer_cache": "by_client"}) as lab:
        yield lab


def test_an_answer_of_the_cloud_is_never_kept(cloud_lab: CloudLab) -> None:
    words = {"model": "chat", "temperature": 0, "seed": 7}
    cloud_lab.engines("says 503")
    cloud_lab.cloud("answers")
    answers = [cloud_lab.chat(words) for _ in range(2)]
    assert [answer.headers["x-homeport-provider"] for answer in answers] == ["acme"] * 2
    assert "hit" not in [told(answer) for answer in answers]
    assert len(cloud_lab.left()) == 2
    assert kept_files(cloud_lab) == []
    cloud_lab.recover()
    assert [told(settled(cloud_lab, cloud_lab.chat(words))) for _ in range(2)] == ["miss", "hit"]
    # What was kept is given again while the engines are down, and nothing leaves for it.
    cloud_lab.engines("says 503")
    assert told(cloud_lab.chat(words)) == "hit"
    assert cloud_lab.left() == []
