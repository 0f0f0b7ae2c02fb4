"""The commit is read from its files alone, and a file that is not as rendered is named."""

import pytest
import yaml

from checks.committed import read_committed
from deploys.settings import inventory
from deploys.settings.refusal import Refused
from tests.checks.deployment import Deployment


@pytest.fixture(autouse=True)
def _one_host(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = [{"name": "@local", "groups": ["lab"], "data": {}}]
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: hosts)


def test_replicas_come_with_pool_and_memory(deployment: Deployment) -> None:
    (committed,) = read_committed(deployment.root, "lab")

    found = [(one.name, one.pool, one.memory_limit_bytes) for one in committed.replicas]
    assert found == [("chat-1", "chat", 2**29), ("chat-2", "chat", 2**29)]
    assert committed.release == deployment.release


@pytest.mark.parametrize("file", ["release.yaml", "gpu_hosts/compose.yaml"])
@pytest.mark.parametrize("text", [None, "services: {x: {}}", "a: [", ""])
def test_a_committed_file_that_is_not_as_rendered_is_refused(
    file: str, text: str | None, deployment: Deployment
) -> None:
    path = deployment.root / "compose/lab/localhost" / file
    path.unlink() if text is None else path.write_text(text)

    with pytest.raises(Refused, match=r"compose/lab/localhost/(.|\n)*hint: "):
        read_committed(deployment.root, "lab")


def test_a_stand_in_is_no_replica_that_is_asked(deployment: Deployment) -> None:
    path = deployment.root / "compose/lab/localhost/gpu_hosts/compose.yaml"
    document = yaml.safe_load(path.read_text())
    stand_in = {**document["services"]["chat-1"], "profiles": ["surge"]}
    document["services"]["chat-1-surge"] = stand_in
    path.write_text(yaml.safe_dump(document))

    (committed,) = read_committed(deployment.root, "lab")

    assert [one.name for one in committed.replicas] == ["chat-1", "chat-2"]
