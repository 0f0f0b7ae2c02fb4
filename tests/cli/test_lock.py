"""`homeport lock` against the lab's registry: tags become digests, which render writes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from deploys.settings.image_lock import lock_path
from tests.environments import write_environment
from tests.lab.lab import Lab
from tests.lab.machine import docker
from tests.lab.network import REGISTRY_NUMBER, address
from tests.lab.registry import Registry

pytestmark = [pytest.mark.docker, pytest.mark.root]

NAME = "site/app:1"
PASSWORD = "password-for-the-lock"


@pytest.fixture(scope="module")
def registry(shared_lab: Lab) -> Iterator[Registry]:
    """The lab's registry with a login."""
    assert shared_lab.registry is not None
    shared_lab.registry.require_login("kit", PASSWORD)
    yield shared_lab.registry
    shared_lab.registry.require_no_login()


@pytest.fixture(scope="module")
def images() -> Iterator[tuple[str, str]]:
    """Two small images of this machine."""
    names = ("homeport-lab-tests/lock:1", "homeport-lab-tests/lock:2")
    for name in names:
        docker("import", "--message", name, "-", name, given=bytes(10240))
    yield names
    docker("image", "rm", *names)


@pytest.fixture
def repository(
    shared_lab: Lab, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """An environment whose gateway's image comes from the registry by a tag."""
    server = f"{address(shared_lab.name, REGISTRY_NUMBER)}:5000"
    words = {
        "images": {"nginx": {"reference": NAME}},
        "registry": {"prefix": server, "user": "kit", "password": "env:REGISTRY_PASSWORD"},
        "docker": {"daemon": {"registry_authorities": {server: "ca.pem"}}},
    }
    write_environment(tmp_path, words)
    (tmp_path / "ca.pem").write_bytes(registry.ca.read_bytes())
    monkeypatch.setenv("REGISTRY_PASSWORD", PASSWORD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _image(repository: Path) -> str:
    """What render writes for the gateway's image."""
    assert exit_code(["render", "small"]) == ExitCode.DONE
    text = (repository / "compose/small/localhost/gateways/compose.yaml").read_text()
    return str(yaml.safe_load(text)["services"]["nginx"]["image"])


def test_a_tag_becomes_a_digest_and_one_that_moves_is_told(
    repository: Path,
    registry: Registry,
    images: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = registry.push(images[0], NAME)
    assert _image(repository).endswith(f"/{NAME}")
    assert exit_code(["lock", "small", "--check"]) == ExitCode.CHANGES_PENDING
    assert exit_code(["lock", "small"]) == ExitCode.DONE
    assert _image(repository).endswith(f":5000/site/app@{first}")
    assert exit_code(["lock", "small", "--check"]) == ExitCode.DONE
    second = registry.push(images[1], NAME)
    capsys.readouterr()
    assert exit_code(["lock", "small", "--check", "--json"]) == ExitCode.CHANGES_PENDING
    assert list(json.loads(capsys.readouterr().out)["images"].values()) == [second]
    assert _image(repository).endswith(first)
    assert exit_code(["lock", "small"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert f"was {first}" in said
    assert f"is  {second}" in said
    assert PASSWORD not in said


def test_an_image_that_is_not_in_the_lock_is_refused(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = repository / lock_path("small")
    lock.parent.mkdir()
    lock.write_text("images: {}\n")
    assert exit_code(["render", "small"]) == ExitCode.REFUSED
    said = capsys.readouterr().err
    assert f"{NAME}: is not locked\nhint: homeport lock small" in said


def test_a_wrong_password_an_unknown_image_and_a_silent_registry_write_nothing(
    repository: Path,
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("REGISTRY_PASSWORD", "wrong-password")
    assert exit_code(["lock", "small"]) == ExitCode.REFUSED
    said = capsys.readouterr().err
    assert "the registry refuses this login" in said
    assert "wrong-password" not in said

    monkeypatch.setenv("REGISTRY_PASSWORD", PASSWORD)
    words = repository / "inventories/group_data/small.py"
    words.write_text(words.read_text().replace(NAME, "site/nothing:1"))
    assert exit_code(["lock", "small"]) == ExitCode.REFUSED
    assert "the registry has no such image or tag" in capsys.readouterr().err

    registry.stop()
    try:
        assert exit_code(["lock", "small"]) == ExitCode.HOST_UNREACHABLE
    finally:
        registry.start()
    assert "cannot be asked" in capsys.readouterr().err
    assert not (repository / lock_path("small")).exists()
