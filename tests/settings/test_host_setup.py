"""What the inventory may say about Docker, NVIDIA and SSH on a host."""

from pathlib import Path

import pytest

from deploys.settings.docker import Docker, decides
from deploys.settings.environment import read_environment
from deploys.settings.nvidia import Nvidia
from deploys.settings.refusal import Complaint, Refused
from tests.environments import ROOT, write_environment


def _complaints(tmp_path: Path, **words: object) -> list[Complaint]:
    with pytest.raises(Refused) as refused:
        read_environment(write_environment(tmp_path, words), "small")
    return list(refused.value.complaints)


def test_without_a_word_docker_is_the_distributions_and_the_driver_nvidias() -> None:
    assert Docker().source == "distribution"
    assert Nvidia().driver.source == "nvidia"
    assert Nvidia().driver.modules == "open"


@pytest.mark.parametrize(
    ("word", "connection", "managed"),
    [
        (None, "gpu1.example", True),
        (None, "@ssh/gpu1.example", True),
        (None, "@local", False),
        (None, "@docker/abc", False),
        (True, "@local", True),
        (False, "gpu1.example", False),
    ],
)
def test_a_daemon_is_the_kits_business_on_hosts_over_ssh_unless_the_inventory_says_otherwise(
    word: bool | None, connection: str, managed: bool
) -> None:
    assert decides(word, connection) is managed


def test_words_of_both_are_read_from_an_inventory(tmp_path: Path) -> None:
    (tmp_path / "deploys" / "keys").mkdir(parents=True)
    for key in (ROOT / "deploys" / "keys").glob("*.asc"):
        (tmp_path / "deploys" / "keys" / key.name).symlink_to(key)
    words = {
        "docker": {
            "source": "docker",
            "version": "28.5.2",
            "daemon": {"registry_mirrors": ("https://mirror.example",), "log_files": 5},
        },
        "nvidia": {"driver": {"version": "580.95.05"}, "toolkit": {"version": "1.18.0"}},
    }
    host = read_environment(write_environment(tmp_path, words), "small").hosts[0]
    assert host.words.docker.daemon.registry_mirrors == ("https://mirror.example",)
    assert host.words.nvidia.toolkit.version == "1.18.0"


@pytest.mark.parametrize(
    ("words", "path", "hint"),
    [
        ({"docker": {"sourc": "docker"}}, "docker.sourc", "did you mean `source`?"),
        ({"docker": {"source": "dockr"}}, "docker.source", "did you mean `docker`?"),
        ({"docker": {"version": "28.5.2"}}, "docker", 'together with "source": "docker"'),
        ({"docker": {"daemon": {"live_restor": True}}}, "docker.daemon.live_restor", "`live_rest"),
        ({"nvidia": {"driver": {"version": "latest"}}}, "nvidia.driver.version", "match pattern"),
        ({"nvidia": {"driver": {"key": "../k.asc"}}}, "nvidia.driver.key", "match pattern"),
        ({"ssh_strict_host_key_cheking": "yes"}, "ssh_strict_host_key_cheking", "key_checking`?"),
        ({"ssh_strict_host_key_checking": "ye"}, "ssh_strict_host_key_checking", "mean `yes`?"),
    ],
)
def test_a_word_that_does_not_fit_is_refused_with_what_does(
    tmp_path: Path, words: dict[str, object], path: str, hint: str
) -> None:
    found = {complaint.path: complaint.hint for complaint in _complaints(tmp_path, **words)}
    assert hint in found[path]


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ({"docker": {"source": "docker"}}, "docker.key"),
        ({"nvidia": {"managed": True}}, "nvidia.toolkit.key"),
        ({"ssh_config_file": "inventories/ssh_config"}, "ssh_config_file"),
        (
            {"docker": {"daemon": {"registry_authorities": {"registry.example": "ca.pem"}}}},
            "docker.daemon.registry_authorities.registry.example",
        ),
    ],
)
def test_a_file_that_a_word_names_must_be_in_the_repository(
    tmp_path: Path, words: dict[str, object], path: str
) -> None:
    found = {complaint.path: complaint.found for complaint in _complaints(tmp_path, **words)}
    assert found[path].startswith("there is no file ")
