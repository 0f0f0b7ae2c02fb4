"""The watch in the settings: what fits, and what is refused with a hint."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from deploys.settings.environment import read_environment
from deploys.settings.gateway import Gateway
from deploys.settings.group_data import HostWords
from deploys.settings.inventory import Inventory, InventoryHost
from deploys.settings.refusal import Refused
from deploys.settings.watch import Watch
from deploys.settings.watch_consistency import watch_complaints
from tests.environments import write_environment

INVENTORY = (
    'small = [("@local", {"directory": "/srv/homeport"})]\n'
    'gpu_hosts = ["@local"]\ngateways = ["@local"]\n'
)


def test_nothing_watches_unless_the_inventory_says_so(tmp_path: Path) -> None:
    root = write_environment(tmp_path, inventory=INVENTORY)
    assert read_environment(root, "small").watch is None


def test_an_empty_watch_has_all_its_defaults(tmp_path: Path) -> None:
    root = write_environment(tmp_path, {"watch": {}}, inventory=INVENTORY)
    found = read_environment(root, "small").watch
    assert found == Watch()
    assert (found.look_seconds, found.restarts_per_hour, found.webhook) == (15, 3, None)


@pytest.mark.parametrize(
    ("words", "path", "found"),
    [
        ({"restarts_per_hour": -1}, "restarts_per_hour", "greater than or equal to 0"),
        ({"look_seconds": 1}, "look_seconds", "greater than or equal to 5"),
        ({"webhook": "https://hooks.example/s3cret"}, "webhook", "pattern"),
        ({"textfile_directory": "textfiles"}, "textfile_directory", "pattern"),
        ({"silent_seconds": 20}, "", "two look_seconds at least"),
        ({"look_seconds": 100}, "", "two look_seconds at least"),
        ({"patience": 3}, "patience", "not permitted"),
    ],
)
def test_each_word_that_does_not_fit_is_named(
    words: dict[str, object], path: str, found: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        Watch.model_validate(words, strict=True)
    (error,) = raised.value.errors()
    assert ".".join(map(str, error["loc"])) == path
    assert found in error["msg"]


def test_a_relative_directory_is_refused_with_every_other_complaint(tmp_path: Path) -> None:
    """systemd would not know where that is."""
    root = write_environment(tmp_path, {"watch": {"port": 18080}})
    with pytest.raises(Refused) as raised:
        read_environment(root, "small")
    assert [(one.path, one.found) for one in raised.value.complaints] == [
        ("watch.port", "18080 is gateway.port too"),
        (
            "directory",
            "`.homeport/small` of localhost is relative, and systemd runs the watch from there",
        ),
    ]


@pytest.mark.parametrize(
    ("port", "whose"),
    [(8081, "gateway.admin_port"), (9000, "fleet_port"), (9003, "engines'"), (9502, "stand-ins'")],
)
def test_a_port_that_others_listen_on_is_refused(port: int, whose: str, tmp_path: Path) -> None:
    (tmp_path / "inventories").mkdir()
    host = InventoryHost("gpu1", "gpu1", ("gpu_hosts",), {})
    inventory = Inventory(tmp_path, "small", (host,))
    found = watch_complaints(inventory, Watch(port=port), {"gpu1": HostWords()}, Gateway())
    assert [one.found for one in found] == [f"{port} is {whose} too"]
    assert watch_complaints(inventory, Watch(), {"gpu1": HostWords()}, Gateway()) == []
    assert watch_complaints(inventory, None, {"gpu1": HostWords()}, Gateway()) == []
